/** The core's only door to time: `Date`, `performance` and timers are used here and nowhere else in `core/`. */
import { performance } from 'node:perf_hooks'

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. Can jump: for dates in documents only. */
  wallMs(): number
  /** Monotonic, milliseconds with fractions: for every duration. */
  monotonicMs(): number
  /** Calls back once. It keeps the process alive until then: owners cancel their timers when they close. */
  setTimer(delayMs: number, callback: () => void): Timer
  /** Calls back after the I/O of this event-loop turn: the batching point of the data path. */
  atTurnEnd(callback: () => void): void
}

/** The runtime counts milliseconds in 31 bits, 24.8 days, and makes one millisecond of what is longer. */
const MAX_TIMEOUT_MS = 0x7fff_ffff

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    if (delayMs > MAX_TIMEOUT_MS) return longTimer(delayMs, callback)
    const timer = setTimeout(callback, Math.max(0, delayMs))
    return { cancel: () => clearTimeout(timer) }
  },
  atTurnEnd(callback) {
    setImmediate(callback)
  },
}

/** For waits that the runtime cannot count: one piece after the other. */
function longTimer(delayMs: number, callback: () => void): Timer {
  let leftMs = delayMs
  let timer: NodeJS.Timeout
  const waitOn = (): void => {
    const pieceMs = Math.min(leftMs, MAX_TIMEOUT_MS)
    leftMs -= pieceMs
    timer = setTimeout(leftMs > 0 ? waitOn : callback, pieceMs)
  }
  waitOn()
  return { cancel: () => clearTimeout(timer) }
}

/** Resolves after `delayMs`, or rejects at once when the signal fires. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
