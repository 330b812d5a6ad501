import { describe, expect, it } from 'vitest'
import { isInternalAddress } from '../../../core/util/internal-address.ts'

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
})
