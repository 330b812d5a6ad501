/**
 * Lets few through at a time, and does not let those that hang hold up the others: bridges that are all reached at once
 * are what a censor looks for.
 */
import { throwIfAborted } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { WatchedValue, waitUntil } from '../util/watched-value.ts'

export class Turnstile {
  readonly #clock: Clock
  readonly #places: number
  readonly #hangMs: number
  readonly #inside = new WatchedValue(0)

  constructor(clock: Clock, places: number, hangMs: number) {
    this.#clock = clock
    this.#places = places
    this.#hangMs = hangMs
  }

  /** Runs `work` when there is a place for it. After `hangMs` its place is another's, whether it has ended or not. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    while (this.#inside.value >= this.#places) {
      await waitUntil(this.#inside, (inside) => inside < this.#places, signal)
    }
    throwIfAborted(signal)
    this.#inside.set(this.#inside.value + 1)
    let isInside = true
    const leave = (): void => {
      if (isInside) this.#inside.set(this.#inside.value - 1)
      isInside = false
    }
    const timer = this.#clock.setTimer(this.#hangMs, leave)
    try {
      return await work()
    } finally {
      timer.cancel()
      leave()
    }
  }
}
