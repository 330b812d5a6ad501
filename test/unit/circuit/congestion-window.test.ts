import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WindowParams } from '../../../core/circuit/congestion-params.ts'
import { CongestionWindow } from '../../../core/circuit/congestion-window.ts'
import { RoundTrips } from '../../../core/circuit/round-trips.ts'
import { congestionVectors } from '../../support/congestion-vectors.ts'
import { defaultCongestion } from '../../support/default-congestion.ts'

const INCREMENT = 31
const params = defaultCongestion()

/** What a network is like where every round trip takes the same, and nothing blocks. */
const STEADY = { smoothedUs: 1000, leastUs: 1000, isMeasured: true, isChannelBlocked: false, channelCells: 0 }

describe('the congestion window', () => {
  for (const [name, rows] of Object.entries(congestionVectors.vegas)) {
    it(`moves as in the trace ${name} of C tor`, () => {
      const window = new CongestionWindow(params.window, INCREMENT)
      const roundTrips = new RoundTrips(params.roundTrip)
      expect(rows.length).toBeGreaterThan(5)
      for (const row of rows) {
        const isMeasured = roundTrips.note(row.got_sendme_usec - row.sent_usec, window)
        const { smoothedUs, leastUs } = roundTrips
        window.update({
          smoothedUs,
          leastUs,
          isMeasured,
          inFlight: row.inflight,
          isChannelBlocked: row.orconn_blocked === 1,
          channelCells: 0,
        })
        expect({
          ...row,
          ewma_rtt: smoothedUs,
          min_rtt: leastUs,
          cwnd: window.cells,
          in_slow_start: Number(window.isInSlowStart),
          cwnd_full: Number(window.isFull),
          blocked_chan: Number(window.isBlocked),
        }).toEqual(row)
      }
    })
  }

  it('grows by what the consensus says of slow start, and ends it at the most that slow start may reach', () => {
    const small: WindowParams = { ...params.window, slowStartMost: 500 }
    const window = new CongestionWindow(small, INCREMENT)
    const seen: number[] = []
    for (let round = 0; window.isInSlowStart && round < 100; round++) {
      window.update({ ...STEADY, inFlight: window.cells })
      seen.push(window.cells)
    }
    expect(seen.slice(0, 4)).toEqual([155, 186, 217, 248])
    expect([seen.at(-1), window.isInSlowStart]).toEqual([500, false])
  })

  it('stays as it is while too little of it is used', () => {
    const window = new CongestionWindow({ ...params.window, initial: 500 }, INCREMENT)
    for (let round = 0; round < 50; round++) window.update({ ...STEADY, inFlight: 300 })
    expect(window.cells).toBe(500)
    window.update({ ...STEADY, inFlight: 400 })
    expect(window.cells).toBe(531)
  })

  it('is told only of a blocked channel while the clock has never moved', () => {
    const window = new CongestionWindow(params.window, INCREMENT)
    const blind = { ...STEADY, smoothedUs: 0, leastUs: 0, isMeasured: false, inFlight: 124 }
    window.update(blind)
    expect(window.cells).toBe(124)
    window.update({ ...blind, isChannelBlocked: true, channelCells: 300 })
    expect([window.cells, window.isInSlowStart]).toEqual([124 + 186, false])
  })

  it('lies between its bounds whatever comes', () => {
    const signal = fc.record({
      smoothedUs: fc.integer({ min: 1, max: 10_000_000 }),
      leastPercent: fc.integer({ min: 0, max: 100 }),
      isMeasured: fc.boolean(),
      inFlight: fc.nat(20_000),
      isChannelBlocked: fc.boolean(),
      channelCells: fc.nat(5000),
    })
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 300 }), fc.integer({ min: 1, max: 254 }), (signals, inc) => {
        const window = new CongestionWindow({ ...params.window, most: 5000 }, inc)
        for (const { leastPercent, ...rest } of signals) {
          window.update({ ...rest, leastUs: Math.floor((rest.smoothedUs * leastPercent) / 100) })
          expect(Number.isInteger(window.cells)).toBe(true)
          expect(window.cells).toBeGreaterThanOrEqual(124)
          expect(window.cells).toBeLessThanOrEqual(5000)
        }
      }),
      { numRuns: 60 },
    )
  })
})
