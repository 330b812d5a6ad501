/**
 * RSA as the older parts of Tor use it: keys in PKCS#1 DER, named by the SHA-1 of it, and signatures that hold a bare
 * digest in PKCS#1 v1.5 padding without naming the hash (tor-spec 0.3). All values here are public.
 */
import { type KeyObject, constants, createPublicKey, publicDecrypt, verify } from 'node:crypto'
import { malformed, toTorError } from '../util/errors.ts'
import { equalConstantTime } from './constant-time.ts'
import { DER_SEQUENCE, DerReader } from './der.ts'
import { sha1 } from './hash.ts'

/** Relay identities and authorities' older signing keys; nothing smaller exists in Tor. */
const LEAST_MODULUS_BITS = 1024

/** Authorities' identities have 3072; the limit bounds the work that a hostile key can cause. */
const MOST_MODULUS_BITS = 4096

/** All of Tor's keys have it (C tor generates and, for relays, demands it); others buy nothing but slow checks. */
const PUBLIC_EXPONENT = '010001'

export class RsaPublicKey {
  /** The PKCS#1 RSAPublicKey, as the identity digest covers it. */
  readonly der: Buffer
  readonly modulusBits: number
  /** SHA-1 of `der`, 20 bytes: the relay's or authority's fingerprint. */
  readonly identityDigest: Buffer
  readonly #key: KeyObject

  constructor(der: Buffer, modulusBits: number, key: KeyObject) {
    this.der = der
    this.modulusBits = modulusBits
    this.identityDigest = sha1(der)
    this.#key = key
  }

  /** Whether `signature` holds exactly `payload`, a bare digest. */
  verifyRaw(payload: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== Math.ceil(this.modulusBits / 8)) return false
    try {
      const recovered = publicDecrypt({ key: this.#key, padding: constants.RSA_PKCS1_PADDING }, signature)
      return equalConstantTime(recovered, payload)
    } catch {
      return false
    }
  }

  /** Whether `signature` is an ordinary RSASSA-PKCS1-v1_5 signature with SHA-256, as in certificates. */
  verifySha256(message: Uint8Array, signature: Uint8Array): boolean {
    try {
      return verify('sha256', message, { key: this.#key, padding: constants.RSA_PKCS1_PADDING }, signature)
    } catch {
      return false
    }
  }
}

/** Reads a PKCS#1 RSAPublicKey of 1024 to 4096 bits with exponent 65537. Copies the bytes. Throws `malformed`. */
export function parseRsaPublicKey(der: Uint8Array): RsaPublicKey {
  const outer = new DerReader(der, 'RSA public key')
  const fields = outer.readInside(DER_SEQUENCE)
  outer.end()
  const modulus = fields.readUnsigned()
  const exponent = fields.readUnsigned()
  fields.end()
  const modulusBits = modulus.length === 0 ? 0 : modulus.length * 8 - (Math.clz32(modulus[0] as number) - 24)
  if (modulusBits < LEAST_MODULUS_BITS || modulusBits > MOST_MODULUS_BITS) {
    malformed('RSA public key', `${LEAST_MODULUS_BITS} to ${MOST_MODULUS_BITS} bits`, modulusBits)
  }
  if (exponent.toString('hex') !== PUBLIC_EXPONENT) malformed('RSA public key', 'exponent 65537')
  const copy = Buffer.from(der)
  return new RsaPublicKey(copy, modulusBits, importKey(copy))
}

/** The same check as a function, for callers that hold the key as a value. */
export function verifyRsaRaw(publicKey: RsaPublicKey, payload: Uint8Array, signature: Uint8Array): boolean {
  return publicKey.verifyRaw(payload, signature)
}

function importKey(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'pkcs1' })
  } catch (error) {
    throw toTorError(error, 'malformed', 'RSA public key')
  }
}
