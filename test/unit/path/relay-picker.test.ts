import { describe, expect, it } from 'vitest'
import { RelayFlag } from '../../../core/netdoc/relay-flags.ts'
import { pickRelay } from '../../../core/path/relay-picker.ts'
import { chiSquared } from '../../support/chi-squared.ts'
import { type FakeRelay, fakeNetDir, GOOD } from '../../support/fake-net-dir.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const DRAWS = 100_000

function relays(count: number): FakeRelay[] {
  return Array.from({ length: count }, (_, n) => ({
    id: n + 1,
    flags: GOOD,
    bandwidth: 1 + ((n * 37) % 101) ** 2,
  }))
}

/** Draws many times and compares with the distribution that gives every allowed relay its weight. */
function fit(
  list: readonly FakeRelay[],
  isAllowed: (index: number) => boolean,
): { statistic: number; limit: number } {
  const netDir = fakeNetDir(list)
  const random = seededRandom(11)
  const counts = new Float64Array(list.length)
  for (let n = 0; n < DRAWS; n++) {
    const index = pickRelay(netDir, 'middle', RelayFlag.Fast, random, isAllowed)
    if (index !== undefined) counts[index] = (counts[index] ?? 0) + 1
  }
  expect(counts.reduce((sum, count) => sum + count)).toBe(DRAWS)
  const weights = list.map((relay, index) => (isAllowed(index) ? (relay.bandwidth ?? 0) : 0))
  return chiSquared(counts, weights)
}

describe('drawing a relay', () => {
  it.each([
    ['all relays are allowed', () => true],
    ['few are refused', (index: number) => index % 10 !== 0],
    ['those with most of the bandwidth are refused', (index: number) => ((index * 37) % 101) ** 2 < 2500],
    ['nearly all are refused', (index: number) => index % 29 === 1],
  ])('follows the exact distribution over 100,000 draws when %s', (_, isAllowed) => {
    const { statistic, limit } = fit(relays(60), isAllowed)
    expect(statistic).toBeLessThan(limit)
  })

  it('takes only relays that are usable in the position and have the flags', () => {
    const netDir = fakeNetDir([
      { id: 1, flags: GOOD, hasMicrodescriptor: false, bandwidth: 1e9 },
      { id: 2, flags: ['Running', 'Valid'], bandwidth: 1e9 },
      { id: 3, flags: GOOD, bandwidth: 1 },
    ])
    const random = seededRandom(1)
    for (let n = 0; n < 100; n++)
      expect(pickRelay(netDir, 'middle', RelayFlag.Fast, random, () => true)).toBe(2)
    expect(pickRelay(netDir, 'middle', RelayFlag.HSDir, random, () => true)).toBeUndefined()
  })

  it('falls back on relays without weight only when no other is left', () => {
    const netDir = fakeNetDir([
      { id: 1, bandwidth: 0 },
      { id: 2, bandwidth: 5 },
      { id: 3, bandwidth: 0 },
    ])
    const random = seededRandom(1)
    for (let n = 0; n < 100; n++) expect(pickRelay(netDir, 'middle', 0, random, () => true)).toBe(1)
    const others = new Set<number | undefined>()
    for (let n = 0; n < 100; n++) others.add(pickRelay(netDir, 'middle', 0, random, (index) => index !== 1))
    expect(others).toEqual(new Set([0, 2]))
    expect(pickRelay(netDir, 'middle', 0, random, () => false)).toBeUndefined()
  })

  it('answers undefined on an empty network', () => {
    expect(pickRelay(fakeNetDir([]), 'middle', 0, seededRandom(1), () => true)).toBeUndefined()
  })
})
