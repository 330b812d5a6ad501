import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addLowOrderPoint,
  generateRepresentableKeyPair,
  publicKeyOfRepresentative,
  representativeOf,
} from '../../../core/crypto/elligator2.ts'
import { systemRandom } from '../../../core/crypto/system-random.ts'
import { generateX25519KeyPair, x25519KeyPairFromPrivate } from '../../../core/crypto/x25519.ts'
import vectors from '../../vectors/elligator2_curve25519.json' with { type: 'json' }

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const pairs = Array.from({ length: 64 }, () => generateRepresentableKeyPair(systemRandom))

test.each(vectors.direct_map.vectors)('$representative stands for the known key', (vector) => {
  expect(publicKeyOfRepresentative(hex(vector.representative)).toString('hex')).toBe(vector.public)
})

describe.each(vectors.key_generation.vectors)('the known private key $private', (vector) => {
  const clean = x25519KeyPairFromPrivate(hex(vector.private)).publicKey
  // The sign of the point is not known to us; the reference's is one of the two.
  const dirty = [0, 8].map((sign) => addLowOrderPoint(clean, ((hex(vector.private)[0] ?? 0) & 7) | sign))
  const representatives = dirty.map((key) => representativeOf(key, vector.tweak)?.toString('hex'))

  test('has the known public key', () => {
    expect(clean.toString('hex')).toBe(vector.clean_public)
    if (vector.public_with_low_order_point === null) return
    expect(dirty.map((key) => key.toString('hex'))).toContain(vector.public_with_low_order_point)
  })

  test('has the known representative, or none', () => {
    expect(representatives).toContain(vector.representative ?? undefined)
  })
})

describe('a key that was drawn', () => {
  test('is what its representative stands for', () => {
    for (const { publicKey, representative } of pairs) {
      expect(publicKeyOfRepresentative(representative)).toEqual(publicKey)
    }
  })

  test('agrees on the secret that its clean public key would', () => {
    const server = generateX25519KeyPair()
    for (const { publicKey, agree } of pairs) expect(agree(server.publicKey)).toEqual(server.agree(publicKey))
  })

  test('leaves no bit of the representative that is always the same', () => {
    for (let bit = 0; bit < 256; bit++) {
      const ones = pairs.filter(
        ({ representative }) => ((representative[bit >> 3] ?? 0) >> (bit & 7)) & 1,
      ).length
      expect(ones).toBeGreaterThan(0)
      expect(ones).toBeLessThan(pairs.length)
    }
  })

  test('is outside the prime-order subgroup, in seven cases of eight', () => {
    const clean = generateX25519KeyPair().publicKey
    const keys = new Set(Array.from({ length: 8 }, (_, n) => addLowOrderPoint(clean, n).toString('hex')))
    expect(keys.size).toBe(8)
    expect(keys).toContain(clean.toString('hex'))
  })
})

test('every 32 bytes stand for a key, and the two unused bits make no difference', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const key = publicKeyOfRepresentative(bytes)
      const flipped = Buffer.from(bytes)
      flipped[31] = (flipped[31] ?? 0) ^ 0xc0
      return key.length === 32 && publicKeyOfRepresentative(flipped).equals(key)
    }),
    { numRuns: 50 },
  )
})
