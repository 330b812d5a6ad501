/** Draws guards from the consensus by bandwidth, and says how large a sample may grow (guard-spec 4.1). */
import { type Random } from '../util/random.ts'
import { chooseWeighted } from '../util/weighted-choice.ts'
import type { GuardLimits } from './guard-limits.ts'
import type { GuardNetDir, SampledGuard } from './guard-sample.ts'
import { isListedGuard, newGuard } from './guard-sample.ts'

/** Shared by all the draws of one extension of the sample. */
export class GuardDraw {
  readonly #netDir: GuardNetDir
  readonly #limits: GuardLimits
  readonly #random: Random
  /** The rows that can be drawn. */
  readonly #rows: number[] = []
  /** One for each of the rows; 0 for one that was drawn. */
  readonly #weights: Float64Array
  readonly #maxCount: number
  readonly #maxWeight: number
  #count: number
  #sampledWeight = 0

  /** `isEligible` is asked of listed guards only. */
  constructor(
    netDir: GuardNetDir,
    sample: readonly SampledGuard[],
    limits: GuardLimits,
    random: Random,
    isEligible: (index: number) => boolean,
  ) {
    this.#netDir = netDir
    this.#limits = limits
    this.#random = random
    this.#count = sample.length
    const sampled = new Set(sample.map((guard) => netDir.indexOf(guard.rsa)))
    let guardCount = 0
    let guardWeight = 0
    for (let row = 0; row < netDir.relayCount; row++) {
      if (!isListedGuard(netDir, row) || !isEligible(row)) continue
      const weight = netDir.weight(row, 'guard')
      guardCount++
      guardWeight += weight
      if (sampled.has(row)) this.#sampledWeight += weight
      else this.#rows.push(row)
    }
    this.#maxCount = Math.min(limits.maxSampledGuards, Math.floor(guardCount * limits.maxSampledShare))
    this.#maxWeight = guardWeight * limits.maxSampledShare
    this.#weights = Float64Array.from(this.#rows, (row) => netDir.weight(row, 'guard'))
    // Where no guard has bandwidth, all count the same.
    if (this.#weights.every((weight) => weight === 0)) this.#weights.fill(1)
  }

  /**
   * The next guard and its row; undefined when none is left or the sample is as large as it may be: a share of the
   * guards, by number and by bandwidth, whichever is less, but never fewer than there must be to choose from.
   */
  next(): { readonly guard: SampledGuard; readonly index: number } | undefined {
    if (this.#isFull()) return undefined
    const index = this.#drawRow()
    if (index === undefined) return undefined
    this.#count++
    this.#sampledWeight += this.#netDir.weight(index, 'guard')
    return { guard: newGuard(this.#netDir, index, this.#limits, this.#random), index }
  }

  #isFull(): boolean {
    if (this.#count < this.#limits.minFilteredGuards) return false
    // Where guards have no bandwidth the number alone counts.
    const isHeavy = this.#maxWeight > 0 && this.#sampledWeight >= this.#maxWeight
    return this.#count >= this.#maxCount || isHeavy
  }

  #drawRow(): number | undefined {
    const place = chooseWeighted(this.#random, this.#weights)
    const row = this.#rows[place]
    if (row !== undefined) this.#weights[place] = 0
    return row
  }
}

/** One guard by bandwidth for one circuit, kept by nobody: for who does without entry guards. */
export function drawUnkeptGuard(
  netDir: GuardNetDir,
  random: Random,
  isEligible: (index: number) => boolean,
): number | undefined {
  const weights = new Float64Array(netDir.relayCount)
  let count = 0
  for (let row = 0; row < netDir.relayCount; row++) {
    if (!isListedGuard(netDir, row) || !isEligible(row)) continue
    weights[row] = netDir.weight(row, 'guard')
    count++
  }
  if (count === 0) return undefined
  const row = chooseWeighted(random, weights)
  if (row >= 0) return row
  for (let other = 0; other < netDir.relayCount; other++) {
    weights[other] = isListedGuard(netDir, other) && isEligible(other) ? 1 : 0
  }
  return chooseWeighted(random, weights)
}
