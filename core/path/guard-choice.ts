/** The guard under the user's choice of relays: what is asked of the guards, and why there may be none. */
import type { GuardFilter } from '../guard/guard-filter.ts'
import type { GuardNetDir } from '../guard/guard-sample.ts'
import type { GuardRestrictions, GuardSelector } from '../guard/guard-selector.ts'
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { BridgeRelay } from '../netdir/bridge-relay.ts'
import { isConfigured } from '../transport/bridge-rule.ts'
import { mayDialBridge, relayEndpoints } from '../transport/dial-constraints.ts'
import { excludesRelay, type NodeRules, nodeRules } from './node-rules.ts'
import { noPath, whyNoGuard } from './refusal-words.ts'
import type { PathConstraints } from './relay-constraints.ts'

/**
 * For the guards, so that they sample and keep only such as the options permit. A relay on a private address is no
 * guard either, but there is none in any real consensus: that alone does not make a filter restricting.
 */
export function guardFilter(constraints: PathConstraints): GuardFilter {
  const { nodes, useIpv4, reachableAddresses } = constraints
  const isRestricting =
    !nodes.entryNodes.isEmpty ||
    !nodes.excludeNodes.isEmpty ||
    nodes.excludeUnknownCountries === true ||
    !useIpv4 ||
    reachableAddresses !== undefined
  return {
    isRestricting,
    // Also while bridges are used: the sample of relays that waits meanwhile must not be drawn anew for lack of them.
    permits: (netDir, index) => {
      const bridge = netDir.bridgeAt(index)
      if (bridge !== undefined) return permitsBridge(bridge, constraints)
      return nodeRules(netDir, constraints).permits('guard', index)
    },
  }
}

/** Whether the options let this row be a guard: a bridge while bridges are used, and otherwise a relay. */
export function permitsGuard(netDir: GuardNetDir, index: number, constraints: PathConstraints): boolean {
  const bridge = netDir.bridgeAt(index)
  if (bridge !== undefined) return permitsBridge(bridge, constraints)
  return constraints.bridges === undefined && nodeRules(netDir, constraints).permits('guard', index)
}

function permitsBridge({ line, ids }: BridgeRelay, constraints: PathConstraints): boolean {
  const { bridges = [] } = constraints
  return isConfigured(bridges, line) && whyNotBridge(line, ids.rsa, constraints) === undefined
}

/**
 * Why the options do not let a bridge be connected to, in words; undefined when they do. As in C tor, ExcludeNodes counts
 * for bridges; `rsa` is undefined while nobody knows who the bridge is.
 */
export function whyNotBridge(
  line: BridgeLine,
  rsa: RsaIdentity | undefined,
  constraints: PathConstraints,
): string | undefined {
  if (!mayDialBridge(line, constraints)) {
    return "the options on address families and reachable addresses forbid the bridge's address"
  }
  const isExcluded =
    rsa !== undefined && excludesRelay(constraints, { rsa, nickname: undefined, endpoints: [line.endpoint] })
  return isExcluded ? 'ExcludeNodes forbids the bridge' : undefined
}

/**
 * The guards' answer to `restrictions`, to which the options' are added: they hold whether or not the guards were given
 * the filter. Throws `no-path`, naming the option where it is one that leaves no guard.
 */
export function pickPermittedGuard(
  netDir: GuardNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  restrictions: GuardRestrictions,
): number {
  if (constraints.bridges !== undefined) {
    if (netDir.bridges === undefined) throw noPath('bridges are wanted, and none has been reached yet')
    const excludes = (index: number): boolean =>
      !permitsGuard(netDir, index, constraints) || restrictions.excludes(index)
    return guards.pickGuard(netDir, { ...restrictions, excludes })
  }
  const rules = nodeRules(netDir, constraints)
  const refusal = refusalOf(netDir, rules, constraints)
  if (refusal !== undefined) throw noPath(refusal)
  return guards.pickGuard(netDir, {
    ...restrictions,
    excludes: (index) =>
      !rules.permits('guard', index) ||
      relayEndpoints(netDir.relay(index), constraints).length === 0 ||
      restrictions.excludes(index),
  })
}

/** Found by a walk over the whole view: kept with its rules. */
const refusals = new WeakMap<NodeRules, { readonly words: string | undefined }>()

function refusalOf(netDir: GuardNetDir, rules: NodeRules, constraints: PathConstraints): string | undefined {
  let known = refusals.get(rules)
  if (known === undefined) {
    known = { words: whyNoGuard(netDir, rules, constraints) }
    refusals.set(rules, known)
  }
  return known.words
}
