import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveName } from '../../../core/stream/resolve-stream.ts'
import {
  CIRCUIT_DEPS,
  type OpenCircuit,
  openCircuit,
  openCircuitOn,
  openStream,
  type OpenStream,
} from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { silent } from '../../network/fake-stream.ts'

const DATA = 2
const END = 3
const SENDME = 5
const EXIT = 2
const CELL_PAYLOAD = 498
const CIRCUIT_WINDOW = 1000
const STREAM_WINDOW = 500
/** A stream's turn on its circuit, and a circuit's on its channel. */
const STREAM_BURST = 31
const CIRCUIT_BURST = 62

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

/** How often the same value comes in a row at most. */
function longestRun(values: readonly number[]): number {
  let longest = 0
  let run = 0
  for (const [index, value] of values.entries()) {
    run = value === values[index - 1] ? run + 1 : 1
    longest = Math.max(longest, run)
  }
  return longest
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Everything that was sent before has arrived and has been answered when this returns. */
async function roundTrip(): Promise<void> {
  // The first brings what the relays have sent, the second takes back what the client says to it.
  await resolveName(open.circuit, 'round.trip', false)
  await resolveName(open.circuit, 'round.trip', false)
}

/** Writes as an application that waits for `onDrain` does, and ends the stream. */
async function upload({ stream, sink }: OpenStream, bytes: Buffer, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const drains = sink.drains
    if (!stream.write(bytes.subarray(at, at + pieceBytes))) await sink.waitForDrains(drains + 1)
  }
  stream.end()
}

describe('data on its way in', () => {
  it('is acknowledged with the right tags, whatever batches it comes in', async () => {
    const streams = await Promise.all([openStream(open), openStream(open), openStream(open)])
    const seen = streams.map(() => createHash('sha256'))
    let cells = 0
    // Each batch is sent when the one before it has arrived, so that the client decrypts just these batches.
    const sendBatch = async (parts: readonly number[]): Promise<void> => {
      const expected = streams.map(({ sink }) => sink.receivedBytes)
      const batch = parts.map((part) => {
        const index = part % streams.length
        const payload = randomBytes(1 + (part % CELL_PAYLOAD))
        seen[index]?.update(payload)
        expected[index] = (expected[index] ?? 0) + payload.length
        const exit = streams[index]?.exit
        if (exit === undefined) throw new Error('no such stream')
        exit.sendWindow--
        return open.relays.sealData(exit.id, payload)
      })
      cells += batch.length
      open.link.write(...batch)
      await Promise.all(streams.map(({ sink }, index) => sink.waitForBytes(expected[index] ?? 0)))
    }
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(50_000), { minLength: 1, maxLength: 130 }), sendBatch), {
      numRuns: 40,
      endOnFailure: true,
      seed: 7,
    })
    while (cells < 1500) await sendBatch(Array.from({ length: 99 }, (_, index) => index * 7))
    await roundTrip()
    expect(open.relays.goodSendmes).toBe(Math.floor(cells / 100))
    for (const [index, { sink, exit }] of streams.entries()) {
      expect(sha256(sink.bytes)).toBe(seen[index]?.digest('hex'))
      expect(exit.sendWindow).toBeGreaterThan(STREAM_WINDOW - 50)
    }
  })

  it('may be mixed with other messages without losing count', async () => {
    const { exit, sink } = await openStream(open)
    for (let round = 0; round < 30; round++) {
      const other = await openStream(open)
      const cells = Array.from({ length: 37 }, (_, index) => {
        if (index === 11) return open.relays.seal(EXIT, 3, other.exit.id, Buffer.of(6))
        exit.sendWindow--
        return open.relays.sealData(exit.id, Buffer.of(round))
      })
      open.link.write(...cells)
      await sink.waitForBytes(36 * (round + 1))
      expect(await other.sink.closed).toBeUndefined()
    }
    await roundTrip()
    expect(open.relays.goodSendmes).toBe(10)
  })

  it('waits at the exit when the application reads slowly, and goes on without loss', async () => {
    const { exit, sink, stream } = await openStream(open)
    const payload = randomBytes(1200 * CELL_PAYLOAD)
    sink.isReady = false
    exit.send(payload)
    await roundTrip()
    // The first chunk was taken with the word that there is no room for more.
    expect(exit.sendmes * 50).toBeLessThanOrEqual(sink.receivedBytes / CELL_PAYLOAD)
    expect(exit.sendWindow).toBe(0)
    const before = sink.receivedBytes
    await roundTrip()
    expect(sink.receivedBytes).toBe(before)
    sink.isReady = true
    stream.resumeReading()
    await sink.waitForBytes(payload.length)
    expect(sha256(sink.bytes)).toBe(sha256(payload))
  })

  it('is not held up on the circuit by one slow stream', async () => {
    const slow = await openStream(open)
    const quick = await openStream(open)
    slow.sink.isReady = false
    slow.exit.send(Buffer.alloc(1000 * CELL_PAYLOAD))
    const payload = randomBytes(2000 * CELL_PAYLOAD)
    quick.exit.send(payload)
    await quick.sink.waitForBytes(payload.length)
    expect(sha256(quick.sink.bytes)).toBe(sha256(payload))
    expect(slow.exit.sendWindow).toBe(0)
  })

  it('is kept for a reader that comes late, then the end', async () => {
    network.script.service = (stream) => {
      stream.connect()
      stream.send(Buffer.from('early'))
      stream.end()
    }
    const { sink } = await openStream(open)
    expect(await sink.closed).toBeUndefined()
    expect(sink.bytes.toString()).toBe('early')
    expect(sink.hasEnded).toBe(true)
  })

  it('closes the circuit when it overruns the stream’s window', async () => {
    const { exit, sink } = await openStream(open)
    sink.isReady = false
    open.relays.obeysWindows = false
    exit.send(Buffer.alloc((STREAM_WINDOW + 130) * CELL_PAYLOAD))
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
    expect(sink.receivedBytes).toBeLessThanOrEqual((STREAM_WINDOW + 128) * CELL_PAYLOAD)
    expect(await open.relays.destroyed).toBe(0)
  })
})

describe('data on its way out', () => {
  it('arrives whole, within both windows, with the application made to wait', async () => {
    const up = await openStream(open)
    const payload = randomBytes(3000 * CELL_PAYLOAD + 17)
    await upload(up, payload, 40_000)
    expect((await up.exit.ended)[0]).toBe(6)
    expect(up.exit.digest).toBe(sha256(payload))
    expect(up.exit.mostOutstandingCells).toBeLessThanOrEqual(STREAM_WINDOW)
    expect(open.relays.mostOutstandingCells).toBeLessThanOrEqual(CIRCUIT_WINDOW)
    expect(up.sink.drains).toBeGreaterThan(5)
    expect(await up.sink.closed).toBeUndefined()
  })

  it('stops at 500 cells of a stream without SENDMEs, with a bounded buffer behind them', async () => {
    const up = await openStream(open)
    up.exit.holdsSendmes = true
    let written = 0
    for (let hasRoom = true; hasRoom; written += 10_000) hasRoom = up.stream.write(Buffer.alloc(10_000, 1))
    await up.sink.waitForDrains(1)
    for (let hasRoom = true; hasRoom; written += 10_000) hasRoom = up.stream.write(Buffer.alloc(10_000, 2))
    await up.sink.waitForDrains(2)
    for (let hasRoom = true; hasRoom; written += 10_000) hasRoom = up.stream.write(Buffer.alloc(10_000, 3))
    await roundTrip()
    expect(up.exit.outstandingCells).toBe(STREAM_WINDOW)
    expect(up.sink.drains).toBe(2)
    expect(written).toBeLessThan(STREAM_WINDOW * CELL_PAYLOAD + 150_000)
    up.exit.releaseSendmes()
    up.stream.end()
    await up.exit.ended
    expect(up.exit.receivedBytes).toBe(written)
  })

  it('stops at 1000 cells of a circuit without SENDMEs, and nothing else stops with it', async () => {
    const streams = await Promise.all([openStream(open), openStream(open), openStream(open)])
    open.relays.holdsSendmes = true
    const payload = randomBytes(450 * CELL_PAYLOAD)
    for (const { stream } of streams) {
      stream.write(payload)
      stream.end()
    }
    await roundTrip()
    await openStream(open)
    expect(open.relays.outstandingCells).toBe(CIRCUIT_WINDOW)
    open.relays.releaseSendmes()
    await Promise.all(streams.map(({ exit }) => exit.ended))
    for (const { exit } of streams) expect(exit.digest).toBe(sha256(payload))
  })

  it('stops where the consensus has windows begin, and goes on with the right tags', async () => {
    open = await openCircuit(network, { deps: { ...CIRCUIT_DEPS, circuitWindow: 250 } })
    const { stream, exit } = await openStream(open)
    open.relays.holdsSendmes = true
    stream.write(Buffer.alloc(400 * CELL_PAYLOAD))
    await exit.waitForCells(250)
    await roundTrip()
    expect(open.relays.outstandingCells).toBe(250)
    open.relays.releaseSendmes()
    await exit.waitForBytes(400 * CELL_PAYLOAD)
    expect(open.circuit.isOpen).toBe(true)
  })

  it('quotes no tag twice: a SENDME with a wrong one closes the circuit', async () => {
    const { stream, exit } = await openStream(open)
    open.relays.holdsSendmes = true
    stream.write(Buffer.alloc(220 * CELL_PAYLOAD))
    await exit.waitForBytes(220 * CELL_PAYLOAD)
    const tags = open.relays.messages.all.filter(({ command }) => command === DATA).map(({ tag }) => tag)
    const [first, second] = [tags[99], tags[199]]
    if (first === undefined || second === undefined) throw new Error('too few cells')
    open.relays.sendSendme(first)
    open.relays.sendSendme(first)
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
    expect(await open.relays.destroyed).toBe(0)
  })

  for (const [what, change] of [
    ['of the next cell', (tags: readonly Buffer[]) => tags[100] ?? Buffer.alloc(0)],
    ['cut short', (tags: readonly Buffer[]) => (tags[99] ?? Buffer.alloc(20)).subarray(0, 4)],
    [
      'that is too long',
      (tags: readonly Buffer[]) => Buffer.concat([tags[99] ?? Buffer.alloc(20), Buffer.of(0)]),
    ],
    ['of zeros', () => Buffer.alloc(20)],
    ['that is empty', () => Buffer.alloc(0)],
  ] as const) {
    it(`takes no SENDME with a tag ${what}`, async () => {
      const { stream, exit } = await openStream(open)
      open.relays.holdsSendmes = true
      stream.write(Buffer.alloc(150 * CELL_PAYLOAD))
      await exit.waitForBytes(150 * CELL_PAYLOAD)
      const tags = open.relays.messages.all.filter(({ command }) => command === DATA).map(({ tag }) => tag)
      open.relays.sendSendme(change(tags))
      expect((await open.circuit.closed).kind).toBe('protocol-violation')
    })
  }

  it('takes no SENDME ahead of the data that it is for', async () => {
    const { stream, exit } = await openStream(open)
    open.relays.holdsSendmes = true
    // One of them is padded, so that they are 99 cells.
    stream.write(Buffer.alloc(98 * CELL_PAYLOAD))
    await exit.waitForBytes(98 * CELL_PAYLOAD)
    expect(exit.receivedCells).toBe(99)
    const last = open.relays.messages.all.at(-1)
    open.relays.sendSendme(last?.tag ?? Buffer.alloc(20))
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  it('takes no stream SENDME more than it is owed', async () => {
    const { stream, exit } = await openStream(open)
    exit.holdsSendmes = true
    stream.write(Buffer.alloc(60 * CELL_PAYLOAD))
    await exit.waitForBytes(60 * CELL_PAYLOAD)
    exit.sendSendme()
    await roundTrip()
    expect(open.circuit.isOpen).toBe(true)
    exit.sendSendme()
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  it('shares the circuit fairly among its streams', async () => {
    const first = await openStream(open)
    const second = await openStream(open)
    const small = await openStream(open)
    first.stream.write(Buffer.alloc(400 * CELL_PAYLOAD))
    second.stream.write(Buffer.alloc(400 * CELL_PAYLOAD))
    small.stream.write(Buffer.from('ping'))
    await Promise.all([first, second].map(({ exit }) => exit.waitForBytes(400 * CELL_PAYLOAD)))
    const order = open.relays.messages.all
      .filter(({ command }) => command === DATA)
      .map(({ streamId }) => streamId)
    expect(order.indexOf(small.exit.id)).toBe(2 * STREAM_BURST)
    const turns = order.filter((id) => id !== small.exit.id)
    expect(longestRun(turns.slice(0, 700))).toBe(STREAM_BURST)
  })

  it('leaves the control messages of its circuit ahead of bulk', async () => {
    const bulk = await openStream(open)
    const other = await openStream(open)
    bulk.stream.write(Buffer.alloc(450 * CELL_PAYLOAD))
    other.stream.destroy()
    await bulk.exit.waitForBytes(450 * CELL_PAYLOAD)
    const commands = open.relays.messages.all.map(({ command }) => command)
    expect(commands.indexOf(END)).toBeGreaterThan(0)
    expect(commands.indexOf(END)).toBeLessThan(commands.indexOf(DATA))
  })

  it('does not starve another circuit on the channel, nor hold up a DESTROY', async () => {
    const quiet = await openCircuitOn(open)
    const doomed = await openCircuitOn(open)
    const ping = await openStream(quiet)
    const bulk = await openStream(open)
    const before = open.link.cells.all.length
    bulk.stream.write(Buffer.alloc(450 * CELL_PAYLOAD))
    ping.stream.write(Buffer.from('ping'))
    doomed.circuit.close()
    await bulk.exit.waitForBytes(450 * CELL_PAYLOAD)
    const order = open.link.cells.all.slice(before).map(({ circuitId }) => circuitId)
    expect(order.indexOf(doomed.relays.circuitId)).toBe(0)
    expect(order.indexOf(quiet.relays.circuitId)).toBeLessThanOrEqual(1 + CIRCUIT_BURST)
  })

  it('pads what does not fill a cell with zeros and then unforeseeable bytes', async () => {
    const { stream, exit } = await openStream(open)
    stream.write(Buffer.from('one'))
    await exit.waitForBytes(3)
    stream.write(Buffer.from('two'))
    await exit.waitForBytes(6)
    const [first, second] = open.relays.messages.all.filter(({ command }) => command === DATA)
    if (first === undefined || second === undefined) throw new Error('too few cells')
    expect(first.padding.subarray(0, 4)).toEqual(Buffer.alloc(4))
    expect(first.padding.length).toBe(CELL_PAYLOAD - 3)
    expect(first.padding.subarray(4).equals(second.padding.subarray(4))).toBe(false)
    expect(new Set(first.padding.subarray(4)).size).toBeGreaterThan(100)
  })

  it('asks for no SENDME of its own on the way in', async () => {
    const { exit, sink } = await openStream(open)
    exit.send(randomBytes(49 * CELL_PAYLOAD))
    await sink.waitForBytes(49 * CELL_PAYLOAD)
    await roundTrip()
    expect(open.relays.messages.all.some(({ command }) => command === SENDME)).toBe(false)
  })
})
