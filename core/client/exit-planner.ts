/** Joins what a request demands, the user's choice of relays and the guards into a path for the circuit manager. */
import type { PickPath } from '../circuit-manager/circuit-pool.ts'
import type { HopReason } from '../circuit-manager/circuit-registry.ts'
import type { ExitUsage } from '../circuit-manager/pooled-circuit.ts'
import type { GuardRestrictions, GuardSelector } from '../guard/guard-selector.ts'
import type { NodeSet } from '../netdir/node-set.ts'
import { pickExitPath } from '../path/exit-path.ts'
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

export function createExitPlanner({ guards, random, constraints }: ExitPlannerParts): PickPath {
  return (netDir, usage, excludedExits) => {
    const { exit: chosenExit, exitCountry, family, port, needsStable = false } = usage
    const request: ExitRequest = {
      hostKind: family ?? 'name',
      port,
      needsStable,
      exitCountry,
      exit: chosenExit,
      isExcluded: (index) => excludedExits.has(netDir.ids(index).rsa),
    }
    let restrictions: GuardRestrictions | undefined
    const noting: GuardSelector = {
      pickGuard: (view, asked) => {
        restrictions = asked
        return guards.pickGuard(view, asked)
      },
    }
    const { guard, middle, exit } = pickExitPath(netDir, noting, request, constraints(), random)
    if (restrictions === undefined) throw new TorError('internal', 'a path without a guard')
    const path = [guard, middle, exit]
    const isStable = needsStable || path.every((index) => hasFlag(netDir.flags(index), RelayFlag.Stable))
    return { path, restrictions, isStable, reasons: hopReasons(usage, constraints()) }
  }
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
