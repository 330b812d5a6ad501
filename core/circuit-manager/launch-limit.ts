/** How fast circuits are built while none succeeds: neither a relay nor a program that asks again can set the pace. */
import { abortable } from '../util/abort.ts'
import { type Clock, sleep } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import type { StopSignal } from '../util/stop-signal.ts'

/** So many failures in a row are bad luck; after that there is a wait. Two requests' worth of tries. */
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

  /** Whether another circuit may be begun. */
  get isOpen(): boolean {
    return this.#clock.monotonicMs() >= this.#openAtMs
  }

  /** Resolves when another circuit may be begun. Rejects when one of the signals fires. */
  async whenOpen(lifetime: AbortSignal, signal: StopSignal | undefined): Promise<void> {
    while (!this.isOpen) {
      const waitMs = this.#openAtMs - this.#clock.monotonicMs()
      await abortable(sleep(this.#clock, waitMs, lifetime), signal)
    }
  }
}
