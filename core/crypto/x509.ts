/**
 * The one X.509 certificate whose inside matters to a Tor client: the self-signed one of a relay's RSA identity
 * (CERTS type 2, tor-spec 4.2). Chains, names and extensions mean nothing there and are not read.
 */
import { utcToMs } from '../util/calendar.ts'
import { malformed } from '../util/errors.ts'
import { DER_GENERALIZED_TIME, DER_INTEGER, DER_SEQUENCE, DER_UTC_TIME, DerReader } from './der.ts'
import { type RsaPublicKey, parseRsaPublicKey } from './rsa.ts'

const WHAT = 'RSA identity certificate'

/** [0] EXPLICIT, which holds the version. */
const VERSION_TAG = 0xa0

/** The AlgorithmIdentifiers 1.2.840.113549.1.1.1 and .11, whole and with their NULL: no byte of the file is free. */
const RSA_ENCRYPTION = Buffer.from('300d06092a864886f70d0101010500', 'hex')
const SHA256_WITH_RSA = Buffer.from('300d06092a864886f70d01010b0500', 'hex')

/** tor-spec 4.2 wants exactly this for the identity. */
const IDENTITY_MODULUS_BITS = 1024

export interface RsaIdentityCertificate {
  /** The relay's RSA identity, proved to have signed the certificate. */
  readonly publicKey: RsaPublicKey
  /** Milliseconds since 1970, both inclusive. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/**
 * Reads a self-signed certificate over an RSA-1024 key and checks its signature. Dates are the caller's to compare.
 * Throws `malformed`, also for a signature that is not the key's.
 */
export function parseRsaIdentityCertificate(der: Uint8Array): RsaIdentityCertificate {
  const outer = new DerReader(der, WHAT)
  const certificate = outer.readInside(DER_SEQUENCE)
  outer.end()
  const signed = certificate.readWhole(DER_SEQUENCE)
  if (!certificate.readWhole(DER_SEQUENCE).equals(SHA256_WITH_RSA)) {
    malformed(WHAT, 'a signature by RSA with SHA-256')
  }
  const signature = certificate.readBitString()
  certificate.end()

  const content = parseSignedPart(signed)
  if (content.publicKey.modulusBits !== IDENTITY_MODULUS_BITS) {
    malformed(WHAT, `a key of ${IDENTITY_MODULUS_BITS} bits`, content.publicKey.modulusBits)
  }
  if (!content.publicKey.verifySha256(signed, signature)) malformed(WHAT, 'a signature by its own key')
  return content
}

/** TBSCertificate (RFC 5280 4.1) up to the key; unique identifiers and extensions may follow. */
function parseSignedPart(signed: Buffer): RsaIdentityCertificate {
  const fields = new DerReader(signed, WHAT).readInside(DER_SEQUENCE)
  if (fields.peekTag() === VERSION_TAG) fields.read(VERSION_TAG)
  fields.read(DER_INTEGER)
  fields.read(DER_SEQUENCE)
  fields.read(DER_SEQUENCE)
  const validity = fields.readInside(DER_SEQUENCE)
  const notBeforeMs = readTime(validity)
  const notAfterMs = readTime(validity)
  validity.end()
  fields.read(DER_SEQUENCE)
  const keyInfo = fields.readInside(DER_SEQUENCE)
  if (!keyInfo.readWhole(DER_SEQUENCE).equals(RSA_ENCRYPTION)) malformed(WHAT, 'an RSA key')
  const publicKey = parseRsaPublicKey(keyInfo.readBitString())
  keyInfo.end()
  return { publicKey, notBeforeMs, notAfterMs }
}

/** RFC 5280 4.1.2.5: UTCTime has two digits of the year, from 1950 to 2049. */
function readTime(reader: DerReader): number {
  const isShort = reader.peekTag() === DER_UTC_TIME
  const text = reader.read(isShort ? DER_UTC_TIME : DER_GENERALIZED_TIME).toString('latin1')
  if (!(isShort ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text)) malformed(WHAT, 'a time in UTC with seconds')
  const yearDigits = isShort ? 2 : 4
  const shortYear = Number(text.slice(0, yearDigits))
  const year = isShort ? shortYear + (shortYear < 50 ? 2000 : 1900) : shortYear
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = Array.from({ length: 5 }, (_, index) =>
    Number(text.slice(yearDigits + index * 2, yearDigits + index * 2 + 2)),
  )
  return utcToMs(year, month, day, hour, minute, second)
}
