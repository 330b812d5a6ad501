import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Circuit } from '../../../core/circuit/circuit.ts'
import { createDeferred, type Deferred } from '../../../core/util/deferred.ts'
import { TorError } from '../../../core/util/errors.ts'
import {
  CIRCUIT_DEPS,
  type OpenChannel,
  openCircuit,
  openCircuitOn,
  openLink,
  openStream,
} from '../../network/client-side.ts'
import type { FakeCircuit } from '../../network/fake-circuit.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { fixedCell } from '../../network/wire.ts'

const DESTROY = 4
const CREATE_FAST = 5
const CREATED_FAST = 6
const CREATE2 = 10
const CREATED2 = 11
const EXTEND2 = 14
const EXTENDED2 = 15
const TRUNCATED = 9
const CONNECT_FAILED = 6
/** Of the channel's own that may wait. */
const MAX_CHANNEL_CELLS = 4096

let network: FakeNetwork
let open: OpenChannel

beforeEach(async () => {
  network = await FakeNetwork.start()
  open = await openLink(network)
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  expect(open.channel.isOpen).toBe(true)
  await network.close()
})

function create(hasNtorV3 = true, signal?: AbortSignal): Promise<Circuit> {
  return Circuit.create(open.channel, network.target(0, { hasNtorV3 }), CIRCUIT_DEPS, signal)
}

/** The error with which the building ends; the channel must know nothing of the circuit then. */
async function failure(building: Promise<unknown>): Promise<TorError> {
  const error: unknown = await building.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof TorError)) throw new Error('the circuit was built', { cause: error })
  expect(open.channel.circuitCount).toBe(0)
  return error
}

function changed(reply: Buffer, at: number): Buffer {
  const copy = Buffer.from(reply)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}

describe('building circuits', () => {
  for (const hops of [1, 2, 3]) {
    for (const hasNtorV3 of [false, true]) {
      it(`builds ${hops} hops with ${hasNtorV3 ? 'ntor-v3' : 'ntor'}`, async () => {
        const { circuit, relays } = await openCircuitOn(open, { hops, hasNtorV3 })
        expect(circuit.hops.map(({ nickname }) => nickname)).toEqual(
          ['relay0', 'relay1', 'relay2'].slice(0, hops),
        )
        expect(relays.hops.length).toBe(hops)
        if (hops < 2) return
        const { stream, sink } = await openStream({ circuit, relays })
        stream.write(Buffer.from('hello'))
        await sink.waitForBytes(5)
        expect(sink.bytes.toString()).toBe('hello')
      })
    }
  }

  it('measures how long each hop took to answer, where there is a clock', async () => {
    let nowMs = 0
    const deps = { ...CIRCUIT_DEPS, clock: { monotonicMs: () => (nowMs += 7) } }
    const { circuit } = await openCircuitOn(open, { hops: 3, deps })
    expect(circuit.hops.map(({ rttMs }) => rttMs)).toEqual([7, 7, 7])
    const unmeasured = await openCircuitOn(open, { hops: 2 })
    expect(unmeasured.circuit.hops.map(({ rttMs }) => rttMs)).toEqual([undefined, undefined])
  })

  it('works an answer out when it is its turn, and is closed when its signal fires before', async () => {
    const turns: Deferred<void>[] = []
    const take = (): Promise<void> => {
      const turn = createDeferred<void>()
      turns.push(turn)
      return turn.promise
    }
    const deps = { ...CIRCUIT_DEPS, steps: { take } }
    const building = Circuit.create(open.channel, network.target(0), deps)
    while (turns.length === 0) await new Promise((resolve) => setImmediate(resolve))
    turns[0]?.resolve()
    const circuit = await building
    expect(circuit.hops.length).toBe(1)
    const ended = new AbortController()
    const extending = circuit.extend(network.target(1), ended.signal)
    while (turns.length === 1) await new Promise((resolve) => setImmediate(resolve))
    expect(circuit.hops.length).toBe(1)
    ended.abort()
    expect((await failure(extending)).kind).toBe('aborted')
    turns[1]?.resolve()
  })

  it('builds one hop without an onion key for directories', async () => {
    const circuit = await Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS)
    const relays = await network.circuits.take()
    const { sink, exit } = await openStream({ circuit, relays }, { kind: 'begin-dir' })
    exit.send(Buffer.from('directory'))
    await sink.waitForBytes(9)
    expect(exit.target).toBe('')
  })

  it('names a relay by address and both identities, and by the RSA one alone when told so', async () => {
    const specifierTypes = async (extendByEd25519: boolean): Promise<number[]> => {
      const deps = { ...CIRCUIT_DEPS, extendByEd25519 }
      const { relays } = await openCircuitOn(open, { hops: 2, deps })
      const { body } = await relays.messages.take(({ command }) => command === EXTEND2)
      const types: number[] = []
      for (let at = 1; types.length < body.readUInt8(0); at += 2 + body.readUInt8(at + 1)) {
        types.push(body.readUInt8(at))
      }
      return types
    }
    expect(await specifierTypes(true)).toEqual([0, 2, 3])
    expect(await specifierTypes(false)).toEqual([0, 2])
  })

  it('does not extend to the same relay twice in a row', async () => {
    const { circuit, relays } = await openCircuitOn(open, { hops: 2 })
    await expect(circuit.extend(network.target(1))).rejects.toMatchObject({ kind: 'no-path' })
    expect(relays.messages.all.length).toBe(1)
  })

  it('does not extend twice at a time', async () => {
    const { circuit } = await openCircuitOn(open, { hops: 1 })
    const extending = circuit.extend(network.target(1))
    await expect(circuit.extend(network.target(2))).rejects.toMatchObject({ kind: 'internal' })
    await extending
    expect(circuit.hops.length).toBe(2)
  })

  for (const hasNtorV3 of [false, true]) {
    const name = hasNtorV3 ? 'ntor-v3' : 'ntor'

    it(`sends nothing to a relay whose ${name} key is all zero (TROVE-2026-030)`, async () => {
      const target = { ...network.target(0, { hasNtorV3 }), ntorKey: Buffer.alloc(32) }
      const error = await failure(Circuit.create(open.channel, target, CIRCUIT_DEPS))
      expect(error.kind).toBe('no-path')
      const { circuit, relays } = await openCircuitOn(open, { hops: 1 })
      await expect(circuit.extend({ ...network.target(1), ntorKey: Buffer.alloc(32) })).rejects.toMatchObject(
        {
          kind: 'no-path',
        },
      )
      expect(relays.messages.all).toEqual([])
      expect(open.link.cells.all.filter(({ command }) => command === CREATE2).length).toBe(1)
    })

    for (const hop of [0, 1, 2]) {
      it(`refuses hop ${hop + 1} when its ${name} proof is wrong`, async () => {
        network.script.answerHandshake = (reply, at) => (at === hop ? changed(reply, 40) : reply)
        const error = await failure(openCircuitOn(open, { hasNtorV3 }))
        expect(error.kind).toBe('wrong-identity')
        const relays = network.circuits.all[0]
        expect(await relays?.destroyed).toBe(0)
      })
    }

    it(`refuses a ${name} answer with a public key of small order`, async () => {
      network.script.answerHandshake = (reply) => Buffer.concat([Buffer.alloc(32), reply.subarray(32)])
      expect((await failure(create(hasNtorV3))).kind).toBe('wrong-identity')
    })

    for (const [what, change] of [
      ['empty', () => Buffer.alloc(0)],
      ['short', (reply: Buffer) => reply.subarray(0, 63)],
      ['as long as a cell', (reply: Buffer) => Buffer.concat([reply, Buffer.alloc(507 - reply.length)])],
    ] as const) {
      it(`refuses a ${name} answer that is ${what}`, async () => {
        network.script.answerHandshake = (reply) => change(reply)
        const { kind } = await failure(create(hasNtorV3))
        expect(['malformed', 'wrong-identity']).toContain(kind)
      })

      it(`refuses a ${name} answer from hop 2 that is ${what}`, async () => {
        // EXTENDED2 has room for 496 bytes.
        network.script.answerHandshake = (reply, hop) => (hop === 1 ? change(reply).subarray(0, 496) : reply)
        const { kind } = await failure(openCircuitOn(open, { hasNtorV3 }))
        expect(['malformed', 'wrong-identity']).toContain(kind)
      })
    }

    it(`refuses a ${name} answer of one byte too many`, async () => {
      network.script.answerHandshake = (reply) => Buffer.concat([reply, Buffer.of(0)])
      const { kind } = await failure(create(hasNtorV3))
      expect(['malformed', 'wrong-identity']).toContain(kind)
    })
  }

  it('refuses CREATED2 that claims to be longer than a cell (TROVE-2026-003)', async () => {
    network.script.onCell = (cell, link) => {
      if (cell.command === CREATE2)
        link.send(cell.circuitId, CREATED2, Buffer.concat([Buffer.of(2, 0), Buffer.alloc(507)]))
      return cell.command === CREATE2
    }
    expect((await failure(create())).kind).toBe('malformed')
  })

  it('refuses EXTENDED2 that claims to be longer than its message (TROVE-2025-016)', async () => {
    network.script.onMessage = ({ command }, circuit) => {
      if (command === EXTEND2)
        circuit.send(0, EXTENDED2, 0, Buffer.concat([Buffer.of(1, 0), Buffer.alloc(64)]))
      return command === EXTEND2
    }
    expect((await failure(openCircuitOn(open, { hops: 2 }))).kind).toBe('malformed')
  })

  for (const [message, kind] of [
    [Buffer.of(1, 2, 1, 31), 'protocol-violation'],
    [Buffer.of(1, 9, 0), 'protocol-violation'],
    [Buffer.of(0, 0), 'malformed'],
    [Buffer.of(1), 'malformed'],
  ] as const) {
    it(`refuses ntor-v3 with the unasked answer ${message.toString('hex')} (TROVE-2026-032)`, async () => {
      network.script.ntorV3Message = message
      expect((await failure(create())).kind).toBe(kind)
    })
  }

  it('takes an ntor-v3 answer without any message', async () => {
    network.script.ntorV3Message = Buffer.alloc(0)
    expect((await create()).isOpen).toBe(true)
  })

  it('refuses CREATED_FAST in answer to CREATE2', async () => {
    network.script.onCell = (cell, link) => {
      if (cell.command === CREATE2) link.send(cell.circuitId, CREATED_FAST, Buffer.alloc(40))
      return cell.command === CREATE2
    }
    expect((await failure(create())).kind).toBe('protocol-violation')
  })

  it('refuses CREATED2 in answer to CREATE_FAST', async () => {
    network.script.onCell = (cell, link) => {
      if (cell.command === CREATE_FAST) link.send(cell.circuitId, CREATED2, Buffer.of(0, 40))
      return cell.command === CREATE_FAST
    }
    const building = Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS)
    expect((await failure(building)).kind).toBe('protocol-violation')
  })

  it('refuses CREATED_FAST whose key proof is wrong', async () => {
    network.script.answerHandshake = (reply) => changed(reply, 39)
    const building = Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS)
    expect((await failure(building)).kind).toBe('wrong-identity')
  })

  it('refuses a second CREATED2', async () => {
    network.script.answerHandshake = (reply, _hop, relays) => {
      const body = Buffer.concat([Buffer.of(0, reply.length), reply])
      const cell = fixedCell(relays.circuitId, CREATED2, body)
      relays.link.write(cell, cell)
      return undefined
    }
    expect((await failure(create())).kind).toBe('protocol-violation')
  })
})

describe('a circuit that is cut while it is built', () => {
  for (const body of [Buffer.of(CONNECT_FAILED), Buffer.alloc(0), Buffer.of(99)]) {
    it(`fails at TRUNCATED with the body "${body.toString('hex')}"`, async () => {
      network.script.onMessage = ({ command, hop }, circuit) => {
        const isLast = command === EXTEND2 && hop === 1
        if (isLast) circuit.send(hop, TRUNCATED, 0, body)
        return isLast
      }
      const error = await failure(openCircuitOn(open))
      expect([error.kind, error.retry]).toEqual(['circuit-failed', 'elsewhere'])
      expect(await network.circuits.all[0]?.destroyed).toBe(0)
    })
  }

  for (const hop of [0, 1, 2]) {
    it(`fails at DESTROY where the answer of hop ${hop + 1} belongs, and does not answer it`, async () => {
      network.script.answerHandshake = (reply, at, circuit) => {
        if (at !== hop) return reply
        circuit.destroy(CONNECT_FAILED)
        return undefined
      }
      const error = await failure(openCircuitOn(open))
      expect([error.kind, error.retry]).toEqual(['circuit-failed', 'elsewhere'])
      await Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS).catch(() => {})
      expect(open.link.cells.all.some(({ command }) => command === DESTROY)).toBe(false)
    })

    it(`fails at DESTROY right behind the answer of hop ${hop + 1}`, async () => {
      network.script.answerHandshake = (reply, at, circuit) => {
        if (at !== hop) return reply
        sendWithDestroy(circuit, hop, reply)
        return undefined
      }
      const error = await failure(openCircuitOn(open, { hops: hop + 1 }))
      expect(error.kind).toBe('circuit-failed')
    })

    it(`is destroyed when it is aborted while hop ${hop + 1} is silent`, async () => {
      const controller = new AbortController()
      network.script.answerHandshake = (reply, at) => {
        if (at !== hop) return reply
        queueMicrotask(() => controller.abort())
        return undefined
      }
      const build = async (): Promise<void> => {
        const circuit = await create(true, controller.signal)
        for (let next = 1; next <= hop; next++) await circuit.extend(network.target(next), controller.signal)
      }
      expect((await failure(build())).kind).toBe('aborted')
      expect(await network.circuits.all[0]?.destroyed).toBe(0)
    })

    it(`is destroyed when it is closed while hop ${hop + 1} is silent`, async () => {
      const silent = new Promise<void>((resolve) => {
        network.script.answerHandshake = (reply, at) => {
          if (at !== hop) return reply
          resolve()
          return undefined
        }
      })
      if (hop === 0) return
      const { circuit, relays } = await openCircuitOn(open, { hops: hop })
      const extending = circuit.extend(network.target(hop))
      await silent
      circuit.close()
      await expect(extending).rejects.toMatchObject({ kind: 'closed' })
      expect(await relays.destroyed).toBe(0)
    })
  }

  it('leaves no trace when it was aborted before it began', async () => {
    expect((await failure(create(true, AbortSignal.abort()))).kind).toBe('aborted')
    const fast = Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS, AbortSignal.abort())
    expect((await failure(fast)).kind).toBe('aborted')
    await create()
    // VERSIONS, NETINFO and the one CREATE2 that was meant.
    expect(open.link.cells.all.map(({ command }) => command)).toEqual([7, 8, CREATE2])
  })

  it('fails with the channel', async () => {
    const relay = await FakeNetwork.start({ relays: 1 })
    relay.script.answerHandshake = (_reply, _hop, circuit) => {
      circuit.link.destroy()
      return undefined
    }
    await expect(openCircuit(relay, { hops: 1 })).rejects.toMatchObject({ kind: 'channel-failed' })
    await relay.close()
  })

  it('fails at once when its first cell is what the link cannot hold any more', async () => {
    const { channel } = await openLink(network)
    for (let cell = 0; cell < MAX_CHANNEL_CELLS; cell++) channel.sendCreate(Buffer.alloc(514))
    const creating = Circuit.create(channel, network.target(0), CIRCUIT_DEPS)
    await expect(creating).rejects.toMatchObject({ kind: 'limit' })
    expect(channel.isOpen).toBe(false)
  })
})

/** The answer and DESTROY in one TLS record. */
function sendWithDestroy(circuit: FakeCircuit, hop: number, reply: Buffer): void {
  const body = Buffer.concat([Buffer.of(0, reply.length), reply])
  const answer =
    hop === 0 ? fixedCell(circuit.circuitId, CREATED2, body) : circuit.seal(hop - 1, EXTENDED2, 0, body)
  circuit.link.write(answer, fixedCell(circuit.circuitId, DESTROY, Buffer.of(CONNECT_FAILED)))
}
