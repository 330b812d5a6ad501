/** Joins what a request demands, the user's choice of relays and the guards into a path for the circuit manager. */
import type { PickPath, PickSet } from '../circuit-manager/circuit-pool.ts'
import type { HopReason } from '../circuit-manager/circuit-registry.ts'
import type { ExitUsage, PlannedPath } from '../circuit-manager/pool-entry.ts'
import type { GuardNetDir } from '../guard/guard-sample.ts'
import type { GuardRestrictions, GuardSelector } from '../guard/guard-selector.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import type { NodeSet } from '../netdir/node-set.ts'
import { pickConfluxPaths } from '../path/conflux-path.ts'
import { type Path, pickExitPath } from '../path/exit-path.ts'
import type { ExitRequest } from '../path/exit-request.ts'
import type { PathConstraints } from '../path/relay-constraints.ts'
import { hasFlag, RelayFlag } from '../netdoc/relay-flags.ts'
import { TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'

export interface ExitPlannerParts {
  readonly guards: GuardSelector
  readonly random: Random
  readonly constraints: () => PathConstraints
}

export interface ExitPlanner {
  readonly pickPath: PickPath
  readonly pickSet: PickSet
}

export function createExitPlanner(parts: ExitPlannerParts): ExitPlanner {
  const { guards, random, constraints } = parts
  return {
    pickPath: (netDir, usage, excludedExits) => {
      const noting = new NotingGuards(guards)
      const request = exitRequest(netDir, usage, excludedExits)
      const path = pickExitPath(netDir, noting, request, constraints(), random)
      return planned(netDir, usage, path, noting, constraints())
    },
    pickSet: (netDir, usage, legs) => {
      const noting = new NotingGuards(guards)
      const request = exitRequest(netDir, usage, NONE)
      const paths = pickConfluxPaths(netDir, noting, request, constraints(), random, legs)
      return paths.map((path) => planned(netDir, usage, path, noting, constraints()))
    },
  }
}

const NONE: ReadonlySet<RsaIdentity> = new Set()

function exitRequest(
  netDir: NetDir,
  { exit, exitCountry, family, port, needsStable = false }: ExitUsage,
  excludedExits: ReadonlySet<RsaIdentity>,
): ExitRequest {
  return {
    hostKind: family ?? 'name',
    port,
    needsStable,
    exitCountry,
    exit,
    isExcluded: (index) => excludedExits.has(netDir.ids(index).rsa),
  }
}

/** Remembers what was asked of each guard: whether a circuit may be used is judged by that later. */
class NotingGuards implements GuardSelector {
  readonly #guards: GuardSelector
  readonly #asked = new Map<number, GuardRestrictions>()

  constructor(guards: GuardSelector) {
    this.#guards = guards
  }

  pickGuard(netDir: GuardNetDir, restrictions: GuardRestrictions): number {
    const guard = this.#guards.pickGuard(netDir, restrictions)
    // The last time counts: what was tried before it had another exit.
    this.#asked.set(guard, restrictions)
    return guard
  }

  restrictionsOf(guard: number): GuardRestrictions {
    const restrictions = this.#asked.get(guard)
    if (restrictions === undefined) throw new TorError('internal', 'a path without a guard')
    return restrictions
  }
}

function planned(
  netDir: NetDir,
  usage: ExitUsage,
  { guard, middle, exit }: Path,
  noting: NotingGuards,
  constraints: PathConstraints,
): PlannedPath {
  const path = [guard, middle, exit]
  const isStable =
    usage.needsStable === true || path.every((index) => hasFlag(netDir.flags(index), RelayFlag.Stable))
  const reasons = hopReasons(usage, constraints)
  return { path, restrictions: noting.restrictionsOf(guard), isStable, reasons }
}

function hopReasons(
  { exit, exitCountry }: ExitUsage,
  { nodes: { middleNodes, exitNodes } }: Pick<PathConstraints, 'nodes'>,
): HopReason[] {
  const unlessOptions = (set: NodeSet, otherwise: HopReason): HopReason =>
    set.isEmpty ? otherwise : { kind: 'options' }
  const middle = unlessOptions(middleNodes, { kind: 'weight' })
  if (exit !== undefined) return [{ kind: 'guard' }, middle, { kind: 'pin' }]
  if (exitCountry !== undefined) {
    return [{ kind: 'guard' }, middle, { kind: 'country', country: exitCountry }]
  }
  return [{ kind: 'guard' }, middle, unlessOptions(exitNodes, { kind: 'exit-policy' })]
}
