import { describe, expect, it } from 'vitest'
import type { CircuitView } from '../../../../electron/ipc/snapshot-circuits.ts'
import { furthestBehind, groupCircuits, nameOf } from '../../../../renderer/views/circuits/circuit-groups.ts'
import {
  figuresOf,
  GRAPH_SECONDS,
  lastMovedMs,
  seriesOf,
} from '../../../../renderer/views/circuits/traffic-series.ts'
import { keepUnchanged } from '../../../../renderer/views/circuits/use-unchanged.ts'
import { circuit } from '../map/samples.ts'

describe('the list of circuits', () => {
  const circuits: readonly CircuitView[] = [
    circuit(1, ['de', 'fr', 'nl'], { createdMs: 10 }),
    circuit(2, ['de', 'fr', 'nl'], { createdMs: 20, sites: ['a.example'] }),
    circuit(3, ['de', 'fr', 'nl'], { createdMs: 30, streams: 1, sites: ['b.example'] }),
    circuit(4, ['de'], { createdMs: 40, state: 'building' }),
    circuit(5, ['de', 'fr', 'nl'], { createdMs: 5, state: 'closed', sites: ['c.example'] }),
    circuit(6, ['de'], { createdMs: 50, purpose: 'directory' }),
  ]

  it('shows what is being built and what is used before what waits, the newest first in each', () => {
    expect(idsOf(groupCircuits(circuits, 'all'))).toEqual([
      ['building', 4],
      ['used', 3, 2],
      ['reserve', 6, 1],
      ['closed', 5],
    ])
  })

  it('can be narrowed to what is used, or to what is being built', () => {
    expect(idsOf(groupCircuits(circuits, 'used'))).toEqual([['used', 3, 2]])
    expect(idsOf(groupCircuits(circuits, 'building'))).toEqual([['building', 4]])
    expect(groupCircuits([], 'used')).toEqual([])
  })

  it('has one row for the circuits of a set, which is as far as the last of them', () => {
    const set = (change: Partial<CircuitView>): readonly CircuitView[] => [
      circuit(8, ['at', 'it', 'nl'], { setId: 9, ...change }),
      circuit(7, ['de', 'fr', 'nl'], { setId: 9 }),
    ]
    const [used] = groupCircuits(set({ sites: ['a.example'], streams: 1 }), 'all')
    expect(used?.rows.map((ways) => ways.map(({ id }) => id))).toEqual([[7, 8]])
    const [building] = groupCircuits(set({ state: 'building', hops: [] }), 'all')
    expect([building?.group, building?.rows.length]).toEqual(['building', 1])
    const [ways] = building?.rows ?? []
    expect(ways === undefined ? undefined : furthestBehind(ways).id).toBe(8)
  })

  it('does not move a circuit because bytes were counted on it', () => {
    const busier = circuits.map((each) => (each.id === 2 ? { ...each, readBytes: 1e9, streams: 9 } : each))
    expect(idsOf(groupCircuits(busier, 'all'))).toEqual(idsOf(groupCircuits(circuits, 'all')))
  })

  it('names a circuit after whom it serves, and otherwise after what it is there for', () => {
    expect(nameOf(circuit(1, ['de'], { sites: ['a.example'], purpose: 'internal' }))).toBe('sites')
    expect(nameOf(circuit(1, ['de'], { purpose: 'internal' }))).toBe('onion')
    expect(nameOf(circuit(1, ['de'], { purpose: 'directory' }))).toBe('directory')
    expect(nameOf(circuit(1, ['de'], { state: 'building' }))).toBe('building')
    expect(nameOf(circuit(1, ['de'], { isRetired: true }))).toBe('retired')
    expect(nameOf(circuit(1, ['de']))).toBe('reserve')
  })
})

describe('an event about circuits', () => {
  it('leaves those that are as they were the same values, so that nothing is drawn anew for them', () => {
    const [one, two] = [circuit(1, ['de', 'fr']), circuit(2, ['de', 'nl'])]
    const first = keepUnchanged(new Map(), [one, two])
    const second = keepUnchanged(first, [structuredClone(one), { ...structuredClone(two), readBytes: 9 }])
    expect(second.get(1)).toBe(first.get(1))
    expect(second.get(1)?.circuit).toBe(one)
    expect(second.get(2)?.circuit.readBytes).toBe(9)
    expect(keepUnchanged(second, [two]).has(1)).toBe(false)
  })
})

describe('the graph of traffic', () => {
  it('is five minutes wide up to now, and goes on as it was where a second has no sample', () => {
    const [at, down, up] = seriesOf(
      [
        { atMs: 1_000_000, readBytes: 5, writtenBytes: 1 },
        { atMs: 1_002_000, readBytes: 7, writtenBytes: 2 },
        { atMs: 1_003_000, readBytes: 0, writtenBytes: 0 },
      ],
      1_005_400,
    )
    expect(at).toHaveLength(GRAPH_SECONDS)
    expect(at.at(-1)).toBe(1_005)
    expect(at[0]).toBe(1_005 - GRAPH_SECONDS + 1)
    expect(down.slice(-7)).toEqual([null, 5, 5, 7, 0, 0, 0])
    expect(up.slice(-7)).toEqual([null, 1, 1, 2, 0, 0, 0])
  })

  it('begins with what was so when its first second has no sample', () => {
    const [, down] = seriesOf([{ atMs: 1_000, readBytes: 0, writtenBytes: 0 }], 1_000_000)
    expect(down[0]).toBe(0)
  })

  it('says the newest rate and the greatest', () => {
    const samples = [3, 9, 4].map((bytes, second) => ({
      atMs: second * 1_000,
      readBytes: bytes,
      writtenBytes: bytes * 2,
    }))
    expect(figuresOf(samples, 2_000)).toEqual({ down: 4, up: 8, peakDown: 9, peakUp: 18 })
    expect(figuresOf([], 2_000)).toEqual({ down: 0, up: 0, peakDown: 0, peakUp: 0 })
  })

  it('knows when something moved last: with that out of the graph, it need not be drawn anew', () => {
    const samples = [0, 9, 4, 0].map((bytes, second) => ({
      atMs: second * 1_000,
      readBytes: 0,
      writtenBytes: bytes,
    }))
    expect(lastMovedMs(samples)).toBe(2_000)
    expect(lastMovedMs(samples.slice(0, 1))).toBe(Number.NEGATIVE_INFINITY)
    const [, down] = seriesOf(samples, 2_000 + GRAPH_SECONDS * 1_000)
    expect(new Set(down)).toEqual(new Set([0]))
  })

  it('forgets the greatest rate when it has left the graph', () => {
    const samples = [
      { atMs: 1_000, readBytes: 9, writtenBytes: 9 },
      { atMs: 2_000, readBytes: 0, writtenBytes: 0 },
    ]
    expect(figuresOf(samples, 400_000)).toMatchObject({ peakDown: 0, peakUp: 0 })
  })
})

function idsOf(groups: ReturnType<typeof groupCircuits>): readonly (string | number)[][] {
  return groups.map(({ group, rows }) => [group, ...rows.map(([{ id }]) => id)])
}
