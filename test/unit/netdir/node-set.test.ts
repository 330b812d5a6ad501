import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CountryLookup } from '../../../core/netdir/country-lookup.ts'
import { NetDir } from '../../../core/netdir/net-dir.ts'
import { EMPTY_NODE_SET, parseNodeSet } from '../../../core/netdir/node-set.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { isTorError } from '../../../core/util/errors.ts'
import {
  type SmallRelay,
  smallConsensus,
  smallIdentity,
  smallMicrodescriptors,
} from '../../support/small-network.ts'

const RELAYS: readonly SmallRelay[] = [
  { id: 1, nickname: 'Alice', ipv4: '1.2.3.4' },
  { id: 2, nickname: 'bob', ipv4: '1.2.99.4', ipv6: '[2001:db8:1::1]:443' },
  { id: 3, nickname: 'carol', ipv4: '5.6.7.8', ipv6: '[2001:db9::1]:9001' },
  { id: 4, nickname: 'dave', ipv4: '9.9.9.9' },
]

/** By the first byte of the address. */
const COUNTRIES: CountryLookup = {
  countryOfIpv4: (value) => ({ 1: 'de', 5: 'fr' })[value >>> 24],
  countryOf: (host) => ({ '1': 'de', '5': 'fr', '2001:db8::': 'nl' })[host.split('.')[0] ?? ''],
}

function smallNetDir(relays: readonly SmallRelay[] = RELAYS): NetDir {
  return NetDir.build({
    consensus: smallConsensus(relays),
    microdescriptors: [smallMicrodescriptors(relays)],
  })
}

/** The ids of the relays that the set means. */
function idsIn(text: string): number[] {
  const rows = parseNodeSet(text, 'ExitNodes').rows(smallNetDir(), COUNTRIES)
  return RELAYS.filter((_, row) => rows[row] === 1).map(({ id }) => id)
}

function complaint(text: string): string {
  try {
    parseNodeSet(text, 'ExitNodes')
  } catch (error) {
    if (isTorError(error, 'bad-config')) return error.message
    throw error
  }
  return 'nothing'
}

describe('a node set', () => {
  it.each([
    [`$${smallIdentity(1)}`, [1]],
    [smallIdentity(2), [2]],
    [smallIdentity(2).toLowerCase(), [2]],
    [`$${smallIdentity(3)}~somebody`, [3]],
    [`$${smallIdentity(3)}=dave`, [3]],
    [`$${'AB'.repeat(20)}`, []],
    ['ALICE', [1]],
    ['nobody', []],
    ['1.2.3.4', [1]],
    ['1.2.0.0/16', [1, 2]],
    ['1.2.0.0/255.255.255.0', []],
    ['1.2.3.4:9001', [1]],
    ['1.2.3.4:443', []],
    ['*:443', [2]],
    ['*:9000-9100', [1, 2, 3, 4]],
    ['*', [1, 2, 3, 4]],
    ['*6', [2, 3]],
    ['[2001:db8::]/32', [2]],
    ['[2001:db8::]/31', [2, 3]],
    ['[2001:db9::1]:9001', [3]],
    ['[2001:db9::1]:443', []],
    ['{de}', [1, 2]],
    ['{FR}', [3]],
    ['{??}', [4]],
    ['{a1}', []],
    ['', []],
    [' , ', []],
    [`{fr},dave , $${smallIdentity(1)}`, [1, 3, 4]],
    ['{fr} dave', [3, 4]],
  ])('"%s" means the relays %j', (text, ids) => {
    expect(idsIn(text)).toEqual(ids)
  })

  it.each([
    '$ABCD',
    `$${smallIdentity(1)}~`,
    `$${smallIdentity(1)}~no good`.replace(' ', '-'),
    'a-nickname',
    'averylongnicknamethatisnone',
    '{deu}',
    '{d}',
    'de}',
    '1.2.3',
    '1.2.3.4/33',
    '2001:db8::1',
    '[2001:db8::1',
    '*:0',
    'example.com',
    '{д€}',
  ])('refuses "%s" in words that name the option and the item', (item) => {
    expect(complaint(`{de}, ${item}`)).toBe(
      `ExitNodes: expected a fingerprint, a nickname, a country as {de} or an address range, got "${item}"`,
    )
  })

  it('says what the United Kingdom is called, instead of matching nobody', () => {
    expect(complaint('{UK}')).toBe('ExitNodes: the United Kingdom is {gb}, not "{UK}"')
  })

  it('takes every relay there is but no endless list, and quotes little of it', () => {
    expect(complaint(Array.from({ length: 20_001 }, () => 'a').join())).toContain('more than 20000')
    expect(complaint(`-${'x'.repeat(100_000)}`).length).toBeLessThan(250)
  })

  it('is empty, or says which countries it needs', () => {
    expect(EMPTY_NODE_SET.isEmpty).toBe(true)
    expect(parseNodeSet(' ', 'ExitNodes').isEmpty).toBe(true)
    expect(parseNodeSet('alice', 'ExitNodes')).toMatchObject({ isEmpty: false, text: 'alice' })
    expect([...parseNodeSet('{DE},{??}', 'ExitNodes').countries]).toEqual(['de', '??'])
  })

  it('tells of relays outside the view of the network too', () => {
    const rsa = parseRsaIdentity(smallIdentity(50))
    const has = (text: string): boolean =>
      parseNodeSet(text, 'ExcludeNodes').has(
        {
          rsa,
          nickname: 'moria1',
          endpoints: [
            { host: '2001:db8::1', port: 443 },
            { host: '5.5.5.5', port: 9101 },
          ],
        },
        COUNTRIES,
      )
    expect(['Moria1', `$${rsa}`, '5.5.0.0/16:9101', '[2001:db8::]/32', '{fr}'].map(has)).not.toContain(false)
    expect(['moria2', '5.5.0.0/16:443', '{nl}', '{??}', ''].map(has)).not.toContain(true)
  })

  it('means by its ranges what the addresses say, whichever way they are looked at', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    const address = fc
      .tuple(fc.integer({ min: 1, max: 223 }), byte, byte, byte)
      .map((bytes) => bytes.join('.'))
    const items = fc.array(
      fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([host, bits]) => `${host}/${bits}`),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(fc.array(address, { minLength: 1, maxLength: 5 }), items, (hosts, ranges) => {
        const relays = hosts.map((ipv4, at) => ({ id: at + 1, ipv4 }))
        const netDir = smallNetDir(relays)
        const plain = parseNodeSet(ranges.join(), 'ExitNodes')
        const withPorts = parseNodeSet(ranges.map((range) => `${range}:9001`).join(), 'ExitNodes')
        const rows = plain.rows(netDir, COUNTRIES)
        expect(withPorts.rows(netDir, COUNTRIES)).toEqual(rows)
        for (const { index, ids, nickname, ipv4 } of hosts.map((_, row) => netDir.relay(row))) {
          const relay = { rsa: ids.rsa, nickname, endpoints: [ipv4] }
          expect(plain.has(relay, COUNTRIES)).toBe(rows[index] === 1)
        }
      }),
      { numRuns: 50 },
    )
  })
})
