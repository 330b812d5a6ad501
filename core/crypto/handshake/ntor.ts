/** The ntor handshake, client side (tor-spec 5.1.4): HTYPE 2, for relays without ntor-v3. Names are the spec's. */
import { ByteReader } from '../../util/byte-reader.ts'
import { isAllZero } from '../../util/bytes.ts'
import { malformed, TorError } from '../../util/errors.ts'
import type { Random } from '../../util/random.ts'
import { equalConstantTime } from '../constant-time.ts'
import { hmacSha256 } from '../hash.ts'
import { hkdfExpand } from '../hkdf.ts'
import { generateX25519KeyPair, X25519_KEY_BYTES, type X25519KeyPair } from '../x25519.ts'
import type { ClientHandshake, HandshakeResult } from './client-handshake.ts'

const RSA_IDENTITY_BYTES = 20
const AUTH_BYTES = 32

const PROTOID = Buffer.from('ntor-curve25519-sha256-1', 'latin1')
const T_MAC = tweak(':mac')
const T_KEY = tweak(':key_extract')
const T_VERIFY = tweak(':verify')
const M_EXPAND = tweak(':key_expand')
const SERVER = Buffer.from('Server', 'latin1')

export interface NtorParams {
  /** SHA-1 of the relay's RSA identity key, 20 bytes. */
  readonly rsaIdentity: Uint8Array
  /** The relay's onion key, 32 bytes. */
  readonly ntorKey: Uint8Array
}

/** `request` is 84 bytes, the reply 64. Throws `malformed` for parameters of a wrong length. */
export function startNtor(params: NtorParams, random: Random): ClientHandshake {
  if (params.rsaIdentity.length !== RSA_IDENTITY_BYTES) {
    malformed('RSA identity', `${RSA_IDENTITY_BYTES} bytes`, params.rsaIdentity.length)
  }
  if (params.ntorKey.length !== X25519_KEY_BYTES) {
    malformed('ntor key', `${X25519_KEY_BYTES} bytes`, params.ntorKey.length)
  }
  const x = generateX25519KeyPair(random)
  const request = Buffer.concat([params.rsaIdentity, params.ntorKey, x.publicKey])
  let isUsed = false
  return {
    request,
    finish(reply, keyBytes) {
      if (isUsed) throw new TorError('internal', 'a handshake works once')
      isUsed = true
      return finishNtor(params, x, reply, keyBytes)
    },
  }
}

function finishNtor(
  { rsaIdentity: ID, ntorKey: B }: NtorParams,
  x: X25519KeyPair,
  reply: Uint8Array,
  keyBytes: number,
): HandshakeResult {
  const reader = new ByteReader(reply, 'ntor reply')
  const Y = reader.view(X25519_KEY_BYTES)
  const AUTH = reader.view(AUTH_BYTES)
  reader.end()
  const X = x.publicKey

  const Yx = x.agree(Y)
  const Bx = x.agree(B)
  const secretInput = [Yx, Bx, ID, B, X, Y, PROTOID]
  const KEY_SEED = hmacSha256(T_KEY, ...secretInput)
  const verify = hmacSha256(T_VERIFY, ...secretInput)
  const expectedAuth = hmacSha256(T_MAC, verify, ID, B, Y, X, PROTOID, SERVER)
  const keyMaterial = hkdfExpand(KEY_SEED, M_EXPAND, keyBytes)

  // All three are computed before any decides: the time it takes tells nobody which one failed.
  const isAuthentic = equalConstantTime(AUTH, expectedAuth)
  const isYxZero = isAllZero(Yx)
  const isBxZero = isAllZero(Bx)
  for (const secret of [Yx, Bx, KEY_SEED, verify]) secret.fill(0)
  if (!isAuthentic || isYxZero || isBxZero) {
    keyMaterial.fill(0)
    throw new TorError('wrong-identity', 'the relay did not prove its ntor key', { retry: 'elsewhere' })
  }
  return { keyMaterial, serverMessage: Buffer.alloc(0) }
}

function tweak(suffix: string): Buffer {
  return Buffer.concat([PROTOID, Buffer.from(suffix, 'latin1')])
}
