/** Fast random numbers that a seed repeats. Nothing here is secret, so that speed may count. */

export interface Dice {
  /** An integer in `[0, bound)`. */
  below(bound: number): number
  /** True once in `times`. */
  oneIn(times: number): boolean
  pick<T>(items: readonly T[]): T
}

/** The generator called mulberry32. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (bound: number): number => Math.floor((next() / 2 ** 32) * bound)
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick(items) {
      if (items.length === 0) throw new RangeError('nothing to pick from')
      return items[below(items.length)] as (typeof items)[number]
    },
  }
}

/** A seed for the target of this name, so that each has numbers of its own in every run. */
export function seedFor(name: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
