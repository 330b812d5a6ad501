/** KDF-TOR (tor-spec 5.2.1), which only CREATE_FAST still uses. */
import { TorError } from '../util/errors.ts'
import { sha1 } from './hash.ts'

const DIGEST_BYTES = 20

/** SHA1(K0 | 00) | SHA1(K0 | 01) | ..., at most 256 digests. The caller owns the result. */
export function kdfTor(secret: Uint8Array, length: number): Buffer {
  const rounds = Math.ceil(length / DIGEST_BYTES)
  if (rounds > 256) throw new TorError('internal', `KDF-TOR cannot give ${length} bytes`)
  const output = Buffer.allocUnsafeSlow(rounds * DIGEST_BYTES)
  for (let round = 0; round < rounds; round++) {
    const digest = sha1(secret, Uint8Array.of(round))
    digest.copy(output, round * DIGEST_BYTES)
    digest.fill(0)
  }
  return output.subarray(0, length)
}
