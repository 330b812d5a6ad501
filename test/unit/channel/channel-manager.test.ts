import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChannelManager } from '../../../core/channel/channel-manager.ts'
import type { ChannelPhase } from '../../../core/channel/channel.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'
import { NetParams } from '../../../core/netdir/net-params.ts'
import { systemCodeOf, TorError } from '../../../core/util/errors.ts'
import { CHANNEL_CONFIG, channelDeps, openCircuitOn } from '../../network/client-side.ts'
import { netinfoCell } from '../../network/fake-link.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { networkClock } from '../../network/network-clock.ts'

let network: FakeNetwork
let manager: ChannelManager
let target: ChannelTarget

beforeEach(async () => {
  network = await FakeNetwork.start()
  manager = new ChannelManager(channelDeps())
  target = network.target(0)
})

afterEach(async () => {
  manager.close()
  expect(network.violations).toEqual([])
  await network.close()
})

/** The relay says nothing until it is told to. */
function holdOpening(): () => void {
  let release: () => void = () => {}
  network.script.openLink = ({ versions, certs, authChallenge, netinfo }, link) => {
    release = () => link.write(versions, certs, authChallenge, netinfo)
    return []
  }
  return () => release()
}

describe('the channel manager', () => {
  it('gives all who wait the same channel over one connection', async () => {
    const [first, second] = await Promise.all([manager.get(target), manager.get(target)])
    expect(second).toBe(first)
    expect(await manager.get(target)).toBe(first)
    expect(manager.find(target.ids.rsa)).toBe(first)
    expect(network.connections.all.length).toBe(1)
  })

  it('goes on for one who waits when another gives up', async () => {
    const release = holdOpening()
    const controller = new AbortController()
    const impatient = manager.get(target, controller.signal)
    const patient = manager.get(target)
    await (await network.links.take()).cells.take()
    controller.abort()
    await expect(impatient).rejects.toMatchObject({ kind: 'aborted' })
    release()
    expect((await patient).isOpen).toBe(true)
    expect(network.connections.all.length).toBe(1)
  })

  it('stops when nobody waits any more, and starts afresh for the next', async () => {
    holdOpening()
    const controller = new AbortController()
    const abandoned = manager.get(target, controller.signal)
    const link = await network.links.take()
    await link.cells.take()
    network.script = {}
    controller.abort()
    await expect(abandoned).rejects.toMatchObject({ kind: 'aborted' })
    const channel = await manager.get(target)
    expect(channel.isOpen).toBe(true)
    await link.closed
    expect(network.connections.all.length).toBe(2)
  })

  it('does not let somebody who comes in the moment of giving up share that fate', async () => {
    holdOpening()
    const controller = new AbortController()
    const abandoned = manager.get(target, controller.signal)
    const next = abandoned.then(
      () => Promise.reject(new Error('it was aborted')),
      () => manager.get(target),
    )
    const link = await network.links.take()
    await link.cells.take()
    network.script = {}
    controller.abort()
    expect((await next).isOpen).toBe(true)
  })

  it('does not open anything for a signal that has fired', async () => {
    await expect(manager.get(target, AbortSignal.abort())).rejects.toMatchObject({ kind: 'aborted' })
    expect(network.connections.all.length).toBe(0)
  })

  it('tries the next endpoint when one fails', async () => {
    const endpoints = [{ host: '127.0.0.1', port: 1 }, ...target.endpoints]
    const channel = await manager.get({ ...target, endpoints })
    expect(channel.endpoint).toEqual(target.endpoints[0])
  })

  it.each([0, 1])(
    'fails by what one address answers, not by having no way to the other (the first, then the second: %i)',
    async (at) => {
      const cause = Object.assign(new Error('connect'), { code: 'ENETUNREACH' })
      const withoutRoute = new TorError('channel-failed', 'ENETUNREACH', { cause })
      const deps = channelDeps()
      const carrierFor: typeof deps.transport.carrierFor = (endpoint) => {
        if (endpoint.host === '2001:db8::1') throw withoutRoute
        return deps.transport.carrierFor(endpoint)
      }
      manager = new ChannelManager({ ...deps, transport: { carrierFor } })
      const endpoints = [{ host: '127.0.0.1', port: 1 }]
      endpoints.splice(at, 0, { host: '2001:db8::1', port: 1 })
      const failure = await manager.get({ ...target, endpoints }).catch((error: unknown) => error)
      expect(systemCodeOf(failure)).toBe('ECONNREFUSED')
    },
  )

  it('fails in words for a relay without endpoints', async () => {
    await expect(manager.get({ ...target, endpoints: [] })).rejects.toMatchObject({ kind: 'channel-failed' })
  })

  it('gives nobody a channel to another identity than asked for', async () => {
    const ids = { rsa: target.ids.rsa, ed25519: network.relay(1).ed25519 }
    await manager.get({ ...target, ids: { rsa: target.ids.rsa, ed25519: undefined } })
    await expect(manager.get({ ...target, ids })).rejects.toMatchObject({ kind: 'wrong-identity' })
    expect((await manager.get(target)).isOpen).toBe(true)
  })

  it('opens a new channel when the old one is gone', async () => {
    const first = await manager.get(target)
    const link = await network.links.take()
    link.destroy()
    await first.closed
    expect(manager.find(target.ids.rsa)).toBeUndefined()
    const second = await manager.get(target)
    expect(second).not.toBe(first)
    expect(second.isOpen).toBe(true)
  })

  it('tries again after a failure', async () => {
    network.script.certs = () => []
    await expect(manager.get(target)).rejects.toMatchObject({ kind: 'wrong-identity' })
    network.script = {}
    expect((await manager.get(target)).isOpen).toBe(true)
  })

  it('tells each who waits the phases, those already over too', async () => {
    const release = holdOpening()
    const early: ChannelPhase[] = []
    const late: ChannelPhase[] = []
    const first = manager.get(target, undefined, (phase) => early.push(phase))
    await (await network.links.take()).cells.take()
    const second = manager.get(target, undefined, (phase) => late.push(phase))
    release()
    await Promise.all([first, second])
    expect(early).toEqual(['conn', 'conn-done', 'handshake', 'handshake-done'])
    expect(late).toEqual(early)
  })

  it('shows channels that connect, are open and are gone', async () => {
    const release = holdOpening()
    const states: string[] = []
    manager.views.watch((views) => states.push(views.map(({ state }) => state).join()))
    const opened = manager.get(target)
    await (await network.links.take()).cells.take()
    release()
    const channel = await opened
    channel.close()
    await channel.closed
    expect(states).toEqual(['connecting', 'open', ''])
  })

  it('ends what is open and what is being opened when the network is disabled, and then opens anew', async () => {
    const reason = new TorError('closed', 'the network is disabled')
    const open = await manager.get(target)
    manager.closeAll(reason)
    expect(open.isOpen).toBe(false)
    await (await network.links.take()).closed
    holdOpening()
    const opening = manager.get(target)
    const link = await network.links.take()
    await link.cells.take()
    network.script = {}
    manager.closeAll(reason)
    await expect(opening).rejects.toBe(reason)
    expect((await manager.get(target)).isOpen).toBe(true)
  })

  it('ends also a retired channel that still serves circuits when the network is disabled', async () => {
    const channel = await manager.get(target)
    const link = await network.links.take()
    const { circuit } = await openCircuitOn({ channel, link })
    manager.retireAll()
    expect(channel.isOpen).toBe(true)
    const reason = new TorError('closed', 'the network is disabled')
    manager.closeAll(reason)
    expect(channel.isOpen).toBe(false)
    expect(await circuit.closed).toBe(reason)
    await link.closed
    expect(manager.views.value).toEqual([])
  })

  it('ends everything at close, what is being opened too, and opens nothing after', async () => {
    holdOpening()
    const opening = manager.get(target)
    const link = await network.links.take()
    await link.cells.take()
    manager.close()
    await expect(opening).rejects.toMatchObject({ kind: 'closed' })
    await link.closed
    await expect(manager.get(target)).rejects.toBeInstanceOf(TorError)
  })

  it('tells how far each relay is from our clock, and how each attempt ended', async () => {
    const told: unknown[] = []
    const deps = channelDeps()
    const time = Math.floor(deps.clock.wallMs() / 1000) - 3 * 3600
    network.script.openLink = ({ versions, certs, authChallenge }) => [
      versions,
      certs,
      authChallenge,
      netinfoCell(time),
    ]
    manager = new ChannelManager({
      ...deps,
      onClockSkew: (skewMs, relay) => told.push([Math.round(skewMs / 3_600_000), relay]),
      onAttempt: (relay, error) => told.push([error?.kind, relay]),
    })
    await manager.get(target)
    expect(told).toEqual([
      [undefined, target.ids.rsa],
      [-3, target.ids.rsa],
    ])
    const nobody = { ...network.target(0), endpoints: [{ host: '127.0.0.1', port: 1 }] }
    manager.retireAll()
    await expect(manager.get(nobody)).rejects.toMatchObject({ kind: 'channel-failed' })
    expect(told.at(-1)).toEqual(['channel-failed', target.ids.rsa])
  })

  it('makes a new channel after time was lost, and closes the old one that nobody uses', async () => {
    const first = await manager.get(target)
    manager.retireAll()
    expect(manager.find(target.ids.rsa)).toBeUndefined()
    await first.closed
    const second = await manager.get(target)
    expect(second).not.toBe(first)
    expect(manager.views.value.map(({ channel }) => channel)).toEqual([second])
  })

  it('tells who collects evidence of each relay’s clock, however small the difference', async () => {
    const told: unknown[] = []
    const deps = channelDeps()
    manager = new ChannelManager({ ...deps, onClockSkew: (skewMs, relay) => told.push([skewMs, relay]) })
    network.script.openLink = ({ versions, certs, authChallenge }) => [
      versions,
      certs,
      authChallenge,
      netinfoCell(network.nowMs / 1000 + 60),
    ]
    await manager.get(target)
    expect(told).toEqual([[60_000, target.ids.rsa]])
  })

  it('starts afresh after a relay that accepts TCP and fails TLS (TROVE-2026-056)', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => sockets.push(socket.on('error', () => {}).end('no TLS here')))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const broken = { ...target, endpoints: [{ host: '127.0.0.1', port }] }
    const both = await Promise.allSettled([manager.get(broken), manager.get(broken)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect([sockets.length, manager.views.value]).toEqual([1, []])
    expect((await manager.get(target)).isOpen).toBe(true)
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('keeps its list of pending channels right when waiters come back from within (TROVE-2026-057)', async () => {
    network.script.certs = () => []
    const again: Promise<unknown>[] = []
    const comeBack = (): void => {
      network.script = {}
      again.push(manager.get(target))
    }
    const first = [manager.get(target), manager.get(target)].map((opened) => opened.catch(comeBack))
    await Promise.all(first)
    const channels = await Promise.all(again)
    expect(channels[0]).toBe(channels[1])
    expect(network.connections.all.length).toBe(2)
    expect(manager.views.value.map(({ state }) => state)).toEqual(['open'])
  })

  it('dials IPv6, and the other family when one fails', async () => {
    const server = createServer((socket) => {
      const relay = connect(network.port, '127.0.0.1')
      for (const end of [socket, relay]) end.on('error', () => {})
      socket.pipe(relay).pipe(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '::1', resolve))
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const ipv6 = { host: '::1', port }
    const channel = await manager.get({ ...target, endpoints: [ipv6, ...target.endpoints] })
    expect(channel.endpoint).toEqual(ipv6)
    const netinfo = await (await network.links.take()).cells.take(({ command }) => command === 8)
    expect(netinfo.body.subarray(4, 22)).toEqual(
      Buffer.concat([Buffer.of(6, 16), Buffer.alloc(15), Buffer.of(1)]),
    )
    channel.close()
    await channel.closed
    await new Promise((resolve) => server.close(resolve))
    const fallback = await manager.get({ ...target, endpoints: [ipv6, ...target.endpoints] })
    expect(fallback.endpoint).toEqual(target.endpoints[0])
  })

  it('tells open channels and those that open later of padding, a new consensus and sleep', async () => {
    const clock = networkClock()
    manager = new ChannelManager(channelDeps(clock))
    const paddings = (link: { cells: { all: readonly { command: number }[] } }): number =>
      link.cells.all.filter(({ command }) => command === 0).length
    const channel = await manager.get(target)
    const link = await network.links.take()
    channel.noteUse('circuits')
    manager.setDormant(true)
    // Less than it takes to close a channel without circuits.
    clock.advance(170_000)
    manager.setDormant(false)
    manager.useParams(
      new NetParams(
        new Map([
          ['nf_ito_low', 100],
          ['nf_ito_high', 100],
        ]),
      ),
    )
    clock.advance(100)
    await link.cells.take(({ command }) => command === 0)
    expect(paddings(link)).toBe(1)
    manager.useConfig({ ...CHANNEL_CONFIG, connectionPadding: 'off' })
    const told = await link.cells.take(({ command }) => command === 12)
    expect(told.body.subarray(0, 2)).toEqual(Buffer.of(0, 1))
    channel.close()
    await channel.closed
    await manager.get(target)
    const later = await network.links.take()
    await later.cells.take(({ command }) => command === 12)
  })
})
