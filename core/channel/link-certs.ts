/**
 * Proves who is at the other end of a TLS link (tor-spec 4.2): the CERTS message ties the TLS certificate to the
 * relay's ed25519 identity, and that to its RSA identity. Pure; every check is made before anything is believed.
 */
import type { ChannelCert } from '../cell/channel-message-codec.ts'
import { equalConstantTime } from '../crypto/constant-time.ts'
import { sha256 } from '../crypto/hash.ts'
import {
  CERT_KEY_ED25519,
  CERT_KEY_SHA256_OF_X509,
  CERT_TYPE_IDENTITY_SIGNING,
  CERT_TYPE_SIGNING_TLS,
  type Ed25519Certificate,
  parseEd25519Certificate,
  parseRsaCrossCertificate,
  verifyEd25519Certificate,
  verifyRsaCrossCertificate,
} from '../crypto/tor-certificate.ts'
import { parseRsaIdentityCertificate, type RsaIdentityCertificate } from '../crypto/x509.ts'
import { ed25519IdentityFromBytes, type RelayIds, rsaIdentityFromBytes } from '../linkspec/relay-ids.ts'
import { isTorError, TorError } from '../util/errors.ts'

/** CERTS types with a container of their own (tor-spec 4.2). */
const CERT_TYPE_RSA_IDENTITY = 2
const CERT_TYPE_RSA_CROSS = 7

/** A `wrong-identity` that a clock ahead of the truth would explain. */
export class ExpiredLinkCertificate extends TorError {
  /** How long ago it ended, by our clock. */
  readonly expiredForMs: number

  constructor(what: string, expiredForMs: number) {
    super('wrong-identity', `link certificates: ${what} has expired`, { retry: 'elsewhere' })
    this.expiredForMs = expiredForMs
  }
}

/**
 * Checks the chain and returns both proved identities. Throws `wrong-identity` when a certificate is missing, doubled,
 * unreadable, expired, badly signed or for another TLS certificate, or when the relay is not the expected one; where
 * none is expected, whoever has proved an identity is taken for it.
 */
export function verifyLinkCerts(
  certs: readonly ChannelCert[],
  tlsCertificate: Uint8Array,
  expected: RelayIds | undefined,
  nowMs: number,
): RelayIds {
  const proved = proveIdentities(indexByType(certs), tlsCertificate, nowMs)
  if (expected === undefined) return proved
  refuseUnless(proved.rsa === expected.rsa, 'the relay has another RSA identity than expected')
  refuseUnless(
    expected.ed25519 === undefined || proved.ed25519 === expected.ed25519,
    'the relay has another ed25519 identity than expected',
  )
  return proved
}

/** A certificate that cannot be read proves as little as one that is not there. */
function proveIdentities(
  byType: ReadonlyMap<number, Buffer>,
  tlsCertificate: Uint8Array,
  nowMs: number,
): RelayIds {
  try {
    return checkChain(byType, tlsCertificate, nowMs)
  } catch (error) {
    throw isTorError(error, 'malformed') ? refusal(error.message, error) : error
  }
}

function checkChain(
  byType: ReadonlyMap<number, Buffer>,
  tlsCertificate: Uint8Array,
  nowMs: number,
): RelayIds {
  const rsaIdentity = parseRsaIdentityCertificate(certOf(byType, CERT_TYPE_RSA_IDENTITY))
  const signing = parseEd25519Certificate(certOf(byType, CERT_TYPE_IDENTITY_SIGNING))
  const link = parseEd25519Certificate(certOf(byType, CERT_TYPE_SIGNING_TLS))

  const ed25519Key = checkSigningCert(signing, nowMs)
  checkTlsCert(link, signing.certifiedKey, tlsCertificate, nowMs)
  checkRsaCerts(rsaIdentity, certOf(byType, CERT_TYPE_RSA_CROSS), ed25519Key, nowMs)

  return {
    rsa: rsaIdentityFromBytes(rsaIdentity.publicKey.identityDigest),
    ed25519: ed25519IdentityFromBytes(ed25519Key),
  }
}

/** Identity key -> signing key, self-contained: the certificate must name the key that signed it. */
function checkSigningCert(cert: Ed25519Certificate, nowMs: number): Buffer {
  const identity = cert.signingKey
  if (identity === undefined) throw refusal('the signing-key certificate does not name the identity')
  refuseUnless(cert.certType === CERT_TYPE_IDENTITY_SIGNING, 'the signing-key certificate has a wrong type')
  refuseUnless(cert.keyType === CERT_KEY_ED25519, 'the signing-key certificate has a wrong key type')
  refuseUnless(verifyEd25519Certificate(cert, identity), 'the signing-key certificate is badly signed')
  requireCurrent(cert.expiresMs, nowMs, 'the signing-key certificate')
  return identity
}

/** Signing key -> the certificate that TLS showed us. */
function checkTlsCert(
  cert: Ed25519Certificate,
  signingKey: Uint8Array,
  tlsCertificate: Uint8Array,
  nowMs: number,
): void {
  refuseUnless(cert.certType === CERT_TYPE_SIGNING_TLS, 'the link certificate has a wrong type')
  refuseUnless(cert.keyType === CERT_KEY_SHA256_OF_X509, 'the link certificate has a wrong key type')
  refuseUnless(verifyEd25519Certificate(cert, signingKey), 'the link certificate is badly signed')
  refuseUnless(
    equalConstantTime(cert.certifiedKey, sha256(tlsCertificate)),
    'the link certificate is for another TLS certificate',
  )
  requireCurrent(cert.expiresMs, nowMs, 'the link certificate')
}

/** RSA identity -> ed25519 identity, so that one relay cannot claim the other half of another. */
function checkRsaCerts(
  identity: RsaIdentityCertificate,
  crossCertBytes: Uint8Array,
  ed25519Key: Uint8Array,
  nowMs: number,
): void {
  refuseUnless(
    nowMs >= identity.notBeforeMs && nowMs <= identity.notAfterMs,
    'the RSA identity certificate is not valid now',
  )
  const cross = parseRsaCrossCertificate(crossCertBytes)
  refuseUnless(
    equalConstantTime(cross.ed25519Key, ed25519Key),
    'the cross-certificate is for another identity',
  )
  refuseUnless(nowMs <= cross.expiresMs, 'the cross-certificate has expired')
  refuseUnless(verifyRsaCrossCertificate(cross, identity.publicKey), 'the cross-certificate is badly signed')
}

function indexByType(certs: readonly ChannelCert[]): ReadonlyMap<number, Buffer> {
  const byType = new Map<number, Buffer>()
  for (const { type, body } of certs) {
    refuseUnless(!byType.has(type), `two certificates of type ${type}`)
    byType.set(type, body)
  }
  return byType
}

function certOf(byType: ReadonlyMap<number, Buffer>, type: number): Buffer {
  const cert = byType.get(type)
  if (cert === undefined) throw refusal(`no certificate of type ${type}`)
  return cert
}

function refuseUnless(condition: boolean, text: string): void {
  if (!condition) throw refusal(text)
}

/** Asked last: an expired certificate that is right in all else says something of our clock. */
function requireCurrent(expiresMs: number, nowMs: number, what: string): void {
  if (nowMs > expiresMs) throw new ExpiredLinkCertificate(what, nowMs - expiresMs)
}

function refusal(text: string, cause?: unknown): TorError {
  return new TorError('wrong-identity', `link certificates: ${text}`, { cause, retry: 'elsewhere' })
}
