import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../core/crypto/hash.ts'
import { parseRsaPublicKey } from '../../../core/crypto/rsa.ts'
import {
  parseEd25519Certificate,
  parseRsaCrossCertificate,
  verifyEd25519Certificate,
  verifyRsaCrossCertificate,
} from '../../../core/crypto/tor-certificate.ts'
import { parseRsaIdentityCertificate } from '../../../core/crypto/x509.ts'
import { isTorError } from '../../../core/util/errors.ts'
import vectors from '../../vectors/tor_certs.json' with { type: 'json' }
import { captureTimeMs, capturedCertificate, capturedTlsCertificate } from '../../support/captured-certs.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const identityKey = hex(vectors.identity_key)
const signingKey = hex(vectors.signing_key)

function expectMalformed(parse: () => unknown): void {
  try {
    parse()
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, 'malformed')).toBe(true)
  }
}

describe('ed25519 certificates', () => {
  test('identity over signing key, with the signing key inside', () => {
    const certificate = parseEd25519Certificate(hex(vectors.ed_type4.cert))
    expect(certificate).toMatchObject({
      certType: 4,
      expiresMs: Date.parse('2020-10-26T18:00:00Z'),
      keyType: 1,
      certifiedKey: signingKey,
      signingKey: identityKey,
    })
    expect(verifyEd25519Certificate(certificate, identityKey)).toBe(true)
    expect(verifyEd25519Certificate(certificate, signingKey)).toBe(false)
  })

  test('signing key over the digest of the TLS certificate, with no key inside', () => {
    const certificate = parseEd25519Certificate(hex(vectors.ed_type5.cert))
    expect(certificate).toMatchObject({
      certType: 5,
      expiresMs: Date.parse(vectors.ed_type5.expires),
      keyType: 3,
      certifiedKey: hex(vectors.ed_type5.tls_cert_sha256),
      signingKey: undefined,
    })
    expect(verifyEd25519Certificate(certificate, signingKey)).toBe(true)
    expect(verifyEd25519Certificate(certificate, identityKey)).toBe(false)
  })

  test.each([
    ['type 4', vectors.ed_type4.cert, identityKey],
    ['type 5', vectors.ed_type5.cert, signingKey],
  ])('%s: a changed bit anywhere is malformed or not verified', (_name, cert, key) => {
    const bytes = hex(cert)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      try {
        expect(verifyEd25519Certificate(parseEd25519Certificate(changed), key)).toBe(false)
      } catch (error) {
        expect(isTorError(error, 'malformed')).toBe(true)
      }
    }
  })
})

describe('extensions of ed25519 certificates', () => {
  const pair = generateKeyPairSync('ed25519')
  const key = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')

  /** Each extension as type, flags, data. */
  function build(...extensions: readonly (readonly [number, number, Buffer])[]): Buffer {
    const head = Buffer.from([1, 4, 0, 6, 0, 0, 1, ...signingKey, extensions.length])
    const parts = extensions.map(([type, flags, data]) =>
      Buffer.concat([Buffer.from([data.length >> 8, data.length & 255, type, flags]), data]),
    )
    const signed = Buffer.concat([head, ...parts])
    return Buffer.concat([signed, sign(null, signed, pair.privateKey)])
  }

  test('an unknown one is ignored unless it affects validation', () => {
    const harmless = parseEd25519Certificate(build([9, 2, Buffer.alloc(300)], [10, 0, Buffer.alloc(0)]))
    expect(verifyEd25519Certificate(harmless, key)).toBe(true)
    expectMalformed(() => parseEd25519Certificate(build([9, 1, Buffer.alloc(3)])))
    expectMalformed(() => parseEd25519Certificate(build([9, 255, Buffer.alloc(3)])))
  })

  test('the signed-with key must be the key that signed', () => {
    expect(verifyEd25519Certificate(parseEd25519Certificate(build([4, 1, key])), key)).toBe(true)
    expect(verifyEd25519Certificate(parseEd25519Certificate(build([4, 0, identityKey])), key)).toBe(false)
  })

  test('the signed-with key comes once and has 32 bytes', () => {
    expectMalformed(() => parseEd25519Certificate(build([4, 0, key], [4, 0, key])))
    expectMalformed(() => parseEd25519Certificate(build([4, 0, key.subarray(1)])))
    expectMalformed(() => parseEd25519Certificate(build([4, 0, Buffer.alloc(33)])))
  })

  test('an extension that runs past the end is malformed', () => {
    const bytes = build([9, 0, Buffer.alloc(3)])
    bytes.writeUInt16BE(400, 40)
    expectMalformed(() => parseEd25519Certificate(bytes))
  })
})

describe('RSA cross-certificates', () => {
  const vector = vectors.rsa_crosscert_type7
  const certificate = parseRsaCrossCertificate(hex(vector.cert))

  test('the RSA identity vouches for the ed25519 identity', () => {
    expect(certificate.ed25519Key.toString('hex')).toBe(vector.ed_identity)
    expect(certificate.expiresMs).toBe(0x0006da3a * 3_600_000)
    expect(verifyRsaCrossCertificate(certificate, parseRsaPublicKey(hex(vector.rsa_pk_der)))).toBe(true)
  })

  test('another RSA key does not', () => {
    expect(verifyRsaCrossCertificate(certificate, parseRsaPublicKey(hex(vector.wrong_rsa_pk_der)))).toBe(
      false,
    )
  })

  test('a changed bit anywhere is malformed or not verified', () => {
    const rsa = parseRsaPublicKey(hex(vector.rsa_pk_der))
    const bytes = hex(vector.cert)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      try {
        expect(verifyRsaCrossCertificate(parseRsaCrossCertificate(changed), rsa)).toBe(false)
      } catch (error) {
        expect(isTorError(error, 'malformed')).toBe(true)
      }
    }
  })

  test('an empty signature is malformed', () => {
    expectMalformed(() => parseRsaCrossCertificate(Buffer.alloc(37)))
  })
})

test("a real relay's chain holds together from the TLS certificate to both identities", () => {
  const rsa = parseRsaIdentityCertificate(capturedCertificate(2))
  const signing = parseEd25519Certificate(capturedCertificate(4))
  const tls = parseEd25519Certificate(capturedCertificate(5))
  const cross = parseRsaCrossCertificate(capturedCertificate(7))
  expect(signing.signingKey).toBeDefined()
  expect(verifyEd25519Certificate(signing, signing.signingKey ?? Buffer.alloc(32))).toBe(true)
  expect(verifyEd25519Certificate(tls, signing.certifiedKey)).toBe(true)
  expect(tls.certifiedKey).toEqual(sha256(capturedTlsCertificate))
  expect(cross.ed25519Key).toEqual(signing.signingKey)
  expect(verifyRsaCrossCertificate(cross, rsa.publicKey)).toBe(true)
  for (const { expiresMs } of [signing, tls, cross]) expect(expiresMs).toBeGreaterThan(captureTimeMs)
})

test('cut, extended and arbitrary bytes give the typed error', () => {
  for (const [bytes, parse] of [
    [hex(vectors.ed_type4.cert), parseEd25519Certificate],
    [hex(vectors.rsa_crosscert_type7.cert), parseRsaCrossCertificate],
  ] as const) {
    for (let length = 0; length < bytes.length; length++)
      expectMalformed(() => parse(bytes.subarray(0, length)))
    expectMalformed(() => parse(Buffer.concat([bytes, Buffer.alloc(1)])))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 250 }), (random) => {
        try {
          parse(random)
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      }),
    )
  }
})
