import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeBase64Into,
  formatIpv4Value,
  parseIpv4Value,
  parseUnsigned,
  readIpv6Endpoint,
} from '../../../core/netdoc/ascii.ts'
import { formatIp } from '../../../core/util/ip-address.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

function decodeBase64(text: string, size: number): Buffer | undefined {
  const out = Buffer.alloc(size)
  return decodeBase64Into(latin1(text), 0, text.length, out, 0, size) ? out : undefined
}

function readIpv6(text: string): string | undefined {
  const out = Buffer.alloc(16)
  const port = readIpv6Endpoint(latin1(text), 0, text.length, out, 0)
  return port === 0 ? undefined : `[${formatIp(out)}]:${port}`
}

describe('base64 in documents', () => {
  it('gives back what was encoded, with and without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
        const padded = Buffer.from(bytes).toString('base64')
        expect(decodeBase64(padded, bytes.length)).toEqual(Buffer.from(bytes))
        expect(decodeBase64(padded.replace(/=+$/, ''), bytes.length)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it.each([
    ['one digit short', 'AAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['one digit long', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['a digit of another alphabet', 'AAAAAAAAAAAAAAAAAAAAAAAAA-A'],
    ['padding in the middle', 'AAAAAAAAAAAAAA=AAAAAAAAAAAA'],
    ['nothing', ''],
  ])('refuses a 20-byte value with %s', (_, text) => {
    expect(decodeBase64(text, 20)).toBeUndefined()
  })
})

describe('numbers in documents', () => {
  it.each([
    ['0', 0],
    ['65535', 65_535],
    ['007', 7],
  ])('reads %s', (text, value) => {
    expect(parseUnsigned(latin1(text), 0, text.length, 65_535)).toBe(value)
  })

  it.each(['', '-1', '+1', '1.5', '0x10', '1e3', ' 1', '65536', '9999999999999999'])(
    'refuses "%s"',
    (text) => {
      expect(parseUnsigned(latin1(text), 0, text.length, 65_535)).toBe(-1)
    },
  )
})

describe('addresses in documents', () => {
  it('reads every IPv4 address as its value', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const value = parseIpv4Value(latin1(text), 0, text.length)
        expect(formatIpv4Value(value)).toBe(text)
      }),
    )
  })

  it.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1..3.4', '1.2.3.4.', 'a.b.c.d', '1.2.3.0004'])(
    'refuses "%s" as IPv4',
    (text) => {
      expect(parseIpv4Value(latin1(text), 0, text.length)).toBe(-1)
    },
  )

  it('reads any IPv6 address of groups as the platform does', () => {
    const address = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => formatIp(bytes))
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(readIpv6(`[${host}]:${port}`)).toBe(`[${host}]:${port}`)
      }),
    )
  })

  it.each([
    ['[::]:1', '[::]:1'],
    ['[::1]:443', '[::1]:443'],
    ['[1::]:443', '[1::]:443'],
    ['[2001:DB8::A:0:1]:9001', '[2001:db8::a:0:1]:9001'],
    ['[1:2:3:4:5:6:7:8]:65535', '[1:2:3:4:5:6:7:8]:65535'],
  ])('reads %s', (text, expected) => {
    expect(readIpv6(text)).toBe(expected)
  })

  it.each([
    '1.2.3.4:80',
    '[1.2.3.4]:80',
    '[::ffff:1.2.3.4]:80',
    '[::1]',
    '[::1]:',
    '[::1]:0',
    '[::1]:65536',
    '[1::2::3]:80',
    '[1:2:3:4:5:6:7:8:9]:80',
    '[1:2:3:4:5:6:7]:80',
    '[1:2:3:4:5:6:7:8::]:80',
    '[12345::]:80',
    '[:1:2]:80',
    '[1:]:80',
    '[:::]:80',
    '[]:80',
    '[::1',
    '[g::]:80',
    '',
  ])('refuses "%s" as IPv6', (text) => {
    expect(readIpv6(text)).toBeUndefined()
  })
})
