/** Directory authority key certificates (dir-spec 3.1): a long-term identity key vouches for a signing key. */
import { sha1 } from '../crypto/hash.ts'
import { type RsaPublicKey, parseRsaPublicKey } from '../crypto/rsa.ts'
import { type RsaIdentity, parseRsaIdentity, rsaIdentityFromBytes } from '../linkspec/relay-ids.ts'
import { TorError, malformed, toTorError } from '../util/errors.ts'
import { parseTime } from './times.ts'
import { type DocumentItem, atMostOne, exactlyOne, objectOf, tokenize } from './tokenizer.ts'

/** A certificate whose fingerprint, crosscert and certification have been verified; expiry is the caller's to ask. */
export interface AuthorityCert {
  /** The v3 identity: fingerprint of the identity key. Whether it is a trusted one is for the caller to say. */
  readonly identity: RsaIdentity
  readonly signingKeyDigest: RsaIdentity
  readonly signingKey: RsaPublicKey
  readonly publishedMs: number
  readonly expiresMs: number
  /** The document's exact text (latin1), for the cache. */
  readonly text: string
}

const WHAT = 'authority certificate'
const FIRST_KEYWORD = 'dir-key-certificate-version'
const LAST_KEYWORD = 'dir-key-certification'
/** A certificate is 2 to 3 kB. */
const MAX_CERT_CHARS = 16 * 1024
/** Each costs RSA operations, and there are nine authorities with a few certificates each at most. */
const MAX_CERTS = 100
/** The spec allows less, but every authority has more, and 1024 bits are within reach of a well-funded adversary. */
const LEAST_KEY_BITS = 2048

/** Parses and verifies one certificate. Throws `malformed`, or `bad-directory` when a signature in it is wrong. */
export function parseAuthorityCert(text: string): AuthorityCert {
  if (text.length > MAX_CERT_CHARS) malformed(WHAT, `at most ${MAX_CERT_CHARS} characters`, text.length)
  const items = tokenize(text, WHAT)
  const version = exactlyOne(items, FIRST_KEYWORD, WHAT)
  const certification = exactlyOne(items, LAST_KEYWORD, WHAT)
  if (items[0] !== version || version.args[0] !== '3') malformed(WHAT, `"${FIRST_KEYWORD} 3" first`)
  if (items.at(-1) !== certification) malformed(WHAT, `"${LAST_KEYWORD}" last`)
  atMostOne(items, 'dir-address', WHAT)
  for (const keyword of ['dir-identity-key', 'dir-signing-key', 'dir-key-crosscert', LAST_KEYWORD]) {
    if (exactlyOne(items, keyword, WHAT).args.length > 0) malformed(WHAT, `no arguments to "${keyword}"`)
  }
  const identityKey = readKey(items, 'dir-identity-key')
  const signingKey = readKey(items, 'dir-signing-key')
  const identity = rsaIdentityFromBytes(identityKey.identityDigest)
  const fingerprint = parseRsaIdentity(exactlyOne(items, 'fingerprint', WHAT).args[0] ?? '')
  if (fingerprint !== identity)
    throw new TorError('bad-directory', `${WHAT}: the fingerprint is of another key`)
  const publishedMs = readTime(items, 'dir-key-published')
  const expiresMs = readTime(items, 'dir-key-expires')
  if (publishedMs >= expiresMs) malformed(WHAT, 'to expire after it was published')
  verifyCrosscert(items, identityKey, signingKey)
  verifyCertification(text, items, certification, identityKey)
  const signingKeyDigest = rsaIdentityFromBytes(signingKey.identityDigest)
  return { identity, signingKeyDigest, signingKey, publishedMs, expiresMs, text }
}

/** Splits a concatenation; a bad certificate is reported by its reason, and the others stay. */
export function parseAuthorityCerts(bytes: Buffer): { certs: AuthorityCert[]; rejected: TorError[] } {
  const certs: AuthorityCert[] = []
  const rejected: TorError[] = []
  for (const text of splitCerts(bytes.toString('latin1'))) {
    try {
      certs.push(parseAuthorityCert(text))
    } catch (error) {
      rejected.push(toTorError(error, 'malformed', WHAT))
    }
  }
  return { certs, rejected }
}

function splitCerts(text: string): string[] {
  const texts: string[] = []
  let start = 0
  while (start < text.length && texts.length < MAX_CERTS) {
    const next = text.indexOf(`\n${FIRST_KEYWORD} `, start)
    const end = next < 0 ? text.length : next + 1
    texts.push(text.slice(start, end))
    start = end
  }
  return texts
}

function readKey(items: readonly DocumentItem[], keyword: string): RsaPublicKey {
  const key = parseRsaPublicKey(objectOf(items, keyword, ['RSA PUBLIC KEY'], WHAT))
  if (key.modulusBits < LEAST_KEY_BITS)
    malformed(WHAT, `a ${keyword} of ${LEAST_KEY_BITS} bits`, key.modulusBits)
  return key
}

function readTime(items: readonly DocumentItem[], keyword: string): number {
  const { args } = exactlyOne(items, keyword, WHAT)
  return parseTime(args[0], args[1], keyword)
}

/** The signing key agrees to be this identity's: else an authority could claim another one's key as its own. */
function verifyCrosscert(
  items: readonly DocumentItem[],
  identityKey: RsaPublicKey,
  signingKey: RsaPublicKey,
): void {
  const signature = objectOf(items, 'dir-key-crosscert', ['ID SIGNATURE', 'SIGNATURE'], WHAT)
  if (!signingKey.verifyRaw(identityKey.identityDigest, signature)) {
    throw new TorError('bad-directory', `${WHAT}: wrong crosscert`)
  }
}

function verifyCertification(
  text: string,
  items: readonly DocumentItem[],
  certification: DocumentItem,
  identityKey: RsaPublicKey,
): void {
  const signature = objectOf(items, LAST_KEYWORD, ['SIGNATURE'], WHAT)
  const signed = Buffer.from(text.slice(items[0]?.start ?? 0, certification.lineEnd), 'latin1')
  if (!identityKey.verifyRaw(sha1(signed), signature)) {
    throw new TorError('bad-directory', `${WHAT}: wrong certification`)
  }
}
