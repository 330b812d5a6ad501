/** What may change while a client runs, and what a change means for what is open. */
import type { NetDir } from '../netdir/net-dir.ts'
import { nodeRules } from '../path/node-rules.ts'
import { ChosenRelays, type PathConstraints } from '../path/relay-constraints.ts'
import type { ChannelManager } from '../channel/channel-manager.ts'
import { networkDisabled } from '../circuit-manager/circuit-builder.ts'
import type { CircuitManager } from '../circuit-manager/circuit-manager.ts'
import { TorError } from '../util/errors.ts'
import type { ClientParts } from './client-parts.ts'
import type { ClientConfig } from './config.ts'
import { NameRewriter } from './name-rewriter.ts'
import { loadNeededCountries } from './path-constraints.ts'

/** With what a user knows them by. */
const FIXED: readonly (readonly [keyof ClientConfig, string])[] = [
  ['dataDirectory', 'DataDirectory'],
  ['authorities', 'DirAuthority'],
  ['geoIpFile', 'GeoIPFile'],
  ['geoIpv6File', 'GeoIPv6File'],
]

/** Throws `bad-config`, naming the option, for a change that needs a restart. */
export function checkReconfiguration(current: ClientConfig, next: ClientConfig): void {
  for (const [field, option] of FIXED) {
    if (JSON.stringify(current[field]) === JSON.stringify(next[field])) continue
    throw new TorError('bad-config', `${option} cannot be changed while the client runs: restart it`)
  }
  if (!next.useIpv4 && !next.useIpv6) {
    throw new TorError(
      'bad-config',
      'ClientUseIPv4 and ClientUseIPv6 are both off: no relay could be reached',
    )
  }
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
    const position = at === 0 ? 'guard' : at === last ? 'exit' : 'middle'
    const isRefused = !rules.permits(position, row) || chosen.conflictsWith(row)
    chosen.add(row)
    return isRefused
  })
}

/** What a change of the configuration touches. */
export type ReconfiguredParts = Pick<
  ClientParts,
  'config' | 'random' | 'countries' | 'constraints' | 'log'
> & {
  readonly circuits: Pick<CircuitManager, 'closeAll' | 'retireWhere' | 'retryNow'>
  readonly channels: Pick<ChannelManager, 'closeAll'>
}

/** Rejects with `bad-config` before anything has changed. */
export async function applyConfig(parts: ReconfiguredParts, next: ClientConfig): Promise<void> {
  const { config, random, countries, constraints, circuits, channels, log } = parts
  const before = config.value
  checkReconfiguration(before, next)
  // Refuses an address map or virtual networks that are no good.
  void new NameRewriter(next, random)
  await loadNeededCountries(next, countries, log.in('config'))
  config.set(next)
  if (next.isNetworkDisabled) {
    circuits.closeAll(networkDisabled())
    channels.closeAll(networkDisabled())
    return
  }
  circuits.retireWhere(
    ({ netDir, path }) => isPathRefused(netDir, path, constraints()),
    'the options forbid one of its relays',
  )
  if (before.isNetworkDisabled) circuits.retryNow()
}
