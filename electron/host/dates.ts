/** Dates of what the core has on its monotonic clock. */
import type { Clock } from '../../core/index.ts'

/** What the core's two clocks say at one moment. */
export interface Moment {
  readonly wallMs: number
  readonly monotonicMs: number
}

/** The two clocks drift by milliseconds, which is no news; more than this means that somebody set the wall clock. */
const NEWS_MS = 1_000

export class Dates {
  readonly #clock: Clock
  #aheadMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#aheadMs = clock.wallMs() - clock.monotonicMs()
  }

  /** By the same difference as long as neither clock was set: one thing keeps one date. */
  now(): Moment {
    const { wallMs, monotonicMs } = { wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() }
    if (Math.abs(wallMs - monotonicMs - this.#aheadMs) > NEWS_MS) this.#aheadMs = wallMs - monotonicMs
    return { wallMs: monotonicMs + this.#aheadMs, monotonicMs }
  }
}
