/**
 * CREATE_FAST (tor-spec 5.1.5 and 5.2.1): no public keys, the channel's TLS is all the protection. Only for one-hop
 * directory circuits to a relay whose onion key is unknown.
 */
import { ByteReader } from '../../util/byte-reader.ts'
import { TorError } from '../../util/errors.ts'
import { type Random, randomBytes } from '../../util/random.ts'
import { equalConstantTime } from '../constant-time.ts'
import { kdfTor } from '../kdf-tor.ts'
import type { ClientHandshake, HandshakeResult } from './client-handshake.ts'

const HALF_BYTES = 20
const KEY_HASH_BYTES = 20

/** `request` is the 20 bytes of CREATE_FAST; `finish` takes the 40 bytes of CREATED_FAST. */
export function startCreateFast(random: Random): ClientHandshake {
  const request = randomBytes(random, HALF_BYTES)
  let isUsed = false
  return {
    request,
    finish(reply, keyBytes) {
      if (isUsed) throw new TorError('internal', 'a handshake works once')
      isUsed = true
      return finishCreateFast(request, reply, keyBytes)
    },
  }
}

/** K0 = X | Y; KDF-TOR gives KH, which the relay must have sent, then the keys. */
function finishCreateFast(clientHalf: Buffer, reply: Uint8Array, keyBytes: number): HandshakeResult {
  const reader = new ByteReader(reply, 'CREATED_FAST')
  const relayHalf = reader.view(HALF_BYTES)
  const keyHash = reader.view(KEY_HASH_BYTES)
  reader.end()
  const secret = Buffer.allocUnsafeSlow(2 * HALF_BYTES)
  secret.set(clientHalf)
  secret.set(relayHalf, HALF_BYTES)
  const derived = kdfTor(secret, KEY_HASH_BYTES + keyBytes)
  secret.fill(0)
  if (!equalConstantTime(keyHash, derived.subarray(0, KEY_HASH_BYTES))) {
    derived.fill(0)
    throw new TorError('wrong-identity', 'CREATED_FAST does not match our half', { retry: 'elsewhere' })
  }
  return { keyMaterial: derived.subarray(KEY_HASH_BYTES), serverMessage: Buffer.alloc(0) }
}
