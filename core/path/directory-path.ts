/** Where directory documents come from: before a consensus the built-in sources, then our guards; and a full path. */
import type { GuardSelector } from '../guard/guard-selector.ts'
import type { ChannelTarget, Endpoint } from '../linkspec/relay-target.ts'
import type { Authority } from '../netdir/authorities.ts'
import type { FallbackDir } from '../netdir/fallback-dirs.ts'
import { RelayFlag } from '../netdoc/relay-flags.ts'
import { reachableEndpoints, relayEndpoints } from '../transport/dial-constraints.ts'
import { isTorError } from '../util/errors.ts'
import { type Random, shuffled } from '../util/random.ts'
import { chooseWeighted } from '../util/weighted-choice.ts'
import { type Path, type PathNetDir, pickPathTo } from './exit-path.ts'
import { pickPermittedGuard } from './guard-choice.ts'
import { excludesRelay, nodeRules } from './node-rules.ts'
import { noPath } from './refusal-words.ts'
import type { PathConstraints } from './relay-constraints.ts'
import { pickRelay } from './relay-picker.ts'

/** The sources that need no consensus, each list in the random order in which to try it (dir-spec 5.1). */
export interface BootstrapDirectories {
  readonly fallbacks: readonly ChannelTarget[]
  readonly authorities: readonly ChannelTarget[]
  /** Set for who uses bridges, and then the only source. */
  readonly bridges?: readonly ChannelTarget[]
}

/**
 * Only sources that can be dialled under the constraints; both lists can be empty. Excluded ones serve where there are no
 * others, unless StrictNodes forbids it (C tor's manual: to download directory information).
 */
export function bootstrapDirectories(
  fallbackDirs: readonly FallbackDir[],
  authorities: readonly Authority[],
  constraints: PathConstraints,
  random: Random,
): BootstrapDirectories {
  const fallbacks = shuffledByWeight(fallbackDirs, random).map((target) => ({ nickname: undefined, target }))
  const relays = shuffled(random, authorities)
    // The bridge authority has no consensus to give.
    .filter((authority) => !authority.isBridgeAuthority)
    .map(({ nickname, rsaIdentity, endpoints }) => ({
      nickname,
      target: { ids: { rsa: rsaIdentity, ed25519: undefined }, endpoints },
    }))
  const reachable = {
    fallbacks: onlyReachable(fallbacks, constraints),
    authorities: onlyReachable(relays, constraints),
  }
  const permitted = {
    fallbacks: withoutExcluded(reachable.fallbacks, constraints),
    authorities: withoutExcluded(reachable.authorities, constraints),
  }
  const isNobodyLeft = permitted.fallbacks.length === 0 && permitted.authorities.length === 0
  const { fallbacks: first, authorities: last } =
    isNobodyLeft && !constraints.nodes.isStrict ? reachable : permitted
  return { fallbacks: first.map(({ target }) => target), authorities: last.map(({ target }) => target) }
}

interface BootstrapDirectory {
  readonly nickname: string | undefined
  readonly target: ChannelTarget
}

function onlyReachable(
  directories: readonly BootstrapDirectory[],
  constraints: PathConstraints,
): BootstrapDirectory[] {
  return directories
    .map(({ nickname, target: { ids, endpoints } }) => ({
      nickname,
      target: { ids, endpoints: reachableEndpoints(endpoints, constraints) },
    }))
    .filter(({ target }) => target.endpoints.length > 0)
}

function withoutExcluded(
  directories: readonly BootstrapDirectory[],
  constraints: PathConstraints,
): BootstrapDirectory[] {
  return directories.filter(
    ({ nickname, target: { ids, endpoints } }) =>
      !excludesRelay(constraints, { rsa: ids.rsa, nickname, endpoints }),
  )
}

/** Draws without putting back. */
function shuffledByWeight(fallbackDirs: readonly FallbackDir[], random: Random): FallbackDir[] {
  const weights = Float64Array.from(fallbackDirs, (fallback) => fallback.weight)
  const order: FallbackDir[] = []
  for (;;) {
    const index = chooseWeighted(random, weights)
    const fallback = fallbackDirs[index]
    if (fallback === undefined) return order
    order.push(fallback)
    weights[index] = 0
  }
}

interface DirectoryGuard {
  readonly index: number
  /** Made from the consensus alone: the guard's microdescriptor may be what we are about to ask it for. */
  readonly target: ChannelTarget
}

/** One more guard for one-hop directory circuits: all our guards are directories too. Throws `no-path`. */
function pickDirectoryGuard(
  netDir: PathNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  alreadyPicked: ReadonlyMap<number, ChannelTarget>,
): DirectoryGuard {
  const endpointsOf = (index: number): Endpoint[] => relayEndpoints(netDir.relay(index), constraints)
  const index = pickPermittedGuard(netDir, guards, constraints, {
    purpose: 'directory',
    // One guard is needed; the others must not show us to relays beyond the primary ones (guard-spec 4.6).
    isPrimaryOnly: alreadyPicked.size > 0,
    excludes: (candidate) => alreadyPicked.has(candidate) || endpointsOf(candidate).length === 0,
  })
  return { index, target: { ids: netDir.ids(index), endpoints: endpointsOf(index) } }
}

/** Guards to ask for directory documents, at most as many as the user or the consensus says; empty when there is none. */
export function pickDirectoryGuards(
  netDir: PathNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  count = netDir.params.get('guard-n-primary-dir-guards-to-use'),
): ChannelTarget[] {
  const picked = new Map<number, ChannelTarget>()
  try {
    while (picked.size < count) {
      const { index, target } = pickDirectoryGuard(netDir, guards, constraints, picked)
      picked.set(index, target)
    }
  } catch (error) {
    if (!isTorError(error, 'no-path')) throw error
  }
  return [...picked.values()]
}

/** A path of three hops that ends at a directory: for requests that must not show who asks. Throws `no-path`. */
export function pickDirectoryPath(
  netDir: PathNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  random: Random,
): Path {
  const permitted = nodeRules(netDir, constraints).permitted('last')
  return pickPathTo(netDir, guards, constraints, random, 0, (isAllowed) => {
    // A directory may lack its microdescriptor when it is dialled; as the last of three hops its key is needed.
    const isFit = (index: number): boolean => netDir.isUsable(index) && isAllowed(index)
    const draw = (rows?: Uint8Array): number | undefined =>
      pickRelay(netDir, 'directory', RelayFlag.V2Dir | RelayFlag.Fast, random, isFit, rows) ??
      pickRelay(netDir, 'directory', RelayFlag.V2Dir, random, isFit, rows)
    const directory = draw(permitted)
    if (directory !== undefined) return directory
    if (permitted === undefined) throw noPath('no usable directory relay is known')
    const excluded = constraints.nodes.isStrict ? undefined : draw()
    if (excluded !== undefined) return excluded
    throw noPath('no usable directory relay is left by ExcludeNodes: exclude fewer')
  })
}
