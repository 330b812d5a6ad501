import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isInternalAddress, isInternalIpv4Value } from '../../../core/util/internal-address.ts'

describe('internal addresses', () => {
  for (const address of [
    '0.0.0.0',
    '0.255.255.255',
    '10.0.0.0',
    '10.255.255.255',
    '100.64.0.0',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.0.1',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.0',
    '192.168.255.255',
    '::',
    '::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'febf::1',
    'fec0::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '::ffff:192.168.1.1',
  ]) {
    it(`include ${address}`, () => {
      expect(isInternalAddress(address)).toBe(true)
    })
  }

  for (const address of [
    '1.0.0.0',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '2001:db8::1',
    '::ffff:192.0.2.1',
    'fbff::1',
    'fe00::1',
    'localhost',
    '10.0.0',
    '',
  ]) {
    it(`do not include ${JSON.stringify(address)}`, () => {
      expect(isInternalAddress(address)).toBe(false)
    })
  }

  it('are the same when IPv4 addresses are numbers', () => {
    const nearEdges = fc
      .tuple(
        fc.constantFrom(0, 9, 10, 11, 100, 126, 127, 128, 169, 172, 192),
        fc.integer({ min: 0, max: 0xffffff }),
      )
      .map(([first, rest]) => first * 2 ** 24 + rest)
    const edges = [
      0xa9fdffff, 0xa9fe0000, 0xa9feffff, 0xac0fffff, 0xac100000, 0xac1fffff, 0xac200000, 0xc0a80000,
    ]
    fc.assert(
      fc.property(fc.oneof(nearEdges, fc.constantFrom(...edges)), (value) => {
        const text = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
        expect(isInternalIpv4Value(value)).toBe(isInternalAddress(text))
      }),
    )
  })
})
