import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTorError } from '../../../core/util/errors.ts'
import { formatIp, parseIp } from '../../../core/util/ip-address.ts'

const TABLE: readonly (readonly [string, string])[] = [
  ['127.0.0.1', '7f000001'],
  ['0.0.0.0', '00000000'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
  ['2001:0:0:1::1', '20010000000000010000000000000001'],
  ['fe80::', 'fe800000000000000000000000000000'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
]

describe('IP addresses', () => {
  it.each(TABLE)('%s has one text and one byte form', (text, hex) => {
    expect(parseIp(text).toString('hex')).toBe(hex)
    expect(formatIp(Buffer.from(hex, 'hex'))).toBe(text)
  })

  it('an IPv4 tail inside an IPv6 literal is four of its bytes', () => {
    expect(parseIp('::ffff:1.2.3.4').toString('hex')).toBe('00000000000000000000ffff01020304')
  })

  it.each(['', 'example.com', '1.2.3', '01.2.3.4', '[::1]', 'fe80::1%eth0', ':::'])(
    '%j is no IP literal',
    (text) => {
      expect(() => parseIp(text)).toThrow(expect.objectContaining({ kind: 'malformed' }))
    },
  )

  it('every address survives the way to text and back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(4, 16).chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
        (bytes) => {
          expect(parseIp(formatIp(bytes))).toEqual(Buffer.from(bytes))
        },
      ),
    )
  })

  it('arbitrary text never gives anything but an address or the typed error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.ipV4()), (text) => {
        try {
          expect([4, 16]).toContain(parseIp(text).length)
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      }),
    )
  })
})
