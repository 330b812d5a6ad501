import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../../core/util/clock.ts'

const DAY_MS = 24 * 60 * 60 * 1_000
/** The runtime's timers hold 31 bits of milliseconds, 24.8 days. */
const MOST_OF_RUNTIME_MS = 0x7fff_ffff

// The stand-in does with a delay that is too large what the runtime does: it waits one millisecond.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a timer of the system clock', () => {
  it.each([
    { delayMs: 1 },
    { delayMs: MOST_OF_RUNTIME_MS },
    { delayMs: MOST_OF_RUNTIME_MS + 1 },
    { delayMs: 30 * DAY_MS },
    { delayMs: MOST_OF_RUNTIME_MS * 1_000 },
  ])(
    'fires once after $delayMs ms and not before, also where the runtime cannot count so far',
    ({ delayMs }) => {
      const callback = vi.fn()
      systemClock.setTimer(delayMs, callback)
      vi.advanceTimersByTime(delayMs - 1)
      expect(callback).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(callback).toHaveBeenCalledOnce()
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  it('that was cancelled after a part of a long wait never fires', () => {
    const callback = vi.fn()
    const timer = systemClock.setTimer(60 * DAY_MS, callback)
    vi.advanceTimersByTime(59 * DAY_MS)
    timer.cancel()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(2 * DAY_MS)
    expect(callback).not.toHaveBeenCalled()
  })
})
