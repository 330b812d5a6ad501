/**
 * Poly1305 (Bernstein; RFC 8439, 2.5) for one message at a time, on words of memory that is the caller's. Numbers are
 * six limbs of 22 bits in doubles, whose products and sums stay below 2^53 and so are exact: more to each
 * multiplication than integers of 32 bits could take. Multiplications, additions and roundings of such numbers take a
 * processor the same time whatever they are, and no branch or index depends on a secret; what the engine makes of it
 * cannot be promised.
 */

export const POLY1305_KEY_WORDS = 8
export const POLY1305_TAG_WORDS = 4
const BLOCK_BYTES = 16
const BLOCK_WORDS = 4

const LIMB_BITS = 22
const LIMB_MASK = 0x3f_ffff
const LIMB = 2 ** LIMB_BITS
const LIMB_INVERSE = 2 ** -LIMB_BITS
/** The limbs hold 132 bits; modulo 2^130 - 5 what is beyond them comes in again below, times this. */
const WRAP = 20
/** Within the last limb. */
const BIT_128 = 2 ** 18
const BIT_130 = 2 ** 20

export class Poly1305 {
  /** The sum, the multiplier, and the multiplier's limbs times `WRAP`. */
  readonly #limbs = new Float64Array(18)
  readonly #pad = new Int32Array(4)
  readonly #tail = new Int32Array(BLOCK_WORDS)
  readonly #tailBytes = new Uint8Array(this.#tail.buffer)
  readonly tag = new Int32Array(POLY1305_TAG_WORDS)

  /** Takes the key, which is the first eight words of `key`; it is for one message. */
  start(key: Int32Array): void {
    this.#limbs.fill(0)
    setMultiplier(this.#limbs, key)
    for (let at = 0; at < this.#pad.length; at++) this.#pad[at] = word(key, 4 + at)
  }

  /** Writes `tag` for the message: the first `length` bytes of memory that is both `words` and `bytes`. */
  finish(words: Int32Array, bytes: Uint8Array, length: number): void {
    const limbs = this.#limbs
    const wholeBlocks = Math.floor(length / BLOCK_BYTES)
    addBlocks(limbs, words, wholeBlocks, BIT_128)
    const restStart = wholeBlocks * BLOCK_BYTES
    if (restStart < length) {
      this.#tail.fill(0)
      this.#tailBytes.set(bytes.subarray(restStart, length))
      this.#tailBytes[length - restStart] = 1
      addBlocks(limbs, this.#tail, 1, 0)
    }
    writeTag(limbs, this.#pad, this.tag)
  }

  wipe(): void {
    this.#limbs.fill(0)
    this.#pad.fill(0)
    this.#tail.fill(0)
    this.tag.fill(0)
  }
}

function word(words: Int32Array, at: number): number {
  return words[at] as number
}

function limb(limbs: Float64Array, at: number): number {
  return limbs[at] as number
}

function setMultiplier(limbs: Float64Array, key: Int32Array): void {
  const t0 = word(key, 0) & 0x0fff_ffff
  const t1 = word(key, 1) & 0x0fff_fffc
  const t2 = word(key, 2) & 0x0fff_fffc
  const t3 = word(key, 3) & 0x0fff_fffc
  limbs[6] = t0 & LIMB_MASK
  limbs[7] = ((t0 >>> 22) | (t1 << 10)) & LIMB_MASK
  limbs[8] = ((t1 >>> 12) | (t2 << 20)) & LIMB_MASK
  limbs[9] = (t2 >>> 2) & LIMB_MASK
  limbs[10] = ((t2 >>> 24) | (t3 << 8)) & LIMB_MASK
  limbs[11] = t3 >>> 14
  for (let at = 0; at < 6; at++) limbs[12 + at] = limb(limbs, 6 + at) * WRAP
}

/** sum = (sum + block) * multiplier for each block; `high` is the bit that stands above it. */
// oxlint-disable-next-line max-lines-per-function -- in parts, with the limbs in memory, it takes twice as long
function addBlocks(limbs: Float64Array, words: Int32Array, blocks: number, high: number): void {
  const r0 = limb(limbs, 6)
  const r1 = limb(limbs, 7)
  const r2 = limb(limbs, 8)
  const r3 = limb(limbs, 9)
  const r4 = limb(limbs, 10)
  const r5 = limb(limbs, 11)
  const s1 = limb(limbs, 13)
  const s2 = limb(limbs, 14)
  const s3 = limb(limbs, 15)
  const s4 = limb(limbs, 16)
  const s5 = limb(limbs, 17)
  let h0 = limb(limbs, 0)
  let h1 = limb(limbs, 1)
  let h2 = limb(limbs, 2)
  let h3 = limb(limbs, 3)
  let h4 = limb(limbs, 4)
  let h5 = limb(limbs, 5)
  const end = blocks * BLOCK_WORDS
  for (let at = 0; at < end; at += BLOCK_WORDS) {
    const m0 = word(words, at)
    const m1 = word(words, at + 1)
    const m2 = word(words, at + 2)
    const m3 = word(words, at + 3)
    const g0 = h0 + (m0 & LIMB_MASK)
    const g1 = h1 + (((m0 >>> 22) | (m1 << 10)) & LIMB_MASK)
    const g2 = h2 + (((m1 >>> 12) | (m2 << 20)) & LIMB_MASK)
    const g3 = h3 + ((m2 >>> 2) & LIMB_MASK)
    const g4 = h4 + (((m2 >>> 24) | (m3 << 8)) & LIMB_MASK)
    const g5 = h5 + (m3 >>> 14) + high
    // At most 2^23 to 2^27 each, and six of them: below 2^52.
    const d0 = g0 * r0 + g1 * s5 + g2 * s4 + g3 * s3 + g4 * s2 + g5 * s1
    const d1 = g0 * r1 + g1 * r0 + g2 * s5 + g3 * s4 + g4 * s3 + g5 * s2
    const d2 = g0 * r2 + g1 * r1 + g2 * r0 + g3 * s5 + g4 * s4 + g5 * s3
    const d3 = g0 * r3 + g1 * r2 + g2 * r1 + g3 * r0 + g4 * s5 + g5 * s4
    const d4 = g0 * r4 + g1 * r3 + g2 * r2 + g3 * r1 + g4 * r0 + g5 * s5
    const d5 = g0 * r5 + g1 * r4 + g2 * r3 + g3 * r2 + g4 * r1 + g5 * r0
    // Two chains of carries side by side, so that neither waits for the other.
    let low = Math.floor(d0 * LIMB_INVERSE)
    let top = Math.floor(d3 * LIMB_INVERSE)
    const c1 = d1 + low
    const c4 = d4 + top
    h0 = d0 - low * LIMB
    h3 = d3 - top * LIMB
    low = Math.floor(c1 * LIMB_INVERSE)
    top = Math.floor(c4 * LIMB_INVERSE)
    const c2 = d2 + low
    const c5 = d5 + top
    h1 = c1 - low * LIMB
    h4 = c4 - top * LIMB
    low = Math.floor(c2 * LIMB_INVERSE)
    top = Math.floor(c5 * LIMB_INVERSE)
    h2 = c2 - low * LIMB
    h5 = c5 - top * LIMB
    h3 += low
    h0 += top * WRAP
    low = Math.floor(h0 * LIMB_INVERSE)
    top = Math.floor(h3 * LIMB_INVERSE)
    h0 -= low * LIMB
    h3 -= top * LIMB
    h1 += low
    h4 += top
  }
  limbs[0] = h0
  limbs[1] = h1
  limbs[2] = h2
  limbs[3] = h3
  limbs[4] = h4
  limbs[5] = h5
}

/** The sum modulo 2^130 - 5, plus the pad, modulo 2^128. */
function writeTag(limbs: Float64Array, pad: Int32Array, tag: Int32Array): void {
  carry(limbs)
  carry(limbs)
  // The sum is below 2^130 now. It is at least the modulus where 5 more make 2^130 of it, and then that is taken off.
  let over = 5
  for (let at = 0; at < 5; at++) over = Math.floor((limb(limbs, at) + over) * LIMB_INVERSE)
  over = Math.floor((limb(limbs, 5) + over) / BIT_130)
  limbs[0] = limb(limbs, 0) + 5 * over
  carryUp(limbs)
  const l1 = limb(limbs, 1)
  const l2 = limb(limbs, 2)
  const l4 = limb(limbs, 4)
  tag[0] = limb(limbs, 0) | (l1 << 22)
  tag[1] = (l1 >>> 10) | (l2 << 12)
  tag[2] = (l2 >>> 20) | (limb(limbs, 3) << 2) | (l4 << 24)
  // Bits from 128 up fall away here, the 2^130 that was over among them.
  tag[3] = (l4 >>> 8) | (limb(limbs, 5) << 14)
  let sum = 0
  for (let at = 0; at < POLY1305_TAG_WORDS; at++) {
    sum += (word(tag, at) >>> 0) + (word(pad, at) >>> 0)
    tag[at] = sum
    sum = Math.floor(sum / 2 ** 32)
  }
}

function carry(limbs: Float64Array): void {
  carryUp(limbs)
  const top = limb(limbs, 5)
  const over = Math.floor(top / BIT_130)
  limbs[5] = top - over * BIT_130
  limbs[0] = limb(limbs, 0) + 5 * over
}

function carryUp(limbs: Float64Array): void {
  for (let at = 0; at < 5; at++) {
    const value = limb(limbs, at)
    const over = Math.floor(value * LIMB_INVERSE)
    limbs[at] = value - over * LIMB
    limbs[at + 1] = limb(limbs, at + 1) + over
  }
}
