import { describe, expect, it } from 'vitest'
import { BandwidthWeights, type Position, WeightColumns } from '../../../core/netdir/bandwidth-weights.ts'
import { RelayFlag } from '../../../core/netdoc/relay-flags.ts'

/** Of the real network on 2026-07-27. */
const REAL = new Map(
  'Wbd=817 Wbe=0 Wbg=4040 Wbm=10000 Wdb=10000 Web=10000 Wed=8366 Wee=10000 Weg=8366 Wem=10000 Wgb=10000 Wgd=817 Wgg=5960 Wgm=5960 Wmb=10000 Wmd=817 Wme=0 Wmg=4040 Wmm=10000'
    .split(' ')
    .map((word) => [word.slice(0, 3), Number(word.slice(4))]),
)
const { Guard, Exit, BadExit, V2Dir } = RelayFlag
const weights = new BandwidthWeights(REAL, 10_000)

describe('bandwidth weights', () => {
  it.each<readonly [Position, number, number]>([
    ['guard', Guard, 0.596],
    ['guard', Guard | Exit, 0.0817],
    ['guard', 0, 0.596],
    ['guard', Exit, 0],
    ['middle', Guard, 0.404],
    ['middle', Guard | Exit, 0.0817],
    ['middle', Exit, 0],
    ['middle', 0, 1],
    ['exit', Guard, 0.8366],
    ['exit', Guard | Exit, 0.8366],
    ['exit', Exit, 1],
    ['exit', 0, 1],
    ['directory', Guard, 0.404],
    ['directory', Guard | Exit, 0.0817],
    ['directory', Exit, 0],
    ['directory', 0, 1],
  ])('for %s and flags %i give %d', (position, flags, factor) => {
    expect(weights.factor(position, flags)).toBeCloseTo(factor, 12)
    // The multipliers for directory caches are all 1 there.
    expect(weights.factor(position, flags | V2Dir)).toBeCloseTo(factor, 12)
  })

  it('take a bad exit for no exit', () => {
    expect(weights.factor('middle', Exit | BadExit)).toBe(1)
    expect(weights.factor('guard', Guard | Exit | BadExit)).toBeCloseTo(0.596, 12)
  })

  it('are 1 when the consensus has none', () => {
    const none = new BandwidthWeights(new Map(), 10_000)
    for (const position of ['middle', 'exit', 'directory'] as const) {
      for (const flags of [0, Guard, Exit, Guard | Exit, V2Dir]) expect(none.factor(position, flags)).toBe(1)
    }
  })

  it('are divided by the scale, stay between 0 and 1, and multiply for directory caches', () => {
    const odd = new BandwidthWeights(
      new Map([
        ['Wmg', 50],
        ['Wmm', 500],
        ['Wme', -5],
        ['Wgb', 20],
      ]),
      100,
    )
    expect(odd.factor('middle', Guard)).toBe(0.5)
    expect(odd.factor('middle', 0)).toBe(1)
    expect(odd.factor('middle', Exit)).toBe(0)
    expect(odd.factor('middle', Guard | V2Dir)).toBeCloseTo(0.1, 12)
  })
})

describe('the weight of a relay', () => {
  it('is its bandwidth times its factor', () => {
    const columns = new WeightColumns(
      { count: 3, bandwidths: Uint32Array.of(1000, 4_000_000_000, 0), flags: Uint32Array.of(Guard, Exit, 0) },
      weights,
    )
    expect([...columns.column('middle')]).toEqual([404, 0, 0])
    expect([...columns.column('exit')]).toEqual([836.6, 4_000_000_000, 0])
  })

  it('is its factor alone in a network that nobody has measured', () => {
    const columns = new WeightColumns(
      { count: 2, bandwidths: new Uint32Array(2), flags: Uint32Array.of(Guard, 0) },
      weights,
    )
    expect([...columns.column('middle')]).toEqual([0.404, 1])
  })
})
