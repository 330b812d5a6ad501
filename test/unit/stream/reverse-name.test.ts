import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOfReverseName, reverseNameOf } from '../../../core/stream/reverse-name.ts'
import { formatIp } from '../../../core/util/ip-address.ts'

describe('the reverse name of an address', () => {
  it('is under in-addr.arpa for IPv4 and ip6.arpa for IPv6', () => {
    expect(reverseNameOf('192.0.2.1')).toBe('1.2.0.192.in-addr.arpa')
    expect(reverseNameOf('2001:db8::567:89ab')).toBe(
      'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
    )
  })

  it('leads back to the address, whatever it is', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(bytes, (address) => {
        expect(addressOfReverseName(reverseNameOf(formatIp(address)))).toBe(formatIp(address))
      }),
    )
  })

  for (const name of [
    'example.com',
    'in-addr.arpa',
    '2.0.192.in-addr.arpa',
    '0.1.2.0.192.in-addr.arpa',
    '256.2.0.192.in-addr.arpa',
    '01.2.0.192.in-addr.arpa',
    'x.2.0.192.in-addr.arpa',
    '1.0.0.2.ip6.arpa',
    'g.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  ]) {
    it(`is not ${name}`, () => {
      expect(addressOfReverseName(name)).toBeUndefined()
    })
  }
})
