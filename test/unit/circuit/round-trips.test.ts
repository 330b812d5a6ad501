import { describe, expect, it } from 'vitest'
import { ClockDoubt, RoundTrips, smooth } from '../../../core/circuit/round-trips.ts'
import { congestionVectors } from '../../support/congestion-vectors.ts'
import { defaultCongestion } from '../../support/default-congestion.ts'

const { roundTrip, window } = defaultCongestion()

/** How many SENDMEs come between two steps of a window, as C tor counts them for its traces. */
function sendmesPerStep(cells: number, isInSlowStart: boolean): number {
  const perStep = window.stepRate * 31
  return isInSlowStart ? 1 : Math.floor((cells + Math.floor(perStep / 2)) / perStep)
}

describe('the round trips of a circuit', () => {
  it('are averaged as in the trace of C tor, and the least is that of the averages', () => {
    const roundTrips = new RoundTrips(roundTrip)
    expect(congestionVectors.rtt.length).toBeGreaterThan(5)
    for (const row of congestionVectors.rtt) {
      const isInSlowStart = row.in_slow_start === 1
      const isMeasured = roundTrips.note(row.got_sendme_usec - row.sent_usec, {
        isInSlowStart,
        sendmesPerStep: sendmesPerStep(row.cwnd, isInSlowStart),
        isLeast: row.cwnd === window.least,
      })
      expect(isMeasured).toBe(true)
      expect([roundTrips.smoothedUs, roundTrips.leastUs]).toEqual([row.ewma_rtt, row.min_rtt])
    }
  })

  it('teach nothing while the clock stands still', () => {
    const roundTrips = new RoundTrips(roundTrip)
    const view = { isInSlowStart: true, sendmesPerStep: 1, isLeast: false }
    expect(roundTrips.note(0, view)).toBe(false)
    expect(roundTrips.note(-3, view)).toBe(false)
    expect([roundTrips.smoothedUs, roundTrips.leastUs]).toEqual([0, 0])
  })

  it('of a window at its least take the shortest one back as far as the consensus says', () => {
    const least = (resetPercent: number): number => {
      const roundTrips = new RoundTrips({ ...roundTrip, resetPercent })
      roundTrips.note(1000, { isInSlowStart: true, sendmesPerStep: 1, isLeast: true })
      roundTrips.note(4000, { isInSlowStart: false, sendmesPerStep: 0, isLeast: true })
      return roundTrips.leastUs
    }
    expect([least(100), least(50), least(0)]).toEqual([3000, 2000, 1000])
  })

  it('are averaged over the last so many, rounded down', () => {
    expect([smooth(7, 0, 9), smooth(10, 5, 2), smooth(100, 1, 3)]).toEqual([7, 8, 50])
  })
})

describe('a clock that stands still or leaps', () => {
  it('is told from the network by the rules of C tor', () => {
    const clock = new ClockDoubt()
    expect(congestionVectors.clock_heuristic.length).toBeGreaterThan(10)
    for (const row of congestionVectors.clock_heuristic) {
      const isDoubtful = clock.isDoubtful(row.old_delta, row.new_delta, row.in_slow_start === 1)
      expect([isDoubtful, clock.isStalled], JSON.stringify(row)).toEqual([
        row.result_stalled === 1,
        row.cached_stalled_after === 1,
      ])
    }
  })
})
