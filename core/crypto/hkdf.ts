/** HKDF with SHA-256 (RFC 5869). */
import { TorError } from '../util/errors.ts'
import { hmacSha256 } from './hash.ts'

const DIGEST_BYTES = 32

/** RFC 5869 2.2. */
export function hkdfExtract(salt: Uint8Array, inputKey: Uint8Array): Buffer {
  return hmacSha256(salt, inputKey)
}

/** RFC 5869 2.3: at most 255 digests. The caller owns the result. */
export function hkdfExpand(pseudoRandomKey: Uint8Array, info: Uint8Array, length: number): Buffer {
  const rounds = Math.ceil(length / DIGEST_BYTES)
  if (rounds > 255) throw new TorError('internal', `HKDF cannot give ${length} bytes`)
  const output = Buffer.allocUnsafeSlow(rounds * DIGEST_BYTES)
  let previous: Buffer = Buffer.alloc(0)
  for (let round = 1; round <= rounds; round++) {
    const next = hmacSha256(pseudoRandomKey, previous, info, Uint8Array.of(round))
    previous.fill(0)
    next.copy(output, (round - 1) * DIGEST_BYTES)
    previous = next
  }
  previous.fill(0)
  return output.subarray(0, length)
}
