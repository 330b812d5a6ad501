import { describe, expect, it } from 'vitest'
import { msToNextTick } from '../../../renderer/state/next-tick.ts'

describe('the time to the next tick', () => {
  it.each([
    [0, 60_000, 60_000],
    [1, 60_000, 59_999],
    [59_999, 60_000, 1],
    [60_000, 60_000, 60_000],
    [3 * 3_600_000 + 7, 1_000, 993],
    [-1, 60_000, 1],
    [-60_000, 60_000, 60_000],
    [-60_001, 60_000, 1],
  ])('is, %d ms after the first of those each %d ms, %d ms', (passedMs, intervalMs, waitMs) => {
    expect(msToNextTick(passedMs, intervalMs)).toBe(waitMs)
  })
})
