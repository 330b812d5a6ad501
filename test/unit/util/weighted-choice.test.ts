import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseWeighted } from '../../../core/util/weighted-choice.ts'
import { chiSquared } from '../../support/chi-squared.ts'
import { fixedRandom } from '../../support/fixed-random.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const LOWEST = Buffer.alloc(6)
const HIGHEST = Buffer.alloc(6, 0xff)

describe('a choice in proportion to weights', () => {
  it('follows the exact distribution over 100,000 draws, also for weights far apart', () => {
    const weights = Float64Array.from({ length: 100 }, (_, n) => (n % 10 === 3 ? 0 : 1 + (n % 7) ** 5))
    const counts = new Float64Array(weights.length)
    const random = seededRandom(7)
    for (let n = 0; n < 100_000; n++) {
      const index = chooseWeighted(random, weights)
      counts[index] = (counts[index] ?? 0) + 1
    }
    const { statistic, limit } = chiSquared(counts, weights)
    expect(statistic).toBeLessThan(limit)
  })

  it.each([
    [[0, 5, 0, 7, 0], 1, 3],
    [[5], 0, 0],
    [[0, 1e-200, 0], 1, 1],
    [[1e15, 1], 0, 1],
    [[1e-200, 1e200], 0, 1],
  ])('of %j reaches from index %i to index %i', (weights, first, last) => {
    expect(chooseWeighted(fixedRandom(LOWEST), Float64Array.from(weights))).toBe(first)
    const highest = chooseWeighted(fixedRandom(HIGHEST), Float64Array.from(weights))
    // 48 bits cannot reach a share of 1 in 10^15.
    expect(highest).toBe(weights[0] === 1e15 ? 0 : last)
  })

  it('is -1 without any weight', () => {
    expect(chooseWeighted(seededRandom(1), new Float64Array(0))).toBe(-1)
    expect(chooseWeighted(seededRandom(1), new Float64Array(5))).toBe(-1)
  })

  it('never falls on a weight of zero', () => {
    const weight = fc.oneof(fc.constant(0), fc.double({ min: 1e-200, max: 1e200, noNaN: true }))
    fc.assert(
      fc.property(fc.array(weight, { maxLength: 50 }), fc.integer({ min: 0, max: 1e9 }), (list, seed) => {
        const index = chooseWeighted(seededRandom(seed), Float64Array.from(list))
        if (index === -1) expect(list.every((entry) => entry === 0)).toBe(true)
        else expect(list[index]).toBeGreaterThan(0)
      }),
    )
  })
})
