/** The primitives by node:crypto: fast where the runtime's library is whole, which `calibration.ts` finds out. */
import { createCipheriv, createHash } from 'node:crypto'
import type { Primitives, StreamCipher } from './primitives.ts'

const AES_BLOCK_BYTES = 16

export const nodePrimitives: Primitives = {
  createAesCtr: createNodeAesCtr,
  createRunningSha1: () => createHash('sha1'),
  sha3: {
    sha3_256: (parts) => hashParts(createHash('sha3-256'), parts),
    shake256: (length, parts) => hashParts(createHash('shake256', { outputLength: length }), parts),
  },
}

function createNodeAesCtr(key: Uint8Array, byteOffset: number): StreamCipher {
  const counter = Buffer.alloc(AES_BLOCK_BYTES)
  // The lower half of the counter is enough: no circuit carries 2^64 blocks.
  counter.writeBigUInt64BE(BigInt(Math.floor(byteOffset / AES_BLOCK_BYTES)), 8)
  const cipher = createCipheriv(`aes-${key.length * 8}-ctr`, key, counter)
  const skipped = byteOffset % AES_BLOCK_BYTES
  if (skipped > 0) cipher.update(Buffer.alloc(skipped))
  return cipher
}

function hashParts(
  hash: { update(bytes: Uint8Array): unknown; digest(): Buffer },
  parts: readonly Uint8Array[],
): Buffer {
  for (const part of parts) hash.update(part)
  return hash.digest()
}
