import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isolationKey } from '../../../core/circuit-manager/isolation.ts'
import { parseVirtualNetwork, VirtualAddresses } from '../../../core/client/virtual-addresses.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const alice = isolationKey(['alice'])
const bob = isolationKey(['bob'])

function create(ipv4 = '127.192.0.0/10', seed = 1): VirtualAddresses {
  return new VirtualAddresses({
    ipv4: parseVirtualNetwork(ipv4, 'ipv4', 'IPv4'),
    ipv6: parseVirtualNetwork('[FE80::]/10', 'ipv6', 'IPv6'),
    random: seededRandom(seed),
  })
}

describe('a virtual address', () => {
  it('is of the network, stays the same, and leads back to the name', () => {
    const virtual = create()
    for (const family of ['ipv4', 'ipv6'] as const) {
      const address = virtual.addressFor('abc.onion', family, alice)
      expect(address).toMatch(family === 'ipv4' ? /^127\.(19[2-9]|2\d\d)\./ : /^fe[89ab]/)
      expect(virtual.contains(address)).toBe(true)
      expect(virtual.addressFor('abc.onion', family, alice)).toBe(address)
      expect(virtual.nameOf(address, alice)).toBe('abc.onion')
    }
  })

  it('TROVE-2026-050: means nothing to another scope, and differs there', () => {
    const virtual = create()
    const address = virtual.addressFor('abc.onion', 'ipv4', alice)
    expect(virtual.nameOf(address, bob)).toBeUndefined()
    expect(virtual.addressFor('abc.onion', 'ipv4', bob)).not.toBe(address)
  })

  it('cannot be guessed from the one before', () => {
    const addresses = [1, 2, 3].map((seed) =>
      create('127.192.0.0/10', seed).addressFor('a.onion', 'ipv4', alice),
    )
    expect(new Set(addresses).size).toBe(3)
  })

  it('TROVE-2026-036: is never one that is in use, or was lately, in the smallest network', () => {
    fc.assert(
      fc.property(fc.nat(1_000), (seed) => {
        const virtual = create('10.7.0.0/16', seed)
        const seen = new Set<string>()
        for (let name = 0; name < 2_000; name++) {
          const scope = isolationKey([String(name % 5)])
          seen.add(virtual.addressFor(`${name}.onion`, 'ipv4', scope))
        }
        expect(seen.size).toBe(2_000)
      }),
      { numRuns: 5 },
    )
  })

  it('is found at once even when the smallest network is as full as it gets', () => {
    const virtual = create('10.7.0.0/16')
    for (let name = 0; name < 40_000; name++) {
      virtual.addressFor(`${name}.onion`, 'ipv4', isolationKey([String(name % 70)]))
    }
    expect(virtual.contains(virtual.addressFor('last.onion', 'ipv4', alice))).toBe(true)
  })

  it('is forgotten when many newer ones came and it was not used', () => {
    const virtual = create()
    const unused = virtual.addressFor('unused.onion', 'ipv4', alice)
    const used = virtual.addressFor('used.onion', 'ipv4', alice)
    for (let name = 0; name < 255; name++) {
      virtual.addressFor(`${name}.onion`, 'ipv4', alice)
      expect(virtual.nameOf(used, alice)).toBe('used.onion')
    }
    expect(virtual.nameOf(unused, alice)).toBeUndefined()
  })

  it('is not forgotten for what another scope does', () => {
    const virtual = create()
    const address = virtual.addressFor('abc.onion', 'ipv4', alice)
    for (let name = 0; name < 2_000; name++) virtual.addressFor(`${name}.onion`, 'ipv4', bob)
    expect(virtual.nameOf(address, alice)).toBe('abc.onion')
  })

  it('means nothing after a new identity, and is not given out again', () => {
    const virtual = create()
    const address = virtual.addressFor('abc.onion', 'ipv4', alice)
    virtual.clear()
    expect(virtual.nameOf(address, alice)).toBeUndefined()
    expect(virtual.addressFor('abc.onion', 'ipv4', alice)).not.toBe(address)
  })
})

describe('a virtual network', () => {
  for (const [text, family, words] of [
    ['127.192.0.0', 'ipv4', 'no network'],
    ['nonsense/10', 'ipv4', 'no network'],
    ['[FE80::]/10', 'ipv4', 'wrong address family'],
    ['127.192.0.0/10', 'ipv6', 'wrong address family'],
    ['127.192.0.0/17', 'ipv4', '/16 or larger'],
    ['[FE80::]/105', 'ipv6', '/104 or larger'],
  ] as const) {
    it(`is not ${text} as ${family}`, () => {
      expect(() => parseVirtualNetwork(text, family, 'Option')).toThrow(words)
    })
  }
})
