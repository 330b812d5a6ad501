import { describe, expect, it } from 'vitest'
import type { CircuitNotes } from '../../../core/circuit-manager/circuit-pool.ts'
import type { CircuitView } from '../../../core/circuit-manager/circuit-registry.ts'
import { StatusBoard, type StatusSources } from '../../../core/client/status-board.ts'
import type { SurroundingsView } from '../../../core/client/surroundings.ts'
import { TrafficLedger } from '../../../core/client/traffic-ledger.ts'
import { ChannelManager } from '../../../core/channel/channel-manager.ts'
import { NO_COUNTRIES } from '../../../core/netdir/country-lookup.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'
import { channelDeps, openCircuit } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { manualClock } from '../../support/manual-clock.ts'

const SURROUNDINGS: SurroundingsView = { clockSkew: undefined, network: 'unknown', isDormant: false }

/** A board whose sources are quiet, but for these. */
function boardWith(sources: Partial<StatusSources> & Pick<StatusSources, 'traffic' | 'clock'>): StatusBoard {
  return new StatusBoard({
    channels: new ChannelManager(channelDeps()),
    circuits: { views: new WatchedValue<readonly CircuitView[]>([]) },
    pool: { changes: new WatchedValue(0), notes: () => undefined },
    countries: NO_COUNTRIES,
    surroundings: { views: new WatchedValue(SURROUNDINGS) },
    bridges: { views: new WatchedValue([]) },
    guards: { confirmedMs: () => undefined },
    ...sources,
  })
}

describe('the status', () => {
  it('shows of a circuit its sites, whether it waits, and whether it is retired; and of a stream its site', async () => {
    const network = await FakeNetwork.start({ relays: 3 })
    const { circuit, channel } = await openCircuit(network)
    const views = new WatchedValue<readonly CircuitView[]>([])
    const changes = new WatchedValue(0)
    const traffic = new TrafficLedger()
    let notes: CircuitNotes | undefined
    const board = boardWith({
      circuits: { views },
      pool: { changes, notes: (id) => (id === 7 ? notes : undefined) },
      traffic,
      clock: manualClock(),
    })
    const view: CircuitView = {
      id: 7,
      purpose: 'exit',
      setId: 6,
      hops: [],
      rttMs: [],
      createdMs: 0,
      circuit: undefined,
    }
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    const seen = (): unknown => {
      const [shown] = board.status.value.circuits
      return [shown?.state, shown?.sites, shown?.isRetired]
    }
    views.set([view])
    await turn()
    expect(seen()).toEqual(['building', [], false])
    notes = { isWaiting: true, isRetired: false, sites: ['a.example'], tunnelId: 6, streams: 0 }
    views.set([{ ...view, circuit }])
    await turn()
    expect(seen()).toEqual(['waiting', ['a.example'], false])
    notes = {
      ...{ isWaiting: false, isRetired: true, sites: ['a.example', 'b.example'], tunnelId: 6, streams: 3 },
    }
    traffic.meterFor({ id: 6, closed: new Promise(() => {}) }, 'a.example').readBytes = 5
    changes.set(1)
    await turn()
    expect(seen()).toEqual(['open', ['a.example', 'b.example'], true])
    // What a leg carries is its set's.
    expect(board.status.value.circuits).toMatchObject([{ setId: 6, streams: 3, readBytes: 5 }])
    const show = board.addStream('www.a.example:443', 'a.example')
    await turn()
    expect(board.status.value.streams).toMatchObject([{ site: 'a.example', state: 'waiting' }])
    show()
    board.close()
    channel.close()
    await network.close()
  })

  it('looks at the bytes of open streams four times a second while some move, once while none do, never without streams', () => {
    const clock = manualClock()
    let bytes = 0
    let looks = 0
    const board = boardWith({
      traffic: {
        sites: () => [],
        total() {
          looks++
          return { readBytes: bytes, writtenBytes: 0 }
        },
        ofCircuit: () => ({ readBytes: 0, writtenBytes: 0 }),
      },
      clock,
    })
    const looksIn = (ms: number): number => {
      const before = looks
      clock.advance(ms)
      return looks - before
    }
    const show = board.addStream('a.example:443', 'a.example')
    looksIn(1_000)
    expect(looksIn(60_000)).toBe(60)
    const moving = Array.from({ length: 40 }, () => {
      bytes++
      return looksIn(250)
    })
    // After the look that was due in a second.
    expect(moving.slice(4)).toEqual(Array.from({ length: 36 }, () => 1))
    looksIn(10_000)
    // A new one is looked at soon.
    const showNext = board.addStream('b.example:443', 'b.example')
    expect(looksIn(250)).toBe(1)
    show()
    showNext()
    looksIn(1_000)
    expect(looksIn(60_000)).toBe(0)
    board.close()
  })

  it('costs nothing while nobody looks, and one look a turn for 1,000 streams, whatever happens to them', async () => {
    let assemblies = 0
    const board = boardWith({
      traffic: {
        sites() {
          assemblies++
          return []
        },
        total: () => ({ readBytes: 0, writtenBytes: 0 }),
        ofCircuit: () => ({ readBytes: 0, writtenBytes: 0 }),
      },
      clock: manualClock(),
    })
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    const openThousand = (): void => {
      for (let stream = 0; stream < 1000; stream++) {
        const show = board.addStream('www.a.example:443', 'a.example')
        show({ state: 'connecting', circuitId: 7 })
        show({ state: 'open', circuitId: 7 })
        if (stream % 2 === 0) show()
      }
    }
    openThousand()
    await turn()
    expect(assemblies).toBe(0)
    expect(board.status.value.streams.length).toBe(500)
    expect(board.status.value.streams[0]).toMatchObject({ state: 'open', circuitId: 7 })
    expect(assemblies).toBe(1)
    const seen: number[] = []
    board.status.watch(({ streams }) => seen.push(streams.length))
    openThousand()
    await turn()
    expect(assemblies).toBe(2)
    expect(seen).toEqual([1000])
    board.close()
    expect(board.status.value.streams.length).toBe(1000)
  })
})
