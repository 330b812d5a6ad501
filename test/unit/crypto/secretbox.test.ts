import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Secretbox } from '../../../core/crypto/secretbox.ts'

const MAX = 1430
const KEY = Buffer.alloc(32, 3)
const PREFIX = Buffer.alloc(16, 5)

function seal(box: Secretbox, message: Uint8Array): Buffer {
  const out = Buffer.alloc(16 + message.length)
  box.plaintext(message.length).set(message)
  box.seal(message.length, out, 0)
  return out
}

test('each message is a secretbox of its own, with its number in the nonce', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: MAX }), { minLength: 1, maxLength: 5 }), (messages) => {
      const ours = new Secretbox(KEY, PREFIX, MAX)
      const theirs = new Secretbox(KEY, PREFIX, MAX)
      messages.forEach((message, index) => {
        const nonce = Buffer.concat([PREFIX, Buffer.alloc(8)])
        nonce.writeBigUInt64BE(BigInt(index + 1), 16)
        const boxed = seal(ours, message)
        expect(boxed.equals(xsalsa20poly1305(KEY, nonce).encrypt(message))).toBe(true)
        expect(Buffer.from(theirs.open(boxed) ?? []).equals(message)).toBe(true)
      })
    }),
    { numRuns: 40 },
  )
})

test('a message with any bit changed, out of turn, too short or too long is not opened', () => {
  const boxed = seal(new Secretbox(KEY, PREFIX, MAX), Buffer.from('the text'))
  for (let bit = 0; bit < boxed.length * 8; bit++) {
    const changed = Buffer.from(boxed)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(new Secretbox(KEY, PREFIX, MAX).open(changed)).toBeUndefined()
  }
  const box = new Secretbox(KEY, PREFIX, MAX)
  expect(box.open(boxed)).toBeDefined()
  expect(box.open(boxed)).toBeUndefined()
  expect(box.open(Buffer.alloc(15))).toBeUndefined()
  expect(box.open(Buffer.alloc(MAX + 17))).toBeUndefined()
})
