import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Channel } from '../../../core/channel/channel.ts'
import { channelSettings } from '../../../core/channel/channel-upkeep.ts'
import { Circuit } from '../../../core/circuit/circuit.ts'
import { DEFAULT_NET_PARAMS } from '../../../core/netdir/net-params.ts'
import { resolveName } from '../../../core/stream/resolve-stream.ts'
import {
  CHANNEL_CONFIG,
  CIRCUIT_DEPS,
  channelDeps,
  openChannel,
  openCircuit,
  openCircuitOn,
  openLink,
  openStream,
} from '../../network/client-side.ts'
import { versionsCell } from '../../network/fake-link.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { networkClock } from '../../network/network-clock.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { fixedCell, variableCell, type WireCell } from '../../network/wire.ts'

const IDLE_CLOSE_MS = 180_000
const STALL_MS = 30_000
const HOLD_MS = 5
const IDLE_CLOSE_SPREAD_MS = 90_000
const PADDING = 0
const RELAY = 3
const DESTROY = 4
const CREATE_FAST = 5
const VERSIONS = 7
const NETINFO = 8
const RELAY_EARLY = 9
const PADDING_NEGOTIATE = 12

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
    expect(open.channel.strayCellCount).toBe(5)
  })

  for (const [what, cell] of [
    ['VERSIONS', Buffer.concat([Buffer.alloc(4), Buffer.of(7, 0, 2, 0, 4)])],
    ['CERTS', variableCell(0, 129, Buffer.of(0))],
    ['AUTH_CHALLENGE', variableCell(0, 130, Buffer.alloc(36))],
    ['NETINFO', fixedCell(0, 8, Buffer.alloc(0))],
    ['PADDING_NEGOTIATE, which only clients send', fixedCell(0, 12, Buffer.of(0, 1))],
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

  it('sends what a turn calls for with that turn, and wakes for no other', async () => {
    const clock = networkClock()
    let asked = 0
    let isInTurn = false
    const watch = (callback: () => void) => {
      if (isInTurn) asked++
      return (): void => {
        isInTurn = true
        callback()
        isInTurn = false
      }
    }
    const watched: ManualClock = {
      ...clock,
      atTurnEnd: (callback) => clock.atTurnEnd(watch(callback)),
      setTimer: (delayMs, callback) => clock.setTimer(delayMs, delayMs > 1 ? callback : watch(callback)),
    }
    const channel = await openChannel(network, { clock: watched })
    const open = await openCircuitOn({ channel, link: await network.links.take() }, { hops: 2 })
    const { sink, exit } = await openStream(open)
    asked = 0
    // Each calls for a SENDME at the circuit's level.
    for (let sent = 0; sent < 3; sent++) {
      const bytes = sink.bytes.length + 100 * 498
      exit.send(randomBytes(100 * 498))
      await sink.waitForBytes(bytes)
    }
    expect(asked).toBe(0)
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

function commands(cells: readonly WireCell[]): number[] {
  return cells.map(({ command }) => command).filter((command) => command !== RELAY && command !== RELAY_EARLY)
}

describe('padding on the wire', () => {
  it('begins when there is a circuit of several hops, and what the relay pads is welcome', async () => {
    const clock = networkClock()
    const channel = await openChannel(network, { clock })
    const link = await network.links.take()
    const directory = await Circuit.createFast(channel, network.target(0), CIRCUIT_DEPS)
    clock.advance(60_000)
    await directory.extend(network.target(1))
    expect(commands(link.cells.all)).toEqual([VERSIONS, NETINFO, CREATE_FAST])
    clock.advance(9500)
    const padding = await link.cells.take(({ command }) => command === PADDING)
    expect([padding.circuitId, padding.body]).toEqual([0, Buffer.alloc(509)])
    link.write(fixedCell(0, PADDING, randomBytes(509)), variableCell(0, 128, randomBytes(40)))
    await directory.extend(network.target(2))
    expect(channel.isOpen).toBe(true)
    channel.close()
  })

  it.each([
    ['off', [3, 4, 5], [VERSIONS, NETINFO, PADDING_NEGOTIATE, CREATE_FAST]],
    ['off', [3, 4], [VERSIONS, NETINFO, CREATE_FAST]],
    ['auto', [3, 4, 5], [VERSIONS, NETINFO, CREATE_FAST]],
  ] as const)(
    '%s is told a relay that speaks link %j only if it needs to know',
    async (mode, links, expected) => {
      network.script.openLink = ({ certs, authChallenge, netinfo }) => [
        versionsCell(links),
        certs,
        authChallenge,
        netinfo,
      ]
      const settings = channelSettings(
        { ...CHANNEL_CONFIG, connectionPadding: mode },
        DEFAULT_NET_PARAMS,
        false,
      )
      const endpoint = { host: '127.0.0.1', port: network.port }
      const deps = { ...channelDeps(), settings: () => settings }
      const channel = await Channel.open(network.target(0), endpoint, deps, undefined)
      const link = await network.links.take()
      await Circuit.createFast(channel, network.target(0), CIRCUIT_DEPS)
      expect(commands(link.cells.all)).toEqual(expected)
      const told = link.cells.all.find(({ command }) => command === PADDING_NEGOTIATE)
      if (told !== undefined) expect(told.body.subarray(0, 6)).toEqual(Buffer.of(0, 1, 0, 0, 0, 0))
      channel.close()
    },
  )
})

describe('a relay that stalls', () => {
  it('is left with all its circuits, so that streams move elsewhere', async () => {
    const clock = networkClock()
    const channel = await openChannel(network, { clock })
    const open = await openCircuitOn({ channel, link: await network.links.take() })
    const { sink } = await openStream(open)
    network.script.onCell = () => true
    const late = Circuit.create(channel, network.target(0), CIRCUIT_DEPS)
    clock.advance(STALL_MS)
    expect(await channel.closed).toMatchObject({ kind: 'channel-failed', retry: 'elsewhere' })
    expect((await sink.closed)?.retry).toBe('elsewhere')
    await expect(late).rejects.toMatchObject({ kind: 'channel-failed' })
  })
})

describe('END and the next BEGIN', () => {
  it('leave together, in this order; END alone leaves soon after', async () => {
    const clock = manualClock()
    const channel = await openChannel(network, { clock })
    const open = await openCircuitOn({ channel, link: await network.links.take() }, { hops: 2 })
    const { stream, exit } = await openStream(open)
    let hasEnded = false
    void exit.ended.then(() => (hasEnded = true))
    stream.end()
    await resolveName((await openCircuitOn(open, { hops: 2 })).circuit, 'other.circuit', false)
    await Promise.resolve()
    expect(hasEnded).toBe(true)
    const second = await openStream(open)
    hasEnded = false
    void second.exit.ended.then(() => (hasEnded = true))
    second.stream.end()
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    expect(hasEnded).toBe(false)
    clock.advance(HOLD_MS)
    await second.exit.ended
    channel.close()
  })
})
