import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCountries } from '../../../core/client/country-sources.ts'
import { CountryTable } from '../../../core/netdir/country-table.ts'
import { Countries } from '../../../core/netdir/countries.ts'
import { decodeCountryTable, encodeCountryTable } from '../../../core/netdir/geoip-format.ts'
import { CountryCodes, parseGeoIpv4, parseGeoIpv6 } from '../../../core/netdir/geoip-text.ts'
import { finishSlices } from '../../../core/netdoc/slices.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { isTorError } from '../../../core/util/errors.ts'

/** Of what the recorded lines name, what is no country. */
const NO_COUNTRY = ['??', 'ap', 'cs', 'eu', 'su']

function tableOf(ipv4: string, ipv6 = ''): CountryTable {
  const codes = new CountryCodes()
  const v4 = finishSlices(parseGeoIpv4(ipv4, codes))
  const v6 = finishSlices(parseGeoIpv6(ipv6, codes))
  return new CountryTable({ ...v4, codes: codes.list }, v6)
}

function recorded(file: string): [string, string, string][] {
  return readFileSync(new URL(`../../vectors/countries/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [low = '', high = '', code = ''] = line.split(',')
      return [low, high, code.toLowerCase()]
    })
}

function complaint(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isTorError(error, 'bad-config')) return error.message
    throw error
  }
  return 'nothing'
}

describe('the built-in table of countries', () => {
  const countries = createCountries({ geoIpFile: undefined, geoIpv6File: undefined }, systemClock)

  it('knows nothing before it is read, and says so rather than decide', async () => {
    expect(countries.isLoaded).toBe(false)
    expect(countries.countryOf('1.1.1.1')).toBeUndefined()
    expect(() => countries.checkLoaded()).toThrow('the table of countries is not read yet')
    await Promise.all([countries.load(), countries.load()])
    expect(countries.isLoaded).toBe(true)
    countries.checkLoaded()
  })

  it('says what the text that it was made from says, at both ends of 400 ranges of IPv4 addresses', async () => {
    await countries.load()
    const lines = recorded('geoip-sample')
    expect(lines).toHaveLength(400)
    for (const [low, high, code] of lines) {
      const expected = NO_COUNTRY.includes(code) ? undefined : code
      expect(countries.countryOfIpv4(Number(low))).toBe(expected)
      expect(countries.countryOfIpv4(Number(high))).toBe(expected)
    }
  })

  it('says what the text that it was made from says, at both ends of 300 ranges of IPv6 addresses', async () => {
    await countries.load()
    const lines = recorded('geoip6-sample')
    expect(lines).toHaveLength(300)
    for (const [low, high, code] of lines) {
      const expected = NO_COUNTRY.includes(code) ? undefined : code
      expect(countries.countryOf(low)).toBe(expected)
      expect(countries.countryOf(high)).toBe(expected)
    }
  })

  it('has no country for addresses of private networks and of nobody', async () => {
    await countries.load()
    for (const host of ['0.0.0.0', '10.1.2.3', '127.0.0.1', '255.255.255.255', '::1', 'fe80::1', 'ffff::']) {
      expect(countries.countryOf(host)).toBeUndefined()
    }
  })

  it('has at most 0.7 MB, and its licence beside it', () => {
    const read = (name: string): Buffer =>
      readFileSync(new URL(`../../../core/persist/bundled/${name}`, import.meta.url))
    expect(read('countries.br').length).toBeLessThan(700_000)
    const notice = read('countries-licence.md').toString()
    expect(notice).toContain('IPFire Location Database')
    expect(notice).toContain('https://creativecommons.org/licenses/by-sa/4.0/')
  })
})

/** Ascending ranges that do not overlap, some of them neighbours. */
const ranges = fc
  .uniqueArray(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 2, maxLength: 40 })
  .map((ends) => ends.sort((a, b) => a - b))
  .chain((ends) =>
    fc
      .array(fc.constantFrom('DE', 'FR', 'US', '??', 'EU'), {
        minLength: ends.length,
        maxLength: ends.length,
      })
      .map((codes) =>
        ends.flatMap((low, at) => {
          const next = ends[at + 1]
          if (next === undefined || codes[at] === '??') return []
          return [{ low, high: at % 2 === 0 ? next - 1 : low, code: codes[at] ?? '' }]
        }),
      ),
  )

describe('a table made of text', () => {
  it('agrees with the ranges one by one, before and after it was compiled', () => {
    const probe = fc.integer({ min: 0, max: 0xffffffff })
    const v6 = (value: number, rest: string): string =>
      `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}${rest}`
    fc.assert(
      fc.property(ranges, fc.array(probe, { maxLength: 20 }), (list, probes) => {
        const text = list.map(({ low, high, code }) => `${low},${high},${code}`).join('\n')
        const text6 = list
          .map(
            ({ low, high, code }) => `${v6(low, '::')},${v6(high, ':ffff:ffff:ffff:ffff:ffff:ffff')},${code}`,
          )
          .join('\n')
        const table = tableOf(text, text6)
        const compiled = finishSlices(decodeCountryTable(encodeCountryTable(table, 'a test')))
        for (const value of [...probes, ...list.flatMap(({ low, high }) => [low, high, high + 1])]) {
          if (value > 0xffffffff) continue
          const code = list.find(({ low, high }) => low <= value && value <= high)?.code.toLowerCase()
          const expected = code === 'eu' ? undefined : code
          for (const lookup of [table, compiled]) {
            expect(lookup.countryOfIpv4(value)).toBe(expected)
            expect(lookup.countryOf(v6(value, ':1:2:3:4:5:6'))).toBe(expected)
          }
        }
      }),
    )
  })

  it('reads the forms that C tor reads: comments, quotes, unsorted lines, line ends of Windows', () => {
    const table = tableOf('# a comment\r\n\r\n50,59,fr\n"10","19","DE","DEU","GERMANY"\r\n20,29,de')
    expect([9, 10, 25, 30, 55, 60].map((value) => table.countryOfIpv4(value))).toEqual([
      undefined,
      'de',
      'de',
      undefined,
      'fr',
      undefined,
    ])
  })

  it('gives the last 64 bits of IPv6, where two ranges share them, to the smaller one', () => {
    const outer = '2001:db8::,2001:db8::7fff:ffff:ffff:ffff,US\n2001:db8:0:0:8000::,2001:db8::8000:0:0:1,DE'
    const table = tableOf('', `${outer}\n2001:db8::8000:0:0:2,2001:db8:0:9:ffff:ffff:ffff:ffff,FR`)
    expect(table.countryOf('2001:db8::1')).toBe('de')
    expect(table.countryOf('2001:db8:0:1::')).toBe('fr')
    expect(table.countryOf('2001:db8:0:a::')).toBeUndefined()
  })

  it.each([
    ['GeoIPFile, line 2: expected low,high,CC, got "nonsense"', '1,2,DE\nnonsense', ''],
    ['GeoIPFile, line 1: expected low,high,CC, got "2,1,DE"', '2,1,DE', ''],
    ['GeoIPFile, line 1: expected low,high,CC, got "1,4294967296,DE"', '1,4294967296,DE', ''],
    ['GeoIPFile, line 1: expected low,high,CC, got "1.2.3.4,1.2.3.5,DE"', '1.2.3.4,1.2.3.5,DE', ''],
    ['GeoIPFile, line 1: expected low,high,CC, got "1e1,20,DE"', '1e1,20,DE', ''],
    ['GeoIPFile: the ranges of lines 1 and 2 overlap', '1,5,DE\n5,9,FR', ''],
    ['GeoIPv6File, line 1: expected low,high,CC, got "1,2,DE"', '', '1,2,DE'],
    ['GeoIPv6File, line 1: expected low,high,CC, got "::1,::2,DEU"', '', '::1,::2,DEU'],
    ['GeoIPv6File: the ranges of lines 1 and 2 overlap', '', '1::,3::,DE\n2::,4::,FR'],
  ])('is refused in words: %s', (words, ipv4, ipv6) => {
    expect(complaint(() => tableOf(ipv4, ipv6))).toBe(words)
  })

  it('has nothing behind the last of all addresses', () => {
    // Found by fuzzing: the end of such a range was taken for a start at 0, and its addresses for nobody's.
    const last = 'ff00::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,fr'
    const table = tableOf('0,4294967295,de', last)
    expect(table.ipv4.starts).toEqual(Uint32Array.of(0))
    expect(table.countryOf('0.0.0.0')).toBe('de')
    expect(table.countryOf('255.255.255.255')).toBe('de')
    expect(table.countryOf('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')).toBe('fr')
    expect(table.countryOf('ff00::')).toBe('fr')
    expect(table.countryOf('fe00::')).toBeUndefined()
  })

  it('is refused before anything is made of it when its header speaks of more than there is', () => {
    // Found by fuzzing: a hundred bytes could ask for forty megabytes.
    const packed = encodeCountryTable(tableOf('0,1,de', '::,::1,fr'), 'a test').toString('latin1')
    const greedy = packed.replace(/"ipv4":[0-9]+/, '"ipv4":4000000')
    const slices = decodeCountryTable(Buffer.from(greedy, 'latin1'))
    expect(() => slices.next()).toThrow('the bytes that its header speaks of')
  })

  it('is refused in words when its packed form is damaged', () => {
    const file = encodeCountryTable(tableOf('1,5,DE', '1::,2::,FR'), 'a test')
    const decode = (bytes: Buffer): unknown => finishSlices(decodeCountryTable(bytes))
    expect(() => decode(file.subarray(0, -1))).toThrow(/^country table/)
    expect(() => decode(Buffer.concat([file, Buffer.of(0)]))).toThrow(/^country table/)
    expect(() => decode(Buffer.from('{}\n'))).toThrow(/^country table/)
    expect(() => decode(Buffer.from('nothing'))).toThrow(/^country table/)
  })
})

describe('the files that a user names', () => {
  it('replace the built-in table, each for its family', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'allium-countries-'))
    try {
      const geoIpFile = join(folder, 'geoip')
      await writeFile(geoIpFile, `${0x7f000000},${0x7fffffff},XA\n`)
      const mixed = createCountries({ geoIpFile, geoIpv6File: undefined }, systemClock)
      await mixed.load()
      expect([mixed.countryOf('127.0.0.1'), mixed.countryOf('1.1.1.1')]).toEqual(['xa', undefined])
      expect(mixed.countryOf('2001:200::1')).toBe('jp')
      const geoIpv6File = join(folder, 'geoip6')
      await writeFile(geoIpv6File, '::1,::1,XB\n')
      const own = createCountries({ geoIpFile, geoIpv6File }, systemClock)
      await own.load()
      expect([own.countryOf('::1'), own.countryOf('2001:200::1')]).toEqual(['xb', undefined])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('are refused in words when they are not there, and asked for again the next time', async () => {
    const missing = createCountries({ geoIpFile: '/nonexistent/geoip', geoIpv6File: undefined }, systemClock)
    await expect(missing.load()).rejects.toThrow(/^GeoIPFile: the file cannot be read/)
    let tries = 0
    const countries = new Countries(
      {
        readBuiltIn: () => Promise.reject(new Error('never asked')),
        readIpv4Text: () => (++tries === 1 ? Promise.reject(new Error('busy')) : Promise.resolve('1,5,DE')),
        readIpv6Text: () => Promise.resolve(''),
      },
      systemClock,
    )
    await expect(countries.load()).rejects.toThrow('busy')
    await countries.load()
    expect(countries.countryOf('0.0.0.2')).toBe('de')
  })
})
