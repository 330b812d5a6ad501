/** AES in counter mode with a zero IV, the only way that Tor uses AES as a stream cipher (tor-spec 0.3). */
import { TorError } from '../util/errors.ts'
import { chosenPrimitives } from './chosen-primitives.ts'
import type { StreamCipher } from './primitives.ts'

/**
 * A running cipher over a key of 16 or 32 bytes, starting `byteOffset` bytes into its key stream. Keeps its own copy of
 * the key: the caller may wipe its.
 */
export function createAesCtr(key: Uint8Array, byteOffset = 0): StreamCipher {
  if (key.length !== 16 && key.length !== 32)
    throw new TorError('internal', `no AES key has ${key.length} bytes`)
  return chosenPrimitives().createAesCtr(key, byteOffset)
}
