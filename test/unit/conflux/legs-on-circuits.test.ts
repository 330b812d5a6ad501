/** Legs that are real circuits, with relays behind them: keys, SENDMEs and windows stay with each, streams with the set. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Circuit } from '../../../core/circuit/circuit.ts'
import { ConfluxSet } from '../../../core/conflux/conflux-set.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import {
  BEGIN_TARGET,
  congestedDeps,
  type OpenCircuit,
  openCircuit,
  openStream,
  STREAM_DEPS,
  TestSink,
} from '../../network/client-side.ts'
import { EventLog } from '../../network/event-log.ts'
import type { FakeCircuit } from '../../network/fake-circuit.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { networkClock } from '../../network/network-clock.ts'
import { silent } from '../../network/fake-stream.ts'
import { relayCellBody } from '../../support/relay-side-tor1.ts'
import { confluxDeps } from '../../support/linked-set.ts'

const RELAY_EARLY = 9

const DATA = 2
const LINK = 19
const LINKED = 20
const LINKED_ACK = 21
const SWITCH = 22
const MIDDLE = 1
const EXIT = 2
const CELL_PAYLOAD = 498
const INCREMENT = 31
const FIRST_WINDOW = 124
/** What the exit wishes for: so that the client sends on both legs. */
const MOST_THROUGHPUT = 3

let network: FakeNetwork
let legs: readonly [OpenCircuit, OpenCircuit]
let answers: EventLog<FakeCircuit>

beforeEach(async () => {
  network = await FakeNetwork.start()
  network.script.service = silent
  answers = new EventLog()
  network.script.onMessage = (message, circuit) => {
    if (message.command === LINK) {
      const body = Buffer.from(message.body)
      body[body.length - 1] = MOST_THROUGHPUT
      circuit.send(EXIT, LINKED, 0, body)
    } else if (message.command === LINKED_ACK) answers.push(circuit)
    else return message.command === SWITCH
    return true
  }
  const deps = congestedDeps()
  legs = [await openCircuit(network, { deps }), await openCircuit(network, { deps })]
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

function link(): Promise<ConfluxSet> {
  return ConfluxSet.link(
    legs.map(({ circuit }) => circuit),
    confluxDeps(networkClock()),
  )
}

function switchBody(relative: number): Buffer {
  const body = Buffer.alloc(4)
  body.writeUInt32BE(relative)
  return body
}

function linkBody(nonce: Buffer): Buffer {
  return Buffer.concat([Buffer.of(1), nonce, Buffer.alloc(16), Buffer.of(MOST_THROUGHPUT)])
}

interface OnSet {
  readonly set: ConfluxSet
  readonly stream: DataStream
  readonly sink: TestSink
  /** The leg that BEGIN came on, and the other. */
  readonly first: FakeCircuit
  readonly second: FakeCircuit
}

/** A stream on a new set, with CONNECTED as the one message that has come. */
async function streamOnSet(): Promise<OnSet> {
  const set = await link()
  const stream = await DataStream.open(set, BEGIN_TARGET, STREAM_DEPS)
  const sink = new TestSink()
  stream.setSink(sink)
  const [a, b] = [legs[0].relays, legs[1].relays]
  const isOnA = a.streams.all.length > 0
  return { set, stream, sink, first: isOnA ? a : b, second: isOnA ? b : a }
}

async function expectAllClosed(set: ConfluxSet, kind: string): Promise<void> {
  expect((await set.closed).kind).toBe(kind)
  for (const { relays, channel } of legs) {
    expect(await relays.destroyed).toBe(0)
    expect(channel.isOpen).toBe(true)
  }
}

describe('two circuits with congestion control', () => {
  it('are linked by LINK, LINKED and LINKED_ACK on each', async () => {
    const set = await link()
    const acknowledged = [await answers.take(), await answers.take()]
    expect(new Set(acknowledged)).toEqual(new Set(legs.map(({ relays }) => relays)))
    expect(set.hops).toHaveLength(3)
    expect(set.congestion?.params.sendmeIncrement).toBe(INCREMENT)
    for (const { relays } of legs) {
      const saidToExit = relays.messages.all.filter(({ hop }) => hop === EXIT)
      expect(saidToExit.map(({ command, cellCommand }) => [command, cellCommand])).toEqual([
        [LINK, RELAY_EARLY],
        [LINKED_ACK, RELAY_EARLY],
      ])
    }
    set.close()
    await expectAllClosed(set, 'closed')
  })

  it('carry one stream, each with its own keys and SENDMEs, in the order of the exit', async () => {
    const { set, sink, first, second } = await streamOnSet()
    const payload = randomBytes(2 * INCREMENT * CELL_PAYLOAD)
    const cells = Array.from({ length: 2 * INCREMENT }, (_each, index) =>
      payload.subarray(index * CELL_PAYLOAD, (index + 1) * CELL_PAYLOAD),
    )
    const id = first.streams.all[0]?.id ?? 0
    second.send(EXIT, SWITCH, 0, switchBody(1 + INCREMENT))
    for (const cell of cells.slice(INCREMENT)) second.link.write(second.sealData(id, cell))
    // Acknowledged as it comes, whatever its turn: each leg has its own window.
    await expect.poll(() => second.goodSendmes).toBe(1)
    expect(sink.receivedBytes).toBe(0)
    expect(set.queuedBytes).toBe(INCREMENT * 509)
    for (const cell of cells.slice(0, INCREMENT)) first.link.write(first.sealData(id, cell))
    await sink.waitForBytes(payload.length)
    expect(sink.bytes).toEqual(payload)
    await expect.poll(() => first.goodSendmes).toBe(1)
    set.close()
  })

  it('carry an upload over both, as the window of each allows', async () => {
    for (const { relays } of legs) relays.holdsSendmes = true
    const { set, stream, first, second } = await streamOnSet()
    stream.write(randomBytes(2 * FIRST_WINDOW * CELL_PAYLOAD))
    const dataOn = (circuit: FakeCircuit): number =>
      circuit.messages.all.filter(({ command }) => command === DATA).length
    await expect.poll(() => dataOn(first) + dataOn(second)).toBe(2 * FIRST_WINDOW)
    expect([dataOn(first), dataOn(second)]).toEqual([FIRST_WINDOW, FIRST_WINDOW])
    const change = second.messages.all.find(({ command }) => command === SWITCH)
    // BEGIN, and a window of DATA.
    expect(change?.body.readUInt32BE()).toBe(1 + FIRST_WINDOW)
    set.close()
  })

  it('are a set until one of them ends', async () => {
    const { set, sink, first } = await streamOnSet()
    first.destroy(1)
    expect((await set.closed).kind).toBe('circuit-failed')
    expect((await sink.closed)?.retry).toBe('elsewhere')
    expect(legs.map(({ circuit }) => circuit.isOpen)).toEqual([false, false])
  })
})

describe('what the state of a set does not explain closes all of it:', () => {
  it.each<readonly [string, (set: OnSet) => void]>([
    ['LINKED on a linked leg', ({ second }) => second.send(EXIT, LINKED, 0, linkBody(Buffer.alloc(32)))],
    ['LINK', ({ second }) => second.send(EXIT, LINK, 0, linkBody(Buffer.alloc(32)))],
    ['LINKED_ACK', ({ second }) => second.send(EXIT, LINKED_ACK, 0)],
    ['a SWITCH from the middle', ({ second }) => second.send(MIDDLE, SWITCH, 0, switchBody(1))],
    ['LINKED from the middle', ({ second }) => second.send(MIDDLE, LINKED, 0, linkBody(Buffer.alloc(32)))],
    ['a SWITCH with a stream id', ({ second }) => second.send(EXIT, SWITCH, 7, switchBody(1))],
    ['a SWITCH that skips nothing', ({ second }) => second.send(EXIT, SWITCH, 0, switchBody(0))],
    [
      'DATA without any data (TROVE-2024-001)',
      ({ first }) => first.send(EXIT, DATA, first.streams.all[0]?.id ?? 0),
    ],
    [
      'DATA without any data, ahead of its turn',
      ({ first, second }) => {
        second.send(EXIT, SWITCH, 0, switchBody(5))
        second.send(EXIT, DATA, first.streams.all[0]?.id ?? 0)
      },
    ],
    ['DATA for a stream that is not there', ({ first }) => first.send(EXIT, DATA, 9, Buffer.of(1))],
    [
      'a message without a SWITCH, on the leg that is behind',
      ({ second }) => second.send(EXIT, DATA, 1, Buffer.of(1)),
    ],
  ])('%s', async (_what, say) => {
    const made = await streamOnSet()
    say(made)
    await expectAllClosed(made.set, 'protocol-violation')
    expect((await made.sink.closed)?.kind).toBe('protocol-violation')
  })

  it.each([0, 1, 3])('a SWITCH of %i bytes', async (length) => {
    const made = await streamOnSet()
    made.second.send(EXIT, SWITCH, 0, Buffer.alloc(length))
    await expectAllClosed(made.set, 'malformed')
  })

  it('but not a SWITCH whose cell is longer than its number: C tor once sent such', async () => {
    const { set, sink, first, second } = await streamOnSet()
    const body = relayCellBody(SWITCH, 0, Buffer.concat([switchBody(1), Buffer.alloc(400)]))
    second.link.write(second.sealBody(EXIT, body).cell)
    second.link.write(second.sealData(first.streams.all[0]?.id ?? 0, Buffer.from('more')))
    await sink.waitForBytes(4)
    expect(set.isOpen).toBe(true)
    set.close()
  })
})

describe('a circuit', () => {
  it('that is a leg takes no stream of its own, and no further hop', async () => {
    const set = await link()
    const [{ circuit }] = legs
    await expect(openStream(legs[0])).rejects.toMatchObject({ kind: 'internal' })
    await expect(circuit.extend(network.target(0))).rejects.toMatchObject({ kind: 'internal' })
    expect(circuit.streamCount).toBe(0)
    expect(set.isOpen).toBe(true)
    await expect(
      ConfluxSet.link([circuit, legs[1].circuit], confluxDeps(networkClock())),
    ).rejects.toMatchObject({
      kind: 'internal',
    })
  })

  it('with a stream on it becomes no leg', async () => {
    await openStream(legs[0])
    await expectNoSet(legs.map(({ circuit }) => circuit))
  })

  it('without congestion control becomes no leg', async () => {
    const plain = await openCircuit(network)
    await expectNoSet([plain.circuit, legs[1].circuit])
  })

  it('that is closed becomes no leg', async () => {
    legs[1].circuit.close()
    const circuits = legs.map(({ circuit }) => circuit)
    await expect(ConfluxSet.link(circuits, confluxDeps(networkClock()))).rejects.toMatchObject({
      kind: 'closed',
    })
    expect(legs[0].circuit.isOpen).toBe(false)
  })
})

async function expectNoSet(circuits: readonly Circuit[]): Promise<void> {
  await expect(ConfluxSet.link(circuits, confluxDeps(networkClock()))).rejects.toMatchObject({
    kind: 'internal',
  })
  expect(circuits.map(({ isOpen }) => isOpen)).toEqual([false, false])
}
