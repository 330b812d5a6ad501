/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) as a running hash over 64-bit words. Words are pairs of 32-bit halves:
 * BigInt would cost a hundred times as much, and a transport asks for one digest per frame.
 */

export const SIPHASH_KEY_BYTES = 16

/** A 64-bit word, little endian in bytes. */
export interface SipWord {
  low: number
  high: number
}

/** The state is v0 to v3, each as its low and its high half. */
export class SipHash24 {
  readonly #state = new Uint32Array(8)
  /** `digest` works on a copy, so that the hash runs on. */
  readonly #scratch = new Uint32Array(8)

  constructor(key: Buffer) {
    const k0 = { low: key.readUInt32LE(0), high: key.readUInt32LE(4) }
    const k1 = { low: key.readUInt32LE(8), high: key.readUInt32LE(12) }
    const v = this.#state
    v[0] = k0.low ^ 0x70736575
    v[1] = k0.high ^ 0x736f6d65
    v[2] = k1.low ^ 0x6e646f6d
    v[3] = k1.high ^ 0x646f7261
    v[4] = k0.low ^ 0x6e657261
    v[5] = k0.high ^ 0x6c796765
    v[6] = k1.low ^ 0x79746573
    v[7] = k1.high ^ 0x74656462
  }

  /** The next eight bytes of the message. */
  absorb({ low, high }: Readonly<SipWord>): void {
    compress(this.#state, low, high)
  }

  /**
   * The digest of what was absorbed and of `tail`: the up to seven bytes that are left, with the message's length
   * modulo 256 as the eighth. Written to `into`.
   */
  digest(tail: Readonly<SipWord>, into: SipWord): void {
    const v = this.#scratch
    v.set(this.#state)
    compress(v, tail.low, tail.high)
    v[4] = at(v, 4) ^ 0xff
    for (let round = 0; round < 4; round++) sipRound(v)
    into.low = (at(v, 0) ^ at(v, 2) ^ at(v, 4) ^ at(v, 6)) >>> 0
    into.high = (at(v, 1) ^ at(v, 3) ^ at(v, 5) ^ at(v, 7)) >>> 0
  }

  wipe(): void {
    this.#state.fill(0)
    this.#scratch.fill(0)
  }
}

function at(v: Uint32Array, index: number): number {
  return v[index] as number
}

function compress(v: Uint32Array, low: number, high: number): void {
  v[6] = at(v, 6) ^ low
  v[7] = at(v, 7) ^ high
  sipRound(v)
  sipRound(v)
  v[0] = at(v, 0) ^ low
  v[1] = at(v, 1) ^ high
}

function sipRound(v: Uint32Array): void {
  add(v, 0, 2)
  rotateXor(v, 2, 13, 0)
  swapHalves(v, 0)
  add(v, 4, 6)
  rotateXor(v, 6, 16, 4)
  add(v, 0, 6)
  rotateXor(v, 6, 21, 0)
  add(v, 4, 2)
  rotateXor(v, 2, 17, 4)
  swapHalves(v, 4)
}

/** word[a] += word[b] */
function add(v: Uint32Array, a: number, b: number): void {
  const low = at(v, a) + at(v, b)
  v[a] = low
  v[a + 1] = at(v, a + 1) + at(v, b + 1) + (low > 0xffff_ffff ? 1 : 0)
}

/** word[a] = (word[a] <<< bits) ^ word[b], for fewer than 32 bits. */
function rotateXor(v: Uint32Array, a: number, bits: number, b: number): void {
  const low = at(v, a)
  const high = at(v, a + 1)
  v[a] = ((low << bits) | (high >>> (32 - bits))) ^ at(v, b)
  v[a + 1] = ((high << bits) | (low >>> (32 - bits))) ^ at(v, b + 1)
}

/** A rotation by 32 bits. */
function swapHalves(v: Uint32Array, a: number): void {
  const low = at(v, a)
  v[a] = at(v, a + 1)
  v[a + 1] = low
}
