/**
 * The sampled guards (guard-spec 4.1) as an immutable list in the order in which they were drawn, and the decisions on
 * who joins and who leaves it. Order is preference: the first guard that works is used.
 */
import type { NetDir } from '../netdir/net-dir.ts'
import type { Ed25519Identity, RsaIdentity } from '../linkspec/relay-ids.ts'
import { RelayFlag, hasFlag } from '../netdoc/relay-flags.ts'
import { type Random, randomBelow } from '../util/random.ts'
import { chooseWeighted } from '../util/weighted-choice.ts'

export interface SampledGuard {
  readonly rsa: RsaIdentity
  /** Undefined until a microdescriptor told it. */
  readonly ed25519: Ed25519Identity | undefined
  /** Wall clock, moved back at random: the file must not tell when the client was first used. */
  readonly addedAtMs: number
  /** When the consensus first did not list it as a guard, moved back at random; undefined while it is listed. */
  readonly unlistedSinceMs: number | undefined
}

/** What the sample needs of the view of the network. */
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
  | 'params'
  | 'validAfterMs'
>

/** More than any consensus asks for; a longer list in a file is not of our making. */
export const MAX_STORED_GUARDS = 200

const DAY_MS = 86_400_000

/** guard-spec 4.0: guards must be fit for every circuit and every directory request. */
const GUARD_FLAGS =
  RelayFlag.Running | RelayFlag.Valid | RelayFlag.Guard | RelayFlag.Fast | RelayFlag.Stable | RelayFlag.V2Dir
const NEVER_GUARD_FLAGS = RelayFlag.MiddleOnly | RelayFlag.Sybil | RelayFlag.NoEdConsensus

/**
 * Whether the consensus lists the relay as a guard. Judged by flags alone: were a missing microdescriptor to count,
 * whoever serves the directory could push clients off their guards by holding documents back.
 */
export function isListedGuard(netDir: GuardNetDir, index: number): boolean {
  const flags = netDir.flags(index)
  return hasFlag(flags, GUARD_FLAGS) && (flags & NEVER_GUARD_FLAGS) === 0
}

/** The guard's row, or undefined while the consensus does not list it as a guard under the identities that we know. */
export function findListedGuard(netDir: GuardNetDir, guard: SampledGuard): number | undefined {
  const index = netDir.indexOf(guard.rsa)
  if (index === undefined || !isListedGuard(netDir, index)) return undefined
  const ed25519 = netDir.ids(index).ed25519
  const isSame = guard.ed25519 === undefined || ed25519 === undefined || guard.ed25519 === ed25519
  return isSame ? index : undefined
}

/**
 * The sample under a new consensus: listings noted, ed25519 identities learned, guards that are long unlisted dropped.
 * Gives the same array when nothing changed. Time is the consensus's own: a clock that jumps expires nobody.
 */
export function updateListings(
  sample: readonly SampledGuard[],
  netDir: GuardNetDir,
  random: Random,
): readonly SampledGuard[] {
  const nowMs = netDir.validAfterMs
  const keepMs = netDir.params.get('guard-remove-unlisted-guards-after-days') * DAY_MS
  const updated = sample
    .map((guard) => updateListing(guard, netDir, keepMs, random))
    .filter((guard) => guard.unlistedSinceMs === undefined || nowMs - guard.unlistedSinceMs <= keepMs)
  const isUnchanged =
    updated.length === sample.length && updated.every((guard, place) => guard === sample[place])
  return isUnchanged ? sample : updated
}

function updateListing(
  guard: SampledGuard,
  netDir: GuardNetDir,
  keepMs: number,
  random: Random,
): SampledGuard {
  const index = findListedGuard(netDir, guard)
  if (index === undefined) {
    if (guard.unlistedSinceMs !== undefined) return guard
    return { ...guard, unlistedSinceMs: randomPast(random, netDir.validAfterMs, keepMs / 5) }
  }
  const ed25519 = guard.ed25519 ?? netDir.ids(index).ed25519
  if (guard.unlistedSinceMs === undefined && ed25519 === guard.ed25519) return guard
  return { ...guard, ed25519, unlistedSinceMs: undefined }
}

/** Draws listed guards that are not in the sample, by bandwidth; shared by all the draws of one extension. */
export class GuardDraw {
  /** How large the sample may grow (guard-spec 4.1): a share of the guards there are, but not below the minimum. */
  readonly maxSampleSize: number
  readonly #netDir: GuardNetDir
  readonly #random: Random
  readonly #rows: readonly number[]
  /** One for each of the rows; 0 for one that was drawn. */
  readonly #weights: Float64Array

  constructor(netDir: GuardNetDir, sample: readonly SampledGuard[], random: Random) {
    const sampled = new Set(sample.map((guard) => netDir.indexOf(guard.rsa)))
    const rows: number[] = []
    let listedCount = 0
    for (let row = 0; row < netDir.relayCount; row++) {
      if (!isListedGuard(netDir, row)) continue
      listedCount++
      if (!sampled.has(row)) rows.push(row)
    }
    this.maxSampleSize = sampleLimit(netDir, listedCount)
    this.#netDir = netDir
    this.#random = random
    this.#rows = rows
    this.#weights = Float64Array.from(rows, (row) => netDir.weight(row, 'guard'))
    // Where no guard has bandwidth, all count the same.
    if (this.#weights.every((weight) => weight === 0)) this.#weights.fill(1)
  }

  /** Undefined when no listed guard with bandwidth is left. `nowMs` is the wall clock. */
  next(nowMs: number): SampledGuard | undefined {
    const place = chooseWeighted(this.#random, this.#weights)
    const row = this.#rows[place]
    if (row === undefined) return undefined
    this.#weights[place] = 0
    const lifetimeMs = this.#netDir.params.get('guard-lifetime-days') * DAY_MS
    return {
      ...this.#netDir.ids(row),
      addedAtMs: randomPast(this.#random, nowMs, lifetimeMs / 10),
      unlistedSinceMs: undefined,
    }
  }
}

function sampleLimit({ params }: GuardNetDir, listedCount: number): number {
  const share = Math.floor((listedCount * params.get('guard-max-sample-threshold-percent')) / 100)
  const largest = Math.max(
    params.get('guard-min-filtered-sample-size'),
    Math.min(params.get('guard-max-sample-size'), share),
  )
  return Math.min(largest, MAX_STORED_GUARDS)
}

/** guard-spec A.2: a moment in the `spanMs` before `nowMs`, to the second. */
function randomPast(random: Random, nowMs: number, spanMs: number): number {
  const backMs = 1000 * (1 + randomBelow(random, Math.max(1, Math.floor(spanMs / 1000))))
  return Math.max(0, Math.floor(nowMs) - backMs)
}
