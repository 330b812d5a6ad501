/**
 * XSalsa20-Poly1305 as NaCl's `secretbox` has it, for a run of messages whose nonces have their first 16 bytes in
 * common and count in the last eight. The common part goes into the key once, not once per message, and no message
 * allocates more than its tag.
 */
import { poly1305 } from '@noble/ciphers/_poly1305.js'
import { hsalsa, salsa20 } from '@noble/ciphers/salsa.js'
import { TorError } from '../util/errors.ts'
import { equalConstantTime } from './constant-time.ts'

export const SECRETBOX_KEY_BYTES = 32
export const SECRETBOX_NONCE_PREFIX_BYTES = 16
export const SECRETBOX_TAG_BYTES = 16

/** The key stream begins with the key of the MAC. */
const MAC_KEY_BYTES = 32
const COUNTER_BYTES = 8
const SIGMA = wordsOf(Buffer.from('expand 32-byte k', 'latin1'))

export class Secretbox {
  /** On a word boundary, where the cipher is several times faster. */
  readonly #scratch: Uint8Array
  readonly #key = new Uint8Array(SECRETBOX_KEY_BYTES)
  readonly #nonce = Buffer.alloc(COUNTER_BYTES)
  /** A number counts exactly for longer than any connection lasts. */
  #counter = 0

  /** Messages of up to `maxBytes`. The caller may wipe what it gave. */
  constructor(key: Uint8Array, noncePrefix: Uint8Array, maxBytes: number) {
    this.#scratch = new Uint8Array(MAC_KEY_BYTES + maxBytes)
    const words = wordsOf(key)
    const subkey = new Uint32Array(SECRETBOX_KEY_BYTES / 4)
    hsalsa(SIGMA, words, wordsOf(noncePrefix), subkey)
    this.#key.set(new Uint8Array(subkey.buffer))
    words.fill(0)
    subkey.fill(0)
  }

  /** The plaintext of the message that `seal` takes next, to be filled by the caller. */
  plaintext(length: number): Uint8Array {
    return this.#scratch.subarray(MAC_KEY_BYTES, MAC_KEY_BYTES + length)
  }

  /** Encrypts the first `length` bytes of the plaintext to `into`, at `offset`: the tag, then the ciphertext. */
  seal(length: number, into: Uint8Array, offset: number): void {
    this.#applyKeyStream(length)
    const ciphertext = this.plaintext(length)
    into.set(poly1305(ciphertext, this.#scratch.subarray(0, MAC_KEY_BYTES)), offset)
    into.set(ciphertext, offset + SECRETBOX_TAG_BYTES)
  }

  /** A view of the plaintext, valid until the next call; undefined when the tag is wrong. */
  open(boxed: Uint8Array): Uint8Array | undefined {
    const length = boxed.length - SECRETBOX_TAG_BYTES
    if (length < 0 || MAC_KEY_BYTES + length > this.#scratch.length) return undefined
    const ciphertext = boxed.subarray(SECRETBOX_TAG_BYTES)
    this.plaintext(length).set(ciphertext)
    this.#applyKeyStream(length)
    const tag = poly1305(ciphertext, this.#scratch.subarray(0, MAC_KEY_BYTES))
    return equalConstantTime(tag, boxed.subarray(0, SECRETBOX_TAG_BYTES)) ? this.plaintext(length) : undefined
  }

  wipe(): void {
    this.#key.fill(0)
    this.#scratch.fill(0)
  }

  #applyKeyStream(length: number): void {
    this.#counter++
    if (!Number.isSafeInteger(this.#counter)) throw new TorError('limit', 'a key has had all its messages')
    this.#nonce.writeUInt32BE(Math.floor(this.#counter / 2 ** 32), 0)
    this.#nonce.writeUInt32BE(this.#counter % 2 ** 32, 4)
    const used = this.#scratch.subarray(0, MAC_KEY_BYTES + length)
    used.fill(0, 0, MAC_KEY_BYTES)
    salsa20(this.#key, this.#nonce, used, used)
  }
}

/** A copy, on a word boundary. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}
