/** Three-hop paths that leave the network: exit first, then guard, then middle (path-spec 2.2). */
import type { GuardNetDir } from '../guard/guard-sample.ts'
import type { GuardSelector } from '../guard/guard-selector.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { RelayFlag } from '../netdoc/relay-flags.ts'
import { isTorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import { type ExitRequest, exitTests } from './exit-request.ts'
import { pickPermittedGuard } from './guard-choice.ts'
import { type NodeRules, nodeRules } from './node-rules.ts'
import { noExit, noMiddle } from './refusal-words.ts'
import { ChosenRelays, type PathConstraints } from './relay-constraints.ts'
import { type PickerNetDir, pickRelay } from './relay-picker.ts'

/** What path selection needs of the view of the network. */
export type PathNetDir = GuardNetDir &
  PickerNetDir &
  Pick<NetDir, 'isUsable' | 'inSameFamily' | 'inSameSubnet' | 'allowsExitTo'>

/** Three rows of the view of the network that they were picked from. */
export interface Path {
  readonly guard: number
  readonly middle: number
  /** The last relay, also where the circuit does not leave the network. */
  readonly exit: number
}

/** On a tiny network an exit may leave no guard or middle; another may. On a real one the first always works. */
const MAX_EXIT_TRIES = 16

/** Throws `no-path`, in words, when the view of the network has no path for this request. */
export function pickExitPath(
  netDir: PathNetDir,
  guards: GuardSelector,
  request: ExitRequest,
  constraints: PathConstraints,
  random: Random,
): Path {
  const stable = request.needsStable === true ? RelayFlag.Stable : 0
  const rules = nodeRules(netDir, constraints)
  const tests = exitTests(netDir, request)
  return pickPathTo(netDir, guards, constraints, random, stable, (isAllowed) => {
    const { isExcluded = () => false } = request
    const isFree = (index: number): boolean => isAllowed(index) && !isExcluded(index)
    const exit =
      request.exit === undefined
        ? drawExit(netDir, rules, request, tests, stable, random, isFree)
        : chosenExit(netDir, rules, request, tests, isFree)
    if (exit !== undefined) return exit
    throw noExit(netDir, rules, constraints, request, (index) => tests.some((serves) => serves(index)))
  })
}

/**
 * Completes a path to a last relay. `pickLast` draws one that it is allowed to, or throws `no-path`; it is asked again
 * when no guard or middle goes with its answer. `flags` are what middle relays must have beside Fast.
 */
export function pickPathTo(
  netDir: PathNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  random: Random,
  flags: number,
  pickLast: (isAllowed: (index: number) => boolean) => number,
): Path {
  const refused = new Set<number>()
  let failure: unknown
  while (refused.size < MAX_EXIT_TRIES) {
    let exit: number
    try {
      exit = pickLast((index) => !refused.has(index))
    } catch (error) {
      // What went wrong with a last relay that we had says more than that no other is left.
      throw failure ?? error
    }
    try {
      return completePath(netDir, guards, constraints, random, flags, exit)
    } catch (error) {
      if (!isTorError(error, 'no-path')) throw error
      failure = error
      refused.add(exit)
    }
  }
  throw failure
}

function completePath(
  netDir: PathNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  random: Random,
  flags: number,
  exit: number,
): Path {
  const rules = nodeRules(netDir, constraints)
  const chosen = new ChosenRelays(netDir, rules, constraints, exit)
  const guard = pickPermittedGuard(netDir, guards, constraints, {
    purpose: 'circuit',
    excludes: (index) => chosen.conflictsWith(index),
  })
  chosen.add(guard)
  const middles = rules.permitted('middle')
  const middle = pickPreferring([RelayFlag.Fast | flags, 0], (wanted) =>
    pickRelay(netDir, 'middle', wanted, random, (index) => !chosen.conflictsWith(index), middles),
  )
  if (middle === undefined) throw noMiddle(rules, constraints)
  return { guard, middle, exit }
}

/** An exit by weight: with the Exit flag if one serves the request, fast and stable before others. */
function drawExit(
  netDir: PathNetDir,
  rules: NodeRules,
  { exitCountry }: ExitRequest,
  tests: readonly ((index: number) => boolean)[],
  stable: number,
  random: Random,
  isFree: (index: number) => boolean,
): number | undefined {
  const tiers = [RelayFlag.Exit | RelayFlag.Fast | stable, RelayFlag.Exit, RelayFlag.Fast, 0]
  const permitted = exitCountry === undefined ? rules.permitted('exit') : rules.exitsIn(exitCountry)
  for (const serves of tests) {
    const exit = pickPreferring(tiers, (flags) =>
      pickRelay(netDir, 'exit', flags, random, (index) => serves(index) && isFree(index), permitted),
    )
    if (exit !== undefined) return exit
  }
  return undefined
}

/** The exit that the request names, where it may serve it. */
function chosenExit(
  netDir: PathNetDir,
  rules: NodeRules,
  { exit, exitCountry }: ExitRequest,
  tests: readonly ((index: number) => boolean)[],
  isFree: (index: number) => boolean,
): number | undefined {
  const index = exit === undefined ? undefined : netDir.indexOf(exit)
  if (index === undefined || !netDir.isUsableAs(index, 'exit') || !isFree(index)) return undefined
  if (!rules.permits('exit', index)) return undefined
  if (exitCountry !== undefined && rules.exitsIn(exitCountry)[index] !== 1) return undefined
  return tests.some((serves) => serves(index)) ? index : undefined
}

/** The first answer over ever lower demands. */
function pickPreferring(
  tiers: readonly number[],
  pick: (flags: number) => number | undefined,
): number | undefined {
  for (const flags of tiers) {
    const index = pick(flags)
    if (index !== undefined) return index
  }
  return undefined
}
