import { constants, generateKeyPairSync, privateEncrypt, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha1, sha256 } from '../../../core/crypto/hash.ts'
import { parseRsaPublicKey, verifyRsaRaw } from '../../../core/crypto/rsa.ts'
import { isTorError } from '../../../core/util/errors.ts'
import vectors from '../../vectors/tor_certs.json' with { type: 'json' }

const known = Buffer.from(vectors.rsa_crosscert_type7.rsa_pk_der, 'hex')

function generate(bits: number, publicExponent = 65537) {
  return generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicExponent,
    publicKeyEncoding: { type: 'pkcs1', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

function expectMalformed(der: Uint8Array): void {
  try {
    parseRsaPublicKey(der)
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, 'malformed')).toBe(true)
  }
}

test('a key is read with its size and named by the SHA-1 of its DER', () => {
  const key = parseRsaPublicKey(known)
  expect(key.modulusBits).toBe(1024)
  expect(key.der).toEqual(known)
  expect(key.identityDigest).toEqual(sha1(known))
})

test.each([1024, 2048, 3072])(
  'a bare digest signed with %i bits is verified, and nothing else is',
  (bits) => {
    const pair = generate(bits)
    const key = parseRsaPublicKey(pair.publicKey)
    expect(key.modulusBits).toBe(bits)
    for (const payload of [sha1(known), sha256(known)]) {
      const signature = privateEncrypt(
        { key: pair.privateKey, padding: constants.RSA_PKCS1_PADDING },
        payload,
      )
      expect(verifyRsaRaw(key, payload, signature)).toBe(true)
      expect(verifyRsaRaw(key, payload.subarray(1), signature)).toBe(false)
      expect(verifyRsaRaw(key, sha1(payload), signature)).toBe(false)
      expect(verifyRsaRaw(key, payload, signature.subarray(1))).toBe(false)
      expect(verifyRsaRaw(key, payload, Buffer.concat([Buffer.alloc(1), signature]))).toBe(false)
      const forged = Buffer.from(signature)
      forged[40] = (forged[40] ?? 0) ^ 1
      expect(verifyRsaRaw(key, payload, forged)).toBe(false)
    }
  },
)

test('a signature that names its hash is no bare one, and the reverse', () => {
  const pair = generate(1024)
  const key = parseRsaPublicKey(pair.publicKey)
  const named = sign('sha256', known, pair.privateKey)
  expect(key.verifySha256(known, named)).toBe(true)
  expect(key.verifyRaw(sha256(known), named)).toBe(false)
  const bare = privateEncrypt({ key: pair.privateKey, padding: constants.RSA_PKCS1_PADDING }, sha256(known))
  expect(key.verifySha256(known, bare)).toBe(false)
})

test('keys that are too small, too large or have another exponent are malformed', () => {
  expectMalformed(generate(512).publicKey)
  expectMalformed(generate(1016).publicKey)
  expectMalformed(generate(1024, 3).publicKey)
  const huge = Buffer.from(`308202${'0a'}02820201${`00${'ff'.repeat(512)}`}${'0203010001'}`, 'hex')
  expect(parseRsaPublicKey(huge).modulusBits).toBe(4096)
  expectMalformed(Buffer.from(`3082020b02820202${`0001${'ff'.repeat(512)}`}${'0203010001'}`, 'hex'))
})

test('no byte can be cut off or added', () => {
  for (let length = 0; length < known.length; length++) expectMalformed(known.subarray(0, length))
  expectMalformed(Buffer.concat([known, Buffer.alloc(1)]))
})

test('arbitrary bytes give the typed error', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => expectMalformed(bytes)))
})
