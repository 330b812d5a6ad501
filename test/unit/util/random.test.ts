import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBelow, randomBytes, randomFraction, shuffled } from '../../../core/util/random.ts'
import { chiSquared } from '../../support/chi-squared.ts'
import { fixedRandom } from '../../support/fixed-random.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const DRAWS = 20_000

function expectUniform(counts: readonly number[]): void {
  const { statistic, limit } = chiSquared(
    counts,
    counts.map(() => 1),
  )
  expect(statistic).toBeLessThanOrEqual(limit)
}

function six(value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(value, 0, 6)
  return bytes
}

describe('random numbers', () => {
  for (const bound of [1, 2, 3, 7, 64, 100]) {
    it(`below ${bound} are uniform`, () => {
      const random = seededRandom(bound)
      const counts = Array.from({ length: bound }, () => 0)
      for (let draw = 0; draw < DRAWS; draw++) {
        const value = randomBelow(random, bound)
        counts[value] = (counts[value] ?? Number.NaN) + 1
      }
      expectUniform(counts)
    })
  }

  it('throw away the draws that would make small numbers likelier', () => {
    // 2^48 is 1 more than a multiple of 3: the largest draw is one too many.
    expect(randomBelow(fixedRandom(six(2 ** 48 - 1), six(5)), 3)).toBe(2)
    expect(randomBelow(fixedRandom(six(2 ** 48 - 2)), 3)).toBe(2)
    expect(randomBelow(fixedRandom(six(2 ** 48 - 1)), 2 ** 48)).toBe(2 ** 48 - 1)
  })

  it('stay below any bound', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 48 }), (seed, bound) => {
        const value = randomBelow(seededRandom(seed), bound)
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true)
      }),
    )
  })

  for (const bound of [0, -1, 1.5, 2 ** 48 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`have no bound ${bound}`, () => {
      expect(() => randomBelow(seededRandom(1), bound)).toThrow(RangeError)
    })
  }

  it('between 0 and 1 are uniform, and never 1', () => {
    const random = seededRandom(2)
    const counts = Array.from({ length: 50 }, () => 0)
    for (let draw = 0; draw < DRAWS; draw++) {
      const place = Math.floor(randomFraction(random) * 50)
      counts[place] = (counts[place] ?? Number.NaN) + 1
    }
    expectUniform(counts)
    expect(randomFraction(fixedRandom(Buffer.alloc(6, 0xff)))).toBeLessThan(1)
    expect(randomFraction(fixedRandom(Buffer.alloc(6)))).toBe(0)
  })

  it('put items into every order equally often', () => {
    const random = seededRandom(3)
    const counts = new Map<string, number>()
    for (let draw = 0; draw < DRAWS; draw++) {
      const order = shuffled(random, ['a', 'b', 'c', 'd']).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    expectUniform([...counts.values()])
  })

  it('leave the items that they shuffle as they were', () => {
    const items = Object.freeze([3, 1, 2])
    expect(shuffled(seededRandom(4), items).sort((a, b) => a - b)).toEqual([1, 2, 3])
    expect(shuffled(seededRandom(4), [])).toEqual([])
  })

  it('fill memory of their own, outside the pool that other buffers share', () => {
    const bytes = randomBytes(seededRandom(5), 16)
    expect(bytes.buffer.byteLength).toBe(16)
  })
})
