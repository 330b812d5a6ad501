import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Drbg } from '../../../../core/transport/obfs4/drbg.ts'
import { LengthDistribution } from '../../../../core/transport/obfs4/length-distribution.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import vectors from '../../../vectors/siphash24.json' with { type: 'json' }

const { key, iv, blocks } = vectors.obfs4_drbg
const SEED = Buffer.from(key + iv, 'hex')
const seeds = fc.uint8Array({ minLength: 24, maxLength: 24 }).map((bytes) => Buffer.from(bytes))

test('the masks are those of obfs4proxy, each block made of all before it', () => {
  const drbg = new Drbg(SEED)
  const masks = blocks.map((block) => Number.parseInt(block.slice(0, 4), 16))
  expect(blocks.map(() => drbg.nextLengthMask())).toEqual(masks)
})

test('a draw of a whole number is the top of a block as a positive number of 31 bits', () => {
  const drbg = new Drbg(SEED)
  const tops = blocks.map((block) => Number.parseInt(block.slice(0, 8), 16) & 0x7fff_ffff)
  expect(tops.slice(0, 4).map(() => drbg.intBelow(1000))).toEqual(tops.slice(0, 4).map((top) => top % 1000))
  expect(drbg.intBelow(64)).toBe((tops[4] ?? 0) % 64)
})

test('a draw of a fraction is a whole block as a positive number of 63 bits', () => {
  const [block = ''] = blocks
  const expected = Number(BigInt(`0x${block}`) & (2n ** 63n - 1n)) / 2 ** 63
  expect(new Drbg(SEED).float()).toBe(expected)
})

test('a permutation has each number once', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 200 }), (seed, count) => {
      const numbers = new Drbg(seed).permutation(count)
      expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
    }),
    { numRuns: 30 },
  )
})

test('a distribution has one to a hundred values, always the same for a seed, and draws nothing else', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const distribution = new LengthDistribution(seed, 1448)
      const { values } = distribution
      expect(values.length).toBeGreaterThanOrEqual(1)
      expect(values.length).toBeLessThanOrEqual(100)
      expect(new Set(values).size).toBe(values.length)
      expect(Math.max(...values)).toBeLessThanOrEqual(1448)
      expect(new LengthDistribution(seed, 1448).values).toEqual(values)
      const random = seededRandom(1)
      for (let draw = 0; draw < 50; draw++) expect(values).toContain(distribution.sample(random))
    }),
    { numRuns: 20 },
  )
})

test('values come by their weights, which differ', () => {
  const distribution = new LengthDistribution(SEED, 1448)
  const random = seededRandom(2)
  const counts = new Map<number, number>()
  for (let draw = 0; draw < 20_000; draw++) {
    const value = distribution.sample(random)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const sorted = [...counts.values()].sort((a, b) => a - b)
  expect(sorted.at(-1) ?? 0).toBeGreaterThan(2 * (sorted[0] ?? 0))
})
