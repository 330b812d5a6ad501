import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAesCtr } from '../../../core/crypto/aes-ctr.ts'
import { nodePrimitives } from '../../../core/crypto/node-primitives.ts'
import { portablePrimitives } from '../../../core/crypto/portable-primitives.ts'
import { isTorError } from '../../../core/util/errors.ts'

const key128 = Buffer.from('2b7e151628aed2a6abf7158809cf4f3c', 'hex')
const key256 = Buffer.from('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex')

// With a zero IV the first key stream block is the encryption of a zero block.
test.each([
  ['AES-128', Buffer.alloc(16), '66e94bd4ef8a2c3b884cfa59ca342b2e58e2fccefa7e3061367f1d57a4e7455a'],
  ['AES-256', Buffer.alloc(32), 'dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738b'],
])('%s in counter mode gives the known key stream of a zero key', (_name, key, keyStream) => {
  expect(createAesCtr(key).update(Buffer.alloc(32)).toString('hex')).toBe(keyStream)
})

describe.each([
  ['node:crypto', nodePrimitives],
  ['portable', portablePrimitives],
])('%s', (_name, { createAesCtr: create }) => {
  test('any split of the input gives the same output, from any offset', () => {
    const whole = new Map(
      [key128, key256].map((key) => [key, nodePrimitives.createAesCtr(key, 0).update(Buffer.alloc(9000))]),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(key128, key256),
        fc.nat(3000),
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 8 }),
        (key, offset, lengths) => {
          const cipher = create(key, offset)
          let at = offset
          for (const length of lengths) {
            const piece = cipher.update(Buffer.alloc(length))
            expect(piece.equals((whole.get(key) ?? Buffer.alloc(0)).subarray(at, at + length))).toBe(true)
            at += length
          }
        },
      ),
    )
  })

  test('the input is left as it was, also when it is an unaligned view', () => {
    const slab = Buffer.alloc(1000, 7)
    const cipher = create(key128, 0)
    const output = cipher.update(slab.subarray(3, 800))
    expect(output.length).toBe(797)
    expect(slab.every((byte) => byte === 7)).toBe(true)
    expect(output.equals(slab.subarray(3, 800))).toBe(false)
  })

  test('the counter carries beyond 32 bits', () => {
    const offset = 2 ** 32 * 16 - 16
    expect(create(key128, offset).update(Buffer.alloc(48))).toEqual(
      nodePrimitives.createAesCtr(key128, offset).update(Buffer.alloc(48)),
    )
  })

  test('the key may be wiped once the cipher exists', () => {
    const key = Buffer.from(key128)
    const cipher = create(key, 0)
    key.fill(0)
    expect(cipher.update(Buffer.alloc(64))).toEqual(create(key128, 0).update(Buffer.alloc(64)))
  })
})

test('a key of any other length is refused as a bug of ours', () => {
  for (const length of [0, 15, 24, 33]) {
    try {
      createAesCtr(Buffer.alloc(length))
      expect.unreachable()
    } catch (error) {
      expect(isTorError(error, 'internal')).toBe(true)
    }
  }
})
