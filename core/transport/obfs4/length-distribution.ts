/**
 * The lengths, or pauses, that traffic to one bridge has: up to a hundred values with weights, all drawn from a seed
 * that the bridge chose for itself. Which of them comes next is drawn afresh each time.
 */
import { type Random, randomBelow } from '../../util/random.ts'
import { Drbg } from './drbg.ts'

const MAX_VALUES = 100

/** Draws of a weight have this many steps. */
const STEPS = 2 ** 48

export class LengthDistribution {
  readonly values: readonly number[]
  /** The weights up to and including each value's. */
  readonly #sums: readonly number[]

  /** Values from zero to `max`; the weights are uniform, not biased as ScrambleSuit's were. */
  constructor(seed: Buffer, max: number) {
    const drbg = new Drbg(seed)
    const all = drbg.permutation(max + 1)
    const count = drbg.intBelow(Math.min(max + 1, MAX_VALUES)) + 1
    this.values = all.slice(0, count)
    const sums: number[] = []
    for (let index = 0; index < count; index++) sums.push((sums[index - 1] ?? 0) + drbg.float())
    this.#sums = sums
  }

  sample(random: Random): number {
    const total = this.#sums.at(-1) ?? 0
    const mark = (randomBelow(random, STEPS) / STEPS) * total
    const index = this.#sums.findIndex((sum) => sum > mark)
    return this.values[index] ?? this.values[0] ?? 0
  }
}
