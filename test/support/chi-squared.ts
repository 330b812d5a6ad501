/** Whether counts fit the distribution that they should have been drawn from. */

export interface GoodnessOfFit {
  readonly statistic: number
  /** A true distribution stays below this except once in millions of runs; the tests' draws are the same every time. */
  readonly limit: number
}

/** Pearson's statistic of `counts` against probabilities in proportion to `weights`; a count on weight 0 is infinite. */
export function chiSquared(counts: ArrayLike<number>, weights: ArrayLike<number>): GoodnessOfFit {
  const places = Array.from({ length: weights.length }, (_, place) => ({
    count: counts[place] ?? 0,
    weight: weights[place] ?? 0,
  }))
  const draws = places.reduce((sum, { count }) => sum + count, 0)
  const total = places.reduce((sum, { weight }) => sum + weight, 0)
  let statistic = 0
  let cells = 0
  for (const { count, weight } of places) {
    if (weight === 0) {
      if (count > 0) statistic = Number.POSITIVE_INFINITY
      continue
    }
    const expected = (draws * weight) / total
    statistic += (count - expected) ** 2 / expected
    cells++
  }
  const freedom = cells - 1
  return { statistic, limit: freedom + 6 * Math.sqrt(2 * freedom) }
}
