/** How fast circuits are built while none succeeds: neither a relay nor a program that asks again can set the pace. */
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'

const WAIT_BASE_MS = 1_000
/** Short enough that a person who asks again after an outage is served. */
const WAIT_MAX_MS = 10_000

export class LaunchLimit {
  readonly #clock: Clock
  readonly #delay: RetryDelay
  readonly #failuresInARow: number
  #failures = 0
  #openAtMs = 0

  /** So many failures in a row are bad luck; after that there is a wait. */
  constructor(clock: Clock, random: Random, failuresInARow: number) {
    this.#clock = clock
    this.#failuresInARow = failuresInARow
    this.#delay = new RetryDelay(random, WAIT_BASE_MS, WAIT_MAX_MS)
  }

  /** A circuit could not be built, or ended before anybody used it. */
  noteFailure(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#failures++
    // What was begun before the wait fails within it and says nothing new.
    if (this.#failures < this.#failuresInARow || nowMs < this.#openAtMs) return
    this.#openAtMs = nowMs + this.#delay.nextMs()
  }

  /** A circuit serves somebody. */
  noteSuccess(): void {
    this.#failures = 0
    this.#openAtMs = 0
    this.#delay.reset()
  }

  /** There is hope. The wait is over, but who fails now waits again: whoever can raise hopes must not set the pace. */
  retryNow(): void {
    this.#openAtMs = 0
  }

  /** How long it is until another circuit may be begun; 0 when it may be now. */
  get waitMs(): number {
    return Math.max(0, this.#openAtMs - this.#clock.monotonicMs())
  }
}
