import { poly1305 } from '@noble/ciphers/_poly1305.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Poly1305 } from '../../../core/crypto/poly1305.ts'

function tagOf(key: Uint8Array, message: Uint8Array): Buffer {
  const mac = new Poly1305()
  mac.start(new Int32Array(Uint8Array.from(key).buffer))
  const words = new Int32Array(Math.ceil(message.length / 4))
  const bytes = new Uint8Array(words.buffer)
  bytes.set(message)
  mac.finish(words, bytes, message.length)
  return Buffer.from(mac.tag.buffer.slice(0))
}

const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/\s/g, ''), 'hex')

describe('Poly1305', () => {
  test.each([
    // RFC 8439, 2.5.2, and of its appendix A.3 those that carry where it hurts.
    [
      '85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b',
      Buffer.from('Cryptographic Forum Research Group').toString('hex'),
      'a8061dc1305136c6c22b8baf0c0127a9',
    ],
    [`02${'00'.repeat(31)}`, 'ff'.repeat(16), `03${'00'.repeat(15)}`],
    [`02${'00'.repeat(15)}${'ff'.repeat(16)}`, `02${'00'.repeat(15)}`, `03${'00'.repeat(15)}`],
    [
      `01${'00'.repeat(31)}`,
      `${'ff'.repeat(16)}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`,
      `05${'00'.repeat(15)}`,
    ],
    [`01${'00'.repeat(31)}`, `${'ff'.repeat(16)}fb${'fe'.repeat(15)}${'01'.repeat(16)}`, '00'.repeat(16)],
    [`02${'00'.repeat(31)}`, `fd${'ff'.repeat(15)}`, `fa${'ff'.repeat(15)}`],
    [
      `0100000000000000040000000000000000000000000000000000000000000000`,
      'e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001000000000000000000000000000000',
      '14000000000000005500000000000000',
    ],
    [
      `0100000000000000040000000000000000000000000000000000000000000000`,
      'e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000',
      '13000000000000000000000000000000',
    ],
  ])('gives the tags of the RFC (%#)', (key, message, tag) => {
    expect(tagOf(bytes(key), bytes(message)).toString('hex')).toBe(tag)
  })

  test('gives the tags of another implementation, with keys and messages at the edges too', () => {
    const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 0xfa, 0xfb, 0xfe, 0xff))
    const message = fc.uint8Array({ maxLength: 100 })
    const edgy = fc.array(byte, { maxLength: 100 }).map((list) => Uint8Array.from(list))
    const filled = fc
      .tuple(byte, fc.integer({ min: 0, max: 1500 }))
      .map(([b, n]) => new Uint8Array(n).fill(b))
    const key = fc.array(byte, { minLength: 32, maxLength: 32 }).map((list) => Uint8Array.from(list))
    fc.assert(
      fc.property(key, fc.oneof(message, edgy, filled), (macKey, text) => {
        expect(tagOf(macKey, text).equals(poly1305(text, macKey))).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('starts anew with each key, and keeps nothing when it is wiped', () => {
    const mac = new Poly1305()
    const words = Int32Array.from([1, 2, 3])
    const key = new Int32Array(8).fill(0x0101_0101)
    const tags = [0, 1].map(() => {
      mac.start(key)
      mac.finish(words, new Uint8Array(words.buffer), 11)
      return [...mac.tag]
    })
    expect(tags[0]).toEqual(tags[1])
    mac.wipe()
    expect([...mac.tag]).toEqual([0, 0, 0, 0])
  })
})
