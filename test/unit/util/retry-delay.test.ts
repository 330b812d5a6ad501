import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetryDelay } from '../../../core/util/retry-delay.ts'
import { seededRandom } from '../../support/seeded-random.ts'

describe('the delay before the next try', () => {
  it('stays between the base and three times the one before, below the maximum', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 100 }),
        (seed, base, times) => {
          const max = base * times
          const delay = new RetryDelay(seededRandom(seed), base, max)
          let before = 0
          for (let tries = 0; tries < 30; tries++) {
            const next = delay.nextMs()
            expect(next).toBeGreaterThanOrEqual(base)
            expect(next).toBeLessThanOrEqual(Math.min(max, Math.max(base, before * 3)))
            before = next
          }
        },
      ),
    )
  })

  it('grows on the whole, and begins again after success', () => {
    const delay = new RetryDelay(seededRandom(1), 1000, 1_000_000)
    const delays = Array.from({ length: 40 }, () => delay.nextMs())
    expect(Math.max(...delays)).toBeGreaterThan(100_000)
    delay.reset()
    expect(delay.nextMs()).toBe(1000)
  })

  it('differs from client to client', () => {
    const third = (seed: number): number => {
      const delay = new RetryDelay(seededRandom(seed), 1000, 1_000_000)
      delay.nextMs()
      delay.nextMs()
      return delay.nextMs()
    }
    expect(new Set(Array.from({ length: 20 }, (_, seed) => third(seed))).size).toBeGreaterThan(15)
  })
})
