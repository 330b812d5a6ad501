/** What may change while a client runs, and what a change means for what is open. */
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { permitsGuard } from '../path/guard-choice.ts'
import { nodeRules } from '../path/node-rules.ts'
import { ChosenRelays, type PathConstraints } from '../path/relay-constraints.ts'
import type { ChannelManager } from '../channel/channel-manager.ts'
import { networkDisabled } from '../circuit-manager/circuit-builder.ts'
import { isSet } from '../circuit-manager/pool-entry.ts'
import type { BridgeManager } from '../directory/bridge-manager.ts'
import type { DirectoryManager } from '../directory/directory-manager.ts'
import type { CircuitManager } from '../circuit-manager/circuit-manager.ts'
import { isConfigured, refusalToDial } from '../transport/bridge-rule.ts'
import { pluginFor } from '../transport/managed/transport-plugin.ts'
import { throwIfAborted } from '../util/abort.ts'
import { TorError } from '../util/errors.ts'
import type { ClientParts } from './client-parts.ts'
import { checkClientConfig } from './check-config.ts'
import type { ClientConfig } from './config.ts'
import { loadNeededCountries } from './path-constraints.ts'
import type { StatusBoard } from './status-board.ts'
import type { Surroundings } from './surroundings.ts'

/** With what a user knows them by. */
const FIXED: readonly (readonly [keyof ClientConfig, string])[] = [
  ['dataDirectory', 'DataDirectory'],
  ['authorities', 'DirAuthority'],
  ['geoIpFile', 'GeoIPFile'],
  ['geoIpv6File', 'GeoIPv6File'],
]

/** Throws `bad-config`, naming the option, for a change that needs a restart, and for what no client can have. */
export function checkReconfiguration(current: ClientConfig, next: ClientConfig): void {
  for (const [field, option] of FIXED) {
    if (JSON.stringify(current[field]) === JSON.stringify(next[field])) continue
    throw new TorError('bad-config', `${option} cannot be changed while the client runs: restart it`)
  }
  checkClientConfig(next)
}

/** Whether the constraints would not allow this path of an exit circuit any more. */
export function isPathRefused(
  netDir: NetDir,
  path: readonly number[],
  constraints: PathConstraints,
): boolean {
  const rules = nodeRules(netDir, constraints)
  const last = path.length - 1
  const chosen = new ChosenRelays(netDir, rules, constraints)
  return path.some((row, at) => {
    const isPermitted =
      at === 0 ? permitsGuard(netDir, row, constraints) : rules.permits(at === last ? 'exit' : 'middle', row)
    const isRefused = !isPermitted || chosen.conflictsWith(row)
    chosen.add(row)
    return isRefused
  })
}

/** What a change of the configuration touches. */
export type ReconfiguredParts = Pick<
  ClientParts,
  'config' | 'countries' | 'constraints' | 'log' | 'lifetime'
> & {
  readonly circuits: Pick<CircuitManager, 'closeAll' | 'retireWhere' | 'retryNow'>
  readonly channels: Pick<ChannelManager, 'closeAll' | 'closeWhere'>
  readonly bridges: Pick<BridgeManager, 'reconsider'>
  readonly directory: Pick<DirectoryManager, 'reconsider' | 'beginAnew'>
  readonly surroundings: Pick<Surroundings, 'noteOtherWay'>
  readonly board: Pick<StatusBoard, 'restartBootstrap'>
}

/** Rejects with `bad-config`, and with `closed` for a client that is, before anything has changed. */
export async function applyConfig(parts: ReconfiguredParts, next: ClientConfig): Promise<void> {
  const { config, countries, constraints, circuits, channels, bridges, directory, log } = parts
  const { surroundings, board } = parts
  const before = config.value
  checkReconfiguration(before, next)
  await loadNeededCountries(next, countries, log.in('config'))
  throwIfAborted(parts.lifetime.signal)
  config.set(next)
  if (next.isNetworkDisabled) {
    circuits.closeAll(networkDisabled())
    channels.closeAll(networkDisabled())
    return
  }
  const hasChanged = (field: 'bridges' | 'upstreamProxy' | 'transportPlugins'): boolean =>
    JSON.stringify(before[field]) !== JSON.stringify(next[field])
  const hasOtherBridges =
    hasChanged('bridges') || (next.bridges !== undefined && hasChanged('transportPlugins'))
  const hasOtherProxy = hasChanged('upstreamProxy')
  const hasOtherFirstHops = choiceOfFirstHops(before) !== choiceOfFirstHops(next)
  if (hasOtherBridges || hasOtherProxy) {
    // At once, with the streams on them: the user must not be seen where they do not want to be seen any more.
    const reason = new TorError('closed', 'another way to the network is to be used', { retry: 'elsewhere' })
    channels.closeWhere(
      (target) =>
        hasOtherProxy ||
        hasOtherPlugin(target.bridge, before, next) ||
        refusalToDial(next.bridges, target) !== undefined,
      reason,
    )
  }
  circuits.retireWhere(
    ({ netDir, legs }) => legs.some(({ path }) => isPathRefused(netDir, path, constraints())),
    'the options forbid one of its relays',
  )
  if (next.confluxEnabled === false) circuits.retireWhere(isSet, 'ConfluxEnabled is 0')
  if (!hasOtherBridges && !hasOtherProxy && !hasOtherFirstHops && !before.isNetworkDisabled) return
  const isOther = isOtherWay(before, next)
  if (isOther) {
    surroundings.noteOtherWay()
    board.restartBootstrap()
  }
  bridges.reconsider()
  if (isOther) directory.beginAnew()
  else directory.reconsider()
  circuits.retryNow()
}

/** What decides which bridges and directories may be connected to: what was refused may be allowed, and the reverse. */
function choiceOfFirstHops({
  nodes: { excludeNodes, entryNodes, isStrict, excludeUnknownCountries },
  reachableAddresses,
  useIpv4,
  useIpv6,
  fallbackDirs,
}: ClientConfig): string {
  const texts = [excludeNodes.text, entryNodes.text, reachableAddresses?.text]
  return JSON.stringify([texts, isStrict, excludeUnknownCountries ?? 'auto', useIpv4, useIpv6, fallbackDirs])
}

/** Whether nothing of what worked or failed before says anything of what comes: one bridge more is no other way. */
function isOtherWay(before: ClientConfig, next: ClientConfig): boolean {
  if (before.isNetworkDisabled) return true
  if (JSON.stringify(before.upstreamProxy) !== JSON.stringify(next.upstreamProxy)) return true
  const { bridges } = before
  if (bridges === undefined || next.bridges === undefined) return bridges !== next.bridges
  if (JSON.stringify(before.transportPlugins) !== JSON.stringify(next.transportPlugins)) return true
  return !next.bridges.some((bridge) => isConfigured(bridges, bridge))
}

/** Whether the bridge is to be reached by another program than it was. */
export function hasOtherPlugin(
  bridge: BridgeLine | undefined,
  before: ClientConfig,
  next: ClientConfig,
): boolean {
  const [old, now] = [before, next].map(({ transportPlugins }) =>
    pluginFor(transportPlugins, bridge?.transport),
  )
  return JSON.stringify(old) !== JSON.stringify(now)
}
