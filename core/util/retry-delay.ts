/** Decorrelated jitter (dir-spec 5.5): delays that grow on failure and never march in step with other clients. */
import { type Random, randomBelow } from './random.ts'

export class RetryDelay {
  readonly #random: Random
  readonly #baseMs: number
  readonly #maxMs: number
  #previousMs = 0

  constructor(random: Random, baseMs: number, maxMs: number) {
    this.#random = random
    this.#baseMs = baseMs
    this.#maxMs = maxMs
  }

  /** The next delay: uniform between the base and three times the previous one, capped. */
  nextMs(): number {
    const highMs = Math.max(this.#baseMs + 1, this.#previousMs * 3)
    const delayMs = this.#baseMs + randomBelow(this.#random, Math.ceil(highMs - this.#baseMs))
    this.#previousMs = Math.min(delayMs, this.#maxMs)
    return this.#previousMs
  }

  reset(): void {
    this.#previousMs = 0
  }
}
