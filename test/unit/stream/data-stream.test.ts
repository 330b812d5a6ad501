import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BeginMessage } from '../../../core/cell/relay-message.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { resolveName } from '../../../core/stream/resolve-stream.ts'
import { TorError } from '../../../core/util/errors.ts'
import {
  BEGIN_TARGET,
  type OpenCircuit,
  openCircuit,
  openCircuitOn,
  openStream,
  STREAM_DEPS,
} from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { type FakeStream, silent, unanswered } from '../../network/fake-stream.ts'

const BEGIN = 1
const DATA = 2
const END = 3
const CONNECTED = 4
const SENDME = 5
const RESOLVED = 12
const BEGIN_DIR = 13
const EXIT = 2
const CELL_PAYLOAD = 498
const STREAM_WINDOW = 500

let network: FakeNetwork
let open: OpenCircuit

beforeEach(async () => {
  network = await FakeNetwork.start()
  network.script.service = silent
  open = await openCircuit(network)
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

/** Everything that was sent before has arrived and has been answered when this returns. */
async function roundTrip(): Promise<void> {
  // The first brings what the relays have sent, the second takes back what the client says to it.
  await resolveName(open.circuit, 'round.trip', false)
  await resolveName(open.circuit, 'round.trip', false)
}

function begin(changes: Partial<BeginMessage> = {}, signal?: AbortSignal): Promise<DataStream> {
  const target: BeginMessage = { kind: 'begin', host: 'example.com', port: 80, flags: 0, ...changes }
  return DataStream.open(open.circuit, target, STREAM_DEPS, { signal })
}

async function failure(opening: Promise<unknown>): Promise<TorError> {
  const error: unknown = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof TorError)) throw new Error('the stream opened', { cause: error })
  return error
}

const ipv4 = (...address: number[]): Buffer => Buffer.from([...address, 0, 0, 0, 60])

function ipv6(hex: string): Buffer {
  return Buffer.concat([
    Buffer.of(0, 0, 0, 0, 6),
    Buffer.from(hex.padEnd(32, '0'), 'hex'),
    Buffer.of(0, 0, 0, 60),
  ])
}

describe('beginning a stream', () => {
  it('says the target, and flags when there are any', async () => {
    await begin()
    const plain = await open.relays.streams.take()
    expect([plain.target, plain.flags]).toEqual(['example.com:80', Buffer.alloc(0)])
    network.script.service = (stream) => stream.connect(ipv6('20010db8'))
    await begin({ host: '2001:db8::1', port: 443, flags: 5 })
    const flagged = await open.relays.streams.take()
    expect([flagged.target, flagged.flags]).toEqual(['[2001:db8::1]:443', Buffer.of(0, 0, 0, 5)])
  })

  it('is refused on a circuit of one hop, except to the relay’s own directory', async () => {
    const oneHop = await openCircuitOn(open, { hops: 1 })
    const error = await failure(DataStream.open(oneHop.circuit, BEGIN_TARGET, STREAM_DEPS))
    expect(error.kind).toBe('internal')
    await DataStream.open(oneHop.circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    expect(oneHop.relays.messages.all.map(({ command }) => command)).toEqual([BEGIN_DIR])
  })

  it('may carry the first bytes right behind it', async () => {
    network.script.service = unanswered
    const opening = DataStream.open(open.circuit, BEGIN_TARGET, STREAM_DEPS, {
      onBegun: (begun) => void begun.write(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
    })
    const exit = await open.relays.streams.take()
    await exit.waitForBytes(18)
    exit.connect()
    await opening
    expect(exit.receivedBytes).toBe(18)
  })

  it('takes as long as the exit, which may refuse', async () => {
    network.script.service = unanswered
    const opening = begin()
    const exit = await open.relays.streams.take()
    exit.abort(Buffer.of(3))
    expect((await failure(opening)).kind).toBe('connection-refused')
    expect(open.circuit.streamCount).toBe(0)
    await roundTrip()
    // The other end has ended the stream: we do not.
    expect(open.relays.messages.all.some(({ command }) => command === END)).toBe(false)
  })

  for (const [reason, kind, retry] of [
    [0, undefined, 'elsewhere'],
    [1, undefined, 'elsewhere'],
    [2, 'resolve-failed', 'elsewhere'],
    [3, 'connection-refused', 'never'],
    [4, 'exit-policy', 'elsewhere'],
    [5, 'circuit-failed', 'elsewhere'],
    [6, 'connection-reset', 'never'],
    [7, 'connect-timeout', 'elsewhere'],
    [8, 'host-unreachable', 'elsewhere'],
    [9, 'exit-overloaded', 'elsewhere'],
    [10, 'connect-failed', 'elsewhere'],
    [11, 'exit-overloaded', 'elsewhere'],
    [12, 'connection-reset', 'never'],
    [13, 'circuit-failed', 'elsewhere'],
    [14, 'directory-refused', 'elsewhere'],
    [200, undefined, 'elsewhere'],
  ] as const) {
    it(`fails for END with reason ${reason}, never in silence`, async () => {
      network.script.service = (stream) => stream.abort(Buffer.of(reason))
      const error = await failure(begin())
      if (kind !== undefined) expect(error.kind).toBe(kind)
      expect(error.retry).toBe(retry)
      // The exit is closing the circuit (5), or says that we broke the protocol on it (13).
      expect(open.circuit.isOpen).toBe(reason !== 5 && reason !== 13)
    })
  }

  it('41353: never takes END with reason 0 for success', async () => {
    network.script.service = (stream) => stream.abort(Buffer.of(0))
    expect((await failure(begin())).kind).toBe('connect-failed')
  })

  it('TROVE-2026-011: closes the circuit when END has no reason', async () => {
    network.script.service = (stream) => stream.abort(Buffer.alloc(0))
    expect((await failure(begin())).kind).toBe('malformed')
    expect((await open.circuit.closed).kind).toBe('malformed')
  })

  it('TROVE-2026-052: never asks another relay for a directory stream that was ended', async () => {
    network.script.service = (stream) => stream.abort(Buffer.of(1))
    const error = await failure(DataStream.open(open.circuit, { kind: 'begin-dir' }, STREAM_DEPS))
    expect([error.kind, error.retry]).toEqual(['connect-failed', 'never'])
    await roundTrip()
    expect(open.relays.messages.all.filter(({ command }) => command === BEGIN_DIR).length).toBe(1)
  })

  it('ends at the signal, and what comes late is accounted for', async () => {
    network.script.service = unanswered
    const controller = new AbortController()
    const opening = begin({}, controller.signal)
    const exit = await open.relays.streams.take()
    controller.abort()
    expect((await failure(opening)).kind).toBe('aborted')
    expect(await exit.ended).toEqual(Buffer.of(1))
    exit.connect()
    open.relays.send(EXIT, DATA, exit.id, Buffer.from('late'))
    await roundTrip()
    expect(open.circuit.isOpen).toBe(true)
    exit.connect()
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  it('sends nothing for a signal that has fired', async () => {
    expect((await failure(begin({}, AbortSignal.abort()))).kind).toBe('aborted')
    expect(open.circuit.streamCount).toBe(0)
    await roundTrip()
    expect(open.relays.messages.all.some(({ command }) => command === BEGIN)).toBe(false)
  })

  it('fails with the circuit', async () => {
    network.script.service = unanswered
    const opening = begin()
    await open.relays.streams.take()
    open.relays.destroy(8)
    expect((await failure(opening)).kind).toBe('circuit-failed')
    expect((await failure(begin())).kind).toBe('circuit-failed')
  })

  it('closes the circuit when DATA comes before CONNECTED', async () => {
    network.script.service = (stream) => open.relays.send(EXIT, DATA, stream.id, Buffer.from('x'))
    expect((await failure(begin())).kind).toBe('protocol-violation')
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })
})

describe('the address that the exit says it connected to', () => {
  for (const [what, host, flags, body] of [
    ['nothing', 'example.com', 0, Buffer.alloc(0)],
    ['an IPv4 address', 'example.com', 0, ipv4(192, 0, 2, 1)],
    ['an IPv6 address that was welcome', 'example.com', 1, ipv6('20010db8')],
    ['the IPv6 address that was asked for', '2001:db8::', 0, ipv6('20010db8')],
  ] as const) {
    it(`may be ${what}`, async () => {
      network.script.service = (stream) => stream.connect(body)
      await begin({ host, flags })
      expect(open.circuit.isOpen).toBe(true)
    })
  }

  for (const [what, host, flags, body, kind] of [
    ['0.0.0.0', 'example.com', 0, ipv4(0, 0, 0, 0), 'bad-target'],
    ['loopback', 'example.com', 0, ipv4(127, 0, 0, 1), 'bad-target'],
    ['a private address', 'example.com', 0, ipv4(10, 1, 2, 3), 'bad-target'],
    ['a link-local address', 'example.com', 0, ipv4(169, 254, 1, 1), 'bad-target'],
    ['IPv6 loopback', 'example.com', 1, ipv6(`${'0'.repeat(31)}1`), 'bad-target'],
    ['loopback mapped into IPv6', 'example.com', 1, ipv6(`${'0'.repeat(20)}ffff7f000001`), 'bad-target'],
    ['an IPv6 address that was not welcome', 'example.com', 0, ipv6('20010db8'), 'protocol-violation'],
    ['an IPv4 address that was not wanted', 'example.com', 3, ipv4(192, 0, 2, 1), 'protocol-violation'],
    ['IPv6 for an IPv4 address', '192.0.2.9', 5, ipv6('20010db8'), 'protocol-violation'],
    ['IPv4 for an IPv6 address', '2001:db8::1', 5, ipv4(192, 0, 2, 1), 'protocol-violation'],
  ] as const) {
    it(`may not be ${what}`, async () => {
      network.script.service = (stream) => stream.connect(body)
      expect((await failure(begin({ host, flags }))).kind).toBe(kind)
      const exit = await open.relays.streams.take()
      expect(await exit.ended).toEqual(Buffer.of(1))
      expect(open.circuit.isOpen).toBe(true)
    })
  }

  it('may be internal where that is allowed', async () => {
    network.script.service = (stream) => stream.connect(ipv4(127, 0, 0, 1))
    await DataStream.open(open.circuit, BEGIN_TARGET, { ...STREAM_DEPS, allowInternalAddresses: true })
  })
})

describe('a stream that ends', () => {
  it('tells its reader after the last byte, when the other end is done', async () => {
    const { exit, sink } = await openStream(open)
    exit.send(Buffer.from('all'))
    exit.end()
    expect(await sink.closed).toBeUndefined()
    expect([sink.bytes.toString(), sink.hasEnded]).toEqual(['all', true])
    expect(open.circuit.streamCount).toBe(0)
  })

  for (const [reason, kind] of [
    [0, 'closed'],
    [1, 'closed'],
    [12, 'connection-reset'],
    [3, 'closed'],
    [99, 'closed'],
  ] as const) {
    it(`tells its reader of an error for END with reason ${reason}`, async () => {
      const { exit, sink } = await openStream(open)
      exit.send(Buffer.from('part'))
      exit.end(reason)
      const error = await sink.closed
      expect([error?.kind, error?.retry]).toEqual([kind, 'never'])
      expect([sink.bytes.toString(), sink.hasEnded]).toEqual(['part', false])
    })
  }

  it('TROVE-2026-011: goes with its circuit when END has no reason', async () => {
    const { exit, sink } = await openStream(open)
    exit.abort(Buffer.alloc(0))
    expect((await sink.closed)?.kind).toBe('malformed')
    expect([sink.hasEnded, open.circuit.isOpen]).toEqual([false, false])
  })

  it('delivers all that a slow reader has not taken before it tells the end', async () => {
    const { exit, sink, stream } = await openStream(open)
    sink.isReady = false
    exit.send(Buffer.alloc(400 * CELL_PAYLOAD, 1))
    exit.end()
    await new Promise<void>((resolve) => stream.whenClosed(resolve))
    expect(sink.hasEnded).toBe(false)
    sink.isReady = true
    stream.resumeReading()
    expect(await sink.closed).toBeUndefined()
    expect(sink.receivedBytes).toBe(400 * CELL_PAYLOAD)
  })

  it('tells who waits for its closing once, also when it has closed already', async () => {
    const { exit, stream } = await openStream(open)
    let told = 0
    const closed = new Promise<void>((resolve) =>
      stream.whenClosed(() => {
        told++
        resolve()
      }),
    )
    expect(told).toBe(0)
    exit.end()
    await closed
    stream.destroy()
    expect(told).toBe(1)
    stream.whenClosed(() => told++)
    expect(told).toBe(2)
  })

  it('delivers what came before the circuit went, then the error', async () => {
    const { exit, sink, stream } = await openStream(open)
    sink.isReady = false
    exit.send(Buffer.alloc(400 * CELL_PAYLOAD, 1))
    await roundTrip()
    open.relays.destroy(9)
    await new Promise<void>((resolve) => stream.whenClosed(resolve))
    sink.isReady = true
    stream.resumeReading()
    expect((await sink.closed)?.kind).toBe('circuit-failed')
    expect(sink.receivedBytes).toBe(400 * CELL_PAYLOAD)
  })

  it('sends what was written before it says END', async () => {
    const { exit, stream, sink } = await openStream(open)
    stream.write(Buffer.alloc(300 * CELL_PAYLOAD + 5, 7))
    stream.end()
    stream.end()
    expect(stream.write(Buffer.from('too late'))).toBe(true)
    expect(await exit.ended).toEqual(Buffer.of(6))
    expect(exit.receivedBytes).toBe(300 * CELL_PAYLOAD + 5)
    expect(await sink.closed).toBeUndefined()
  })

  it('drops what was written when it is destroyed, and tells no reason', async () => {
    const { exit, stream, sink } = await openStream(open)
    exit.holdsSendmes = true
    stream.write(Buffer.alloc(700 * CELL_PAYLOAD))
    await exit.waitForCells(500)
    stream.destroy()
    stream.destroy()
    stream.end()
    expect(await exit.ended).toEqual(Buffer.of(1))
    expect(exit.receivedCells).toBe(500)
    expect(await sink.closed).toBeUndefined()
    expect(sink.hasEnded).toBe(false)
  })

  it('gives its reader the error with which it was destroyed', async () => {
    const { stream, sink } = await openStream(open)
    stream.destroy(new TorError('timeout', 'too slow'))
    expect((await sink.closed)?.kind).toBe('timeout')
  })

  it('closes together with others and with the circuit without harm', async () => {
    const streams = await Promise.all([openStream(open), openStream(open)])
    for (const { sink } of streams) {
      const onClose = sink.onClose.bind(sink)
      sink.onClose = (error) => {
        for (const { stream } of streams) stream.destroy()
        open.circuit.close()
        onClose(error)
      }
    }
    open.circuit.close()
    const [first, second] = await Promise.all(streams.map(({ sink }) => sink.closed))
    expect(first?.kind).toBe('closed')
    // The first one's reader has destroyed it, without an error, before the circuit came to it.
    expect(second).toBeUndefined()
    expect(await open.relays.destroyed).toBe(0)
  })
})

describe('a stream that we have ended', () => {
  async function endedStream(): Promise<FakeStream> {
    const { stream, exit } = await openStream(open)
    stream.end()
    await exit.ended
    return exit
  }

  const sendData = (streamId: number, cells: number): void => {
    const body = Buffer.from('late')
    open.link.write(...Array.from({ length: cells }, () => open.relays.sealData(streamId, body)))
  }

  it('may still get as much DATA as its window allowed, then the other end’s END', async () => {
    const exit = await endedStream()
    sendData(exit.id, STREAM_WINDOW)
    exit.abort(Buffer.of(6))
    await roundTrip()
    expect(open.circuit.isOpen).toBe(true)
    expect(open.relays.goodSendmes).toBe(5)
  })

  it('may get no DATA beyond its window', async () => {
    const exit = await endedStream()
    sendData(exit.id, STREAM_WINDOW + 1)
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  it('has no more than what was left of its window', async () => {
    const { stream, exit, sink } = await openStream(open)
    exit.send(Buffer.alloc(40 * CELL_PAYLOAD))
    await sink.waitForBytes(40 * CELL_PAYLOAD)
    stream.end()
    await exit.ended
    sendData(exit.id, STREAM_WINDOW - 40)
    await roundTrip()
    expect(open.circuit.isOpen).toBe(true)
    sendData(exit.id, 1)
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  it('may get the SENDMEs for what it sent, and no more', async () => {
    const { stream, exit } = await openStream(open)
    exit.holdsSendmes = true
    stream.write(Buffer.alloc(120 * CELL_PAYLOAD))
    stream.end()
    await exit.ended
    exit.sendSendme()
    exit.sendSendme()
    await roundTrip()
    expect(open.circuit.isOpen).toBe(true)
    exit.sendSendme()
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  it('TROVE-2026-011: may not get an END without a reason', async () => {
    const exit = await endedStream()
    exit.abort(Buffer.alloc(0))
    expect((await open.circuit.closed).kind).toBe('malformed')
  })

  it('may get nothing after the other end’s END', async () => {
    const exit = await endedStream()
    exit.abort(Buffer.of(6))
    await roundTrip()
    sendData(exit.id, 1)
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  for (const [what, command] of [
    ['CONNECTED', CONNECTED],
    ['RESOLVED', RESOLVED],
    ['a SENDME', SENDME],
    ['XOFF', 44],
    ['BEGIN', BEGIN],
  ] as const) {
    it(`may not get ${what} once it was open`, async () => {
      const exit = await endedStream()
      open.relays.send(EXIT, command, exit.id)
      expect((await open.circuit.closed).kind).toBe('protocol-violation')
    })
  }

  it('leaves its id unused until the other end is done', async () => {
    const ids = new Set<number>()
    for (let count = 0; count < 200; count++) ids.add((await endedStream()).id)
    expect(ids.size).toBe(200)
    expect(ids.has(0)).toBe(false)
  })
})
