/**
 * Tor's own certificates (cert-spec 2.1 and 2.3): an ed25519 key vouching for another key or digest for some hours, and
 * an RSA identity vouching for an ed25519 one. Parsing checks the form; signatures and dates are checked by the caller,
 * who knows which key and which moment to expect.
 */
import { ByteReader } from '../util/byte-reader.ts'
import { malformed } from '../util/errors.ts'
import { ED25519_KEY_BYTES, ED25519_SIGNATURE_BYTES, verifyEd25519 } from './ed25519.ts'
import { sha256 } from './hash.ts'
import type { RsaPublicKey } from './rsa.ts'

/** cert-spec A.1: what a certificate is for. */
export const CERT_TYPE_IDENTITY_SIGNING = 4
export const CERT_TYPE_SIGNING_TLS = 5

/** cert-spec A.4: what the certified 32 bytes are. Old releases wrote 1 for everything. */
export const CERT_KEY_ED25519 = 1
export const CERT_KEY_SHA256_OF_X509 = 3

const CERT_VERSION = 1
const HOUR_MS = 3_600_000
const EXTENSION_SIGNED_WITH_KEY = 4
const FLAG_AFFECTS_VALIDATION = 1
const CROSS_CERT_PREFIX = Buffer.from('Tor TLS RSA/Ed25519 cross-certificate', 'latin1')

export interface Ed25519Certificate {
  readonly certType: number
  /** Milliseconds since 1970; not valid after it. */
  readonly expiresMs: number
  readonly keyType: number
  /** 32 bytes: an ed25519 key or a digest, as `keyType` and `certType` say. */
  readonly certifiedKey: Buffer
  /** The key of the signed-with-ed25519-key extension, which then must be the one that signed. */
  readonly signingKey: Buffer | undefined
  /** What the signature covers. */
  readonly signedBytes: Buffer
  readonly signature: Buffer
}

/** cert-spec 2.1. Copies what it keeps. Throws `malformed`, also for an unknown extension that affects validation. */
export function parseEd25519Certificate(bytes: Uint8Array): Ed25519Certificate {
  const copy = Buffer.from(bytes)
  const reader = new ByteReader(copy, 'ed25519 certificate')
  const version = reader.u8()
  if (version !== CERT_VERSION) reader.fail(`version ${CERT_VERSION}`, version)
  const certType = reader.u8()
  const expiresMs = reader.u32() * HOUR_MS
  const keyType = reader.u8()
  const certifiedKey = reader.view(ED25519_KEY_BYTES)
  const signingKey = readExtensions(reader)
  const signedBytes = copy.subarray(0, copy.length - reader.remaining)
  const signature = reader.view(ED25519_SIGNATURE_BYTES)
  reader.end()
  return { certType, expiresMs, keyType, certifiedKey, signingKey, signedBytes, signature }
}

/**
 * Whether the certificate was signed by `signingKey` (32 bytes), and says nothing else about who signed it. Dates are
 * not looked at.
 */
export function verifyEd25519Certificate(certificate: Ed25519Certificate, signingKey: Uint8Array): boolean {
  if (certificate.signingKey !== undefined && !certificate.signingKey.equals(signingKey)) return false
  return verifyEd25519(signingKey, certificate.signedBytes, certificate.signature)
}

/** Returns the key that signed, when an extension names it. */
function readExtensions(reader: ByteReader): Buffer | undefined {
  let signingKey: Buffer | undefined
  for (let count = reader.u8(); count > 0; count--) {
    const length = reader.u16()
    const type = reader.u8()
    const flags = reader.u8()
    const data = reader.view(length)
    if (type === EXTENSION_SIGNED_WITH_KEY) {
      if (signingKey !== undefined) reader.fail('at most one signed-with key')
      if (length !== ED25519_KEY_BYTES) reader.fail('a signed-with key of 32 bytes', length)
      signingKey = data
    } else if ((flags & FLAG_AFFECTS_VALIDATION) !== 0) {
      reader.fail('no unknown extension that affects validation', type)
    }
  }
  return signingKey
}

export interface RsaCrossCertificate {
  /** The ed25519 identity that the RSA identity vouches for, 32 bytes. */
  readonly ed25519Key: Buffer
  /** Milliseconds since 1970; not valid after it. */
  readonly expiresMs: number
  readonly signedBytes: Buffer
  readonly signature: Buffer
}

/** cert-spec 2.3. Copies what it keeps. Throws `malformed`. */
export function parseRsaCrossCertificate(bytes: Uint8Array): RsaCrossCertificate {
  const copy = Buffer.from(bytes)
  const reader = new ByteReader(copy, 'RSA cross-certificate')
  const ed25519Key = reader.view(ED25519_KEY_BYTES)
  const expiresMs = reader.u32() * HOUR_MS
  const signedBytes = copy.subarray(0, copy.length - reader.remaining)
  const signature = reader.view(reader.u8())
  reader.end()
  if (signature.length === 0) malformed('RSA cross-certificate', 'a signature')
  return { ed25519Key, expiresMs, signedBytes, signature }
}

/** Whether the RSA identity signed the certificate. Dates are not looked at. */
export function verifyRsaCrossCertificate(
  certificate: RsaCrossCertificate,
  rsaIdentity: RsaPublicKey,
): boolean {
  return rsaIdentity.verifyRaw(sha256(CROSS_CERT_PREFIX, certificate.signedBytes), certificate.signature)
}
