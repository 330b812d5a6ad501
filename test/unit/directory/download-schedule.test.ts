import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  chooseRefetchMs,
  judgeFreshness,
  nextFreshnessChangeMs,
  refetchRetryBounds,
} from '../../../core/directory/download-schedule.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** Valid from 1:00, fresh until 2:00, valid until 4:00: the example of dir-spec 5.1. */
const times = { validAfterMs: HOUR_MS, freshUntilMs: 2 * HOUR_MS, validUntilMs: 4 * HOUR_MS }

describe('the time of the next download', () => {
  it('lies between 2:45 and 3:50 in the example of dir-spec 5.1', () => {
    expect(chooseRefetchMs(times, 0)).toBe(2 * HOUR_MS + 45 * MINUTE_MS)
    const latestMs = chooseRefetchMs(times, 1)
    expect(latestMs).toBeGreaterThan(3 * HOUR_MS + 50 * MINUTE_MS)
    expect(latestMs).toBeLessThan(3 * HOUR_MS + 51 * MINUTE_MS)
  })

  it('lies after fresh-until and before valid-until for any consensus', () => {
    const duration = fc.integer({ min: 1, max: 10 ** 10 })
    fc.assert(
      fc.property(duration, duration, fc.double({ min: 0, max: 1, noNaN: true }), (fresh, rest, fraction) => {
        const some = { validAfterMs: 5, freshUntilMs: 5 + fresh, validUntilMs: 5 + fresh + rest }
        const refetchMs = chooseRefetchMs(some, fraction)
        expect(refetchMs).toBeGreaterThanOrEqual(some.freshUntilMs)
        expect(refetchMs).toBeLessThanOrEqual(some.validUntilMs)
      }),
    )
  })

  it('comes after that of all others for who asks bridges, and before the document ends', () => {
    const duration = fc.integer({ min: 1, max: 10 ** 10 })
    fc.assert(
      fc.property(duration, duration, fc.double({ min: 0, max: 1, noNaN: true }), (fresh, rest, fraction) => {
        const some = { validAfterMs: 5, freshUntilMs: 5 + fresh, validUntilMs: 5 + fresh + rest }
        const lateMs = chooseRefetchMs(some, fraction, true)
        expect(lateMs).toBeGreaterThanOrEqual(chooseRefetchMs(some, 1))
        expect(lateMs).toBeLessThanOrEqual(some.validUntilMs)
      }),
    )
    expect(chooseRefetchMs(times, 0, true)).toBeGreaterThan(3 * HOUR_MS + 50 * MINUTE_MS)
    expect(chooseRefetchMs(times, 1, true)).toBe(4 * HOUR_MS - 2 * MINUTE_MS)
  })

  it('backs off by the minute on an hourly network, by the second on a testing one', () => {
    expect(refetchRetryBounds(times)).toEqual({ baseMs: MINUTE_MS, maxMs: HOUR_MS })
    expect(refetchRetryBounds({ validAfterMs: 0, freshUntilMs: 20_000, validUntilMs: 60_000 })).toEqual({
      baseMs: 1_000,
      maxMs: 20_000,
    })
  })
})

describe('the freshness of a consensus', () => {
  it.each([
    [HOUR_MS - 24 * HOUR_MS - 1, 'future'],
    [HOUR_MS - 24 * HOUR_MS, 'early'],
    [HOUR_MS - 1, 'early'],
    [HOUR_MS, 'fresh'],
    [2 * HOUR_MS, 'fresh'],
    [2 * HOUR_MS + 1, 'live'],
    [4 * HOUR_MS, 'live'],
    [4 * HOUR_MS + 1, 'stale'],
    [28 * HOUR_MS, 'stale'],
    [28 * HOUR_MS + 1, 'expired'],
  ] as const)('at %d is %s', (nowMs, freshness) => {
    expect(judgeFreshness(times, nowMs)).toBe(freshness)
  })

  it('changes at exactly the moments that are announced', () => {
    let nowMs = 0
    const seen: string[] = [judgeFreshness(times, nowMs)]
    for (;;) {
      const changeMs = nextFreshnessChangeMs(times, nowMs)
      if (changeMs === undefined) break
      expect(judgeFreshness(times, changeMs - 1)).toBe(seen.at(-1))
      seen.push(judgeFreshness(times, changeMs))
      nowMs = changeMs
    }
    expect(seen).toEqual(['early', 'fresh', 'live', 'stale', 'expired'])
  })
})
