/** Directory authority key certificates (dir-spec 3.1): a long-term identity key vouches for a signing key. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { TorError } from '../util/errors.ts'

/** A certificate whose fingerprint, crosscert and certification have been verified; expiry is the caller's to ask. */
export interface AuthorityCert {
  /** The v3 identity: fingerprint of the identity key. Whether it is a trusted one is for the caller to say. */
  readonly identity: RsaIdentity
  readonly signingKeyDigest: RsaIdentity
  /** PKCS#1 DER of the signing key. */
  readonly signingKey: Buffer
  readonly publishedMs: number
  readonly expiresMs: number
  /** The document's exact text, for the cache. */
  readonly text: string
}

/** Parses and verifies one certificate. Throws `malformed` or `bad-directory`. */
export function parseAuthorityCert(_text: string): AuthorityCert {
  throw new TorError('internal', 'not built yet')
}

/** Splits a concatenation; a bad certificate is reported and the others stay. */
export function parseAuthorityCerts(_bytes: Buffer): { certs: AuthorityCert[]; rejected: string[] } {
  throw new TorError('internal', 'not built yet')
}
