/**
 * obfs4's generator of what both ends must draw alike: the masks of the frames' lengths, and the shape that a bridge
 * gives its traffic. It is SipHash over everything that it has put out before, not, as the specification has it, over
 * the last output alone. The draws below are those of the reference's random library, so that our traffic to a bridge
 * has the lengths that everybody else's has.
 */
import { SIPHASH_KEY_BYTES, SipHash24, type SipWord } from '../../crypto/siphash.ts'

/** A SipHash key and the first block. */
export const DRBG_SEED_BYTES = SIPHASH_KEY_BYTES + 8
const BLOCK_BYTES = 8

export class Drbg {
  readonly #hash: SipHash24
  readonly #block: SipWord
  readonly #tail: SipWord = { low: 0, high: 0 }
  #absorbedBytes = 0

  /** The seed has 24 bytes; the caller may wipe it. */
  constructor(seed: Buffer) {
    this.#hash = new SipHash24(seed)
    this.#block = {
      low: seed.readUInt32LE(SIPHASH_KEY_BYTES),
      high: seed.readUInt32LE(SIPHASH_KEY_BYTES + 4),
    }
  }

  /** The mask of the next frame's length: 16 bits. */
  nextLengthMask(): number {
    const { low } = this.#next()
    return ((low & 0xff) << 8) | ((low >>> 8) & 0xff)
  }

  /** In `[0, bound)`; `bound` at most 2^31 - 1. */
  intBelow(bound: number): number {
    if ((bound & (bound - 1)) === 0) return this.#int31() & (bound - 1)
    const max = 2 ** 31 - 1 - (2 ** 31 % bound)
    let value = this.#int31()
    while (value > max) value = this.#int31()
    return value % bound
  }

  /** In `[0, 1)`. */
  float(): number {
    for (;;) {
      const { low, high } = this.#next()
      const value = ((swap(low) & 0x7fff_ffff) * 2 ** 32 + swap(high)) / 2 ** 63
      if (value < 1) return value
    }
  }

  /** The numbers from 0 up to but not including `count`, in some order. */
  permutation(count: number): number[] {
    const numbers: number[] = []
    for (let index = 0; index < count; index++) {
      const other = this.intBelow(index + 1)
      numbers.push(numbers[other] ?? index)
      numbers[other] = index
    }
    return numbers
  }

  wipe(): void {
    this.#hash.wipe()
    this.#block.low = 0
    this.#block.high = 0
  }

  #int31(): number {
    return swap(this.#next().low) & 0x7fff_ffff
  }

  /** Read as a big-endian number, a block begins with the bytes of its low half. */
  #next(): Readonly<SipWord> {
    this.#hash.absorb(this.#block)
    this.#absorbedBytes += BLOCK_BYTES
    // Whole words leave no byte over: the tail is the length alone.
    this.#tail.high = (this.#absorbedBytes & 0xff) << 24
    this.#hash.digest(this.#tail, this.#block)
    return this.#block
  }
}

function swap(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
