/**
 * Waits for moments of the wall clock, which can jump and does not run while a computer sleeps: it looks at the clock
 * again every few minutes, and speaks up each time that a consensus may have aged.
 */
import { abortError, throwIfAborted } from '../util/abort.ts'
import type { Clock, Timer } from '../util/clock.ts'
import {
  type ConsensusTimes,
  type Freshness,
  judgeFreshness,
  nextFreshnessChangeMs,
} from './download-schedule.ts'

/** How late a jump of the clock may be noticed. */
const MAX_SLEEP_MS = 5 * 60 * 1000

export class FreshnessWatch {
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #sleepers = new Set<() => void>()
  #timer: Timer | undefined
  #isStopped = false

  /** `onChange` is called when the answer of the last `judge` may have changed. */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** How fresh it is now; and from now on this consensus is the one that is watched. */
  judge(times: ConsensusTimes): Freshness {
    const nowMs = this.#clock.wallMs()
    this.#timer?.cancel()
    const changeMs = nextFreshnessChangeMs(times, nowMs)
    if (changeMs !== undefined && !this.#isStopped) {
      this.#timer = this.#clock.setTimer(Math.min(changeMs - nowMs, MAX_SLEEP_MS), this.#onChange)
    }
    return judgeFreshness(times, nowMs)
  }

  /**
   * Resolves when the wall clock shows `wallMs` or later; at once, but not synchronously, when it does already; and
   * earlier after `lookNow`.
   */
  sleepUntil(wallMs: number, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined
      const finish = (): void => {
        timer?.cancel()
        this.#sleepers.delete(wake)
        signal.removeEventListener('abort', onAbort)
      }
      const wake = (): void => {
        finish()
        resolve()
      }
      const onAbort = (): void => {
        finish()
        reject(abortError(signal))
      }
      const look = (): void => {
        const leftMs = wallMs - this.#clock.wallMs()
        if (leftMs <= 0) wake()
        else timer = this.#clock.setTimer(Math.min(leftMs, MAX_SLEEP_MS), look)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#sleepers.add(wake)
      look()
    })
  }

  /** The clock may have jumped: judges anew, and wakes every sleeper to think again. */
  lookNow(): void {
    if (this.#isStopped) return
    this.#onChange()
    for (const wake of [...this.#sleepers]) wake()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }
}
