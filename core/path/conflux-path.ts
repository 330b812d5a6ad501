/** Paths for the legs of a conflux set: one exit, a guard and a middle for each leg, and no two relays that go together badly. */
import type { GuardSelector } from '../guard/guard-selector.ts'
import { supportsConflux } from '../netdir/conflux-exits.ts'
import type { Random } from '../util/random.ts'
import {
  demandedFlags,
  exitPicker,
  type Path,
  type PathNetDir,
  pickMiddle,
  tryLastRelays,
} from './exit-path.ts'
import type { ExitRequest } from './exit-request.ts'
import { pickPermittedGuard } from './guard-choice.ts'
import { nodeRules } from './node-rules.ts'
import { ChosenRelays, type PathConstraints } from './relay-constraints.ts'

/**
 * Throws `no-path` when there are no such paths now; one path may be there all the same. Rules of family and subnet
 * hold over all legs: whoever runs two relays of a set could join what both see. Guards are primary ones that are up,
 * bridges likewise: a set is a luxury, for which nobody new shall see us.
 */
export function pickConfluxPaths(
  netDir: PathNetDir,
  guards: GuardSelector,
  request: ExitRequest,
  constraints: PathConstraints,
  random: Random,
  legs: number,
): readonly Path[] {
  const { isExcluded = () => false } = request
  const cannotEnd = (index: number): boolean =>
    isExcluded(index) || !supportsConflux(netDir.relay(index).protocols)
  const pickExit = exitPicker(netDir, { ...request, isExcluded: cannotEnd }, constraints, random)
  const flags = demandedFlags(request)
  return tryLastRelays(pickExit, (exit) => {
    // All guards before any middle: a middle that chance brings must not push a guard out of the order.
    const firsts = pickGuards(netDir, guards, constraints, exit, legs)
    const chosen = new ChosenRelays(netDir, nodeRules(netDir, constraints), constraints, exit, ...firsts)
    return firsts.map((guard) => {
      const middle = pickMiddle(netDir, constraints, random, flags, chosen)
      chosen.add(middle)
      return { guard, middle, exit }
    })
  })
}

function pickGuards(
  netDir: PathNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  exit: number,
  count: number,
): readonly number[] {
  const rules = nodeRules(netDir, constraints)
  const last = new ChosenRelays(netDir, rules, constraints, exit)
  // Whoever uses bridges chose them, and the addresses of many transports are made up: they say nothing of networks.
  const among = netDir.bridges === undefined ? constraints : { enforceDistinctSubnets: false }
  const firsts: number[] = []
  while (firsts.length < count) {
    const before = new ChosenRelays(netDir, rules, among, ...firsts)
    const guard = pickPermittedGuard(netDir, guards, constraints, {
      purpose: 'circuit',
      isPrimaryOnly: true,
      excludes: (index) => last.conflictsWith(index) || before.conflictsWith(index),
    })
    firsts.push(guard)
  }
  return firsts
}
