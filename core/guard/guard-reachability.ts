/**
 * What we learned of each guard in this run by connecting to it, and when a failed one is tried again (guard-spec
 * 4.5). Times are monotonic milliseconds; nothing of this is kept over a restart.
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

interface Schedule {
  readonly baseMs: number
  readonly maxMs: number
}

/**
 * guard-spec A.1 (proposal 336): PRIMARY_GUARDS_RETRY_SCHED and GUARDS_RETRY_SCHED by decorrelated jitter, so that a
 * guard that comes back does not meet all its clients at once and nobody can tell when we try.
 */
const PRIMARY: Schedule = { baseMs: 30 * SECOND_MS, maxMs: 6 * HOUR_MS }
const OTHER: Schedule = { baseMs: 10 * MINUTE_MS, maxMs: 36 * HOUR_MS }

/**
 * When every guard is down the fault is most likely near us, and waiting for hours would be wrong. guard-spec 4.6
 * would try all of them at once, again and again; these delays are short for who waits, and not for sixty relays.
 */
const PRIMARY_ALL_DOWN: Schedule = { baseMs: 2 * SECOND_MS, maxMs: MINUTE_MS }
const OTHER_ALL_DOWN: Schedule = { baseMs: MINUTE_MS, maxMs: 10 * MINUTE_MS }

/** An attempt older than this was given up, and nobody told us. */
const LONGEST_ATTEMPT_MS = MINUTE_MS

/** How urgent another try is: a guard's place and whether there is any other choice. */
export interface RetryCase {
  readonly isPrimary: boolean
  readonly areAllDown: boolean
}

/** One failed guard: when it last failed, and where it stands on each of the schedules. */
interface Failure {
  lastMs: number
  readonly retries: Readonly<Record<'primary' | 'other' | 'primaryAllDown' | 'otherAllDown', Retry>>
}

class Retry {
  readonly #delay: RetryDelay
  atMs = 0

  constructor(random: Random, schedule: Schedule) {
    this.#delay = new RetryDelay(random, schedule.baseMs, schedule.maxMs)
  }

  failedAgain(nowMs: number): void {
    this.atMs = nowMs + this.#delay.nextMs()
  }
}

export class GuardReachability {
  readonly #random: Random
  readonly #failures = new Map<RsaIdentity, Failure>()
  /** When the channel last opened, for guards that have not failed since. */
  readonly #answered = new Map<RsaIdentity, number>()
  /** When we began to connect, for attempts of which we have not heard. */
  readonly #attempts = new Map<RsaIdentity, number>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Circuits that join an attempt under way do not make it younger. */
  markAttempt(guard: RsaIdentity, nowMs: number): void {
    const beganMs = this.#attempts.get(guard)
    if (beganMs === undefined || nowMs - beganMs >= LONGEST_ATTEMPT_MS) this.#attempts.set(guard, nowMs)
  }

  forgetAttempt(guard: RsaIdentity): void {
    this.#attempts.delete(guard)
  }

  /**
   * Circuits share the attempts to connect, and each tells of its end: who began to wait before the last failure says
   * nothing new. Otherwise whoever makes us build many circuits at once, as a web page can, could keep us from a guard
   * for hours. Gives whether it was news.
   */
  markFailed(guard: RsaIdentity, beganMs: number, nowMs: number): boolean {
    const failure = this.#failures.get(guard) ?? this.#newFailure()
    if (beganMs <= failure.lastMs) return false
    this.#attempts.delete(guard)
    this.#answered.delete(guard)
    failure.lastMs = nowMs
    for (const retry of Object.values(failure.retries)) retry.failedAgain(nowMs)
    this.#failures.set(guard, failure)
    return true
  }

  markAnswered(guard: RsaIdentity, nowMs: number): void {
    this.#attempts.delete(guard)
    this.#failures.delete(guard)
    this.#answered.set(guard, nowMs)
  }

  /** Worth a try again, whatever happened before. */
  forgiveFailures(guards: Iterable<RsaIdentity>): void {
    for (const guard of guards) this.#failures.delete(guard)
  }

  /** Whether it failed and its time for another try has not come. */
  isDown(guard: RsaIdentity, retryCase: RetryCase, nowMs: number): boolean {
    return nowMs < this.retryAtMs(guard, retryCase)
  }

  /** When it may be tried; 0 when it has not failed. */
  retryAtMs(guard: RsaIdentity, { isPrimary, areAllDown }: RetryCase): number {
    const failure = this.#failures.get(guard)
    if (failure === undefined) return 0
    const { primary, other, primaryAllDown, otherAllDown } = failure.retries
    const usual = isPrimary ? primary.atMs : other.atMs
    if (!areAllDown) return usual
    return Math.min(usual, isPrimary ? primaryAllDown.atMs : otherAllDown.atMs)
  }

  /** When its channel last opened, unless it failed since. */
  answeredAtMs(guard: RsaIdentity): number | undefined {
    return this.#answered.get(guard)
  }

  /** When the attempt began whose end we do not know. */
  attemptAtMs(guard: RsaIdentity): number | undefined {
    return this.#attempts.get(guard)
  }

  #newFailure(): Failure {
    const retry = (schedule: Schedule): Retry => new Retry(this.#random, schedule)
    return {
      lastMs: Number.NEGATIVE_INFINITY,
      retries: {
        primary: retry(PRIMARY),
        other: retry(OTHER),
        primaryAllDown: retry(PRIMARY_ALL_DOWN),
        otherAllDown: retry(OTHER_ALL_DOWN),
      },
    }
  }
}
