import { expect, test } from 'vitest'
import { generateX25519KeyPair, x25519KeyPairFromPrivate } from '../../../core/crypto/x25519.ts'
import { isTorError } from '../../../core/util/errors.ts'
import vectors from '../../vectors/ntor.json' with { type: 'json' }
import { fixedRandom } from '../../support/fixed-random.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

test('both sides of an agreement get the same secret', () => {
  const alice = generateX25519KeyPair()
  const bob = generateX25519KeyPair(fixedRandom(Buffer.alloc(32, 5)))
  expect(alice.agree(bob.publicKey)).toEqual(bob.agree(alice.publicKey))
  expect(alice.agree(bob.publicKey).length).toBe(32)
})

test.each(vectors.vectors)(
  'a known private key has the known public key',
  ({ x_sk, x_pk, y_sk, y_pk, b_sk, b_pk }) => {
    for (const [secret, pub] of [
      [x_sk, x_pk],
      [y_sk, y_pk],
      [b_sk, b_pk],
    ] as const) {
      expect(x25519KeyPairFromPrivate(hex(secret)).publicKey.toString('hex')).toBe(pub)
    }
  },
)

test.each(vectors.vectors)(
  'two known keys have the known shared secret',
  ({ x_sk, y_pk, b_pk, intermediate }) => {
    const pair = x25519KeyPairFromPrivate(hex(x_sk))
    expect(pair.agree(hex(y_pk)).toString('hex')).toBe(intermediate.secret_input.slice(0, 64))
    expect(pair.agree(hex(b_pk)).toString('hex')).toBe(intermediate.secret_input.slice(64, 128))
  },
)

test('given randomness decides the pair; the system decides otherwise', () => {
  const [vector] = vectors.vectors
  const pair = generateX25519KeyPair(fixedRandom(hex(vector?.x_sk ?? '')))
  expect(pair.publicKey.toString('hex')).toBe(vector?.x_pk)
  expect(generateX25519KeyPair().publicKey).not.toEqual(generateX25519KeyPair().publicKey)
})

test.each([
  ['zero', '0000000000000000000000000000000000000000000000000000000000000000'],
  ['one', '0100000000000000000000000000000000000000000000000000000000000000'],
  ['order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ['order 8, other', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
  ['p - 1', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
])('a public key of small order (%s) gives the all-zero secret instead of an exception', (_name, key) => {
  expect(generateX25519KeyPair().agree(hex(key))).toEqual(Buffer.alloc(32))
})

test('a public key of another length is malformed', () => {
  for (const length of [0, 31, 33]) {
    try {
      generateX25519KeyPair().agree(Buffer.alloc(length, 9))
      expect.unreachable()
    } catch (error) {
      expect(isTorError(error, 'malformed')).toBe(true)
    }
  }
})
