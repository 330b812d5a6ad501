/**
 * The sampled guards (guard-spec 4.1) as an immutable list in the order in which they were drawn, and the decisions on
 * who leaves it. Nothing ever changes the order: not what failed, not what was used last, not what is listed.
 */
import type { Ed25519Identity, RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { hasFlag, RelayFlag } from '../netdoc/relay-flags.ts'
import { type Random, randomBelow } from '../util/random.ts'
import type { GuardLimits } from './guard-limits.ts'

export interface SampledGuard {
  readonly rsa: RsaIdentity
  /** Undefined until a microdescriptor told it. */
  readonly ed25519: Ed25519Identity | undefined
  /** When it was drawn, moved back at random: the file must not tell when the client was first used. */
  readonly addedAtMs: number
  /** Set when it first carried traffic. */
  readonly confirmed: Confirmation | undefined
  /** When the consensus first did not list it as a guard, moved back at random; undefined while it is listed. */
  readonly unlistedSinceMs: number | undefined
  /** What the file says of it besides, perhaps from a newer version: kept as it is (guard-spec A.5). */
  readonly otherFields: Readonly<Record<string, unknown>>
}

export interface Confirmation {
  /** Rises in the order of first use, which is the order of preference (guard-spec 4.3). */
  readonly place: number
  /** Moved back at random. */
  readonly atMs: number
}

/** What the guards need of the view of the network. */
export type GuardNetDir = Pick<
  NetDir,
  | 'relayCount'
  | 'relay'
  | 'nickname'
  | 'ipv4Value'
  | 'ids'
  | 'flags'
  | 'indexOf'
  | 'weight'
  | 'isUsableAs'
  | 'hasMicrodescriptor'
  | 'isMicrodescriptorMissing'
  | 'params'
  | 'validAfterMs'
  | 'bridges'
  | 'bridgeAt'
  | 'bridgeRowOf'
>

/** guard-spec 4.0: guards must be fit for every circuit and every directory request. */
const GUARD_FLAGS =
  RelayFlag.Running | RelayFlag.Valid | RelayFlag.Guard | RelayFlag.Fast | RelayFlag.Stable | RelayFlag.V2Dir
const NEVER_GUARD_FLAGS = RelayFlag.MiddleOnly | RelayFlag.Sybil | RelayFlag.NoEdConsensus

/** A date further in the consensus's future than this was written by a clock that was wrong. */
const MAX_FUTURE_MS = 7 * 86_400_000

/**
 * Whether the consensus lists the relay as a guard. Judged by flags alone: were a missing microdescriptor to count,
 * whoever serves the directory could push clients off their guards by holding documents back.
 */
export function isListedGuard(netDir: GuardNetDir, index: number): boolean {
  const flags = netDir.flags(index)
  return hasFlag(flags, GUARD_FLAGS) && (flags & NEVER_GUARD_FLAGS) === 0
}

/**
 * The guard's row, or undefined while the consensus does not list it as a guard under the identities that we know; for
 * who uses bridges, while the user does not list it as one.
 */
export function findListedGuard(netDir: GuardNetDir, guard: SampledGuard): number | undefined {
  if (netDir.bridges !== undefined) return netDir.bridgeRowOf(guard.rsa)
  const index = netDir.indexOf(guard.rsa)
  if (index === undefined || !isListedGuard(netDir, index)) return undefined
  const ed25519 = netDir.ids(index).ed25519
  const isSame = guard.ed25519 === undefined || ed25519 === undefined || guard.ed25519 === ed25519
  return isSame ? index : undefined
}

/** A guard as it joins the sample. Time is the consensus's, as everywhere here: see `updateSample`. */
export function newGuard(
  netDir: GuardNetDir,
  index: number,
  limits: GuardLimits,
  random: Random,
): SampledGuard {
  return {
    ...netDir.ids(index),
    addedAtMs: randomPast(random, netDir.validAfterMs, limits.lifetimeMs / 10),
    confirmed: undefined,
    unlistedSinceMs: undefined,
    otherFields: {},
  }
}

/**
 * The sample under a new consensus (guard-spec 4.10): listings noted, ed25519 identities learned, expired guards
 * dropped. Gives the same array when nothing changed. Time is the consensus's own, which the authorities signed: no
 * jump of the local clock, forward or back, expires anybody.
 */
export function updateSample(
  sample: readonly SampledGuard[],
  netDir: GuardNetDir,
  limits: GuardLimits,
  random: Random,
): readonly SampledGuard[] {
  const nowMs = netDir.validAfterMs
  const updated = sample
    .map((guard) => withoutFutureDates(updateListing(guard, netDir, limits, random), nowMs))
    .filter((guard) => !isExpired(guard, limits, nowMs))
  const isUnchanged =
    updated.length === sample.length && updated.every((guard, place) => guard === sample[place])
  return isUnchanged ? sample : updated
}

/**
 * The sample in which the guard is confirmed as the last one (guard-spec 4.3); the same array when it is already. The
 * date moves back by up to a tenth of the lifetime, so that a guard is used for 48 to 60 days of the default 60.
 */
export function confirmGuard(
  sample: readonly SampledGuard[],
  rsa: RsaIdentity,
  nowMs: number,
  limits: GuardLimits,
  random: Random,
): readonly SampledGuard[] {
  const guard = sample.find((candidate) => candidate.rsa === rsa)
  if (guard === undefined || guard.confirmed !== undefined) return sample
  const place = 1 + Math.max(-1, ...sample.map(({ confirmed }) => confirmed?.place ?? -1))
  const confirmed = { place, atMs: randomPast(random, nowMs, limits.lifetimeMs / 10) }
  return sample.map((candidate) => (candidate === guard ? { ...guard, confirmed } : candidate))
}

/** guard-spec 4.1, as in C tor since 0.4.9.10: a guard that was used has a life of its own from its first use. */
function isExpired(
  { addedAtMs, confirmed, unlistedSinceMs }: SampledGuard,
  limits: GuardLimits,
  nowMs: number,
): boolean {
  if (unlistedSinceMs !== undefined && nowMs - unlistedSinceMs > limits.unlistedLifetimeMs) return true
  return confirmed === undefined
    ? nowMs - addedAtMs > limits.lifetimeMs
    : nowMs - confirmed.atMs > limits.confirmedLifetimeMs
}

function updateListing(
  guard: SampledGuard,
  netDir: GuardNetDir,
  limits: GuardLimits,
  random: Random,
): SampledGuard {
  const index = findListedGuard(netDir, guard)
  if (index === undefined) {
    if (guard.unlistedSinceMs !== undefined) return guard
    const unlistedSinceMs = randomPast(random, netDir.validAfterMs, limits.unlistedLifetimeMs / 5)
    return { ...guard, unlistedSinceMs }
  }
  const ed25519 = guard.ed25519 ?? netDir.ids(index).ed25519
  if (guard.unlistedSinceMs === undefined && ed25519 === guard.ed25519) return guard
  return { ...guard, ed25519, unlistedSinceMs: undefined }
}

/** A guard that a wrong clock dated years ahead would otherwise stay for years. */
function withoutFutureDates(guard: SampledGuard, nowMs: number): SampledGuard {
  const { addedAtMs, confirmed, unlistedSinceMs } = guard
  const latestMs = nowMs + MAX_FUTURE_MS
  if (Math.max(addedAtMs, confirmed?.atMs ?? 0, unlistedSinceMs ?? 0) <= latestMs) return guard
  const past = (dateMs: number): number => (dateMs > latestMs ? nowMs : dateMs)
  return {
    ...guard,
    addedAtMs: past(addedAtMs),
    confirmed: confirmed === undefined ? undefined : { ...confirmed, atMs: past(confirmed.atMs) },
    unlistedSinceMs: unlistedSinceMs === undefined ? undefined : past(unlistedSinceMs),
  }
}

/** guard-spec A.2: a moment in the `spanMs` before `nowMs`, to the second. */
function randomPast(random: Random, nowMs: number, spanMs: number): number {
  const backMs = 1000 * (1 + randomBelow(random, Math.max(1, Math.floor(spanMs / 1000))))
  return Math.max(0, Math.floor(nowMs) - backMs)
}
