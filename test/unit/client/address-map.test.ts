import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AddressMap, type AddressMapEntry, followRewrites } from '../../../core/client/address-map.ts'
import { isTorError } from '../../../core/util/errors.ts'

type Rules = readonly (readonly [from: string, to: string])[]

const mapOf = (rules: Rules): AddressMap => new AddressMap(rules.map(([from, to]) => ({ from, to })))

function rewrite(rules: Rules, host: string): string {
  const map = mapOf(rules)
  return followRewrites(host, (current) => map.rewriteOnce(current))
}

describe('MapAddress', () => {
  it('replaces one host by another, an address or a name', () => {
    const rules: Rules = [
      ['a.example', 'b.example'],
      ['192.0.2.1', 'c.example'],
      ['[2001:DB8::1]', '198.51.100.1'],
    ]
    expect(rewrite(rules, 'a.example')).toBe('b.example')
    expect(rewrite(rules, '192.0.2.1')).toBe('c.example')
    expect(rewrite(rules, '2001:db8::1')).toBe('198.51.100.1')
    expect(rewrite(rules, 'x.a.example')).toBe('x.a.example')
  })

  it('replaces a domain and all below it by one host', () => {
    const rules: Rules = [['*.a.example', 'b.example']]
    for (const host of ['a.example', 'x.a.example', 'y.x.a.example']) {
      expect(rewrite(rules, host)).toBe('b.example')
    }
    for (const host of ['xa.example', 'example', 'a.example.org']) expect(rewrite(rules, host)).toBe(host)
  })

  it('replaces a domain and keeps what stands before it', () => {
    const rules: Rules = [['*.a.example', '*.b.example']]
    expect(rewrite(rules, 'a.example')).toBe('b.example')
    expect(rewrite(rules, 'y.x.a.example')).toBe('y.x.b.example')
  })

  it('goes on until nothing matches', () => {
    const rules: Rules = [
      ['198.51.100.1', '203.0.113.1'],
      ['www.example.com', '198.51.100.1'],
    ]
    expect(rewrite(rules, 'www.example.com')).toBe('203.0.113.1')
  })

  it('takes the exact rule first, then the most specific, then the last of two for the same', () => {
    const rules: Rules = [
      ['*.example', 'all.test'],
      ['x.a.example', 'exact.test'],
      ['*.a.example', 'first.test'],
      ['*.a.example', 'last.test'],
    ]
    expect(rewrite(rules, 'x.a.example')).toBe('exact.test')
    expect(rewrite(rules, 'y.a.example')).toBe('last.test')
    expect(rewrite(rules, 'b.example')).toBe('all.test')
  })

  it('may send a whole domain to one of its hosts', () => {
    expect(rewrite([['*.a.example', 'www.a.example']], 'x.a.example')).toBe('www.a.example')
  })

  for (const [what, rules, words] of [
    [
      'a circle of two',
      [
        ['a.example', 'b.example'],
        ['b.example', 'a.example'],
      ],
      'leads in a circle',
    ],
    [
      'a circle of wildcards',
      [
        ['*.a.example', '*.b.example'],
        ['*.b.example', '*.a.example'],
      ],
      'in a circle',
    ],
    ['a name that grows for ever', [['*.a.example', '*.x.a.example']], 'leads in a circle'],
    ['one address to a wildcard', [['a.example', '*.b.example']], 'cannot become all'],
    ['a part of a label', [['*ample.com', 'b.example']], 'must be *. and a whole domain'],
    ['everything', [['*', 'b.example']], 'must be *. and a whole domain'],
    ['everything below an address', [['*.192.0.2.1', 'b.example']], 'nothing below an IP address'],
    ['a .exit name', [['a.example', 'a.example.nickname.exit']], '.exit name is not allowed'],
    ['from a .exit name', [['*.exit', 'a.example']], '.exit name is not allowed'],
    ['a name that is none', [['a b', 'a.example']], 'neither an address nor a host name'],
  ] as const) {
    it(`refuses ${what}, in words`, () => {
      const build = (): AddressMap => mapOf(rules)
      expect(build).toThrow(expect.objectContaining({ kind: 'bad-config' }))
      expect(build).toThrow(words)
    })
  }

  it('ends for every host under any rules that were accepted, or says that it does not', () => {
    const label = fc.constantFrom('a', 'b', 'c')
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
    const entry: fc.Arbitrary<AddressMapEntry> = fc
      .record({ from: host, to: host, isWild: fc.boolean(), keeps: fc.boolean() })
      .map(({ from, to, isWild, keeps }) => ({
        from: isWild ? `*.${from}` : from,
        to: isWild && keeps ? `*.${to}` : to,
      }))
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), host, (entries, asked) => {
        let map: AddressMap
        try {
          map = new AddressMap(entries)
        } catch (error) {
          expect(isTorError(error, 'bad-config')).toBe(true)
          return
        }
        try {
          const result = followRewrites(asked, (current) => map.rewriteOnce(current))
          expect(map.rewriteOnce(result)).toBeUndefined()
        } catch (error) {
          expect(isTorError(error, 'bad-target')).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
