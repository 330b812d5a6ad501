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
  const pickLast = exitPicker(netDir, request, constraints, random)
  return pickPathTo(netDir, guards, constraints, random, demandedFlags(request), pickLast)
}

/** What all relays of a path must have beside Fast, where there are such. */
export function demandedFlags({ needsStable = false }: ExitRequest): number {
  return needsStable ? RelayFlag.Stable : 0
}

/** Draws an exit for the request among those that are allowed; throws `no-path` in words. */
export function exitPicker(
  netDir: PathNetDir,
  request: ExitRequest,
  constraints: PathConstraints,
  random: Random,
): (isAllowed: (index: number) => boolean) => number {
  const stable = demandedFlags(request)
  const rules = nodeRules(netDir, constraints)
  const tests = exitTests(netDir, request)
  return (isAllowed) => {
    const { isExcluded = () => false } = request
    const isFree = (index: number): boolean => isAllowed(index) && !isExcluded(index)
    const exit =
      request.exit === undefined
        ? drawExit(netDir, rules, request, tests, stable, random, isFree)
        : chosenExit(netDir, rules, request, tests, isFree)
    if (exit !== undefined) return exit
    throw noExit(netDir, rules, constraints, request, (index) => tests.some((serves) => serves(index)))
  }
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
  return tryLastRelays(pickLast, (exit) => {
    const rules = nodeRules(netDir, constraints)
    // Kept as long as the circuit, to judge whether better guards would have served: it must not learn of the guard.
    const last = new ChosenRelays(netDir, rules, constraints, exit)
    const guard = pickPermittedGuard(netDir, guards, constraints, {
      purpose: 'circuit',
      excludes: (index) => last.conflictsWith(index),
    })
    const chosen = new ChosenRelays(netDir, rules, constraints, exit, guard)
    return { guard, middle: pickMiddle(netDir, constraints, random, flags, chosen), exit }
  })
}

/** The first last relay that `complete` makes something of: it throws `no-path` for those that nothing goes with. */
export function tryLastRelays<T>(
  pickLast: (isAllowed: (index: number) => boolean) => number,
  complete: (last: number) => T,
): T {
  const refused = new Set<number>()
  let failure: unknown
  while (refused.size < MAX_EXIT_TRIES) {
    let last: number
    try {
      last = pickLast((index) => !refused.has(index))
    } catch (error) {
      // What went wrong with a last relay that we had says more than that no other is left.
      throw failure ?? error
    }
    try {
      return complete(last)
    } catch (error) {
      if (!isTorError(error, 'no-path')) throw error
      failure = error
      refused.add(last)
    }
  }
  throw failure
}

/** A relay between those that are chosen. Throws `no-path`. */
export function pickMiddle(
  netDir: PathNetDir,
  constraints: PathConstraints,
  random: Random,
  flags: number,
  chosen: ChosenRelays,
): number {
  const rules = nodeRules(netDir, constraints)
  const middles = rules.permitted('middle')
  const middle = pickPreferring([RelayFlag.Fast | flags, 0], (wanted) =>
    pickRelay(netDir, 'middle', wanted, random, (index) => !chosen.conflictsWith(index), middles),
  )
  if (middle === undefined) throw noMiddle(rules, constraints)
  return middle
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
