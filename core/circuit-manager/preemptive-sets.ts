/**
 * Keeps conflux sets ready beside the single circuits, which come first: a set is two circuits that serve one person, so
 * there are few, and none on demand (C tor's `conflux_predict_new`).
 */
import type { NetDir } from '../netdir/net-dir.ts'
import type { Clock, Timer } from '../util/clock.ts'
import type { TorError } from '../util/errors.ts'
import { toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import type { CircuitPool } from './circuit-pool.ts'
import { type SetNumbers, setNumbers } from './conflux-settings.ts'
import { cleanUsage, type ExitUsage, isClean, isSet, type PoolEntry, servesExitOf } from './pool-entry.ts'
import type { PredictedUse } from './predicted-ports.ts'

/** Waits between failures: the first soon, never faster than once a second, at most every five minutes. */
const RETRY_BASE_MS = 1_000
const RETRY_MAX_MS = 300_000

/** Of what is built ahead of need. Single circuits and sets have one each: neither holds up the other. */
export function preemptiveRetry(random: Random): RetryDelay {
  return new RetryDelay(random, RETRY_BASE_MS, RETRY_MAX_MS)
}

export interface PreemptiveSetsParts {
  readonly pool: Pick<CircuitPool, 'entries' | 'changes' | 'launchSet' | 'cleanCount' | 'buildingCount'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly netDir: () => NetDir | undefined
  /** The most recent first; none while nothing is to be built ahead of need. */
  readonly uses: () => readonly PredictedUse[]
  readonly maxBuilding: () => number
  readonly isConfluxEnabled: () => boolean | undefined
  readonly onLaunch: (entry: PoolEntry) => void
}

export class PreemptiveSets {
  readonly #parts: PreemptiveSetsParts
  readonly #maxClean: number
  readonly #retry: RetryDelay
  #timer: Timer | undefined
  #known:
    | { readonly netDir: NetDir; readonly isEnabled: boolean | undefined; readonly numbers: SetNumbers }
    | undefined
  /** The last one has failed: one at a time is tried until one is linked. */
  #hasFailed = false
  /** One was linked and lost unused, since somebody last used one. */
  #wasLost = false
  /** The pool's change at which nothing was missing. */
  #filledAtChange: number | undefined

  /** `maxClean` circuits may be unused, single ones and legs together. */
  constructor(parts: PreemptiveSetsParts, maxClean: number) {
    this.#parts = parts
    this.#maxClean = maxClean
    this.#retry = preemptiveRetry(parts.random)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** There is a reason to think that what failed before works now. */
  retryNow(): void {
    this.stop()
    this.#retry.reset()
    this.#hasFailed = false
    this.#filledAtChange = undefined
  }

  /**
   * A set is linked. That one of its circuits now and then takes too long is the rule, and no reason to wait longer and
   * longer; a set that was linked and ended unused is one, for then a relay chooses the pace.
   */
  noteBuilt(): void {
    this.#hasFailed = false
    if (!this.#wasLost) this.#retry.reset()
  }

  /** A set serves somebody. */
  noteSuccess(): void {
    this.#wasLost = false
    this.#retry.reset()
  }

  /** `wasLinked`: it was there, and ended before anybody used it. */
  retryLater(error: TorError, wasLinked: boolean): void {
    this.#hasFailed = true
    if (wasLinked) this.#wasLost = true
    if (this.#timer !== undefined) return
    this.#parts.log.info('no conflux set ahead of need: ', error.message)
    this.#timer = this.#parts.clock.setTimer(this.#retry.nextMs(), () => {
      this.#timer = undefined
      this.#filledAtChange = undefined
      this.fill()
    })
  }

  /** Begins what is missing. Costs nothing when nothing has changed. */
  fill(): void {
    const { pool, uses } = this.#parts
    const numbers = this.#numbers()
    if (this.#timer !== undefined || numbers === undefined || this.#filledAtChange === pool.changes.value)
      return
    // The first circuit is for the first request; two more links at the same time would only slow it down.
    if (!pool.entries.some(({ tunnel }) => tunnel !== undefined)) return
    while (this.#isMissing(numbers)) {
      const use = leastServed(uses(), pool.entries)
      if (use === undefined || !this.#launch(use, numbers.legs)) return
    }
    this.#filledAtChange = pool.changes.value
  }

  /** Worked out once for a view of the network and a word of the user's. */
  #numbers(): SetNumbers | undefined {
    const netDir = this.#parts.netDir()
    const isEnabled = this.#parts.isConfluxEnabled()
    if (netDir === undefined) return undefined
    if (this.#known?.netDir !== netDir || this.#known.isEnabled !== isEnabled) {
      this.#known = { netDir, isEnabled, numbers: setNumbers(netDir, isEnabled) }
      this.#filledAtChange = undefined
    }
    return this.#known.numbers
  }

  #isMissing({ prebuilt, most }: SetNumbers): boolean {
    const sets = this.#parts.pool.entries.filter(isSet)
    if (this.#hasFailed && sets.some(({ tunnel }) => tunnel === undefined)) return false
    return sets.length < most && sets.filter(isClean).length < prebuilt
  }

  /** Whether there may be a next one. */
  #launch(use: ExitUsage, legs: number): boolean {
    const { pool, netDir, maxBuilding, onLaunch } = this.#parts
    const view = netDir()
    if (view === undefined) return false
    if (pool.cleanCount + legs > this.#maxClean || pool.buildingCount + legs > maxBuilding()) return false
    try {
      onLaunch(pool.launchSet(view, use, legs))
      return true
    } catch (error) {
      this.retryLater(toTorError(error, 'no-path', 'choosing the paths of a set'), false)
      return false
    }
  }
}

/**
 * What the fewest clean sets are there for, of equals the most recent. All relays are stable ones, as in C tor: a set
 * then also serves what lives long.
 */
function leastServed(uses: readonly PredictedUse[], entries: readonly PoolEntry[]): ExitUsage | undefined {
  const sets = entries.filter((entry) => isSet(entry) && isClean(entry))
  let least: ExitUsage | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const use of uses) {
    const usage = cleanUsage({ ...use, needsStable: true })
    const count = sets.filter((entry) => servesExitOf(entry, usage)).length
    if (count >= fewest) continue
    least = usage
    fewest = count
  }
  return least
}
