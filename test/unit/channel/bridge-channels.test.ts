/** Channels while bridges are used: to bridges alone, whatever anybody asks for; every connection is counted. */
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ChannelManager } from '../../../core/channel/channel-manager.ts'
import { type BridgeLine, parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'
import { refusalToDial } from '../../../core/transport/bridge-rule.ts'
import { createTransport } from '../../../core/transport/configured-transport.ts'
import { NO_OUTSIDE } from '../../../core/transport/outside.ts'
import type { Transport } from '../../../core/transport/transport.ts'
import { TorError } from '../../../core/util/errors.ts'
import { channelDeps } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { DIRECT } from '../../support/direct-transport.ts'

let network: FakeNetwork
let bridges: readonly BridgeLine[] | undefined
let manager: ChannelManager
let attempts: unknown[]

beforeEach(async () => {
  network = await FakeNetwork.start()
  attempts = []
  bridges = [bridge()]
  manager = create(createTransport(() => ({ ...DIRECT, bridges })))
})

afterEach(async () => {
  manager.close()
  await network.close()
})

function create(transport: Transport): ChannelManager {
  return new ChannelManager({
    ...channelDeps(),
    transport,
    refusal: (target) => refusalToDial(bridges, target),
    onAttempt: (relay, error, line) => attempts.push([relay, error?.kind, line?.endpoint.port]),
  })
}

/** The guard of the fake network as a bridge. */
function bridge(fingerprint = ''): BridgeLine {
  return parseBridgeLine(`127.0.0.1:${network.port} ${fingerprint}`)
}

function asBridge(line: BridgeLine): ChannelTarget {
  return { ids: network.target(0).ids, endpoints: [line.endpoint], bridge: line }
}

describe('a channel that is not to a bridge', () => {
  test('is not opened, nor is an open one given out', async () => {
    bridges = undefined
    const open = await manager.get(network.target(0))
    bridges = [bridge(network.relay(0).rsa)]
    await expect(manager.get(network.target(0))).rejects.toMatchObject({ kind: 'not-allowed' })
    await expect(manager.get(network.target(1))).rejects.toMatchObject({ kind: 'not-allowed' })
    expect(network.connections.all).toHaveLength(1)
    expect(attempts).toHaveLength(1)
    open.close()
  })

  test('ends with all that waits for it when the choice changes', async () => {
    bridges = undefined
    const open = await manager.get(network.target(0))
    network.script.openLink = () => []
    const ids = { rsa: network.relay(1).rsa, ed25519: undefined }
    const waiting = manager.get({ ...network.target(0), ids })
    bridges = [bridge()]
    const reason = new TorError('closed', 'other bridges')
    manager.closeWhere((target) => refusalToDial(bridges, target) !== undefined, reason)
    expect(await open.closed).toBe(reason)
    await expect(waiting).rejects.toBe(reason)
    network.script = {}
    expect((await manager.get(asBridge(bridge()))).isOpen).toBe(true)
  })
})

describe('a bridge without a fingerprint', () => {
  test('is learned by its channel, which everybody then shares', async () => {
    const channel = await manager.discover(bridge())
    expect(channel.ids).toEqual({ rsa: network.relay(0).rsa, ed25519: network.relay(0).ed25519 })
    expect(await manager.get(asBridge(bridge()))).toBe(channel)
    expect(await manager.discover(bridge())).toBe(channel)
    expect(attempts[0]).toEqual([network.relay(0).rsa, undefined, network.port])
  })

  test('that is also named by its fingerprint has one channel, whichever line reached it first', async () => {
    const named = bridge(network.relay(0).rsa)
    bridges = [bridge(), named]
    let release = (): void => {}
    network.script.openLink = ({ versions, certs, authChallenge, netinfo }, link) => {
      release = () => link.write(versions, certs, authChallenge, netinfo)
      return []
    }
    const slow = manager.get(asBridge(named))
    const slowLink = await network.links.take()
    await slowLink.cells.take()
    network.script = {}
    const discovered = await manager.discover(bridge())
    release()
    expect(await slow).toBe(discovered)
    await slowLink.closed
    expect(manager.views.value.map(({ channel }) => channel)).toEqual([discovered])
    expect(attempts).toEqual([
      [network.relay(0).rsa, undefined, network.port],
      [network.relay(0).rsa, undefined, network.port],
    ])
    const reason = new TorError('closed', 'the network is disabled')
    manager.closeAll(reason)
    expect(await discovered.closed).toBe(reason)
  })

  test.each<readonly [string, (reason: TorError) => void]>([
    ['the network is disabled', (reason) => manager.closeAll(reason)],
    [
      'another proxy is to be used',
      (reason) => manager.closeWhere(({ bridge: line }) => line !== undefined, reason),
    ],
  ])('is not asked any longer who it is when %s', async (words, end) => {
    network.script.openLink = () => []
    const discovering = manager.discover(bridge())
    const link = await network.links.take()
    await link.cells.take()
    const reason = new TorError('closed', words)
    end(reason)
    await expect(discovering).rejects.toBe(reason)
    await link.closed
    expect(attempts).toEqual([])
  })

  test('is not asked any longer who it is when the client closes, or when nobody waits', async () => {
    network.script.openLink = () => []
    const controller = new AbortController()
    const ends = [() => controller.abort(), () => manager.close()]
    for (const end of ends) {
      const discovering = manager.discover(
        bridge(),
        controller.signal.aborted ? undefined : controller.signal,
      )
      const link = await network.links.take()
      await link.cells.take()
      end()
      await expect(discovering).rejects.toBeInstanceOf(TorError)
      await link.closed
    }
  })

  test('must prove some identity all the same', async () => {
    network.script.certs = (certs) => certs.filter(({ type }) => type !== 7)
    await expect(manager.discover(bridge())).rejects.toMatchObject({ kind: 'wrong-identity' })
    expect(attempts).toEqual([[undefined, 'wrong-identity', network.port]])
  })

  test('is closed at once when bridges were turned off while it opened', async () => {
    network.script.openLink = ({ versions, certs, authChallenge, netinfo }) => {
      bridges = undefined
      return [versions, certs, authChallenge, netinfo]
    }
    await expect(manager.discover(bridge())).rejects.toMatchObject({ kind: 'not-allowed' })
    expect(manager.find(network.relay(0).rsa)).toBeUndefined()
  })
})

test('whoever is not the one that the fingerprint names is refused, in words about it', async () => {
  const line = bridge(network.relay(1).rsa)
  bridges = [line]
  const target = { ...asBridge(line), ids: { rsa: network.relay(1).rsa, ed25519: undefined } }
  await expect(manager.get(target)).rejects.toThrow(/not the relay that the fingerprint names/)
  await expect(manager.get(target)).rejects.toMatchObject({ kind: 'wrong-identity' })
})

describe('a bridge behind a transport', () => {
  const WAY = { proxy: undefined, localAddress: undefined }
  const warped = (): BridgeLine => parseBridgeLine('warp 192.0.2.7:1')

  test('is spoken to by TLS through the stream that the transport makes', async () => {
    bridges = [warped()]
    const asked: BridgeLine[] = []
    const transport = {
      name: 'warp',
      check: () => {},
      connect: async (line: BridgeLine) => {
        asked.push(line)
        // Not a socket, as a transport's stream is not one.
        const socket = connect(network.port, '127.0.0.1')
        return Duplex.from({ readable: socket, writable: socket })
      },
    }
    manager = create({
      carrierFor: (_, line = warped()) => ({
        kind: 'pluggable',
        transport,
        bridge: line,
        way: WAY,
        outside: NO_OUTSIDE,
      }),
    })
    const channel = await manager.get(asBridge(warped()))
    expect(channel.isOpen).toBe(true)
    expect(asked).toEqual([warped()])
  })

  test('fails as the transport does', async () => {
    bridges = [warped()]
    const error = new TorError('channel-failed', 'the transport found nobody')
    const transport = { name: 'warp', check: () => {}, connect: () => Promise.reject(error) }
    manager = create({
      carrierFor: (_, line = warped()) => ({
        kind: 'pluggable',
        transport,
        bridge: line,
        way: WAY,
        outside: NO_OUTSIDE,
      }),
    })
    await expect(manager.get(asBridge(warped()))).rejects.toBe(error)
    expect(network.connections.all).toEqual([])
  })
})
