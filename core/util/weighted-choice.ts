/** Random choice in proportion to weights: how relays are drawn by bandwidth. */
import { type Random, randomFraction } from './random.ts'

/**
 * The index of one weight, each with the probability weight / sum; -1 when all are zero. Weights are finite and not
 * negative; O(n) and without allocation.
 *
 * Sums are doubles, so a probability is off by at most about 2^-48, the step of the random fraction. Both passes add
 * in the same order, so the sum that is compared is the sum that was drawn from. The second pass always runs to the
 * end and has no branch on the data: its duration says nothing about which index was chosen.
 */
export function chooseWeighted(random: Random, weights: Float64Array): number {
  let total = 0
  for (const weight of weights) total += weight
  if (total === 0) return -1
  const point = randomFraction(random) * total
  let sum = 0
  let passed = 0
  for (const weight of weights) {
    sum += weight
    // Running sums never fall: the count of those at or below the point is the index of the first one above it.
    passed += Number(sum <= point)
  }
  return passed
}
