/** When to fetch the next consensus, and how long one may be used (dir-spec 5.1). Pure arithmetic on wall-clock times. */

/** The three times of a consensus, in milliseconds since 1970. */
export interface ConsensusTimes {
  readonly validAfterMs: number
  readonly freshUntilMs: number
  readonly validUntilMs: number
}

/**
 * `future` and `expired` are beyond what may be used; `early` and `stale` are outside the validity, yet "reasonably
 * live": usable while nothing better is there; `live` should soon be replaced; `fresh` is the newest there is.
 */
export type Freshness = 'future' | 'early' | 'fresh' | 'live' | 'stale' | 'expired'

/** C tor's REASONABLY_LIVE_TIME, applied before valid-after too: clocks are off both ways. */
export const REASONABLY_LIVE_MS = 24 * 60 * 60 * 1000

export function judgeFreshness(times: ConsensusTimes, nowMs: number): Freshness {
  if (nowMs < times.validAfterMs - REASONABLY_LIVE_MS) return 'future'
  if (nowMs < times.validAfterMs) return 'early'
  if (nowMs <= times.freshUntilMs) return 'fresh'
  if (nowMs <= times.validUntilMs) return 'live'
  return nowMs <= times.validUntilMs + REASONABLY_LIVE_MS ? 'stale' : 'expired'
}

export function isReasonablyLive(freshness: Freshness): boolean {
  return freshness !== 'future' && freshness !== 'expired'
}

/** The next moment at which `judgeFreshness` may give another answer; undefined when none is ahead. */
export function nextFreshnessChangeMs(times: ConsensusTimes, nowMs: number): number | undefined {
  const boundaries = [
    times.validAfterMs,
    times.freshUntilMs + 1,
    times.validUntilMs + 1,
    times.validUntilMs + REASONABLY_LIVE_MS + 1,
  ]
  return boundaries.find((boundaryMs) => boundaryMs > nowMs)
}

/**
 * When to fetch the successor: 3/4 of an interval after fresh-until at the earliest, when caches have it, and then
 * uniformly over the first 7/8 of the time that is left. `fraction` is the random draw, 0 to 1. Who is late, because
 * bridges fetch when everybody does, draws from what is left after that.
 */
export function chooseRefetchMs(times: ConsensusTimes, fraction: number, isLate = false): number {
  const intervalMs = times.freshUntilMs - times.validAfterMs
  // A consensus may be valid for less than that; then what is left after fresh-until is divided instead.
  const earliestMs = Math.min(times.freshUntilMs + intervalMs * 0.75, times.validUntilMs)
  const startMs = earliestMs < times.validUntilMs ? earliestMs : times.freshUntilMs
  const windowMs = Math.max(0, times.validUntilMs - startMs) * 0.875
  if (!isLate) return Math.floor(startMs + fraction * windowMs)
  // Time for the last of the bridges before, and for a download behind.
  const marginMs = Math.min(120_000, intervalMs / 16)
  const lateMs = Math.min(startMs + windowMs + marginMs, times.validUntilMs)
  return Math.floor(lateMs + fraction * Math.max(0, times.validUntilMs - marginMs - lateMs))
}

/**
 * Bounds of the back-off when a new consensus cannot be had: a minute to an hour on the real network, where consensuses
 * come hourly, and in proportion on testing networks.
 */
export function refetchRetryBounds(times: ConsensusTimes): {
  readonly baseMs: number
  readonly maxMs: number
} {
  const intervalMs = times.freshUntilMs - times.validAfterMs
  return {
    baseMs: Math.min(60_000, Math.max(1_000, intervalMs / 60)),
    maxMs: Math.min(3_600_000, Math.max(10_000, intervalMs)),
  }
}

/**
 * What to say in If-Modified-Since when a successor is asked for: caches compare it with their document's valid-after,
 * and a little more than ours asks for a later one only (C tor's: three minutes, or half a short interval).
 */
export function ifModifiedSinceMs(times: ConsensusTimes): number {
  return times.validAfterMs + Math.min(180_000, (times.freshUntilMs - times.validAfterMs) / 2)
}
