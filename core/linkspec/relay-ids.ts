/** A relay's identities as immutable strings, good as Map keys, and their bytes. */
import type { Brand } from '../util/brand.ts'
import { asBuffer, fromBase64, fromHex, toBase64Unpadded } from '../util/bytes.ts'
import { malformed } from '../util/errors.ts'

/** SHA-1 of the relay's RSA identity key (DER), 40 upper-case hex digits: the "fingerprint". */
export type RsaIdentity = Brand<string, 'RsaIdentity'>

/** The relay's ed25519 identity key, 43 digits of unpadded base64. */
export type Ed25519Identity = Brand<string, 'Ed25519Identity'>

export interface RelayIds {
  readonly rsa: RsaIdentity
  /** Unknown for fallback directories and for relays whose microdescriptor is still missing. */
  readonly ed25519: Ed25519Identity | undefined
}

export function rsaIdentityFromBytes(bytes: Uint8Array): RsaIdentity {
  if (bytes.length !== 20) malformed('RSA identity', '20 bytes', bytes.length)
  return asBuffer(bytes).toString('hex').toUpperCase() as RsaIdentity
}

/** Accepts 40 hex digits in either case, optionally after `$`. Throws `malformed`. */
export function parseRsaIdentity(text: string): RsaIdentity {
  return rsaIdentityFromBytes(fromHex(text.startsWith('$') ? text.slice(1) : text, 20))
}

export function rsaIdentityBytes(id: RsaIdentity): Buffer {
  return Buffer.from(id, 'hex')
}

export function ed25519IdentityFromBytes(bytes: Uint8Array): Ed25519Identity {
  if (bytes.length !== 32) malformed('ed25519 identity', '32 bytes', bytes.length)
  return toBase64Unpadded(bytes) as Ed25519Identity
}

/** Throws `malformed`. */
export function parseEd25519Identity(text: string): Ed25519Identity {
  return ed25519IdentityFromBytes(fromBase64(text, 32))
}

export function ed25519IdentityBytes(id: Ed25519Identity): Buffer {
  return Buffer.from(id, 'base64')
}
