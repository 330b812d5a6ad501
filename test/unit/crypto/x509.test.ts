import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRsaIdentityCertificate } from '../../../core/crypto/x509.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { captureTimeMs, capturedCertificate, capturedTlsCertificate } from '../../support/captured-certs.ts'

const identity = capturedCertificate(2)

function expectMalformed(der: Uint8Array): void {
  try {
    parseRsaIdentityCertificate(der)
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, 'malformed')).toBe(true)
  }
}

test("a real relay's identity certificate is read as the platform reads it", () => {
  const certificate = parseRsaIdentityCertificate(identity)
  const platform = new X509Certificate(identity)
  expect(certificate.notBeforeMs).toBe(Date.parse(platform.validFrom))
  expect(certificate.notAfterMs).toBe(Date.parse(platform.validTo))
  expect(certificate.notBeforeMs).toBeLessThan(captureTimeMs)
  expect(certificate.notAfterMs).toBeGreaterThan(captureTimeMs)
  expect(certificate.publicKey.der).toEqual(platform.publicKey.export({ type: 'pkcs1', format: 'der' }))
})

test('a certificate over another kind of key, or not signed by its own, is refused', () => {
  // The TLS certificate holds a 2048-bit key and is signed by another one.
  expectMalformed(capturedTlsCertificate)
})

test('a changed bit anywhere is refused', () => {
  for (let bit = 0; bit < identity.length * 8; bit += 3) {
    const changed = Buffer.from(identity)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expectMalformed(changed)
  }
})

test('cut, extended and arbitrary bytes give the typed error', () => {
  for (let length = 0; length < identity.length; length++) expectMalformed(identity.subarray(0, length))
  expectMalformed(Buffer.concat([identity, Buffer.alloc(1)]))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => expectMalformed(bytes)))
})
