/** X25519 (RFC 7748) on node:crypto's key objects: constant time, and the private key stays out of the heap. */
import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
} from 'node:crypto'
import { asBuffer } from '../util/bytes.ts'
import { TorError, malformed } from '../util/errors.ts'
import { type Random, randomBytes } from '../util/random.ts'
import { systemRandom } from './system-random.ts'

export const X25519_KEY_BYTES = 32

/** PKCS#8 around a raw X25519 private key (RFC 8410 7), up to the key itself. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** JWK because the DER codecs of OpenSSL 3 cost ten times the key agreement itself. */
const PUBLIC_AS_JWK = { publicKeyEncoding: { format: 'jwk' } } as const

export interface X25519KeyPair {
  /** 32 bytes. */
  readonly publicKey: Buffer
  /**
   * The shared secret with a peer's 32-byte public key; the caller owns and wipes it. All zero when the peer's key is of
   * small order: every handshake must check that, together with its other checks. Throws `malformed` for a wrong length.
   */
  agree(peerPublicKey: Uint8Array): Buffer
}

/** A fresh pair. Randomness other than the system's is for tests: it takes the slow way through an import. */
export function generateX25519KeyPair(random: Random = systemRandom): X25519KeyPair {
  if (random === systemRandom) return generateKeyPair()
  const privateKey = randomBytes(random, X25519_KEY_BYTES)
  try {
    return x25519KeyPairFromPrivate(privateKey)
  } finally {
    privateKey.fill(0)
  }
}

/** The pair of a known private key (32 bytes, clamped or not), which the caller may wipe afterwards. */
export function x25519KeyPairFromPrivate(privateKey: Uint8Array): X25519KeyPair {
  if (privateKey.length !== X25519_KEY_BYTES) {
    throw new TorError('internal', `no X25519 private key has ${privateKey.length} bytes`)
  }
  const pkcs8 = Buffer.allocUnsafeSlow(PKCS8_PREFIX.length + X25519_KEY_BYTES)
  pkcs8.set(PKCS8_PREFIX)
  pkcs8.set(privateKey, PKCS8_PREFIX.length)
  try {
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    return keyPair(key, createPublicKey(key).export({ format: 'jwk' }).x)
  } finally {
    pkcs8.fill(0)
  }
}

/**
 * The public half must leave the generator with the pair. Node's export of a key locks it, and may collect garbage
 * meanwhile; if the generator's job is part of that, its destructor waits for the same lock, for ever, and the whole
 * process with it: once in some thousand exports of a generated key. Nothing else that is done with the key locks it.
 */
function generateKeyPair(): X25519KeyPair {
  const { publicKey, privateKey }: { publicKey: object; privateKey: KeyObject } = generateKeyPairSync(
    'x25519',
    PUBLIC_AS_JWK,
  )
  return keyPair(privateKey, 'x' in publicKey ? publicKey.x : undefined)
}

function keyPair(privateKey: KeyObject, encodedPublicKey: unknown): X25519KeyPair {
  if (typeof encodedPublicKey !== 'string') {
    throw new TorError('internal', 'an X25519 public key without its coordinate')
  }
  return {
    publicKey: Buffer.from(encodedPublicKey, 'base64url'),
    agree: (peerPublicKey) => agree(privateKey, peerPublicKey),
  }
}

function agree(privateKey: KeyObject, peerPublicKey: Uint8Array): Buffer {
  if (peerPublicKey.length !== X25519_KEY_BYTES) {
    malformed('X25519 public key', `${X25519_KEY_BYTES} bytes`, peerPublicKey.length)
  }
  const x = asBuffer(peerPublicKey).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
  try {
    return diffieHellman({ privateKey, publicKey })
  } catch {
    // The libraries refuse an all-zero secret. Giving it back leaves the handshake one path for every failure.
    return Buffer.alloc(X25519_KEY_BYTES)
  }
}
