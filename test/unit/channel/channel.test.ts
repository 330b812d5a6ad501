import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Circuit } from '../../../core/circuit/circuit.ts'
import { resolveName } from '../../../core/stream/resolve-stream.ts'
import {
  CIRCUIT_DEPS,
  openChannel,
  openCircuit,
  openCircuitOn,
  openLink,
  openStream,
} from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { networkClock } from '../../network/network-clock.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { fixedCell, variableCell } from '../../network/wire.ts'

const IDLE_CLOSE_MS = 180_000
const IDLE_CLOSE_SPREAD_MS = 90_000
const DESTROY = 4

let network: FakeNetwork

beforeEach(async () => {
  network = await FakeNetwork.start()
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

describe('an open channel', () => {
  it('drops cells that we do not know and cells for circuits that are not there', async () => {
    const open = await openLink(network)
    open.link.write(
      fixedCell(0, 77, Buffer.alloc(0)),
      fixedCell(0, 0, Buffer.alloc(0)),
      fixedCell(0x80000001, 3, Buffer.alloc(509, 1)),
      fixedCell(0x80000001, DESTROY, Buffer.alloc(1)),
      fixedCell(5, 10, Buffer.alloc(1)),
      variableCell(0, 200, Buffer.alloc(9)),
      variableCell(0, 128, Buffer.alloc(50_000)),
    )
    const { circuit } = await openCircuitOn(open, { hops: 2 })
    expect(circuit.isOpen).toBe(true)
    expect(open.channel.isOpen).toBe(true)
  })

  for (const [what, cell] of [
    ['VERSIONS', Buffer.concat([Buffer.alloc(4), Buffer.of(7, 0, 2, 0, 4)])],
    ['CERTS', variableCell(0, 129, Buffer.of(0))],
    ['AUTH_CHALLENGE', variableCell(0, 130, Buffer.alloc(36))],
    ['NETINFO', fixedCell(0, 8, Buffer.alloc(0))],
    ['a variable-length cell longer than we accept', variableCell(0, 200, Buffer.alloc(12_289))],
  ] as const) {
    it(`is closed by ${what}`, async () => {
      const { channel, link, circuit } = await openCircuit(network, { hops: 1 })
      link.write(cell)
      expect((await channel.closed).kind).toBe('protocol-violation')
      expect((await circuit.closed).kind).toBe('protocol-violation')
      await link.closed
    })
  }

  it('closes what it carries with the reason when the relay goes', async () => {
    const open = await openCircuit(network)
    const { sink } = await openStream(open)
    const waiting = resolveName(open.circuit, 'example.com', false)
    network.script.resolved = () => Buffer.alloc(0)
    open.link.destroy()
    expect((await open.channel.closed).kind).toBe('channel-failed')
    expect((await open.circuit.closed).kind).toBe('channel-failed')
    expect((await sink.closed)?.kind).toBe('channel-failed')
    await expect(waiting).rejects.toMatchObject({ kind: 'channel-failed' })
    expect(open.channel.isOpen).toBe(false)
    await expect(Circuit.create(open.channel, network.target(0), CIRCUIT_DEPS)).rejects.toMatchObject({
      kind: 'channel-failed',
    })
  })

  it('delivers what the relay sent right before it went', async () => {
    const open = await openCircuit(network)
    const { sink, exit } = await openStream(open)
    exit.send(Buffer.from('last words'))
    exit.end()
    open.link.close()
    expect(await sink.closed).toBeUndefined()
    expect(sink.bytes.toString()).toBe('last words')
  })

  it('delivers what came before the relay went, also while it waits for more to come', async () => {
    // Timers of this clock do not run: cells that pour in are gathered for ever.
    const channel = await openChannel(network, { clock: manualClock() })
    const open = await openCircuitOn({ channel, link: await network.links.take() }, { hops: 2 })
    const { sink, exit } = await openStream(open)
    const payload = randomBytes(100 * 498)
    exit.send(payload)
    await sink.waitForBytes(payload.length)
    exit.send(Buffer.from('last words'))
    exit.end()
    open.link.close()
    expect(await sink.closed).toBeUndefined()
    expect(sink.bytes.subarray(payload.length).toString()).toBe('last words')
  })

  it('survives being closed twice, also from within', async () => {
    const { channel, circuit, link } = await openCircuit(network, { hops: 1 })
    void circuit.closed.then(() => channel.close())
    channel.close()
    channel.close()
    expect((await channel.closed).kind).toBe('closed')
    await link.closed
  })

  it('tells the relay of a circuit’s end without a reason', async () => {
    const { circuit, relays } = await openCircuit(network)
    circuit.close()
    circuit.close()
    expect(await relays.destroyed).toBe(0)
  })

  it('draws circuit ids of all kinds, with the top bit set', async () => {
    const open = await openLink(network)
    const ids = new Set<number>()
    for (let count = 0; count < 20; count++) {
      const circuit = await Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS)
      ids.add((await network.circuits.take()).circuitId)
      circuit.close()
    }
    expect(ids.size).toBe(20)
    expect([...ids].every((id) => id >= 0x8000_0000)).toBe(true)
  })

  it('goes after a while without circuits, and not before', async () => {
    const clock = networkClock()
    const channel = await openChannel(network, { clock })
    clock.advance(IDLE_CLOSE_MS - 1)
    expect(channel.isOpen).toBe(true)
    const circuit = await Circuit.createFast(channel, network.target(0), CIRCUIT_DEPS)
    clock.advance(10 * IDLE_CLOSE_MS)
    expect(channel.isOpen).toBe(true)
    circuit.close()
    clock.advance(IDLE_CLOSE_MS - 1)
    expect(channel.isOpen).toBe(true)
    clock.advance(IDLE_CLOSE_SPREAD_MS + 1)
    expect((await channel.closed).kind).toBe('closed')
    await (await network.links.take()).closed
  })
})
