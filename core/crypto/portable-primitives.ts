/**
 * The primitives in JavaScript: for runtimes whose node:crypto lacks them (no SHA-3 in BoringSSL) or runs AES without
 * the hardware. The AES looks up tables by secret bytes, so it is not constant time: a last resort, which is logged.
 */
import { unsafe as aes } from '@noble/ciphers/aes.js'
import { _SHA1 as Sha1 } from '@noble/hashes/legacy.js'
import { sha3_256, shake256 } from '@noble/hashes/sha3.js'
import { asBuffer } from '../util/bytes.ts'
import type { Primitives, RunningHash, StreamCipher } from './primitives.ts'

const AES_BLOCK_BYTES = 16

export const portablePrimitives: Primitives = {
  createAesCtr: (key, byteOffset) => new PortableAesCtr(key, byteOffset),
  createRunningSha1: () => new PortableSha1(new Sha1()),
  sha3: {
    sha3_256: (parts) => hashParts(sha3_256.create(), parts),
    shake256: (length, parts) => hashParts(shake256.create({ dkLen: length }), parts),
  },
}

/** The library's block loop, with the counter and the unused rest of the last key stream block kept between calls. */
class PortableAesCtr implements StreamCipher {
  readonly #roundKeys: Uint32Array
  readonly #counter: Uint8Array
  readonly #block = new Uint8Array(AES_BLOCK_BYTES)
  #blockUsed = AES_BLOCK_BYTES

  constructor(key: Uint8Array, byteOffset: number) {
    this.#roundKeys = aes.expandKeyLE(Uint8Array.from(key))
    this.#counter = new Uint8Array(AES_BLOCK_BYTES)
    asBuffer(this.#counter).writeBigUInt64BE(BigInt(Math.floor(byteOffset / AES_BLOCK_BYTES)), 8)
    this.update(new Uint8Array(byteOffset % AES_BLOCK_BYTES))
  }

  update(bytes: Uint8Array): Buffer {
    // The block loop wants word-aligned memory that starts on a block: `body` is a copy that does.
    const headLength = Math.min(AES_BLOCK_BYTES - this.#blockUsed, bytes.length)
    const bodyLength = Math.floor((bytes.length - headLength) / AES_BLOCK_BYTES) * AES_BLOCK_BYTES
    const output = Buffer.from(bytes)
    this.#xorFromBlock(output, 0, headLength)
    if (bodyLength > 0) {
      const body = new Uint8Array(output.subarray(headLength, headLength + bodyLength))
      output.set(aes.ctrCounter(this.#roundKeys, this.#counter, body, body), headLength)
    }
    const tailStart = headLength + bodyLength
    if (tailStart < bytes.length) {
      this.#block.fill(0)
      aes.ctrCounter(this.#roundKeys, this.#counter, this.#block, this.#block)
      this.#blockUsed = 0
      this.#xorFromBlock(output, tailStart, bytes.length - tailStart)
    }
    return output
  }

  final(): void {
    this.#roundKeys.fill(0)
    this.#counter.fill(0)
    this.#block.fill(0)
  }

  #xorFromBlock(output: Buffer, start: number, length: number): void {
    for (let index = start; index < start + length; index++) {
      output[index] = (output[index] as number) ^ (this.#block[this.#blockUsed++] as number)
    }
  }
}

class PortableSha1 implements RunningHash {
  readonly #hash: Sha1

  constructor(hash: Sha1) {
    this.#hash = hash
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  copy(): PortableSha1 {
    return new PortableSha1(this.#hash.clone())
  }

  digest(): Buffer
  digest(encoding: 'binary'): string
  digest(encoding?: 'binary'): Buffer | string {
    const digest = asBuffer(this.#hash.digest())
    return encoding === undefined ? digest : digest.toString(encoding)
  }
}

function hashParts(
  hash: { update(bytes: Uint8Array): unknown; digest(): Uint8Array },
  parts: readonly Uint8Array[],
): Buffer {
  for (const part of parts) hash.update(part)
  return asBuffer(hash.digest())
}
