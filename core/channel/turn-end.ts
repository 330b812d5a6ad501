/** When a channel works through what it has gathered: at the end of an event-loop turn, or a little later while much comes. */
import type { Clock, Timer } from '../util/clock.ts'

/**
 * While cells pour in, a turn is put off by this much, so that it decrypts more of them at once and writes once to each
 * application instead of many times: a third of the CPU of a busy download. A relay's own scheduler works in steps of
 * 10 ms, so nobody sees the delay; a channel that was idle has none.
 */
const GATHER_MS = 1

/** A turn with so many cells, so short a time ago, makes the next one wait. */
const BUSY_CELLS = 8
const BUSY_WITHIN_MS = 3

export class TurnEnd {
  readonly #clock: Clock
  readonly #onDue: () => void
  #isScheduled = false
  #gatherTimer: Timer | undefined
  #cells = 0
  #lastBusyMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Asks for the work to be done once, however often it is asked. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const isBusy = this.#clock.monotonicMs() - this.#lastBusyMs < BUSY_WITHIN_MS
    if (isBusy) this.#gatherTimer = this.#clock.setTimer(GATHER_MS, this.#onDue)
    else this.#clock.atTurnEnd(this.#onDue)
  }

  noteCells(count: number): void {
    this.#cells += count
  }

  /** What came is worked through; what is asked for from now on needs a turn of its own. */
  finish(): void {
    if (this.#cells >= BUSY_CELLS) this.#lastBusyMs = this.#clock.monotonicMs()
    this.#cells = 0
    this.#isScheduled = false
  }

  /** A turn that was put off does not come any more. */
  stop(): void {
    this.#gatherTimer?.cancel()
  }
}
