import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveName } from '../../../core/stream/resolve-stream.ts'
import { type OpenCircuit, type OpenStream, openCircuit, openStream } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { fixedCell } from '../../network/wire.ts'
import { relayCellBody } from '../../support/relay-side-tor1.ts'

const RELAY = 3
const RELAY_EARLY = 9
const CREATED2 = 11

const BEGIN = 1
const DATA = 2
const END = 3
const CONNECTED = 4
const SENDME = 5
const TRUNCATED = 9
const DROP = 10
const RESOLVED = 12
const EXTENDED2 = 15

const EXIT = 2

let network: FakeNetwork
let open: OpenCircuit
let stream: OpenStream

beforeEach(async () => {
  network = await FakeNetwork.start()
  open = await openCircuit(network)
  stream = await openStream(open)
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

/** The circuit ends, the relay learns no reason, the channel goes on. */
async function expectClosed(kind: string): Promise<void> {
  expect((await open.circuit.closed).kind).toBe(kind)
  expect((await stream.sink.closed)?.kind).toBe(kind)
  expect(await open.relays.destroyed).toBe(0)
  expect(open.channel.isOpen).toBe(true)
}

/** A relay cell whose length field says something else than its body. */
function bodyWithLength(command: number, streamId: number, length: number): Buffer {
  const body = relayCellBody(command, streamId, Buffer.alloc(10))
  body.writeUInt16BE(length, 9)
  return body
}

const sendmeWithTag = (tag: Uint8Array): Buffer => Buffer.concat([Buffer.of(1, 0, tag.length), tag])

describe('a relay cell that the state of the circuit does not explain closes it', () => {
  const cases: Record<string, (streamId: number) => void> = {
    'DROP where no padding was agreed': () => open.relays.send(EXIT, DROP, 0, randomBytes(20)),
    'DROP from the middle': () => open.relays.send(1, DROP, 0),
    'a command that we do not know': () => open.relays.send(EXIT, 99, 0),
    'a command that we do not know, for a stream': (id) => open.relays.send(EXIT, 99, id),
    'EXTENDED2 that nobody asked for': () => open.relays.send(EXIT, EXTENDED2, 0, Buffer.of(0, 0)),
    'EXTENDED2 for a stream': (id) => open.relays.send(EXIT, EXTENDED2, id, Buffer.of(0, 0)),
    'EXTENDED of old': () => open.relays.send(EXIT, 7, 0, Buffer.alloc(148)),
    'BEGIN to a client': () => open.relays.send(EXIT, BEGIN, 7, Buffer.from('a.example:80\0')),
    'BEGIN for a stream that is open': (id) =>
      open.relays.send(EXIT, BEGIN, id, Buffer.from('a.example:80\0')),
    'RESOLVE to a client': () => open.relays.send(EXIT, 11, 7, Buffer.from('a.example\0')),
    'EXTEND2 to a client': () => open.relays.send(EXIT, 14, 0, Buffer.alloc(10)),
    'TRUNCATE to a client': () => open.relays.send(EXIT, 8, 0),
    'XON without congestion control': (id) => open.relays.send(EXIT, 44, id, Buffer.alloc(5)),
    'XOFF without congestion control': (id) => open.relays.send(EXIT, 43, id, Buffer.alloc(1)),
    'CONFLUX_SWITCH without a set': () => open.relays.send(EXIT, 22, 0, Buffer.alloc(4)),
    'CONFLUX_LINKED without a set': () => open.relays.send(EXIT, 20, 0, Buffer.alloc(50)),
    'RENDEZVOUS2 that nobody waits for': () => open.relays.send(EXIT, 37, 0, Buffer.alloc(64)),
    'INTRODUCE2 to a client': () => open.relays.send(EXIT, 35, 0, Buffer.alloc(64)),
    'PADDING_NEGOTIATED that nobody asked for': () => open.relays.send(EXIT, 42, 0, Buffer.alloc(8)),
    'DATA without a stream id': () => open.relays.send(EXIT, DATA, 0, Buffer.alloc(5)),
    'END without a stream id': () => open.relays.send(EXIT, END, 0, Buffer.of(6)),
    'CONNECTED without a stream id': () => open.relays.send(EXIT, CONNECTED, 0),
    'DATA without any data (TROVE-2024-001)': (id) => open.relays.send(EXIT, DATA, id),
    'DATA without any data, between others': (id) => {
      const cells = ['before', '', 'after'].map((text) => open.relays.seal(EXIT, DATA, id, Buffer.from(text)))
      open.link.write(...cells)
    },
    'DATA for a stream that does not exist': (id) => open.relays.send(EXIT, DATA, id ^ 1, Buffer.alloc(5)),
    'END for a stream that does not exist': (id) => open.relays.send(EXIT, END, id ^ 1, Buffer.of(6)),
    'CONNECTED for a stream that does not exist': (id) => open.relays.send(EXIT, CONNECTED, id ^ 1),
    'SENDME for a stream that does not exist': (id) => open.relays.send(EXIT, SENDME, id ^ 1),
    'CONNECTED twice': (id) => open.relays.send(EXIT, CONNECTED, id, Buffer.of(192, 0, 2, 1, 0, 0, 0, 9)),
    'RESOLVED for a stream that resolves nothing': (id) => open.relays.send(EXIT, RESOLVED, id),
    'a stream SENDME that is not owed': (id) => open.relays.send(EXIT, SENDME, id),
    'a circuit SENDME that is not owed': () =>
      open.relays.send(EXIT, SENDME, 0, sendmeWithTag(Buffer.alloc(20))),
    'a circuit SENDME of version 0': () => open.relays.send(EXIT, SENDME, 0),
    'a circuit SENDME from the middle': () => open.relays.send(1, SENDME, 0, sendmeWithTag(Buffer.alloc(20))),
    'DATA from the middle': (id) => open.relays.send(1, DATA, id, Buffer.from('injected')),
    'END from the guard': (id) => open.relays.send(0, END, id, Buffer.of(6)),
    'EXTENDED2 from the middle': () => open.relays.send(1, EXTENDED2, 0, Buffer.of(0, 0)),
    'a cell that no hop sent': () => open.link.send(open.relays.circuitId, RELAY, randomBytes(509)),
    RELAY_EARLY: (id) =>
      open.link.write(
        open.relays.sealBody(EXIT, relayCellBody(DATA, id, Buffer.from('hi')), RELAY_EARLY).cell,
      ),
    'CREATED2 on a circuit that is built': () =>
      open.link.send(open.relays.circuitId, CREATED2, Buffer.of(0, 64)),
    'CREATED_FAST on a circuit that is built': () =>
      open.link.send(open.relays.circuitId, 6, Buffer.alloc(40)),
    'CREATE2 on a circuit of ours': () => open.link.send(open.relays.circuitId, 10, Buffer.alloc(10)),
    'padding of a channel on a circuit': () => open.link.send(open.relays.circuitId, 0),
  }
  for (const [what, send] of Object.entries(cases)) {
    it(what, async () => {
      send(stream.exit.id)
      await expectClosed('protocol-violation')
    })
  }

  for (const [what, send] of Object.entries<(streamId: number) => void>({
    'DATA that claims to be longer than a cell': (id) =>
      open.link.write(open.relays.sealBody(EXIT, bodyWithLength(DATA, id, 499)).cell),
    'END that claims to be longer than a cell': (id) =>
      open.link.write(open.relays.sealBody(EXIT, bodyWithLength(END, id, 0xffff)).cell),
    'a circuit SENDME of version 2': () => open.relays.send(EXIT, SENDME, 0, Buffer.of(2, 0, 0)),
    'a circuit SENDME that is cut short': () => open.relays.send(EXIT, SENDME, 0, Buffer.of(1, 0, 20, 1)),
    'CONNECTED that is cut short': (id) => open.relays.send(EXIT, CONNECTED, id, Buffer.of(1, 2)),
  })) {
    it(what, async () => {
      send(stream.exit.id)
      await expectClosed('malformed')
    })
  }

  it('a cell that was changed on the way', async () => {
    const cell = open.relays.seal(EXIT, DATA, stream.exit.id, Buffer.from('hello'))
    cell.writeUInt8(cell.readUInt8(300) ^ 1, 300)
    open.link.write(cell)
    await expectClosed('protocol-violation')
    expect(stream.sink.receivedBytes).toBe(0)
  })

  it('cells in another order than they were sent', async () => {
    const first = open.relays.seal(EXIT, DATA, stream.exit.id, Buffer.from('first'))
    const second = open.relays.seal(EXIT, DATA, stream.exit.id, Buffer.from('second'))
    open.link.write(second, first)
    await expectClosed('protocol-violation')
    expect(stream.sink.receivedBytes).toBe(0)
  })

  it('a cell that was left out', async () => {
    open.relays.seal(EXIT, DATA, stream.exit.id, Buffer.from('first'))
    open.link.write(open.relays.seal(EXIT, DATA, stream.exit.id, Buffer.from('second')))
    await expectClosed('protocol-violation')
  })

  it('a cell that came twice', async () => {
    const cell = open.relays.seal(EXIT, DATA, stream.exit.id, Buffer.from('again'))
    open.link.write(cell, cell)
    await expectClosed('protocol-violation')
  })

  it('a RESOLVED with DATA for the same stream', async () => {
    network.script.onMessage = ({ command, streamId }) => {
      if (command === 11) open.relays.send(EXIT, DATA, streamId, Buffer.from('no'))
      return command === 11
    }
    const resolving = resolveName(open.circuit, 'a.example', false)
    await expect(resolving).rejects.toMatchObject({ kind: 'protocol-violation' })
    await expectClosed('protocol-violation')
  })

  it('XOFF for a stream that resolves a name (TROVE-2026-018)', async () => {
    network.script.onMessage = ({ command, streamId }) => {
      if (command === 11) open.relays.send(EXIT, 43, streamId, Buffer.of(0))
      return command === 11
    }
    const resolving = resolveName(open.circuit, 'a.example', false)
    await expect(resolving).rejects.toMatchObject({ kind: 'protocol-violation' })
    await expectClosed('protocol-violation')
  })

  it('DATA without any data, for a stream that we ended', async () => {
    const ended = await openStream(open)
    ended.stream.destroy()
    open.relays.send(EXIT, DATA, ended.exit.id)
    await expectClosed('protocol-violation')
  })

  it('two EXTENDED2 at once where one was asked for', async () => {
    network.script.answerHandshake = (reply, hop, relays) => {
      const body = Buffer.concat([Buffer.of(0, reply.length), reply])
      relays.link.write(relays.seal(hop - 1, EXTENDED2, 0, body), relays.seal(hop - 1, EXTENDED2, 0, body))
      return undefined
    }
    await expect(open.circuit.extend(network.target(0))).rejects.toMatchObject({ kind: 'protocol-violation' })
    await expectClosed('protocol-violation')
  })

  it('EXTENDED2 from another hop than the last', async () => {
    network.script.answerHandshake = (reply, _hop, relays) => {
      relays.send(1, EXTENDED2, 0, Buffer.concat([Buffer.of(0, reply.length), reply]))
      return undefined
    }
    await expect(open.circuit.extend(network.target(0))).rejects.toMatchObject({ kind: 'protocol-violation' })
    await expectClosed('protocol-violation')
  })
})

describe('an open circuit', () => {
  for (const hop of [0, 1, 2]) {
    it(`ends when hop ${hop + 1} says that it was cut behind it`, async () => {
      open.relays.send(hop, TRUNCATED, 0, Buffer.of(8))
      await expectClosed('circuit-failed')
    })
  }

  it('ends when it is TRUNCATED without a reason', async () => {
    open.relays.send(1, TRUNCATED, 0)
    await expectClosed('circuit-failed')
  })

  it('takes what the exit sent before an inner hop cut the circuit', async () => {
    const data = open.relays.seal(EXIT, DATA, stream.exit.id, Buffer.from('before'))
    open.link.write(data, open.relays.seal(1, TRUNCATED, 0, Buffer.of(8)))
    await expectClosed('circuit-failed')
    expect(stream.sink.bytes.toString()).toBe('before')
  })

  it('ends at DESTROY, after what came before it, and does not answer', async () => {
    const data = open.relays.seal(EXIT, DATA, stream.exit.id, Buffer.from('before'))
    open.link.write(data, fixedCell(open.relays.circuitId, 4, Buffer.of(9)))
    expect((await open.circuit.closed).kind).toBe('circuit-failed')
    expect((await stream.sink.closed)?.kind).toBe('circuit-failed')
    expect(stream.sink.bytes.toString()).toBe('before')
    open.link.circuits.delete(open.relays.circuitId)
    const next = await openCircuit(network, { hops: 1 })
    next.channel.close()
    expect(open.link.cells.all.some(({ command }) => command === 4)).toBe(false)
  })

  it('ignores what still comes after it was closed', async () => {
    open.circuit.close()
    expect(await open.relays.destroyed).toBe(0)
    open.relays.send(EXIT, DROP, 0)
    open.link.send(open.relays.circuitId, RELAY, randomBytes(509))
    open.link.send(open.relays.circuitId, 4, Buffer.of(0))
    open.link.send(0, 0)
    const again = await openCircuit(network, { hops: 1 })
    expect(again.circuit.isOpen).toBe(true)
    expect(open.channel.isOpen).toBe(true)
    expect((await open.circuit.closed).kind).toBe('closed')
  })

  it('may be closed by a stream’s reader in the middle of a batch', async () => {
    const { sink, exit } = await openStream(open)
    const take = sink.onData.bind(sink)
    sink.onData = (chunk) => {
      open.circuit.close()
      return take(chunk)
    }
    const cells = [exit.id, stream.exit.id, exit.id].map((id) =>
      open.relays.seal(EXIT, DATA, id, Buffer.from('data')),
    )
    open.link.write(...cells)
    expect((await open.circuit.closed).kind).toBe('closed')
    expect(sink.bytes.toString()).toBe('data')
    expect(stream.sink.receivedBytes).toBe(0)
    expect(await open.relays.destroyed).toBe(0)
  })
})
