/** Which guard one circuit gets (guard-spec 4.6), decided from what is known of all of them. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { type Random, randomBelow } from '../util/random.ts'
import type { GuardLimits } from './guard-limits.ts'
import type { FilteredGuard, GuardOrder } from './guard-order.ts'
import type { GuardReachability, RetryCase } from './guard-reachability.ts'
import type { GuardNetDir } from './guard-sample.ts'
import type { GuardRestrictions } from './guard-selector.ts'

/** All that the decisions are made from. */
export interface GuardSituation {
  readonly netDir: GuardNetDir
  readonly order: GuardOrder
  readonly limits: GuardLimits
  readonly reachability: GuardReachability
  readonly nowMs: number
  /** No relay has answered for a long time: failures say little of guards. */
  readonly isInternetLikelyDown: boolean
}

export type GuardChoice =
  | { readonly kind: 'chosen'; readonly entry: FilteredGuard }
  /** Passing a guard over would let whoever serves the directory choose ours by holding back documents. */
  | { readonly kind: 'microdescriptor-missing' }
  | { readonly kind: 'none' }

/**
 * At most so many guards outside the primary ones are tried at once; more circuits share them. guard-spec would try
 * another one for each circuit, and a page with many streams would show us to many guards.
 */
const MAX_EXPLORED_AT_ONCE = 3

export const PRIMARY: RetryCase = { isPrimary: true, areAllDown: false }
export const OTHER: RetryCase = { isPrimary: false, areAllDown: false }
const OTHER_AMONG_DOWN: RetryCase = { isPrimary: false, areAllDown: true }

const NONE: GuardChoice = { kind: 'none' }

/** The choice among the guards whose time has come. */
export function chooseGuard(
  situation: GuardSituation,
  restrictions: GuardRestrictions,
  random: Random,
): GuardChoice {
  const primary = choosePrimary(situation, restrictions, random, false)
  if (primary.kind !== 'none' || restrictions.isPrimaryOnly === true) return primary
  const usable = situation.order.others.filter((entry) => isUsable(situation, restrictions, entry, OTHER))
  const isPending = ({ guard }: FilteredGuard): boolean => attemptEndMs(situation, guard.rsa) !== undefined
  const pending = usable.filter(isPending)
  const fresh = usable.find((entry) => !isPending(entry))
  const entry = pending.length < MAX_EXPLORED_AT_ONCE ? (fresh ?? pending[0]) : pending[0]
  return entry === undefined ? NONE : { kind: 'chosen', entry }
}

/**
 * The choice when `chooseGuard` has none: guards are tried before their time. The primary ones first and, while the
 * network seems to be down, no others: they would fail too, or see us when the primary ones could be had.
 */
export function chooseAmongDown(
  situation: GuardSituation,
  restrictions: GuardRestrictions,
  random: Random,
): GuardChoice {
  const primary = choosePrimary(situation, restrictions, random, true)
  if (primary.kind !== 'none' || situation.isInternetLikelyDown) return primary
  const { others } = situation.order
  const entry = others.find((other) => isUsable(situation, restrictions, other, OTHER_AMONG_DOWN))
  return entry === undefined ? NONE : { kind: 'chosen', entry }
}

/** How long until some guard that would serve may be tried again; undefined when none would. */
export function retryWaitMs(situation: GuardSituation, restrictions: GuardRestrictions): number | undefined {
  const { netDir, order, reachability, nowMs, isInternetLikelyDown } = situation
  const waits = (entries: readonly FilteredGuard[], retryCase: RetryCase): number[] =>
    entries
      .filter(({ index }) => fits(netDir, index, restrictions))
      .map(({ guard }) => reachability.retryAtMs(guard.rsa, retryCase) - nowMs)
  const all = [
    ...waits(order.primary, { isPrimary: true, areAllDown: true }),
    ...waits(order.others, isInternetLikelyDown ? OTHER : OTHER_AMONG_DOWN),
  ]
  return all.length === 0 ? undefined : Math.max(0, Math.min(...all))
}

/** The primary guards that are not down, as many of them as are used at a time. */
export function leadingPrimaries(
  { order, limits, reachability, nowMs }: GuardSituation,
  purpose: GuardRestrictions['purpose'],
  retryCase: RetryCase = PRIMARY,
): readonly FilteredGuard[] {
  return order.primary
    .filter(({ guard }) => !reachability.isDown(guard.rsa, retryCase, nowMs))
    .slice(0, limits.usedGuards[purpose])
}

export function countUsable({ order, reachability, nowMs }: GuardSituation): number {
  const isUp =
    (retryCase: RetryCase) =>
    ({ guard }: FilteredGuard): boolean =>
      !reachability.isDown(guard.rsa, retryCase, nowMs)
  return order.primary.filter(isUp(PRIMARY)).length + order.others.filter(isUp(OTHER)).length
}

/**
 * One of the first primary guards that are not down, at random. A restriction takes from those few and does not make
 * others move up: who can choose exits for us would otherwise see us on more guards.
 */
function choosePrimary(
  situation: GuardSituation,
  restrictions: GuardRestrictions,
  random: Random,
  areAllDown: boolean,
): GuardChoice {
  const { netDir, order } = situation
  const retryCase: RetryCase = { isPrimary: true, areAllDown }
  const candidates: FilteredGuard[] = []
  for (const entry of leadingPrimaries(situation, restrictions.purpose, retryCase)) {
    if (restrictions.excludes(entry.index)) continue
    if (isMicrodescriptorMissing(netDir, entry.index, restrictions))
      return { kind: 'microdescriptor-missing' }
    if (fits(netDir, entry.index, restrictions)) candidates.push(entry)
  }
  const entry =
    candidates[candidates.length < 2 ? 0 : randomBelow(random, candidates.length)] ??
    order.primary.find((other) => isUsable(situation, restrictions, other, retryCase))
  return entry === undefined ? NONE : { kind: 'chosen', entry }
}

/** Whether it would serve and has not failed lately. */
export function isUsable(
  { netDir, reachability, nowMs }: GuardSituation,
  restrictions: GuardRestrictions,
  { guard, index }: FilteredGuard,
  retryCase: RetryCase,
): boolean {
  return !reachability.isDown(guard.rsa, retryCase, nowMs) && fits(netDir, index, restrictions)
}

/** Whether it would serve, were it up. */
export function fits(netDir: GuardNetDir, index: number, restrictions: GuardRestrictions): boolean {
  if (restrictions.excludes(index)) return false
  return restrictions.purpose === 'directory' || netDir.isUsableAs(index, 'guard')
}

function isMicrodescriptorMissing(
  netDir: GuardNetDir,
  index: number,
  restrictions: GuardRestrictions,
): boolean {
  return restrictions.purpose === 'circuit' && netDir.isMicrodescriptorMissing(index)
}

/** Until when an attempt to connect to it counts as under way; undefined when there is none that does. */
export function attemptEndMs(
  { limits, reachability, nowMs }: GuardSituation,
  guard: RsaIdentity,
): number | undefined {
  const beganMs = reachability.attemptAtMs(guard)
  if (beganMs === undefined || nowMs - beganMs >= limits.connectTimeoutMs) return undefined
  return beganMs + limits.connectTimeoutMs
}
