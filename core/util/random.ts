/** Randomness as the core sees it; `crypto/system-random.ts` is the only implementation outside tests. */

export interface Random {
  /** Fills the array with unpredictable bytes and returns it. */
  fill<T extends Uint8Array>(bytes: T): T
}

export function randomBytes(random: Random, length: number): Buffer {
  return random.fill(Buffer.allocUnsafeSlow(length))
}

/** An unbiased integer in `[0, bound)`, by rejection; `bound` at most 2^48. */
export function randomBelow(random: Random, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 48) throw new RangeError(`random bound ${bound}`)
  const limit = 2 ** 48 - (2 ** 48 % bound)
  for (;;) {
    const value = randomBytes(random, 6).readUIntBE(0, 6)
    if (value < limit) return value % bound
  }
}

/** Uniform in `[0, 1)` with 48 bits. */
export function randomFraction(random: Random): number {
  return randomBytes(random, 6).readUIntBE(0, 6) / 2 ** 48
}

/** A new array in random order (Fisher-Yates). */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = randomBelow(random, last + 1)
    const kept = result[last] as T
    result[last] = result[other] as T
    result[other] = kept
  }
  return result
}
