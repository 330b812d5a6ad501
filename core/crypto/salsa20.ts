/**
 * Salsa20/20 with keys of 32 bytes, and HSalsa20 (Bernstein, "Extending the Salsa20 nonce"), on words of memory that is
 * the caller's. Additions, rotations and XORs of words alone: no branch and no index depends on a secret, so the time
 * does not either, as far as the engine compiles it to what it says.
 */
import { endianness } from 'node:os'
import { TorError } from '../util/errors.ts'

export const SALSA20_KEY_BYTES = 32
export const SALSA20_BLOCK_WORDS = 16
const ROUNDS = 20

/** "expand 32-byte k", and where the state has its words. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const
const COUNTER_WORD = 8

export class Salsa20 {
  readonly #input: Int32Array
  /** Of the key stream: the block after `next`. It is written over at the next call. */
  readonly block = new Int32Array(SALSA20_BLOCK_WORDS)

  /** The caller may wipe the key. */
  constructor(key: Uint8Array) {
    this.#input = inputOf(key, new Uint8Array(16))
  }

  /** Starts the key stream of a nonce, which is two words as they lie in memory. */
  start(nonce0: number, nonce1: number): void {
    this.#input[6] = nonce0
    this.#input[7] = nonce1
    this.#input[COUNTER_WORD] = 0
  }

  /** A message would need 256 GB before the counter's second word counted. */
  next(): void {
    const { block } = this
    const input = this.#input
    block.set(input)
    runRounds(block)
    for (let at = 0; at < SALSA20_BLOCK_WORDS; at++) block[at] = word(block, at) + word(input, at)
    input[COUNTER_WORD] = word(input, COUNTER_WORD) + 1
  }

  /** XORs the blocks that come next into `words`, from `start` up to `end`; of the last block as much as is needed. */
  xorInto(words: Int32Array, start: number, end: number): void {
    const { block } = this
    for (let from = start; from < end; from += SALSA20_BLOCK_WORDS) {
      this.next()
      const count = Math.min(SALSA20_BLOCK_WORDS, end - from)
      for (let at = 0; at < count; at++) words[from + at] = word(words, from + at) ^ word(block, at)
    }
  }

  wipe(): void {
    this.#input.fill(0)
    this.block.fill(0)
  }
}

/** The key that Salsa20 takes for all nonces which begin with these 16 bytes. */
export function hsalsa20(key: Uint8Array, noncePrefix: Uint8Array): Buffer {
  const state = inputOf(key, noncePrefix)
  runRounds(state)
  const subkey = Int32Array.from([0, 5, 10, 15, 6, 7, 8, 9], (at) => word(state, at))
  state.fill(0)
  return Buffer.from(subkey.buffer)
}

function inputOf(key: Uint8Array, middle: Uint8Array): Int32Array {
  if (endianness() !== 'LE') throw new TorError('internal', 'this cipher needs a little-endian machine')
  if (key.length !== SALSA20_KEY_BYTES || middle.length !== 16) {
    throw new TorError('internal', `no Salsa20 key has ${key.length} bytes and ${middle.length} beside it`)
  }
  const input = new Int32Array(SALSA20_BLOCK_WORDS)
  const bytes = new Uint8Array(input.buffer)
  SIGMA.forEach((constant, at) => {
    input[at * 5] = constant
  })
  bytes.set(key.subarray(0, 16), 4)
  bytes.set(middle, 24)
  bytes.set(key.subarray(16), 44)
  return input
}

function word(words: Int32Array, at: number): number {
  return words[at] as number
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

/** In place. */
// oxlint-disable-next-line max-lines-per-function -- in parts, with the state in memory, it takes three times as long
function runRounds(x: Int32Array): void {
  let x0 = word(x, 0)
  let x1 = word(x, 1)
  let x2 = word(x, 2)
  let x3 = word(x, 3)
  let x4 = word(x, 4)
  let x5 = word(x, 5)
  let x6 = word(x, 6)
  let x7 = word(x, 7)
  let x8 = word(x, 8)
  let x9 = word(x, 9)
  let x10 = word(x, 10)
  let x11 = word(x, 11)
  let x12 = word(x, 12)
  let x13 = word(x, 13)
  let x14 = word(x, 14)
  let x15 = word(x, 15)
  for (let round = 0; round < ROUNDS; round += 2) {
    x4 ^= rotate((x0 + x12) | 0, 7)
    x8 ^= rotate((x4 + x0) | 0, 9)
    x12 ^= rotate((x8 + x4) | 0, 13)
    x0 ^= rotate((x12 + x8) | 0, 18)
    x9 ^= rotate((x5 + x1) | 0, 7)
    x13 ^= rotate((x9 + x5) | 0, 9)
    x1 ^= rotate((x13 + x9) | 0, 13)
    x5 ^= rotate((x1 + x13) | 0, 18)
    x14 ^= rotate((x10 + x6) | 0, 7)
    x2 ^= rotate((x14 + x10) | 0, 9)
    x6 ^= rotate((x2 + x14) | 0, 13)
    x10 ^= rotate((x6 + x2) | 0, 18)
    x3 ^= rotate((x15 + x11) | 0, 7)
    x7 ^= rotate((x3 + x15) | 0, 9)
    x11 ^= rotate((x7 + x3) | 0, 13)
    x15 ^= rotate((x11 + x7) | 0, 18)
    x1 ^= rotate((x0 + x3) | 0, 7)
    x2 ^= rotate((x1 + x0) | 0, 9)
    x3 ^= rotate((x2 + x1) | 0, 13)
    x0 ^= rotate((x3 + x2) | 0, 18)
    x6 ^= rotate((x5 + x4) | 0, 7)
    x7 ^= rotate((x6 + x5) | 0, 9)
    x4 ^= rotate((x7 + x6) | 0, 13)
    x5 ^= rotate((x4 + x7) | 0, 18)
    x11 ^= rotate((x10 + x9) | 0, 7)
    x8 ^= rotate((x11 + x10) | 0, 9)
    x9 ^= rotate((x8 + x11) | 0, 13)
    x10 ^= rotate((x9 + x8) | 0, 18)
    x12 ^= rotate((x15 + x14) | 0, 7)
    x13 ^= rotate((x12 + x15) | 0, 9)
    x14 ^= rotate((x13 + x12) | 0, 13)
    x15 ^= rotate((x14 + x13) | 0, 18)
  }
  x[0] = x0
  x[1] = x1
  x[2] = x2
  x[3] = x3
  x[4] = x4
  x[5] = x5
  x[6] = x6
  x[7] = x7
  x[8] = x8
  x[9] = x9
  x[10] = x10
  x[11] = x11
  x[12] = x12
  x[13] = x13
  x[14] = x14
  x[15] = x15
}
