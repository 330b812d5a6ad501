/**
 * Server descriptors (dir-spec 2.1.1): what a relay says of itself, in full. Clients need them of bridges only, which no
 * consensus lists: everything in one is proved by its own keys here, and whose they are is for the caller to compare.
 */
import { isIPv4 } from 'node:net'
import { sha1, sha256 } from '../crypto/hash.ts'
import { verifyEd25519 } from '../crypto/ed25519.ts'
import { checkNtorCrosscert } from '../crypto/ntor-crosscert.ts'
import { parseRsaPublicKey, type RsaPublicKey } from '../crypto/rsa.ts'
import {
  CERT_KEY_ED25519,
  CERT_TYPE_IDENTITY_SIGNING,
  parseEd25519Certificate,
  verifyEd25519Certificate,
} from '../crypto/tor-certificate.ts'
import {
  type Ed25519Identity,
  ed25519IdentityFromBytes,
  parseEd25519Identity,
  parseRsaIdentity,
  type RsaIdentity,
  rsaIdentityFromBytes,
} from '../linkspec/relay-ids.ts'
import { fromBase64, isAllZero } from '../util/bytes.ts'
import { malformed, TorError } from '../util/errors.ts'
import { type ProtocolVersions, parseProtocolVersions } from './protocol-versions.ts'
import { parseTime } from './times.ts'
import { atMostOne, type DocumentItem, exactlyOne, objectOf, tokenize } from './tokenizer.ts'

/** A descriptor whose signatures and cross-certificates have been verified. Dates are the caller's to judge. */
export interface ServerDescriptor {
  readonly nickname: string
  readonly rsa: RsaIdentity
  readonly ed25519: Ed25519Identity
  /** The relay's own idea of its address, a dotted IPv4 one. */
  readonly address: string
  readonly ntorKey: Buffer
  readonly publishedMs: number
  /** The first of its certificates to end, milliseconds since 1970. */
  readonly expiresMs: number
  readonly protocols: ProtocolVersions
  /** The "family" line's words. */
  readonly family: string
  /** The document's exact text (latin1), for the cache. */
  readonly text: string
}

const WHAT = 'server descriptor'
/** C tor takes 20,000 for upload; most have 2,000 to 4,000. */
export const MAX_DESCRIPTOR_BYTES = 40_000
/** The RSA keys of relays have no other size. */
const RSA_KEY_BITS = 1024
const NICKNAME = /^[A-Za-z0-9]{1,19}$/
const ED25519_SIGNATURE_PREFIX = Buffer.from('Tor router descriptor signature v1', 'latin1')

/** Parses and verifies the one descriptor that the text is. Throws `malformed`, or `bad-directory` for a wrong proof. */
export function parseServerDescriptor(text: string): ServerDescriptor {
  if (text.length > MAX_DESCRIPTOR_BYTES)
    malformed(WHAT, `at most ${MAX_DESCRIPTOR_BYTES} bytes`, text.length)
  const items = tokenize(text, WHAT)
  const router = checkOrder(items)
  const [nickname = '', address = ''] = router.args
  if (router.args.length < 5 || !NICKNAME.test(nickname) || !isIPv4(address)) {
    malformed(WHAT, 'nickname, IPv4 address and ports after "router"')
  }
  const identityKey = parseRsaPublicKey(objectOf(items, 'signing-key', ['RSA PUBLIC KEY'], WHAT))
  if (identityKey.modulusBits !== RSA_KEY_BITS) malformed(WHAT, 'a signing-key of 1024 bits')
  const ed25519 = checkSigningCert(items)
  checkSignatures(text, items, identityKey, ed25519.signingKey)
  checkNames(items, identityKey, ed25519.identity)
  checkTapCrosscert(items, identityKey, ed25519.identity)
  const ntor = readNtorKey(items, ed25519.identity)
  const published = exactlyOne(items, 'published', WHAT).args
  return {
    nickname,
    rsa: rsaIdentityFromBytes(identityKey.identityDigest),
    ed25519: ed25519IdentityFromBytes(ed25519.identity),
    address,
    ntorKey: ntor.key,
    publishedMs: parseTime(published[0], published[1], 'published'),
    expiresMs: Math.min(ed25519.expiresMs, ntor.expiresMs),
    protocols: parseProtocolVersions(atMostOne(items, 'proto', WHAT)?.args.join(' ') ?? ''),
    family: atMostOne(items, 'family', WHAT)?.args.join(' ') ?? '',
    text,
  }
}

/** Whether a text holds exactly one descriptor is decided here too. */
function checkOrder(items: readonly DocumentItem[]): DocumentItem {
  const router = exactlyOne(items, 'router', WHAT)
  if (items[0] !== router || router.start !== 0) malformed(WHAT, '"router" first')
  if (items[1] !== exactlyOne(items, 'identity-ed25519', WHAT)) malformed(WHAT, '"identity-ed25519" second')
  if (items.at(-2) !== exactlyOne(items, 'router-sig-ed25519', WHAT)) {
    malformed(WHAT, '"router-sig-ed25519" before the last line')
  }
  if (items.at(-1) !== exactlyOne(items, 'router-signature', WHAT)) malformed(WHAT, '"router-signature" last')
  return router
}

/** identity key -> signing key; the certificate must name the key that signed it. */
function checkSigningCert(items: readonly DocumentItem[]): {
  identity: Buffer
  signingKey: Buffer
  expiresMs: number
} {
  const cert = parseEd25519Certificate(objectOf(items, 'identity-ed25519', ['ED25519 CERT'], WHAT))
  const identity = cert.signingKey
  if (identity === undefined) malformed(WHAT, 'an identity-ed25519 certificate that names the identity')
  proveThat(cert.certType === CERT_TYPE_IDENTITY_SIGNING, 'the identity-ed25519 certificate has a wrong type')
  proveThat(cert.keyType === CERT_KEY_ED25519, 'the identity-ed25519 certificate has a wrong key type')
  proveThat(verifyEd25519Certificate(cert, identity), 'the identity-ed25519 certificate is badly signed')
  return { identity, signingKey: cert.certifiedKey, expiresMs: cert.expiresMs }
}

/** The whole text under both keys; each signature covers its own keyword. */
function checkSignatures(
  text: string,
  items: readonly DocumentItem[],
  identityKey: RsaPublicKey,
  signingKey: Buffer,
): void {
  const ed25519 = exactlyOne(items, 'router-sig-ed25519', WHAT)
  if (ed25519.args.length !== 1) malformed(WHAT, 'a signature after "router-sig-ed25519"')
  const ed25519End = ed25519.start + 'router-sig-ed25519 '.length
  const ed25519Signed = sha256(ED25519_SIGNATURE_PREFIX, Buffer.from(text.slice(0, ed25519End), 'latin1'))
  proveThat(
    verifyEd25519(signingKey, ed25519Signed, fromBase64(ed25519.args[0] ?? '', 64)),
    'the ed25519 signature is wrong',
  )
  const rsa = exactlyOne(items, 'router-signature', WHAT)
  const rsaSigned = sha1(Buffer.from(text.slice(0, rsa.lineEnd), 'latin1'))
  const signature = objectOf(items, 'router-signature', ['SIGNATURE'], WHAT)
  proveThat(identityKey.verifyRaw(rsaSigned, signature), 'the RSA signature is wrong')
}

/** What repeats an identity must repeat the right one. */
function checkNames(items: readonly DocumentItem[], identityKey: RsaPublicKey, ed25519: Buffer): void {
  const fingerprint = atMostOne(items, 'fingerprint', WHAT)
  const rsa = rsaIdentityFromBytes(identityKey.identityDigest)
  proveThat(
    fingerprint === undefined || parseRsaIdentity(fingerprint.args.join('')) === rsa,
    'the fingerprint is of another key',
  )
  const master = atMostOne(items, 'master-key-ed25519', WHAT)
  proveThat(
    master === undefined || parseEd25519Identity(master.args[0] ?? '') === ed25519IdentityFromBytes(ed25519),
    'the master key is another one',
  )
}

/** The old onion key may be absent; where there is one it vouches for both identities, and is of no other use to us. */
function checkTapCrosscert(items: readonly DocumentItem[], identityKey: RsaPublicKey, ed25519: Buffer): void {
  if (atMostOne(items, 'onion-key', WHAT) === undefined) return
  const onionKey = parseRsaPublicKey(objectOf(items, 'onion-key', ['RSA PUBLIC KEY'], WHAT))
  const signature = objectOf(items, 'onion-key-crosscert', ['CROSSCERT'], WHAT)
  proveThat(
    onionKey.verifyRaw(Buffer.concat([identityKey.identityDigest, ed25519]), signature),
    'the onion key does not vouch for the identities',
  )
}

function readNtorKey(items: readonly DocumentItem[], ed25519: Buffer): { key: Buffer; expiresMs: number } {
  const key = fromBase64(exactlyOne(items, 'ntor-onion-key', WHAT).args[0] ?? '', 32)
  // Anybody can compute the secret of a handshake with it.
  if (isAllZero(key)) malformed(WHAT, 'an ntor onion key that is not zero')
  const [bit] = exactlyOne(items, 'ntor-onion-key-crosscert', WHAT).args
  if (bit !== '0' && bit !== '1') malformed(WHAT, '0 or 1 after "ntor-onion-key-crosscert"')
  const certificate = objectOf(items, 'ntor-onion-key-crosscert', ['ED25519 CERT'], WHAT)
  const expiresMs = checkNtorCrosscert(certificate, key, bit === '1' ? 1 : 0, ed25519)
  if (expiresMs === undefined) throw wrongProof('the ntor onion key does not vouch for the identity')
  return { key, expiresMs }
}

function proveThat(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw wrongProof(otherwise)
}

function wrongProof(what: string): TorError {
  return new TorError('bad-directory', `${WHAT}: ${what}`, { retry: 'elsewhere' })
}
