/**
 * The ntor handshake as obfs4 has it, client side. It differs from the Tor protocol's: B stands twice where the identity
 * was, the identity stands last, X comes before Y in the authentication too, verification has a label of its own, and the
 * keys are extracted twice. Names are the specification's.
 */
import { isAllZero } from '../../util/bytes.ts'
import { equalConstantTime } from '../constant-time.ts'
import { hmacSha256 } from '../hash.ts'
import { hkdfExpand, hkdfExtract } from '../hkdf.ts'
import type { RepresentableKeyPair } from '../elligator2.ts'

export const OBFS4_NODE_ID_BYTES = 20
export const OBFS4_AUTH_BYTES = 32

const PROTOID = Buffer.from('ntor-curve25519-sha256-1', 'latin1')
const T_MAC = label(':mac')
const T_KEY = label(':key_extract')
const T_VERIFY = label(':key_verify')
const M_EXPAND = label(':key_expand')
const SERVER = Buffer.from('Server', 'latin1')

export interface Obfs4Identity {
  readonly nodeId: Uint8Array
  /** B, an X25519 key. */
  readonly publicKey: Uint8Array
}

/** The key material, which the caller owns and wipes; undefined when the server has not proved its key. */
export function finishObfs4Ntor(
  { nodeId: ID, publicKey: B }: Obfs4Identity,
  x: Pick<RepresentableKeyPair, 'publicKey' | 'agree'>,
  Y: Uint8Array,
  AUTH: Uint8Array,
  keyBytes: number,
): Buffer | undefined {
  const Yx = x.agree(Y)
  const Bx = x.agree(B)
  const suffix = [B, B, x.publicKey, Y, PROTOID, ID]
  const KEY_SEED = hmacSha256(T_KEY, Yx, Bx, ...suffix)
  const verify = hmacSha256(T_VERIFY, Yx, Bx, ...suffix)
  const expectedAuth = hmacSha256(T_MAC, verify, ...suffix, SERVER)
  // KEY_SEED is extracted from once more, where the Tor protocol takes it as it is.
  const pseudoRandomKey = hkdfExtract(T_KEY, KEY_SEED)
  const keyMaterial = hkdfExpand(pseudoRandomKey, M_EXPAND, keyBytes)

  // All three are computed before any decides: the time it takes tells nobody which one failed.
  const isAuthentic = equalConstantTime(AUTH, expectedAuth)
  const isYxZero = isAllZero(Yx)
  const isBxZero = isAllZero(Bx)
  for (const secret of [Yx, Bx, KEY_SEED, verify, pseudoRandomKey]) secret.fill(0)
  if (isAuthentic && !isYxZero && !isBxZero) return keyMaterial
  keyMaterial.fill(0)
  return undefined
}

function label(suffix: string): Buffer {
  return Buffer.concat([PROTOID, Buffer.from(suffix, 'latin1')])
}
