import { describe, expect, it } from 'vitest'
import type { Blockage } from '../../../../core/index.ts'
import { viewCircuits } from '../../../../electron/host/circuit-views.ts'
import { Dates } from '../../../../electron/host/dates.ts'
import { viewHostStatus } from '../../../../electron/host/host-status.ts'
import { newestExitOf, viewSites } from '../../../../electron/host/site-views.ts'
import { fakeIdentity } from '../../../support/fake-net-dir.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { circuit, hop, STATUS } from './host-samples.ts'

const NOW = { wallMs: 1_000_000, monotonicMs: 3_000 }
const WALL = NOW.wallMs

describe('the view of circuits', () => {
  it('names the place of each hop, why it is there and how far it is', () => {
    const guard = hop('guard', { reason: { kind: 'guard', sinceMs: 17 }, flags: ['Guard'] })
    const { circuits } = viewCircuits({ circuits: [circuit(1, { hops: [guard, hop('m'), hop('x')] })] }, NOW)
    expect(circuits[0]?.hops.map(({ role }) => role)).toEqual(['guard', 'middle', 'exit'])
    expect(circuits[0]?.hops[0]).toMatchObject({
      nickname: 'guard',
      flags: ['Guard'],
      rttMs: 20,
      reason: { kind: 'guard', sinceMs: 17 },
    })
    expect(circuits[0]?.createdMs).toBe(WALL - 2_000)
  })

  it('shows the hops that are there, and how many there will be', () => {
    const { circuits } = viewCircuits({ circuits: [circuit(1, { state: 'building', builtHops: 1 })] }, NOW)
    expect(circuits[0]?.hops.map(({ role }) => role)).toEqual(['guard'])
    expect(circuits[0]?.plannedHops).toBe(3)
  })

  it('calls the only hop of a directory circuit a directory, and the last of an internal one its end', () => {
    const circuits = [
      circuit(1, { purpose: 'directory', hops: [hop('d')] }),
      circuit(2, { purpose: 'internal' }),
    ]
    const roles = viewCircuits({ circuits }, NOW).circuits.map(({ hops }) => hops.at(-1)?.role)
    expect(roles).toEqual(['directory', 'end'])
  })

  it('calls the first hop a bridge where it is one', () => {
    const bridge = hop('b', { reason: { kind: 'bridge' }, flags: [] })
    const { circuits } = viewCircuits({ circuits: [circuit(1, { hops: [bridge, hop('m'), hop('x')] })] }, NOW)
    expect(circuits[0]?.hops[0]).toMatchObject({ role: 'bridge', reason: { kind: 'bridge' } })
  })

  it('never guesses where the person is', () => {
    expect(viewCircuits({ circuits: [] }, NOW).ownCountry).toBeUndefined()
  })
})

describe('the view of bridges', () => {
  it('says of each line how it fares', () => {
    const bridge = { fingerprint: undefined, failingSinceMs: 7, lastWorkedMs: 5, reason: 'refused' }
    const bridges = [{ ...bridge, line: '192.0.2.1:443', state: 'failing' as const }]
    const proxies = { socks: undefined, http: undefined, trouble: undefined }
    const facts = { now: NOW, policies: [], proxies, failure: undefined }
    expect(viewHostStatus({ ...STATUS, bridges }, facts).bridges).toEqual([
      { line: '192.0.2.1:443', health: 'failing', failingSinceMs: 7, lastWorkedMs: 5 },
    ])
  })
})

describe('the view of sites', () => {
  const used = (site: string, lastUsedMs: number) => ({
    site,
    ...{ readBytes: 10, writtenBytes: 2, lastUsedMs, refusal: undefined },
  })

  it('has a row for each that was used, the last first, then for those with a rule only', () => {
    const status = { circuits: [], streams: [], sites: [used('b.test', 2), used('a.test', 1)] }
    const rules = [{ site: 'c.test', isBlocked: true, exitCountry: undefined, pin: undefined }]
    const rows = viewSites(status, rules, WALL)
    expect(rows.map(({ site }) => site)).toEqual(['b.test', 'a.test', 'c.test'])
    expect(rows[2]).toMatchObject({ lastUsedMs: undefined, readBytes: 0, policy: { isBlocked: true } })
  })

  it('says which circuits serve it and where it sees us, by the newest that is complete', () => {
    const sites = ['a.test']
    const circuits = [
      circuit(1, { sites, hops: [hop('g'), hop('m'), hop('x', { country: 'fr' })] }),
      circuit(2, { sites, hops: [hop('g'), hop('m'), hop('y', { country: 'se' })] }),
      circuit(3, { sites, state: 'building', builtHops: 1 }),
      circuit(4, { sites: ['b.test'] }),
    ]
    const streams = [
      { id: 1, circuitId: 2, state: 'open', target: 'www.a.test:443', site: 'a.test' } as const,
    ]
    const [row] = viewSites({ circuits, streams, sites: [used('a.test', 1)] }, [], WALL)
    expect(row).toMatchObject({ circuitIds: [1, 2, 3], seenFromCountry: 'se', streams: 1 })
    expect(newestExitOf({ circuits }, 'a.test')).toBe(circuits[1]?.hops.at(-1)?.fingerprint)
    expect(newestExitOf({ circuits }, 'c.test')).toBeUndefined()
  })

  it('counts the circuits of a set as one, though each is shown', () => {
    const legs = [circuit(1, { sites: ['a.test'], setId: 3 }), circuit(2, { sites: ['a.test'], setId: 3 })]
    const [row] = viewSites({ circuits: legs, streams: [], sites: [used('a.test', 1)] }, [], WALL)
    expect(row?.circuitIds).toEqual([1])
    expect(viewCircuits({ circuits: legs }, NOW).circuits.map(({ id, setId }) => [id, setId])).toEqual([
      [1, 3],
      [2, 3],
    ])
  })

  it('shows the rules as they hold now: a pin that has ended is none', () => {
    const exit = fakeIdentity(1)
    const rule = (untilMs: number) => [
      { site: 'a.test', isBlocked: false, exitCountry: undefined, pin: { exit, untilMs } },
    ]
    const status = { circuits: [], streams: [], sites: [] }
    expect(viewSites(status, rule(WALL + 1), WALL)[0]?.policy.pin).toEqual({
      fingerprint: exit,
      untilMs: WALL + 1,
    })
    expect(viewSites(status, rule(WALL), WALL)[0]?.policy.pin).toBeUndefined()
  })

  it('has no row for a site that was forgotten, though its circuit lives on', () => {
    expect(
      viewSites({ circuits: [circuit(1, { sites: ['a.test'] })], streams: [], sites: [] }, [], WALL),
    ).toEqual([])
  })
})

describe("the host's status", () => {
  const facts = {
    now: NOW,
    policies: [],
    proxies: { socks: { host: '127.0.0.1', port: 9250 }, http: undefined, trouble: undefined },
    failure: undefined,
  }

  it('says what the core says', () => {
    const skew = { aheadMs: -7_200_000, isExact: true, evidence: [], relays: 2 }
    const surroundings = { clockSkew: skew, network: 'up', isDormant: true } as const
    expect(viewHostStatus({ ...STATUS, surroundings }, facts)).toMatchObject({
      phase: 'done',
      isConnected: true,
      verifiedMs: 5_000,
      clockAheadMs: -7_200_000,
      network: 'up',
      isDormant: true,
      readBytes: 7,
      writtenBytes: 8,
      proxies: { socks: { port: 9250 } },
    })
  })

  it('tells what holds it up, without addresses', () => {
    const blockage: Blockage = {
      stuckAt: 'conn',
      kind: 'channel-failed',
      reason: 'connect ECONNREFUSED 192.0.2.1:443',
      sinceMs: 1,
      failures: 4,
      cause: 'blocked',
    }
    const bootstrap = { phase: 'conn', progress: undefined, blockage, isConnected: false } as const
    expect(viewHostStatus({ ...STATUS, bootstrap }, facts).blockage).toEqual({
      ...{
        kind: 'channel-failed',
        detail: 'connect ECONNREFUSED [scrubbed]',
        failures: 4,
        sinceMs: 1,
        cause: 'blocked',
      },
    })
  })

  it('is never connected once the core has given up', () => {
    const failure = {
      kind: 'obsolete-client',
      detail: 'too old',
      failures: 1,
      sinceMs: 1,
      cause: undefined,
    } as const
    const view = viewHostStatus(STATUS, { ...facts, failure })
    expect(view).toMatchObject({ isConnected: false, blockage: failure })
  })
})

describe('dates of what has a monotonic time', () => {
  it('stay the same while the clocks drift by milliseconds, and follow a clock that is set', () => {
    const clock = manualClock(1_000_000)
    const dates = new Dates(clock)
    const dateOf = (monotonicMs: number): number => {
      const now = dates.now()
      return now.wallMs - (now.monotonicMs - monotonicMs)
    }
    expect(dateOf(0)).toBe(1_000_000)
    clock.advance(10_000)
    clock.jump(40)
    expect(dateOf(0)).toBe(1_000_000)
    clock.jump(3_600_000)
    expect(dateOf(0)).toBe(4_600_040)
  })
})
