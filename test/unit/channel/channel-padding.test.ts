import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ChannelUse,
  drawPaddingDelayMs,
  type PaddingConfig,
  paddingRange,
  paddingSettings,
  shouldRelayStop,
} from '../../../core/channel/channel-padding.ts'
import { NetParams } from '../../../core/netdir/net-params.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const AUTO: PaddingConfig = { connectionPadding: 'auto', reducedConnectionPadding: false }
const OFF: PaddingConfig = { ...AUTO, connectionPadding: 'off' }
const ON: PaddingConfig = { ...AUTO, connectionPadding: 'on' }
const REDUCED: PaddingConfig = { ...AUTO, reducedConnectionPadding: true }

function range(
  config: PaddingConfig,
  params: Record<string, number> = {},
  { link = 5, use = 'circuits' }: { link?: number; use?: ChannelUse } = {},
): readonly number[] | undefined {
  const settings = paddingSettings(config, new NetParams(new Map(Object.entries(params))))
  const found = paddingRange(settings, link, use)
  return found === undefined ? undefined : [found.lowMs, found.highMs]
}

describe('whether a channel pads, and how much (padding-spec 2)', () => {
  it('does as the consensus says, which is 1.5 to 9.5 seconds when it says nothing', () => {
    expect(range(AUTO)).toEqual([1500, 9500])
    expect(range(AUTO, { nf_ito_low: 2000, nf_ito_high: 3000 })).toEqual([2000, 3000])
    expect(range(AUTO, { nf_ito_low: 5000, nf_ito_high: 3000 })).toEqual([5000, 5000])
    expect(range(AUTO, { nf_ito_low: 90_000, nf_ito_high: 90_000 })).toEqual([60_000, 60_000])
  })

  it('pads less when reduced, and never more often than the consensus allows', () => {
    expect(range(REDUCED)).toEqual([9000, 14_000])
    expect(range(REDUCED, { nf_ito_low_reduced: 10, nf_ito_high_reduced: 20 })).toEqual([1500, 9500])
    expect(range(REDUCED, { nf_ito_low: 20_000, nf_ito_high: 30_000 })).toEqual([20_000, 30_000])
  })

  it('is off with 0 in the consensus, whatever the user wants, and with the user’s off', () => {
    const zero = { nf_ito_low: 0, nf_ito_high: 0 }
    for (const config of [AUTO, ON, REDUCED]) expect(range(config, zero)).toBeUndefined()
    expect(range(OFF)).toBeUndefined()
  })

  it('is for channels with circuits: before their first stream if nf_pad_before_usage says so', () => {
    expect(range(AUTO, {}, { use: 'nothing' })).toBeUndefined()
    expect(range(ON, {}, { use: 'nothing' })).toBeUndefined()
    expect(range(AUTO, { nf_pad_before_usage: 0 })).toBeUndefined()
    expect(range(AUTO, { nf_pad_before_usage: 0 }, { use: 'streams' })).toEqual([1500, 9500])
  })

  it('needs link protocol 5, unless the user insists', () => {
    expect(range(AUTO, {}, { link: 4 })).toBeUndefined()
    expect(range(ON, {}, { link: 4 })).toEqual([1500, 9500])
  })

  it('asks the relay to stop only where that changes what it does by itself', () => {
    const stop = (config: PaddingConfig, link = 5): boolean =>
      shouldRelayStop(paddingSettings(config, new NetParams(new Map())), link)
    expect([AUTO, ON, OFF, REDUCED].map((config) => stop(config))).toEqual([false, false, true, true])
    expect([AUTO, ON, OFF, REDUCED].map((config) => stop(config, 4))).toEqual([false, false, false, false])
  })
})

describe('the time to the next padding', () => {
  it('lies in the range', () => {
    fc.assert(
      fc.property(fc.nat(60_000), fc.nat(60_000), fc.nat(), (lowMs, spread, seed) => {
        const delayMs = drawPaddingDelayMs({ lowMs, highMs: lowMs + spread }, seededRandom(seed))
        expect(delayMs).toBeGreaterThanOrEqual(lowMs)
        expect(delayMs).toBeLessThanOrEqual(lowMs + spread)
      }),
    )
  })

  it('is the later of two uniform draws: two thirds of the range on average, three quarters of it above the middle', () => {
    const random = seededRandom(7)
    const delays = Array.from({ length: 20_000 }, () =>
      drawPaddingDelayMs({ lowMs: 1500, highMs: 9500 }, random),
    )
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
    expect(Math.abs(mean - (1500 + (8000 * 2) / 3))).toBeLessThan(60)
    expect(delays.filter((delay) => delay >= 5500).length / delays.length).toBeCloseTo(0.75, 1)
  })
})
