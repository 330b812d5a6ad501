/** What the client shows of its bridges, and the view of the network that it builds circuits from. */
import { describe, expect, test } from 'vitest'
import type { ChannelView } from '../../../core/channel/channel-manager.ts'
import {
  createBridgeConnector,
  describeBridges,
  hasFirstHops,
  viewWithBridges,
} from '../../../core/client/bridges.ts'
import { noteFailure, noteSuccess, UNKNOWN_HEALTH } from '../../../core/directory/bridge-health.ts'
import type { BridgeRelay } from '../../../core/netdir/bridge-relay.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { TorError } from '../../../core/util/errors.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'
import { openCircuit } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { bridgeLine, bridgeRelay, DIRECT_VIEW } from '../../support/bridged-view.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const NOW_MS = 1_790_000_000_000
const WORKS = noteSuccess(UNKNOWN_HEALTH, NOW_MS)
const FAILS = noteFailure(WORKS, new TorError('timeout', 'not done in time'), NOW_MS + 1)

describe('the status of a bridge', () => {
  const line = bridgeLine(11)
  const { rsa } = bridgeRelay(11).ids
  const target = { ids: { rsa, ed25519: undefined }, endpoints: [line.endpoint], bridge: line }
  const [endpoint] = target.endpoints

  function channelWith(circuitCount: number): ChannelView {
    if (endpoint === undefined) throw new Error('a bridge without an address')
    // Only the count is looked at.
    const channel = { circuitCount } as NonNullable<ChannelView['channel']>
    return { target, endpoint, state: 'open', channel }
  }

  test.each([
    ['is unknown until it was tried', UNKNOWN_HEALTH, [], 'unknown'],
    ['works when it has answered', WORKS, [channelWith(0)], 'works'],
    ['is in use when circuits go through it', WORKS, [channelWith(2)], 'in-use'],
    ['is failing when it fails, whatever is open still', FAILS, [channelWith(2)], 'failing'],
  ] as const)('%s', (_, health, channels, state) => {
    const [status] = describeBridges([{ line, rsa, health }], channels)
    expect(status).toMatchObject({ line: `192.0.11.1:443 ${rsa}`, fingerprint: rsa, state })
  })

  test('says since when it fails, and when it worked last', () => {
    const later = noteFailure(FAILS, new TorError('channel-failed', 'refused'), NOW_MS + 9)
    expect(describeBridges([{ line, rsa: undefined, health: later }], [])).toMatchObject([
      { fingerprint: undefined, failingSinceMs: NOW_MS + 1, lastWorkedMs: NOW_MS, reason: 'refused' },
    ])
  })

  test('does not change with each channel that opens', () => {
    expect(noteSuccess(WORKS, NOW_MS + 30_000)).toBe(WORKS)
    expect(noteSuccess(WORKS, NOW_MS + 90_000).lastWorkedMs).toBe(NOW_MS + 90_000)
    expect(noteSuccess(FAILS, NOW_MS + 2)).toMatchObject({ failingSinceMs: undefined, reason: undefined })
  })
})

describe('the view that circuits are built from', () => {
  test('has the bridges in it while bridges are used, also when either changes', () => {
    const directory = new WatchedValue<NetDir | undefined>(undefined)
    const relays = new WatchedValue<readonly BridgeRelay[] | undefined>(undefined)
    const view = viewWithBridges(directory, { relays })
    expect(view.value).toBeUndefined()
    directory.set(DIRECT_VIEW)
    expect(view.value).toBe(DIRECT_VIEW)
    relays.set([bridgeRelay(11)])
    expect(view.value?.bridges).toEqual([bridgeRelay(11)])
    relays.set([])
    expect(view.value?.bridges).toEqual([])
    directory.set(undefined)
    expect(view.value).toBeUndefined()
  })

  test('is of use once some bridge has sent its descriptor', () => {
    expect(hasFirstHops(DIRECT_VIEW)).toBe(true)
    expect(hasFirstHops(DIRECT_VIEW.withBridges([]))).toBe(false)
    expect(hasFirstHops(DIRECT_VIEW.withBridges([bridgeRelay(11, bridgeLine(11), false)]))).toBe(false)
    expect(hasFirstHops(DIRECT_VIEW.withBridges([bridgeRelay(11)]))).toBe(true)
  })
})

describe('reaching a bridge', () => {
  test('learns who it is only where the line does not say it', async () => {
    const network = await FakeNetwork.start()
    const { circuit, channel } = await openCircuit(network)
    const done: string[] = []
    const channels = {
      discover: async () => {
        done.push('discover')
        return channel
      },
      find: () => channel,
    }
    const builder = {
      buildDirectoryCircuit: async (target: { readonly ids: { readonly rsa: string } }) => {
        done.push(target.ids.rsa)
        return circuit
      },
    }
    const connector = createBridgeConnector(channels, builder, seededRandom(1), () => undefined)
    const signal = new AbortController().signal
    const { ids } = await connector.connectBridge(bridgeLine(11), undefined, signal, () => {})
    expect(ids).toEqual(channel.ids)
    const { rsa } = bridgeRelay(11).ids
    await connector.connectBridge(bridgeLine(11), rsa, signal, () => {})
    expect(done).toEqual(['discover', channel.ids.rsa, rsa])
    channel.close()
    await network.close()
  })

  test.each([
    ['circuit-failed', 'open', true],
    // A relay that speaks ntor and not ntor-v3 answers whom it does not know with a proof of nothing.
    ['wrong-identity', 'open', true],
    // Here it is the channel that proved somebody else, or nobody.
    ['wrong-identity', 'not open', false],
    ['channel-failed', 'not open', false],
  ] as const)(
    'whose onion key is no longer the one that we know: %s, the channel is %s',
    async (kind, state, isAskedAgain) => {
      const network = await FakeNetwork.start()
      const { circuit, channel } = await openCircuit(network)
      const asked: (NetDir | undefined)[] = []
      const builder = {
        buildDirectoryCircuit: async (_target: unknown, view: NetDir | undefined) => {
          asked.push(view)
          if (view !== undefined) throw new TorError(kind, 'the bridge does not know that key')
          return circuit
        },
      }
      const channels = { discover: async () => channel, find: () => (state === 'open' ? channel : undefined) }
      const connector = createBridgeConnector(channels, builder, seededRandom(1), () => DIRECT_VIEW)
      const signal = new AbortController().signal
      const connecting = connector.connectBridge(bridgeLine(11), bridgeRelay(11).ids.rsa, signal, () => {})
      if (isAskedAgain) expect((await connecting).ids).toEqual(channel.ids)
      else await expect(connecting).rejects.toMatchObject({ kind })
      expect(asked).toEqual(isAskedAgain ? [DIRECT_VIEW, undefined] : [DIRECT_VIEW])
      channel.close()
      await network.close()
    },
  )
})
