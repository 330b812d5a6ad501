/** Joins the bridges to the rest of the client: how they are reached, the view of the network with them, their status. */
import type { Channel } from '../channel/channel.ts'
import type { ChannelManager, ChannelView } from '../channel/channel-manager.ts'
import type { Circuit } from '../circuit/circuit.ts'
import type { CircuitBuilder } from '../circuit-manager/circuit-builder.ts'
import type { BridgeConnector } from '../directory/bridge-fetch.ts'
import type { BridgeManager, BridgeView } from '../directory/bridge-manager.ts'
import { formatBridgeLine } from '../linkspec/bridge-line.ts'
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { checkPlugins } from '../transport/managed/external-transports.ts'
import { checkBridges } from '../transport/pluggable-transport.ts'
import { isTorError, TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import type { ClientConfig } from './config.ts'
import { directoryAtEnd } from './directory-connections.ts'
import type { BridgeStatus } from './status.ts'

/** Throws `bad-config`, in words, for bridges that cannot be used as they are to be reached. */
export function checkBridging(config: ClientConfig): void {
  checkBridges(config.bridges ?? [], config.transportPlugins)
  checkPlugins(config)
}

/** One-hop circuits to bridges; whose identity is not known yet is asked for it by a channel first. */
export function createBridgeConnector(
  channels: Pick<ChannelManager, 'discover' | 'find'>,
  builder: Pick<CircuitBuilder, 'buildDirectoryCircuit'>,
  random: Random,
  view: () => NetDir | undefined,
): BridgeConnector {
  return {
    async connectBridge(line, known, signal, onPhase) {
      const rsa = known ?? (await channels.discover(line, signal, onPhase)).ids.rsa
      const target: ChannelTarget = {
        ids: { rsa, ed25519: undefined },
        endpoints: [line.endpoint],
        bridge: line,
      }
      const build = (keysOf: NetDir | undefined): Promise<Circuit> =>
        builder.buildDirectoryCircuit(target, keysOf, signal, (phase) => {
          if (phase !== 'circuit-create') onPhase(phase)
        })
      const netDir = view()
      const circuit = await build(netDir).catch((error: unknown) => {
        // Its onion key can be another by now, and the descriptor that says so is what it is asked for.
        if (netDir === undefined || !mayHaveNewOnionKey(error, channels.find(rsa))) throw error
        return build(undefined)
      })
      const channel = channels.find(rsa)
      if (channel === undefined) {
        circuit.close()
        throw new TorError('channel-failed', 'the bridge closed the channel', { retry: 'elsewhere' })
      }
      return { connection: directoryAtEnd(circuit, `$${rsa}`, random), ids: channel.ids }
    },
  }
}

/**
 * With ntor-v3 a relay refuses a key that it does not know; with ntor C tor answers as if it were another, which proves
 * nothing. Who the bridge is, an open channel has proved already.
 */
function mayHaveNewOnionKey(error: unknown, channel: Channel | undefined): boolean {
  return isTorError(error, 'circuit-failed') || (channel !== undefined && isTorError(error, 'wrong-identity'))
}

/** The directory's view, with the bridges in it while bridges are used: circuits are built from this one only. */
export function viewWithBridges(
  directory: Watchable<NetDir | undefined>,
  { relays }: Pick<BridgeManager, 'relays'>,
): Watchable<NetDir | undefined> {
  const join = (): NetDir | undefined =>
    relays.value === undefined ? directory.value : directory.value?.withBridges(relays.value)
  const view = new WatchedValue(join())
  const update = (): void => view.set(join())
  directory.watch(update)
  relays.watch(update)
  return view
}

/** Whether a circuit's first hop can be had from this view. */
export function hasFirstHops({ bridges }: NetDir): boolean {
  return bridges === undefined || bridges.some(({ descriptor }) => descriptor !== undefined)
}

/** `channels` tell which of them circuits go through now. */
export function describeBridges(
  views: readonly BridgeView[],
  channels: readonly ChannelView[],
): readonly BridgeStatus[] {
  const used = new Set(
    channels.flatMap(({ target, channel }) => ((channel?.circuitCount ?? 0) > 0 ? target.ids.rsa : [])),
  )
  return views.map(({ line, rsa, health }) => {
    const { lastWorkedMs, failingSinceMs, reason } = health
    const state = failingSinceMs !== undefined ? 'failing' : lastWorkedMs !== undefined ? 'works' : 'unknown'
    return {
      line: formatBridgeLine(line),
      fingerprint: rsa,
      state: rsa !== undefined && used.has(rsa) && state !== 'failing' ? 'in-use' : state,
      lastWorkedMs,
      failingSinceMs,
      reason,
    }
  })
}
