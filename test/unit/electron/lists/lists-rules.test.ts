/** What is believed of fetched lists: they add, within bounds, and whoever gave them can take nothing away. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TRANSPORT_NAMES } from '../../../../core/index.ts'
import { BUILT_IN_TRANSPORTS, builtInLines } from '../../../../electron/bridges/built-in.ts'
import { mappedSettings } from '../../../../electron/escalation/country-map.ts'
import {
  acceptBridges,
  acceptCountries,
  type Shipped,
  withFetched,
  withFetchedSettings,
} from '../../../../electron/lists/lists-rules.ts'

const SHIPPED: Shipped = { transports: BUILT_IN_TRANSPORTS, lines: builtInLines }
const [OURS = ''] = builtInLines('obfs4')
const [SNOWFLAKE = ''] = builtInLines('snowflake')
const [MEEK = ''] = builtInLines('meek')
const CERT = OURS.split(' ').find((word) => word.startsWith('cert=')) ?? ''
const obfs4 = (address: string, fingerprint = 'A'.repeat(40)): string =>
  `obfs4 ${address} ${fingerprint} ${CERT} iat-mode=0`.replaceAll(/ +/g, ' ')
const NEW = obfs4('203.0.113.7:443')

const accept = (...lines: string[]): readonly string[] =>
  acceptBridges({ kind: 'bridges', lines }, SHIPPED, TRANSPORT_NAMES)
const extend = (transport: string, ...fetched: string[]): readonly string[] =>
  withFetched(builtInLines(transport), fetched, transport, TRANSPORT_NAMES)
const refused = expect.objectContaining({ kind: 'lists-refused' }) as Error

describe('a fetched list of bridges', () => {
  it('adds what is new, behind those that the app came with', () => {
    expect(accept(OURS, NEW)).toEqual([OURS, NEW])
    expect(extend('obfs4', OURS, NEW)).toEqual([...builtInLines('obfs4'), NEW])
    expect(extend('snowflake', OURS, NEW)).toEqual(builtInLines('snowflake'))
  })

  it('takes none away by leaving it out, and adds none of a transport that the app came without', () => {
    expect(extend('obfs4', NEW)).toEqual(expect.arrayContaining([...builtInLines('obfs4')]))
    const webtunnel = `webtunnel 203.0.113.8:443 ${'B'.repeat(40)} url=https://bridge.example/path`
    expect(accept(NEW, webtunnel, 'somethingnew 203.0.113.8:1 key=value', `203.0.113.9:443`)).toEqual([NEW])
    expect(withFetched([], [webtunnel], 'webtunnel', TRANSPORT_NAMES)).toEqual([])
  })

  it('leads a built-in bridge’s address to no other key', () => {
    const address = OURS.split(' ')[1] ?? ''
    expect(extend('obfs4', obfs4(address, 'F'.repeat(40)))).toEqual(builtInLines('obfs4'))
  })

  it('brings new fronts for Snowflake and meek, and no other bridge and no other server behind them', () => {
    const newFront = SNOWFLAKE.replace(/fronts=\S+/, 'fronts=new.example')
    expect(extend('snowflake', newFront)).toEqual([...builtInLines('snowflake'), newFront])
    const other = newFront.replaceAll(/[0-9A-F]{40}/g, 'F'.repeat(40))
    expect(extend('snowflake', other)).toEqual(builtInLines('snowflake'))
    const meek = MEEK.replace(/front=\S+/, 'front=new.example')
    expect(extend('meek', meek)).toEqual([...builtInLines('meek'), meek])
    expect(extend('meek', meek.replace(/url=\S+/, 'url=https://evil.example'))).toEqual(builtInLines('meek'))
  })

  it.each([
    ['is empty', []],
    ['has no transport of ours', [`webtunnel 203.0.113.8:443 url=https://bridge.example/path`]],
    ['has what is no line', [NEW, 'obfs4']],
    ['has a bridge without its fingerprint', [NEW, `obfs4 203.0.113.9:443 ${CERT} iat-mode=0`]],
    ['has a bridge without arguments', [`obfs4 203.0.113.9:443 ${'A'.repeat(40)}`]],
    ['leads into the person’s own network', [NEW, obfs4('192.168.1.1:80')]],
    ['leads to this computer', [obfs4('127.0.0.1:9251')]],
    ['leads there by IPv6', [obfs4('[fd00::1]:80')]],
    ['leads there by IPv6 which has IPv4 in it', [obfs4('[64:ff9b::c0a8:101]:80')]],
    ['has too many of one transport', Array.from({ length: 21 }, (_, n) => obfs4(`203.0.113.${n}:443`))],
  ])('is refused as a whole when it %s', (_, lines) => {
    expect(() => accept(...lines)).toThrow(refused)
  })

  it('never shortens, never reorders and never grows without bound, whatever is in it', () => {
    const line = fc.oneof(
      fc.constantFrom(OURS, NEW, SNOWFLAKE, MEEK),
      fc.nat(255).map((n) => obfs4(`203.0.113.${n}:443`)),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        let kept: readonly string[] = []
        try {
          kept = accept(...lines)
        } catch (error) {
          expect(error).toMatchObject({ kind: 'lists-refused' })
        }
        for (const transport of BUILT_IN_TRANSPORTS) {
          const ours = builtInLines(transport)
          const all = extend(transport, ...kept)
          expect(all.slice(0, ours.length)).toEqual(ours)
          expect(all.length).toBeLessThanOrEqual(ours.length + 20)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a fetched map of countries', () => {
  const countries = (settings: Readonly<Record<string, readonly [string, 'builtin' | 'bridgedb'][]>>) => ({
    kind: 'countries' as const,
    countries: Object.entries(settings).map(([country, list]) => ({
      country,
      settings: list.map(([transport, source]) => ({ transport, source })),
    })),
  })

  it('comes before what the app knew of a country, of which nothing is lost', () => {
    const fetched = acceptCountries(
      countries({ ru: [['webtunnel', 'bridgedb']], tr: [['obfs4', 'builtin']] }),
      TRANSPORT_NAMES,
    )
    expect(fetched).toEqual({
      ru: [{ transport: 'webtunnel', source: 'requested' }],
      tr: [{ transport: 'obfs4', source: 'built-in' }],
    })
    const ours = mappedSettings('ru')
    expect(withFetchedSettings(ours, fetched['ru'])).toEqual([...(fetched['ru'] ?? []), ...ours])
    expect(withFetchedSettings(ours, ours)).toEqual(ours)
    expect(withFetchedSettings(mappedSettings('ir'), fetched['ir'])).toEqual(mappedSettings('ir'))
  })

  it('loses transports that the core has not, and is refused when nothing is left of it', () => {
    expect(
      acceptCountries(
        countries({
          cn: [
            ['conjure', 'builtin'],
            ['meek', 'builtin'],
          ],
        }),
        TRANSPORT_NAMES,
      ),
    ).toEqual({ cn: [{ transport: 'meek', source: 'built-in' }] })
    expect(() => acceptCountries(countries({}), TRANSPORT_NAMES)).toThrow(refused)
    expect(() => acceptCountries(countries({ cn: [['conjure', 'builtin']] }), TRANSPORT_NAMES)).toThrow(
      refused,
    )
  })
})
