import { hsalsa, salsa20 } from '@noble/ciphers/salsa.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hsalsa20, Salsa20 } from '../../../core/crypto/salsa20.ts'

function keyStream(key: Uint8Array, nonce: Buffer, words: number): Buffer {
  const cipher = new Salsa20(key)
  cipher.start(nonce.readInt32LE(0), nonce.readInt32LE(4))
  const stream = new Int32Array(words)
  cipher.xorInto(stream, 0, words)
  return Buffer.from(stream.buffer)
}

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('Salsa20', () => {
  test('has the key stream of the eSTREAM vectors (set 1, vector 0)', () => {
    const key = Buffer.alloc(32)
    key[0] = 0x80
    expect(keyStream(key, Buffer.alloc(8), 16).toString('hex')).toBe(
      'e3be8fdd8beca2e3ea8ef9475b29a6e7003951e1097a5c38d23b7a5fad9f6844b22c97559e2723c7cbbd3fe4fc8d9a0744652a83e72a9c461876af4d7ef1a117',
    )
  })

  test('has the key stream of another implementation, for whole blocks and parts of one', () => {
    fc.assert(
      fc.property(key32, fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(100), (key, nonce, words) => {
        const theirs = salsa20(key, nonce, new Uint8Array(words * 4))
        expect(keyStream(key, Buffer.from(nonce), words).equals(theirs)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('leaves what is not asked for as it was', () => {
    const words = new Int32Array(40).fill(7)
    const cipher = new Salsa20(Buffer.alloc(32, 1))
    cipher.start(0, 0)
    cipher.xorInto(words, 3, 38)
    expect([words[2], words[38]]).toEqual([7, 7])
  })

  test('keeps nothing of the key when it is wiped', () => {
    const cipher = new Salsa20(Buffer.alloc(32, 1))
    cipher.next()
    cipher.wipe()
    cipher.next()
    expect(cipher.block.every((word) => word === 0)).toBe(true)
  })
})

test('HSalsa20 gives the keys of NaCl’s paper, and those of another implementation', () => {
  // "Cryptography in NaCl", section 8: the first key, and the second with its nonce.
  const shared = Buffer.from('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742', 'hex')
  const first = hsalsa20(shared, Buffer.alloc(16))
  expect(first.toString('hex')).toBe('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389')
  const prefix = Buffer.from('69696ee955b62b73cd62bda875fc73d6', 'hex')
  expect(hsalsa20(first, prefix).toString('hex')).toBe(
    'dc908dda0b9344a953629b733820778880f3ceb421bb61b91cbd4c3e66256ce4',
  )
  const words = (bytes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer)
  const sigma = words(Buffer.from('expand 32-byte k'))
  fc.assert(
    fc.property(key32, fc.uint8Array({ minLength: 16, maxLength: 16 }), (key, nonce) => {
      const theirs = new Uint32Array(8)
      hsalsa(sigma, words(key), words(nonce), theirs)
      expect(hsalsa20(key, nonce).equals(new Uint8Array(theirs.buffer))).toBe(true)
    }),
    { numRuns: 100 },
  )
})
