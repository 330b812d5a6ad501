/** Writes the little DER that a relay's certificates need: enough of X.509 for a self-signed certificate. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto'

const INTEGER = 0x02
const BIT_STRING = 0x03
const SEQUENCE = 0x30
const SET = 0x31
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const VERSION_3 = Buffer.from('a003020102', 'hex')

/** AlgorithmIdentifiers: sha256WithRSAEncryption, ecdsa-with-SHA256. */
const SHA256_WITH_RSA = Buffer.from('300d06092a864886f70d01010b0500', 'hex')
const ECDSA_WITH_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex')
/** id-at-commonName. */
const COMMON_NAME = Buffer.from('0603550403', 'hex')

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...header), content])
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return element(UTC_TIME, Buffer.from(`${digits}Z`))
}

function name(commonName: string): Buffer {
  return element(
    SEQUENCE,
    element(SET, element(SEQUENCE, COMMON_NAME, element(UTF8_STRING, Buffer.from(commonName)))),
  )
}

export interface SelfSignedOptions {
  readonly commonName: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Another key than the certificate's own, for a certificate that does not verify. */
  readonly signer?: KeyObject
}

/** A self-signed X.509 certificate over an RSA or P-256 key, as DER. Times are between 1950 and 2049. */
export function selfSignedCertificate(privateKey: KeyObject, options: SelfSignedOptions): Buffer {
  const algorithm = privateKey.asymmetricKeyType === 'rsa' ? SHA256_WITH_RSA : ECDSA_WITH_SHA256
  const content = element(
    SEQUENCE,
    VERSION_3,
    element(INTEGER, Buffer.of(1)),
    algorithm,
    name(options.commonName),
    element(SEQUENCE, utcTime(options.notBeforeMs), utcTime(options.notAfterMs)),
    name(options.commonName),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  )
  const signature = sign('sha256', content, options.signer ?? privateKey)
  return element(SEQUENCE, content, algorithm, element(BIT_STRING, Buffer.of(0), signature))
}

export function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
