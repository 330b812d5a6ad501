/** Circuits with congestion control, and XON and XOFF on their streams (proposal 324, sections 3 and 4). */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CongestionControl } from '../../../core/circuit/congestion-control.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { resolveName } from '../../../core/stream/resolve-stream.ts'
import {
  congestedDeps,
  type OpenCircuit,
  openCircuit,
  openStream,
  type OpenStream,
} from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { silent } from '../../network/fake-stream.ts'
import { defaultCongestion } from '../../support/default-congestion.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

const DATA = 2
const END = 3
const SENDME = 5
const XON = 44
const XOFF = 43
const EXIT = 2
const CELL_PAYLOAD = 498
const INCREMENT = 31
const FIRST_WINDOW = 124
/** What a client lets wait, and what may come after its XOFF, where a test wants little of both. */
const SMALL = { xoffClientBytes: 40 * CELL_PAYLOAD, underWayCells: 200 }
const XOFF_BODY = Buffer.of(0)

let network: FakeNetwork
let open: OpenCircuit

beforeEach(async () => {
  network = await FakeNetwork.start()
  network.script.service = silent
  open = await openCircuit(network, { deps: congestedDeps() })
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Everything that was sent before has arrived and has been answered when this returns. */
async function roundTrip({ circuit } = open): Promise<void> {
  await resolveName(circuit, 'round.trip', false)
  await resolveName(circuit, 'round.trip', false)
}

async function expectClosed(kind: string): Promise<void> {
  expect((await open.circuit.closed).kind).toBe(kind)
  expect(await open.relays.destroyed).toBe(0)
  expect(open.channel.isOpen).toBe(true)
}

function xon(kilobytes: number): Buffer {
  const body = Buffer.alloc(5)
  body.writeUInt32BE(kilobytes, 1)
  return body
}

/** Writes as an application that waits for `onDrain` does. */
async function upload({ stream, sink }: OpenStream, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 30_000) {
    const drains = sink.drains
    if (!stream.write(bytes.subarray(at, at + 30_000))) await sink.waitForDrains(drains + 1)
  }
}

describe('a circuit with congestion control', () => {
  it('acknowledges each so-manieth cell with its tag, and nothing on its streams', async () => {
    const { exit, sink } = await openStream(open)
    const payload = randomBytes(1000 * CELL_PAYLOAD)
    exit.send(payload)
    await sink.waitForBytes(payload.length)
    await roundTrip()
    expect(sha256(sink.bytes)).toBe(sha256(payload))
    expect(open.relays.goodSendmes).toBe(Math.floor(1000 / INCREMENT))
    expect(exit.sendmes).toBe(0)
  })

  it('sends no more than its first window ahead of the first SENDME', async () => {
    open.relays.holdsSendmes = true
    const { stream, exit } = await openStream(open)
    stream.write(Buffer.alloc(600 * CELL_PAYLOAD))
    await exit.waitForCells(FIRST_WINDOW)
    await roundTrip()
    expect(open.relays.outstandingCells).toBe(FIRST_WINDOW)
    open.relays.releaseSendmes()
    await exit.waitForBytes(600 * CELL_PAYLOAD)
  })

  it('uploads everything, with a window that grows', async () => {
    open = await openCircuit(network, { deps: congestedDeps({}, systemClock) })
    const stream = await openStream(open)
    const payload = randomBytes(3000 * CELL_PAYLOAD)
    await upload(stream, payload)
    await stream.exit.waitForBytes(payload.length)
    expect(stream.exit.digest).toBe(sha256(payload))
    open.relays.holdsSendmes = true
    stream.stream.write(Buffer.alloc(250 * CELL_PAYLOAD))
    await roundTrip()
    expect(open.relays.mostOutstandingCells).toBeGreaterThan(FIRST_WINDOW)
  })

  it('ends at a SENDME with a wrong tag, or one too many', async () => {
    const { stream, exit } = await openStream(open)
    stream.write(Buffer.alloc(INCREMENT * CELL_PAYLOAD))
    await exit.waitForBytes(INCREMENT * CELL_PAYLOAD)
    await roundTrip()
    open.relays.sendSendme(Buffer.alloc(20))
    await expectClosed('protocol-violation')
  })

  it('measures from when a cell leaves to when its SENDME comes', () => {
    const flow = new CongestionControl(defaultCongestion(), INCREMENT)
    const marks: number[] = []
    for (let cell = 1; cell <= FIRST_WINDOW; cell++) if (flow.onDataSent()) marks.push(cell)
    expect(marks).toEqual([31, 62, 93, 124])
    expect(flow.sendableCells).toBe(0)
    flow.onSendmeReceived({ sentMs: 10.25, arrivedMs: 12.75, heldUpCells: 0 })
    expect(flow.roundTripMs).toBe(2.5)
    expect(flow.sendableCells).toBe(2 * INCREMENT)
  })

  it('leaves slow start when its channel holds it up, and not for a few cells', () => {
    const flow = new CongestionControl(defaultCongestion(), INCREMENT)
    const acknowledge = (heldUpCells: number): number => {
      while (flow.sendableCells > 0) flow.onDataSent()
      flow.onSendmeReceived({ sentMs: 0, arrivedMs: 5, heldUpCells })
      return flow.sendableCells
    }
    expect([acknowledge(256), acknowledge(256)]).toEqual([2 * INCREMENT, 2 * INCREMENT])
    // The round trips are the shortest there are: the window is theirs, and gamma on top.
    expect(acknowledge(257)).toBe(186 + INCREMENT)
  })

  it('takes no SENDME for cells that were not sent', () => {
    const flow = new CongestionControl(defaultCongestion(), INCREMENT)
    expect(() => flow.onSendmeReceived({ sentMs: 0, arrivedMs: 1, heldUpCells: 0 })).toThrow(
      expect.objectContaining({ kind: 'protocol-violation' }),
    )
  })
})

describe('what an exit says about a stream', () => {
  let stream: OpenStream
  /** More than two XOFFs' and XONs' worth. */
  const ENOUGH = 1100 * CELL_PAYLOAD

  beforeEach(async () => {
    stream = await openStream(open)
  })

  async function sendEnough(): Promise<void> {
    await upload(stream, Buffer.alloc(ENOUGH))
    await stream.exit.waitForBytes(ENOUGH)
  }

  const say = (command: number, body: Uint8Array = Buffer.alloc(0), hop = EXIT): void =>
    open.relays.send(hop, command, stream.exit.id, body)

  it('stops it with XOFF, and lets it go on with XON', async () => {
    await sendEnough()
    say(XOFF, XOFF_BODY)
    await roundTrip()
    stream.stream.write(Buffer.from('waits'))
    await roundTrip()
    expect(stream.exit.receivedBytes).toBe(ENOUGH)
    say(XON, xon(0))
    await stream.exit.waitForBytes(ENOUGH + 5)
  })

  it('leaves the other streams of the circuit alone', async () => {
    await sendEnough()
    say(XOFF, XOFF_BODY)
    await roundTrip()
    const other = await openStream(open)
    other.stream.write(Buffer.from('goes'))
    await other.exit.waitForBytes(4)
  })

  it('may be an XON that only advises', async () => {
    await sendEnough()
    say(XON, xon(10_747_904))
    await roundTrip()
    stream.stream.write(Buffer.from('goes on'))
    await stream.exit.waitForBytes(ENOUGH + 7)
    expect(open.circuit.isOpen).toBe(true)
  })

  const cases: Record<string, () => void> = {
    'XOFF before enough was sent': () => say(XOFF, XOFF_BODY),
    'XON before enough was sent (XON early)': () => say(XON, xon(0)),
    'a SENDME for a stream': () => say(SENDME),
    'XOFF from the middle': () => say(XOFF, XOFF_BODY, 1),
    'XON from the guard': () => say(XON, xon(0), 0),
    'XOFF without a stream id': () => open.relays.send(EXIT, XOFF, 0, XOFF_BODY),
    'XON without a stream id': () => open.relays.send(EXIT, XON, 0, xon(0)),
    'XOFF for a stream that is not there': () => open.relays.send(EXIT, XOFF, stream.exit.id ^ 1, XOFF_BODY),
  }
  for (const [what, does] of Object.entries(cases)) {
    it(`closes the circuit when it is ${what}`, async () => {
      does()
      await expectClosed('protocol-violation')
    })
  }

  it('closes the circuit when it is XOFF twice running', async () => {
    await sendEnough()
    say(XOFF, XOFF_BODY)
    say(XOFF, XOFF_BODY)
    await expectClosed('protocol-violation')
  })

  it('closes the circuit when it is one XON more than the bytes explain', async () => {
    await sendEnough()
    say(XON, xon(0))
    say(XON, xon(0))
    await roundTrip()
    expect(open.circuit.isOpen).toBe(true)
    say(XON, xon(0))
    await expectClosed('protocol-violation')
  })

  it('closes the circuit when it is of another version, or cut short', async () => {
    await sendEnough()
    say(XON, Buffer.of(0, 1))
    await expectClosed('malformed')
  })

  it('closes the circuit when it is XOFF for a stream that resolves a name (TROVE-2026-018)', async () => {
    network.script.onMessage = ({ command, streamId }) => {
      if (command === 11) open.relays.send(EXIT, XOFF, streamId, XOFF_BODY)
      return command === 11
    }
    const resolving = resolveName(open.circuit, 'a.example', false)
    await expect(resolving).rejects.toMatchObject({ kind: 'protocol-violation' })
    await expectClosed('protocol-violation')
  })
})

describe('an application that does not read', () => {
  let stream: OpenStream
  let clock: ManualClock

  beforeEach(async () => {
    clock = manualClock()
    open = await openCircuit(network, { deps: congestedDeps(SMALL, clock) })
    stream = await openStream(open)
    stream.sink.isReady = false
    // The chunk with which the application says that it is full.
    stream.exit.send(Buffer.alloc(1))
    await stream.sink.waitForBytes(1)
  })

  /** These bytes, so long after those before that a short delay is excused no longer. */
  async function sendLater(bytes: Buffer): Promise<void> {
    clock.advance(6)
    stream.exit.send(bytes)
    await roundTrip()
  }

  const cells = (count: number): Buffer => randomBytes(count * CELL_PAYLOAD)

  it('stops the exit, and gets everything once it reads again', async () => {
    const payload = cells(300)
    await sendLater(payload.subarray(0, 50 * CELL_PAYLOAD))
    expect(stream.exit.xoffs).toBe(0)
    await sendLater(payload.subarray(50 * CELL_PAYLOAD, 51 * CELL_PAYLOAD))
    expect([stream.exit.xoffs, stream.exit.isStopped]).toEqual([1, true])
    await sendLater(payload.subarray(51 * CELL_PAYLOAD))
    expect([stream.exit.xoffs, stream.sink.receivedBytes]).toEqual([1, 1])
    stream.sink.isReady = true
    stream.stream.resumeReading()
    await stream.sink.waitForBytes(1 + payload.length)
    expect([stream.exit.xoffs, stream.exit.xons.length]).toEqual([1, 1])
    expect(sha256(stream.sink.bytes.subarray(1))).toBe(sha256(payload))
  })

  it('does not hold up another stream of its circuit', async () => {
    await sendLater(cells(50))
    await sendLater(cells(1))
    expect(stream.exit.isStopped).toBe(true)
    const quick = await openStream(open)
    const payload = randomBytes(1500 * CELL_PAYLOAD)
    quick.exit.send(payload)
    await quick.sink.waitForBytes(payload.length)
    expect(sha256(quick.sink.bytes)).toBe(sha256(payload))
  })

  it('costs no more than what is under way after XOFF: an exit that goes on loses the circuit', async () => {
    open.relays.obeysWindows = false
    await sendLater(cells(41))
    await sendLater(cells(199))
    expect([stream.exit.xoffs, open.circuit.isOpen]).toEqual([1, true])
    stream.exit.send(Buffer.alloc(CELL_PAYLOAD))
    await expectClosed('protocol-violation')
  })
})

describe('a stream that we ended', () => {
  const ended = async (sentBytes = 0): Promise<OpenStream> => {
    const made = await openStream(open)
    await upload(made, Buffer.alloc(sentBytes))
    await made.exit.waitForBytes(sentBytes)
    made.stream.destroy()
    await made.exit.ended
    return made
  }

  it('may be sent what was under way, however long the link or this computer stood still', async () => {
    const clock = manualClock()
    open = await openCircuit(network, { deps: congestedDeps({}, clock) })
    const { exit } = await ended()
    clock.advance(600_000)
    open.relays.send(EXIT, DATA, exit.id, Buffer.from('under way'))
    await roundTrip(open)
    expect(open.circuit.isOpen).toBe(true)
  })

  it.each([
    ['DATA', DATA, Buffer.from('too late')],
    ['XOFF', XOFF, XOFF_BODY],
    ['XON', XON, xon(0)],
    ['END', END, Buffer.of(6)],
  ])(
    'may be sent no %s once the exit has answered what was asked after the END',
    async (_, command, body) => {
      const { exit } = await ended(510 * CELL_PAYLOAD)
      await resolveName(open.circuit, 'after.the.end', false)
      open.relays.send(EXIT, command, exit.id, body)
      await expectClosed('protocol-violation')
    },
  )

  it('may be sent END that was under way, too', async () => {
    const { exit } = await ended()
    open.relays.send(EXIT, END, exit.id, Buffer.of(6))
    await roundTrip()
    expect(open.circuit.isOpen).toBe(true)
  })

  it('may be stopped once more if what it sent explains that', async () => {
    const { exit } = await ended(510 * CELL_PAYLOAD)
    open.relays.send(EXIT, XOFF, exit.id, XOFF_BODY)
    open.relays.send(EXIT, XON, exit.id, xon(0))
    await roundTrip()
    expect(open.circuit.isOpen).toBe(true)
  })

  it('may not be stopped more often than what it sent explains', async () => {
    const { exit } = await ended(510 * CELL_PAYLOAD)
    open.relays.send(EXIT, XOFF, exit.id, XOFF_BODY)
    open.relays.send(EXIT, XON, exit.id, xon(0))
    open.relays.send(EXIT, XOFF, exit.id, XOFF_BODY)
    await expectClosed('protocol-violation')
  })
})
