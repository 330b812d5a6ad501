import { describe, expect, it } from 'vitest'
import { IDENTITY_CHANGES, IDENTITY_KEEPS } from '../../../../core/client/identity.ts'
import type { ExitCountryView, SiteView } from '../../../../electron/ipc/snapshot-circuits.ts'
import { countryRows } from '../../../../renderer/views/sites/country-rows.ts'
import { exitCost } from '../../../../renderer/views/sites/exit-cost.ts'
import { IDENTITY } from '../../../../renderer/views/sites/identity-lists.ts'
import { parseStreamHost } from '../../../../core/client/stream-target.ts'
import { hostIn } from '../../../../renderer/views/sites/site-names.ts'
import { keepOrder } from '../../../../renderer/views/sites/site-order.ts'

describe('the cost of leaving from one country', () => {
  it('rises as fewer people leave there, and as an observer has less to look through', () => {
    expect(exitCost(exits('us', 400, 0.25, 1)).level).toBe('small')
    expect(exitCost(exits('us', 400, 0.25, 2.5)).level).toBe('medium')
    expect(exitCost(exits('se', 90, 0.05, 1)).level).toBe('medium')
    expect(exitCost(exits('jp', 9, 0.004, 4)).level).toBe('large')
    expect(exitCost(exits('jp', 9, 0.5, 6)).level).toBe('large')
  })

  it('is great wherever a few operators see everything, whatever the estimate says', () => {
    expect(exitCost(exits('is', 1, 0.4, 0.2))).toEqual({ level: 'large', timesFewer: 1, isFew: true })
  })

  it('turns bits into a number that can be imagined, and never promises a gain', () => {
    expect(exitCost(exits('de', 100, 0.2, 3)).timesFewer).toBe(8)
    expect(exitCost(exits('de', 100, 0.2, -1)).timesFewer).toBe(1)
  })
})

describe('the countries to choose from', () => {
  const live = [exits('us', 400, 0.3, 1), exits('se', 90, 0.05, 3)]
  const names: Readonly<Record<string, string>> = { us: 'United States', se: 'Sweden', sc: 'Seychelles' }
  const nameOf = (country: string): string => names[country] ?? country.toUpperCase()

  it('are those that have exits, in the order of the network', () => {
    expect(countryRows(live, '', nameOf).map(({ country }) => country)).toEqual(['us', 'se'])
  })

  it('are searched by name and code, and a country without exits is shown as refused', () => {
    expect(countryRows(live, ' SWED', nameOf).map(({ country }) => country)).toEqual(['se'])
    const found = countryRows(live, 'seychelles', nameOf)
    expect(found).toEqual([{ country: 'sc', name: 'Seychelles', exits: undefined }])
    expect(countryRows(live, 'us', nameOf)[0]?.country).toBe('us')
    expect(countryRows(live, 'atlantis', nameOf)).toEqual([])
  })
})

describe('the name of a site that somebody writes', () => {
  it('is found in what people paste', () => {
    expect(hostIn(' Example.COM ')).toBe('example.com')
    expect(hostIn('https://user:pw@news.example.co.uk:8443/a?b#c')).toBe('news.example.co.uk')
    expect(hostIn('example.com.')).toBe('example.com')
    expect(hostIn('192.0.2.7:80')).toBe('192.0.2.7')
    expect(hostIn('http://[2001:db8::1]:80/')).toBe('2001:db8::1')
    expect(hostIn('bücher.example')).toBe('bücher.example')
  })

  it('is the one under which the core keeps its rule, however an address is written', () => {
    for (const text of [
      '2001:DB8:0:0:0:0:0:1',
      'http://[2001:0db8::0001]/',
      '2001:db8:0:1:0:0:0:1',
      '::ffff:192.0.2.7',
      '2001:db8:0:1:1:1:1:1',
      '::1',
      '::',
    ]) {
      const host = /\[(.*)\]/.exec(text)?.[1] ?? text
      expect(hostIn(text), text).toBe(parseStreamHost(host).host)
    }
  })

  it('is none in what could be no site', () => {
    for (const text of [
      '',
      '   ',
      'example',
      'two words.example',
      'a%2eb.c',
      `${'a'.repeat(250)}.example`,
      '<b>.x',
    ]) {
      expect(hostIn(text), text).toBeUndefined()
    }
  })
})

describe('the rows of sites', () => {
  it('stay in their places while traffic comes and goes, and new ones come first', () => {
    const rows = (names: readonly string[]): readonly SiteView[] => names.map(site)
    const kept = keepOrder(['a', 'b', 'c'], rows(['c', 'new', 'a', 'b']))
    expect(kept.map((each) => each.site)).toEqual(['new', 'a', 'b', 'c'])
    expect(keepOrder(['a', 'b'], rows(['b'])).map((each) => each.site)).toEqual(['b'])
    expect(keepOrder([], rows(['b', 'a'])).map((each) => each.site)).toEqual(['b', 'a'])
  })
})

describe('a new identity', () => {
  it('promises exactly what the core changes and keeps', () => {
    expect(IDENTITY.changed).toEqual([...IDENTITY_CHANGES])
    expect(IDENTITY.kept).toEqual([...IDENTITY_KEEPS])
  })
})

function exits(country: string, count: number, share: number, entropyLostBits: number): ExitCountryView {
  return { country, exits: count, share, entropyLostBits }
}

function site(name: string): SiteView {
  return {
    site: name,
    circuitIds: [],
    seenFromCountry: undefined,
    streams: 0,
    readBytes: 0,
    writtenBytes: 0,
    lastUsedMs: undefined,
    policy: { isBlocked: false, exitCountry: undefined, pin: undefined },
    refusal: undefined,
  }
}
