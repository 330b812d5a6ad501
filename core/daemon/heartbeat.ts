/** Calls back every HeartbeatPeriod, which may change while it runs. */
import type { Clock, Timer } from '../util/clock.ts'

export class Heartbeat {
  readonly #clock: Clock
  readonly #beat: () => void
  #periodMs: number | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, beat: () => void) {
    this.#clock = clock
    this.#beat = beat
  }

  /** Undefined stops it. The same period again does not start it anew. */
  setPeriod(periodMs: number | undefined): void {
    if (periodMs === this.#periodMs) return
    this.#periodMs = periodMs
    this.#timer?.cancel()
    this.#timer = undefined
    this.#schedule()
  }

  #schedule(): void {
    if (this.#periodMs === undefined) return
    this.#timer = this.#clock.setTimer(this.#periodMs, () => {
      this.#beat()
      this.#schedule()
    })
  }
}
