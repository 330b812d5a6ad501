import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeLinkSpecifiers,
  encodeLinkSpecifiers,
  type LinkSpecifier,
  linkSpecifiersOf,
} from '../../../core/linkspec/link-specifier.ts'
import { ed25519IdentityFromBytes, rsaIdentityFromBytes } from '../../../core/linkspec/relay-ids.ts'
import { ByteReader } from '../../../core/util/byte-reader.ts'
import { isTorError } from '../../../core/util/errors.ts'

const RSA = rsaIdentityFromBytes(Buffer.alloc(20, 0xaa))
const ED = ed25519IdentityFromBytes(Buffer.alloc(32, 0xbb))

const TABLE: readonly { name: string; hex: string; specifiers: LinkSpecifier[] }[] = [
  { name: 'an empty list', hex: '00', specifiers: [] },
  { name: 'IPv4', hex: '0100067f0000011388', specifiers: [{ kind: 'ipv4', host: '127.0.0.1', port: 5000 }] },
  {
    name: 'IPv6',
    hex: `01011220010db800000000000000000000000101bb`,
    specifiers: [{ kind: 'ipv6', host: '2001:db8::1', port: 443 }],
  },
  { name: 'an RSA identity', hex: `010214${'aa'.repeat(20)}`, specifiers: [{ kind: 'rsa', id: RSA }] },
  { name: 'an ed25519 identity', hex: `010320${'bb'.repeat(32)}`, specifiers: [{ kind: 'ed25519', id: ED }] },
  {
    name: 'a type that we do not know',
    hex: '01f203010203',
    specifiers: [{ kind: 'unknown', type: 0xf2, body: Buffer.of(1, 2, 3) }],
  },
]

const decode = (bytes: Uint8Array): LinkSpecifier[] => decodeLinkSpecifiers(new ByteReader(bytes, 'test'))

describe('link specifiers', () => {
  it.each(TABLE)('$name reads and writes the same bytes', ({ hex, specifiers }) => {
    expect(encodeLinkSpecifiers(specifiers).toString('hex')).toBe(hex)
    expect(decode(Buffer.from(hex, 'hex'))).toEqual(specifiers)
  })

  it.each([
    ['a list that ends early', '0200067f0000011388'],
    ['an IPv4 specifier of five bytes', '0100057f00000113'],
    ['an IPv6 specifier of six bytes', '0101067f0000011388'],
    ['a short RSA identity', `010213${'aa'.repeat(19)}`],
    ['a long ed25519 identity', `010321${'bb'.repeat(33)}`],
    ['no count', ''],
  ])('%s is refused', (_name, hex) => {
    expect(() => decode(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ kind: 'malformed' }))
  })

  it('a relay is named as C tor names it: IPv4, RSA, ed25519, IPv6', () => {
    const endpoints = [
      { host: '2001:db8::1', port: 443 },
      { host: '192.0.2.1', port: 9001 },
    ]
    const target = { ids: { rsa: RSA, ed25519: ED }, endpoints }
    expect(linkSpecifiersOf(target).map((specifier) => specifier.kind)).toEqual([
      'ipv4',
      'rsa',
      'ed25519',
      'ipv6',
    ])
    expect(linkSpecifiersOf(target, false).map((specifier) => specifier.kind)).toEqual([
      'ipv4',
      'rsa',
      'ipv6',
    ])
  })

  it('a relay without IPv4 cannot be named in EXTEND2', () => {
    const target = { ids: { rsa: RSA, ed25519: ED }, endpoints: [{ host: '2001:db8::1', port: 443 }] }
    expect(() => linkSpecifiersOf(target)).toThrow(expect.objectContaining({ kind: 'no-path' }))
  })

  it('a list, body or address that does not fit is refused when written', () => {
    const many = Array.from({ length: 256 }, (): LinkSpecifier => ({ kind: 'rsa', id: RSA }))
    expect(() => encodeLinkSpecifiers(many)).toThrow(expect.objectContaining({ kind: 'malformed' }))
    const long: LinkSpecifier = { kind: 'unknown', type: 9, body: Buffer.alloc(256) }
    expect(() => encodeLinkSpecifiers([long])).toThrow(expect.objectContaining({ kind: 'malformed' }))
    const wrong: LinkSpecifier = { kind: 'ipv6', host: '127.0.0.1', port: 1 }
    expect(() => encodeLinkSpecifiers([wrong])).toThrow(expect.objectContaining({ kind: 'malformed' }))
  })

  it('arbitrary bytes give a list that writes back as it came, or the typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const reader = new ByteReader(bytes, 'test')
          const written = encodeLinkSpecifiers(decodeLinkSpecifiers(reader))
          expect(written).toEqual(Buffer.from(bytes.subarray(0, bytes.length - reader.remaining)))
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      }),
    )
  })
})
