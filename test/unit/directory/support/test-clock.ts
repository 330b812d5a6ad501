/** A manual clock that counts its live timers, and the waits of tests that drive asynchronous code with it. */
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts'

export interface CountingClock extends ManualClock {
  liveTimers(): number
}

export function countingClock(startWallMs: number): CountingClock {
  const inner = manualClock(startWallMs)
  let live = 0
  return {
    ...inner,
    setTimer(delayMs, callback) {
      let isLive = true
      live += 1
      const release = (): void => {
        if (isLive) live -= 1
        isLive = false
      }
      const timer = inner.setTimer(delayMs, () => {
        release()
        callback()
      })
      return {
        cancel() {
          release()
          timer.cancel()
        },
      }
    },
    liveTimers: () => live,
  }
}

/** Lets everything that is ready run: promises, turn ends, the thread pool of zlib. Says what it waited for in vain. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (condition()) return
    await new Promise((resolve) => (turn < 200 ? setImmediate(resolve) : setTimeout(resolve, 2)))
  }
  throw new Error(`waited in vain for: ${what}`)
}

/** Runs what is ready now, without anything to wait for. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/**
 * Turns the clock in small steps until the condition holds; it stands still while something is busy, such as zlib's
 * threads, which know nothing of this clock.
 */
export async function advanceUntil(
  clock: ManualClock,
  stepMs: number | (() => number),
  condition: () => boolean,
  what: string,
  isBusy: () => boolean = () => false,
): Promise<void> {
  for (let step = 0; step < 2_000; step++) {
    await settle()
    await until(() => !isBusy(), what)
    if (condition()) return
    clock.advance(typeof stepMs === 'number' ? stepMs : stepMs())
  }
  throw new Error(`turned the clock in vain for: ${what}`)
}
