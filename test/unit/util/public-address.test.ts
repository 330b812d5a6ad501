import { describe, expect, it } from 'vitest'
import { isPublicAddress } from '../../../core/util/public-address.ts'

describe('public addresses', () => {
  it.each([
    '1.0.0.0',
    '192.0.2.1',
    '223.255.255.255',
    '2000::1',
    '2001:db8::1',
    '3fff::1',
    '2002:c000:201::1',
  ])('include %s', (address) => expect(isPublicAddress(address)).toBe(true))

  it.each([
    ['a name', 'localhost'],
    ['nothing', ''],
    ['an interface of ours', '2001:db8::1%eth0'],
    ['a private network', '192.168.1.1'],
    ['this machine', '::1'],
    ['a unique local address', 'fd00::1'],
    ['multicast', '224.0.0.0'],
    ['multicast on the local network', '239.255.255.250'],
    ['a reserved address', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['multicast of IPv6', 'ff02::1'],
    ['IPv4 mapped into IPv6', '::ffff:192.168.1.1'],
    ['IPv4 that IPv6 is compatible with', '::192.168.1.1'],
    ['IPv4 behind NAT64', '64:ff9b::c0a8:101'],
    ['IPv4 behind a NAT64 of the network itself', '64:ff9b:1::c0a8:101'],
    ['a private network behind 6to4', '2002:c0a8:101::1'],
    ['multicast behind 6to4', '2002:e000:1::1'],
    ['IPv4 behind Teredo', '2001:0:c0a8:101::1'],
  ])('do not include %s', (_, address) => expect(isPublicAddress(address)).toBe(false))
})
