/**
 * The app's door to time, shaped like the core's: it is passed in, so that hours pass in a test's millisecond. It is not
 * the core's own, for the command that restores the system's settings runs on it, and must not load a Tor client.
 */

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since 1970: for what is shown. */
  wallMs(): number
  /** Monotonic: for every duration. */
  monotonicMs(): number
  /** Calls back once. */
  setTimer(delayMs: number, callback: () => void): Timer
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, Math.max(0, delayMs))
    return { cancel: () => clearTimeout(timer) }
  },
}
