import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChannelManager } from '../../../core/channel/channel-manager.ts'
import type { ChannelPhase } from '../../../core/channel/channel.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'
import { TorError } from '../../../core/util/errors.ts'
import { formatLogParts, Logger } from '../../../core/util/log.ts'
import { channelDeps } from '../../network/client-side.ts'
import { netinfoCell } from '../../network/fake-link.ts'
import { FakeNetwork } from '../../network/fake-network.ts'

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

  it.each([
    [3 * 3600, 'Our clock is 3.0 hours behind'],
    [-3 * 3600, 'Our clock is 3.0 hours ahead of'],
  ])('says that our clock is wrong when a relay is %i seconds away', async (seconds, words) => {
    const told: string[] = []
    const log = new Logger(({ level, parts }) => {
      if (level === 'warn') told.push(formatLogParts(parts, true))
    })
    const deps = channelDeps()
    const time = Math.floor(deps.clock.wallMs() / 1000) + seconds
    network.script.openLink = ({ versions, certs, authChallenge }) => [
      versions,
      certs,
      authChallenge,
      netinfoCell(time),
    ]
    manager = new ChannelManager({ ...deps, log })
    await manager.get(target)
    expect(told).toEqual([expect.stringContaining(words)])
  })

  it('says nothing of a clock that is some minutes off', async () => {
    const told: string[] = []
    const deps = channelDeps()
    const time = Math.floor(deps.clock.wallMs() / 1000) + 900
    network.script.openLink = ({ versions, certs, authChallenge }) => [
      versions,
      certs,
      authChallenge,
      netinfoCell(time),
    ]
    manager = new ChannelManager({ ...deps, log: new Logger(({ level }) => told.push(level)) })
    await manager.get(target)
    expect(told).not.toContain('warn')
  })
})
