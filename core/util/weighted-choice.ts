/** Random choice in proportion to weights: how relays are drawn by bandwidth. */
import { type Random, randomFraction } from './random.ts'

/**
 * The index of one weight, each with the probability weight / sum; -1 when all are zero. Weights are 0 or from 1e-200
 * to 1e200 (beyond that doubles lose the digits that this needs); O(n) and without allocation.
 *
 * Sums are doubles, so a probability is off by at most about 2^-48, the step of the random fraction. Both passes add
 * in the same order, so the sum that is compared is the sum that was drawn from. The second pass always runs to the
 * end and has no branch on the data: its duration says nothing about which index was chosen.
 */
export function chooseWeighted(random: Random, weights: Float64Array): number {
  // Counting loops: for-of over a typed array takes four times as long, and a path needs this over 8,000 relays.
  let total = 0
  for (let index = 0; index < weights.length; index++) total += weights[index] ?? 0
  if (total === 0) return -1
  const point = randomFraction(random) * total
  let sum = 0
  let passed = 0
  for (let index = 0; index < weights.length; index++) {
    sum += weights[index] ?? 0
    // Running sums never fall: the count of those at or below the point is the index of the first one above it.
    passed += Number(sum <= point)
  }
  return passed
}
