/** How fast circuits are built while none succeeds: neither a relay nor a program that asks again can set the pace. */
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'

/** So many failures in a row are bad luck; after that there is a wait. One request's worth of tries. */
const FAILURES_IN_A_ROW = 8

const WAIT_BASE_MS = 1_000
/** Short enough that a person who asks again after an outage is served. */
const WAIT_MAX_MS = 10_000

export class LaunchLimit {
  readonly #clock: Clock
  readonly #delay: RetryDelay
  #failures = 0
  #openAtMs = 0

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#delay = new RetryDelay(random, WAIT_BASE_MS, WAIT_MAX_MS)
  }

  /** A circuit could not be built, or ended before anybody used it. */
  noteFailure(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#failures++
    // What was begun before the wait fails within it and says nothing new.
    if (this.#failures < FAILURES_IN_A_ROW || nowMs < this.#openAtMs) return
    this.#openAtMs = nowMs + this.#delay.nextMs()
  }

  /** A circuit serves somebody. */
  noteSuccess(): void {
    this.#failures = 0
    this.#openAtMs = 0
    this.#delay.reset()
  }

  /** How long it is until another circuit may be begun; 0 when it may be now. */
  get waitMs(): number {
    return Math.max(0, this.#openAtMs - this.#clock.monotonicMs())
  }
}
