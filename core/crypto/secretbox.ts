/**
 * XSalsa20-Poly1305 as NaCl's `secretbox` has it, for a run of messages whose nonces have their first 16 bytes in
 * common and count in the last eight. The common part goes into the key once, not once per message, and no message
 * allocates anything: messages are worked on in one block of memory, as words.
 */
import { TorError } from '../util/errors.ts'
import { equalConstantTime } from './constant-time.ts'
import { POLY1305_KEY_WORDS, Poly1305 } from './poly1305.ts'
import { hsalsa20, Salsa20, SALSA20_BLOCK_WORDS, SALSA20_KEY_BYTES } from './salsa20.ts'

export const SECRETBOX_KEY_BYTES = SALSA20_KEY_BYTES
export const SECRETBOX_NONCE_PREFIX_BYTES = 16
export const SECRETBOX_TAG_BYTES = 16

const WORD_BYTES = 4
/** The key stream begins with the key of the MAC; the message's part of it comes after. */
const FIRST_MESSAGE_WORDS = SALSA20_BLOCK_WORDS - POLY1305_KEY_WORDS

export class Secretbox {
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #maxBytes: number
  readonly #cipher: Salsa20
  readonly #mac = new Poly1305()
  readonly #tag: Uint8Array
  /** Its last eight bytes, as they lie in memory. */
  readonly #nonce = Buffer.alloc(8)
  /** A number counts exactly for longer than any connection lasts. */
  #counter = 0

  /** Messages of up to `maxBytes`. The caller may wipe what it gave. */
  constructor(key: Uint8Array, noncePrefix: Uint8Array, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#words = new Int32Array(Math.ceil(maxBytes / WORD_BYTES))
    this.#bytes = new Uint8Array(this.#words.buffer)
    this.#tag = new Uint8Array(this.#mac.tag.buffer)
    const subkey = hsalsa20(key, noncePrefix)
    this.#cipher = new Salsa20(subkey)
    subkey.fill(0)
  }

  /** The plaintext of the message that `seal` takes next, to be filled by the caller. */
  plaintext(length: number): Uint8Array {
    return this.#bytes.subarray(0, length)
  }

  /** Encrypts the first `length` bytes of the plaintext to `into`, at `offset`: the tag, then the ciphertext. */
  seal(length: number, into: Uint8Array, offset: number): void {
    this.#startMessage()
    this.#applyKeyStream(length)
    this.#mac.finish(this.#words, this.#bytes, length)
    into.set(this.#tag, offset)
    into.set(this.#bytes.subarray(0, length), offset + SECRETBOX_TAG_BYTES)
  }

  /** A view of the plaintext, valid until the next call; undefined when the tag is wrong, and then nothing is decrypted. */
  open(boxed: Uint8Array): Uint8Array | undefined {
    const length = boxed.length - SECRETBOX_TAG_BYTES
    if (length < 0 || length > this.#maxBytes) return undefined
    this.#bytes.set(boxed.subarray(SECRETBOX_TAG_BYTES))
    this.#startMessage()
    this.#mac.finish(this.#words, this.#bytes, length)
    if (!equalConstantTime(this.#tag, boxed.subarray(0, SECRETBOX_TAG_BYTES))) return undefined
    this.#applyKeyStream(length)
    return this.plaintext(length)
  }

  wipe(): void {
    this.#cipher.wipe()
    this.#mac.wipe()
    this.#words.fill(0)
  }

  /** Takes the MAC's key; the cipher's block is the first of the message's key stream then. */
  #startMessage(): void {
    this.#counter++
    if (!Number.isSafeInteger(this.#counter)) throw new TorError('limit', 'a key has had all its messages')
    const nonce = this.#nonce
    nonce.writeUInt32BE(Math.floor(this.#counter / 2 ** 32), 0)
    nonce.writeUInt32BE(this.#counter % 2 ** 32, 4)
    this.#cipher.start(nonce.readInt32LE(0), nonce.readInt32LE(4))
    this.#cipher.next()
    this.#mac.start(this.#cipher.block)
  }

  #applyKeyStream(length: number): void {
    const words = this.#words
    const { block } = this.#cipher
    const end = Math.ceil(length / WORD_BYTES)
    const first = Math.min(end, FIRST_MESSAGE_WORDS)
    for (let at = 0; at < first; at++) {
      words[at] = (words[at] as number) ^ (block[POLY1305_KEY_WORDS + at] as number)
    }
    this.#cipher.xorInto(words, first, end)
  }
}
