/**
 * The clock of tests that talk to a fake network: it stands still like `manualClock`, but waits of a few milliseconds,
 * in which the data path gathers cells, end by themselves with the turn of the event loop.
 */
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

/** The longest wait that belongs to the data path and not to a test's story. */
const GATHERING_MS = 10

export function networkClock(): ManualClock {
  const clock = manualClock()
  return {
    ...clock,
    setTimer(delayMs, callback) {
      if (delayMs > GATHERING_MS) return clock.setTimer(delayMs, callback)
      const immediate = setImmediate(callback)
      return { cancel: () => clearImmediate(immediate) }
    },
  }
}
