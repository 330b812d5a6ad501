import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyEd25519 } from '../../../core/crypto/ed25519.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

describe('RFC 8032 7.1', () => {
  test.each([
    [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('key %s', (key, message, signature) => {
    expect(verifyEd25519(hex(key), hex(message), hex(signature))).toBe(true)
    expect(verifyEd25519(hex(key), hex(`${message}00`), hex(signature))).toBe(false)
  })
})

const pair = generateKeyPairSync('ed25519')
const publicKey = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
const message = Buffer.from('a message')
const signature = sign(null, message, pair.privateKey)

test('a signature with any bit changed is refused', () => {
  for (let bit = 0; bit < 512; bit++) {
    const forged = Buffer.from(signature)
    forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(verifyEd25519(publicKey, message, forged)).toBe(false)
  }
})

test('S plus the group order is refused: signatures are not malleable', () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order
  const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  expect(verifyEd25519(publicKey, message, Buffer.concat([signature.subarray(0, 32), bytes]))).toBe(false)
})

const smallOrder = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
]

/** Node does so by itself since release 24; 22 does not, with the same OpenSSL. */
const refusesSmallOrder = Number.parseInt(process.versions.node, 10) >= 24

test.each(smallOrder)('the small-order key %s signs nothing, not even what the library accepts', (key) => {
  // With S = 0 and R the key itself or the neutral element the bare equation can hold for many messages.
  const x = hex(key).toString('base64url')
  let isAcceptedByLibrary = false
  for (const r of smallOrder) {
    const forged = Buffer.concat([hex(r), Buffer.alloc(32)])
    for (let attempt = 0; attempt < 16; attempt++) {
      const text = Buffer.from(`message ${attempt}`)
      expect(verifyEd25519(hex(key), text, forged)).toBe(false)
      const keyObject = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
      isAcceptedByLibrary ||= verify(null, text, keyObject, forged)
    }
  }
  // Shows that the check is ours, and needed with an older Node; keys with a sign bit on x = 0 fail there already.
  if (!key.endsWith('80') && !key.endsWith('ff')) expect(isAcceptedByLibrary).toBe(!refusesSmallOrder)
})

test.each([
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '0200000000000000000000000000000000000000000000000000000000000000',
])('%s is no canonical point, and no key', (key) => {
  expect(verifyEd25519(hex(key), message, signature)).toBe(false)
})

test('arbitrary bytes of any length are refused without an exception', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 20 }),
      fc.uint8Array({ maxLength: 70 }),
      (key, text, bytes) => verifyEd25519(key, text, bytes) === false,
    ),
  )
  expect(verifyEd25519(publicKey, message, Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false)
  expect(verifyEd25519(publicKey, message, signature)).toBe(true)
})
