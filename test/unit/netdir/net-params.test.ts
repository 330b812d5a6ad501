import { describe, expect, it } from 'vitest'
import { DEFAULT_NET_PARAMS, NetParams } from '../../../core/netdir/net-params.ts'
import {
  NET_PARAM_RANGES,
  type NetParamName,
  type ParamRange,
} from '../../../core/netdir/net-param-ranges.ts'

describe('consensus parameters', () => {
  it('take their default when the consensus does not set them', () => {
    expect(DEFAULT_NET_PARAMS.get('cc_sendme_inc')).toBe(31)
    expect(DEFAULT_NET_PARAMS.get('bwweightscale')).toBe(10_000)
    expect(DEFAULT_NET_PARAMS.has('cc_sendme_inc')).toBe(false)
  })

  it('are clamped to their range', () => {
    const params = new NetParams(
      new Map([
        ['cc_sendme_inc', 999],
        ['circwindow', -5],
        ['cbtquantile', 50],
      ]),
    )
    expect(params.get('cc_sendme_inc')).toBe(NET_PARAM_RANGES.cc_sendme_inc.max)
    expect(params.get('circwindow')).toBe(NET_PARAM_RANGES.circwindow.min)
    expect(params.get('cbtquantile')).toBe(50)
  })

  it('of Vegas are bounded as in C tor: the cut of a window alone not at all', () => {
    const names = ['alpha', 'beta', 'gamma', 'delta'].flatMap((threshold) =>
      (['exit', 'onion'] as const).map((path) => `cc_vegas_${threshold}_${path}` as NetParamName),
    )
    const params = new NetParams(new Map(names.map((name) => [name, 2_000_000])))
    expect(names.map((name) => params.get(name))).toEqual([
      ...Array<number>(6).fill(1000),
      ...Array<number>(2).fill(2_000_000),
    ])
  })

  it('can be overridden, within their range', () => {
    const params = new NetParams(
      new Map([['cfx_enabled', 1]]),
      new Map([
        ['cfx_enabled', 0],
        ['cbtquantile', 1],
      ]),
    )
    expect(params.get('cfx_enabled')).toBe(0)
    expect(params.get('cbtquantile')).toBe(NET_PARAM_RANGES.cbtquantile.min)
  })

  it('all have a default inside their range', () => {
    const ranges: readonly ParamRange[] = Object.values(NET_PARAM_RANGES)
    expect(ranges.length).toBeGreaterThan(100)
    for (const range of ranges) {
      expect(range.min).toBeLessThanOrEqual(range.default)
      expect(range.default).toBeLessThanOrEqual(range.max)
    }
  })
})
