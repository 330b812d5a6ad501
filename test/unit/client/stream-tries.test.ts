import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AssignedCircuit } from '../../../core/circuit-manager/circuit-manager.ts'
import { NO_ISOLATION } from '../../../core/circuit-manager/isolation.ts'
import type { ExitUsage } from '../../../core/circuit-manager/pool-entry.ts'
import { ExitNotes } from '../../../core/client/exit-notes.ts'
import { InitialData } from '../../../core/client/initial-data.ts'
import { tryOnCircuits } from '../../../core/client/stream-tries.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { resolveName } from '../../../core/stream/resolve-stream.ts'
import { TorError } from '../../../core/util/errors.ts'
import { silentLogger } from '../../../core/util/log.ts'
import {
  BEGIN_TARGET,
  openCircuitOn,
  type OpenChannel,
  openLink,
  STREAM_DEPS,
} from '../../network/client-side.ts'
import { EventLog } from '../../network/event-log.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import type { FakeStream } from '../../network/fake-stream.ts'
import { fakeIdentity } from '../../support/fake-net-dir.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

const USAGE: ExitUsage = { isolation: NO_ISOLATION, family: undefined, port: 80 }
const EARLY_TRY_MS = 10_000
const LATE_TRY_MS = 15_000

let network: FakeNetwork
let open: OpenChannel
let clock: ManualClock
let streams: EventLog<FakeStream>
/** The exits that each try was not to use, and those that were retired. */
let excluded: (readonly RsaIdentity[])[]
let retired: RsaIdentity[]
let exits: number
let notes: ExitNotes
let circuitStreamTimeoutMs: number | undefined

beforeEach(async () => {
  network = await FakeNetwork.start({ relays: 2 })
  streams = new EventLog()
  network.script.service = (stream) => streams.push(stream)
  open = await openLink(network)
  clock = manualClock()
  excluded = []
  retired = []
  exits = 20
  notes = new ExitNotes(clock)
  circuitStreamTimeoutMs = undefined
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

/** Each try gets a circuit of its own, to the first exit that it may use. */
async function assign(_usage: ExitUsage, without: ReadonlySet<RsaIdentity>): Promise<AssignedCircuit> {
  excluded.push([...without])
  const exit = Array.from({ length: exits }, (_, index) => fakeIdentity(index + 1)).find(
    (candidate) => !without.has(candidate),
  )
  if (exit === undefined) throw new TorError('no-path', 'no exit is left')
  const { circuit } = await openCircuitOn(open, { hops: 2 })
  return {
    circuit,
    shownId: circuit.id,
    exit,
    mayExitOverIpv6: () => false,
    retire: () => retired.push(exit),
  }
}

const LIMITS = { allowsIpv4: true, allowsIpv6: true, allowsInternalAddresses: false }

function runTries<T>(
  attempt: Parameters<typeof tryOnCircuits<T>>[3],
  signal = new AbortController().signal,
  request = { usage: USAGE, target: 'example.com:80', limits: LIMITS },
): Promise<T> {
  const parts = { circuits: { assign }, notes, clock, log: silentLogger, circuitStreamTimeoutMs }
  return tryOnCircuits(parts, request, signal, attempt)
}

function openAnywhere(signal?: AbortSignal, target = 'example.com:80'): Promise<DataStream> {
  const request = { usage: USAGE, target, limits: LIMITS }
  return runTries(
    ({ circuit }, inner) => DataStream.open(circuit, BEGIN_TARGET, STREAM_DEPS, { signal: inner }),
    signal,
    request,
  )
}

/** Every exit answers BEGIN with the next of these END reasons, then with CONNECTED. */
function answerWith(...reasons: readonly number[]): void {
  const left = [...reasons]
  network.script.service = (stream) => {
    streams.push(stream)
    const reason = left.shift()
    if (reason === undefined) stream.connect()
    else stream.abort(Buffer.of(reason))
  }
}

const first = fakeIdentity(1)
const second = fakeIdentity(2)

describe('a stream that an exit does not open', () => {
  for (const [name, reason] of [
    ['EXITPOLICY without an address', 4],
    ['RESOLVEFAILED', 2],
    ['TIMEOUT', 7],
    ['NOROUTE', 8],
    ['MISC', 1],
    ['INTERNAL', 10],
    ['reason 0 (41353)', 0],
    ['a reason that we do not know', 99],
    ['HIBERNATING', 9],
    ['RESOURCELIMIT', 11],
    ['TORPROTOCOL', 13],
    ['DESTROY', 5],
  ] as const) {
    it(`is opened at another exit after ${name}, and the circuit gets no new streams`, async () => {
      answerWith(reason)
      const stream = await openAnywhere()
      expect(excluded).toEqual([[], [first]])
      expect(retired).toEqual([first])
      stream.destroy()
    })
  }

  it('closes the circuit whose exit says TORPROTOCOL or DESTROY', async () => {
    answerWith(13, 5)
    const stream = await openAnywhere()
    const circuits = streams.all.map((exit) => exit.circuit)
    await Promise.all(circuits.slice(0, 2).map((circuit) => circuit.destroyed))
    expect(new Set(circuits).size).toBe(3)
    stream.destroy()
  })

  for (const [name, reason, kind] of [
    ['refuses', 3, 'connection-refused'],
    ['resets', 12, 'connection-reset'],
    ['closes', 6, 'connection-reset'],
  ] as const) {
    it(`is not tried again when the destination ${name}`, async () => {
      answerWith(reason)
      await expect(openAnywhere()).rejects.toMatchObject({ kind })
      expect(excluded.length).toBe(1)
    })
  }

  it('is given up after three exits that could not reach the address, with what the last one said', async () => {
    answerWith(2, 1, 8, 1)
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'host-unreachable' })
    expect(excluded).toEqual([[], [first], [first, second]])
  })

  it('is not given up for exits that have no room or forbid it: they say nothing of the address', async () => {
    answerWith(9, 11, 4, 9, 2, 1)
    const stream = await openAnywhere()
    expect(streams.all.length).toBe(7)
    stream.destroy()
  })

  it('is given up at last when every exit refuses', async () => {
    answerWith(...Array.from({ length: 30 }, () => 9))
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'exit-overloaded' })
    expect(streams.all.length).toBe(16)
  })

  it('is given up after six circuits that went under it, whoever ended them; each exit has two chances', async () => {
    network.script.service = (stream) => {
      streams.push(stream)
      stream.circuit.destroy(9)
    }
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'circuit-failed' })
    expect(streams.all.length).toBe(6)
    expect(excluded.map(({ length }) => length)).toEqual([0, 0, 1, 1, 2, 2])
  })

  it('fails as the last exit said when there is no further exit', async () => {
    exits = 1
    answerWith(2)
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'resolve-failed' })
  })

  it('fails for want of a path when there never was an exit', async () => {
    exits = 0
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'no-path' })
  })

  const passSilentTries = async (waits: readonly number[]): Promise<void> => {
    for (const waitMs of waits) {
      const stream = await streams.take()
      clock.advance(waitMs - 1)
      expect(excluded.length).toBe(streams.all.length)
      clock.advance(1)
      await stream.ended
    }
  }

  it('is tried elsewhere after 10 s, then 10 s, then 15 s each without an answer, until its time is up', async () => {
    network.script.service = (stream) => streams.push(stream)
    const controller = new AbortController()
    const failed = expect(openAnywhere(controller.signal)).rejects.toMatchObject({ kind: 'timeout' })
    await passSilentTries([EARLY_TRY_MS, EARLY_TRY_MS, LATE_TRY_MS, LATE_TRY_MS, LATE_TRY_MS])
    await streams.take()
    controller.abort(new TorError('timeout', 'the request'))
    await failed
    expect(retired).toEqual([1, 2, 3, 4, 5].map(fakeIdentity))
  })

  it('is tried elsewhere after the time that the configuration gives each exit', async () => {
    circuitStreamTimeoutMs = 3_000
    network.script.service = (stream) => streams.push(stream)
    const controller = new AbortController()
    const failed = expect(openAnywhere(controller.signal)).rejects.toMatchObject({ kind: 'aborted' })
    await passSilentTries([3_000, 3_000, 3_000])
    controller.abort()
    await failed
  })

  it('is tried elsewhere when the circuit is destroyed', async () => {
    network.script.service = (stream) => {
      if (streams.all.length === 0) stream.circuit.destroy(9)
      else stream.connect()
      streams.push(stream)
    }
    const stream = await openAnywhere()
    expect(excluded.length).toBe(2)
    stream.destroy()
  })

  it('is tried elsewhere when the exit breaks the protocol', async () => {
    network.script.service = (stream) => {
      if (streams.all.length === 0) stream.circuit.send(1, 99, stream.id)
      else stream.connect()
      streams.push(stream)
    }
    const stream = await openAnywhere()
    expect(excluded.length).toBe(2)
    stream.destroy()
  })

  it('is not tried again after it was open, whatever happens', async () => {
    answerWith()
    const stream = await openAnywhere()
    const exit = await streams.take()
    exit.abort(Buffer.of(4))
    await new Promise<void>((resolve) => stream.whenClosed(resolve))
    expect(excluded.length).toBe(1)
  })

  it('ends at the signal', async () => {
    const controller = new AbortController()
    const opening = openAnywhere(controller.signal)
    const stream = await streams.take()
    controller.abort()
    await expect(opening).rejects.toMatchObject({ kind: 'aborted' })
    await stream.ended
    expect(excluded.length).toBe(1)
  })
})

describe('what an exit refuses by its policy', () => {
  const policyEnd = (...address: number[]): Buffer => Buffer.from([4, ...address, 0, 0, 0, 60])

  function refuseFirst(body: Buffer): void {
    network.script.service = (stream) => {
      streams.push(stream)
      if (streams.all.length === 1) stream.abort(body)
      else stream.connect()
    }
  }

  it('is not asked of it again, while it may serve other targets', async () => {
    refuseFirst(policyEnd(192, 0, 2, 9))
    for (const target of ['example.com:80', 'example.com:80', 'other.example:80']) {
      const stream = await openAnywhere(undefined, target)
      stream.destroy()
    }
    expect(excluded).toEqual([[], [first], [first], []])
    expect(retired).toEqual([])
  })

  it('is not asked of it again for any target when it names no address', async () => {
    refuseFirst(Buffer.of(4))
    for (const target of ['example.com:80', 'other.example:80']) {
      const stream = await openAnywhere(undefined, target)
      stream.destroy()
    }
    expect(excluded).toEqual([[], [first], [first]])
  })

  it('is asked of it again when there is no other exit', async () => {
    exits = 1
    refuseFirst(policyEnd(192, 0, 2, 9))
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'exit-policy' })
    const stream = await openAnywhere()
    stream.destroy()
  })

  for (const [what, address] of [
    ['0.0.0.0', [0, 0, 0, 0]],
    ['loopback', [127, 0, 0, 1]],
    ['a private address', [10, 0, 0, 1]],
  ] as const) {
    it(`is asked of nobody else when the address is ${what}`, async () => {
      refuseFirst(policyEnd(...address))
      await expect(openAnywhere()).rejects.toMatchObject({ kind: 'bad-target' })
      expect(streams.all.length).toBe(1)
    })
  }
})

describe('what may never be asked twice', () => {
  it('is a stream that was connected, for any reason of END', async () => {
    answerWith()
    for (const reason of [0, 1, 2, 4, 7, 8, 9, 11, 13]) {
      const before = streams.all.length
      const stream = await openAnywhere()
      const exit = await streams.take()
      exit.abort(Buffer.of(reason))
      await new Promise<void>((resolve) => stream.whenClosed(resolve))
      expect(streams.all.length).toBe(before + 1)
    }
  })

  it('TROVE-2026-052: is a directory stream', async () => {
    answerWith(1)
    const opening = runTries(({ circuit }, signal) =>
      DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS, { signal }),
    )
    await expect(opening).rejects.toMatchObject({ kind: 'connect-failed', retry: 'never' })
    expect(excluded).toEqual([[]])
  })
})

describe('optimistic data', () => {
  const [HEAD, BODY] = ['POST / HTTP/1.0\r\n\r\n', 'body']

  it('leaves as it comes, and all of it again at the next exit, until one has connected', async () => {
    const sent = Buffer.from(HEAD)
    const data = new InitialData(sent)
    sent.fill(0)
    const received: string[] = []
    network.script.service = (stream) => {
      const exit = received.push('') - 1
      streams.push(stream)
      stream.onBytes = (bytes) => {
        received[exit] += bytes.toString()
        if (received[exit] === HEAD) data.append(Buffer.from(BODY))
        else if (exit === 0) stream.abort(Buffer.of(2))
        else stream.connect()
      }
    }
    const stream = await runTries(({ circuit }, signal) =>
      DataStream.open(circuit, BEGIN_TARGET, STREAM_DEPS, {
        signal,
        onBegun: (begun) => data.leaveOn(begun),
      }),
    )
    expect(received).toEqual([HEAD + BODY, HEAD + BODY])
    stream.destroy()
  })

  it('goes on to where it left, without a copy, once an exit has connected', () => {
    const data = new InitialData(Buffer.from(HEAD))
    const written: string[] = []
    const stream = { write: (bytes: Uint8Array) => written.push(Buffer.from(bytes).toString()) > 0 }
    data.leaveOn(stream)
    data.drop()
    data.append(Buffer.from(BODY))
    expect([written, data.length]).toEqual([[HEAD, BODY], (HEAD + BODY).length])
    data.leaveOn(stream)
    expect(written).toHaveLength(2)
  })
})

describe('a look-up', () => {
  it('is asked of another exit after END, three times at most', async () => {
    let asked = 0
    network.script.onMessage = ({ command, streamId }, circuit) => {
      if (command !== 11) return false
      asked++
      circuit.send(1, 3, streamId, Buffer.of(2))
      return true
    }
    const resolving = runTries(({ circuit }, signal) => resolveName(circuit, 'example.com', false, signal))
    await expect(resolving).rejects.toMatchObject({ kind: 'resolve-failed' })
    expect(asked).toBe(3)
  })
})
