import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeCountryTable } from '../../../../core/netdir/geoip-format.ts'
import { finishSlices } from '../../../../core/netdoc/slices.ts'
import { OUTLINES, outlineOf, pointOf, WORLD_HEIGHT, WORLD_WIDTH } from '../../../../renderer/map/world.ts'

describe('the map of the world', () => {
  it('has a point on the map for every country that the table of addresses can answer', () => {
    const packed = readFileSync('core/persist/bundled/countries.br')
    const { ipv4, ipv6 } = finishSlices(decodeCountryTable(brotliDecompressSync(packed)))
    const codes = [...new Set([...ipv4.codes, ...ipv6.codes])].filter((code) => code !== '')
    const missing = codes.filter((code) => {
      const point = pointOf(code)
      return point === undefined || !isOnMap(point.x, point.y)
    })
    expect(codes.length).toBeGreaterThan(200)
    expect(missing).toEqual([])
  })

  it('puts a country where most of it is, not where the middle of all its parts would be', () => {
    // With its overseas parts France's middle would be in the Atlantic, west of Portugal.
    expect(x('pt')).toBeLessThan(x('fr'))
    expect(y('fr')).toBeLessThan(y('es'))
    // Without its islands in the Arctic Norway stays west of Sweden; without Alaska the United States stay east of it.
    expect(x('no')).toBeLessThan(x('se'))
    expect(x('us')).toBeGreaterThan(WORLD_WIDTH * 0.18)
    expect(x('au')).toBeLessThan(x('nz'))
    expect(y('au')).toBeGreaterThan(y('id'))
  })

  it('has outlines of countries with relays, the small ones too, and no Antarctica', () => {
    for (const code of ['de', 'us', 'sg', 'hk', 'mt', 'lu', 'md', 'sc']) {
      expect(outlineOf(code), code).toMatch(/^M[\d.]+,[\d.]+[LHVZ]/)
    }
    expect(outlineOf('aq')).toBeUndefined()
    expect(outlineOf('')).toBeUndefined()
    expect(new Set(OUTLINES.map(({ code }) => code)).size).toBe(OUTLINES.length)
  })

  it('knows no country by a name that only looks like a code', () => {
    for (const word of ['constructor', '__proto__', 'toString', 'uk', 'eu', '', 'DE']) {
      expect(pointOf(word), word).toBeUndefined()
    }
  })
})

function x(code: string): number {
  return pointOf(code)?.x ?? Number.NaN
}

function y(code: string): number {
  return pointOf(code)?.y ?? Number.NaN
}

function isOnMap(x: number, y: number): boolean {
  return x >= 0 && x <= WORLD_WIDTH && y >= 0 && y <= WORLD_HEIGHT
}
