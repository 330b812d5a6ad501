import { describe, expect, it } from 'vitest'
import { NO_GUARD_FILTER } from '../../../core/guard/guard-filter.ts'
import { DEFAULT_GUARD_OPTIONS } from '../../../core/guard/guard-limits.ts'
import type { GuardNetDir } from '../../../core/guard/guard-sample.ts'
import { type FakeRelay, fakeIdentity, fakeNetDir, GOOD, GOOD_GUARD } from '../../support/fake-net-dir.ts'
import {
  ANY,
  connect,
  connectPlaces,
  DIRECTORY,
  GuardBench,
  HOUR_MS,
  MINUTE_MS,
  placeOf,
  placesInUse,
  relays,
  rsaAt,
  SECOND_MS,
} from '../../support/guard-bench.ts'

const TWO_GUARDS = { params: new Map([['guard-n-primary-guards-to-use', 2]]) }

describe('the choice of guards', () => {
  it('is the same after a restart, in the same order', async () => {
    const bench = new GuardBench()
    const netDir = fakeNetDir(relays(300))
    const first = await bench.load()
    const guard = connect(first, netDir, () => true)
    for (let n = 0; n < 50; n++) expect(first.pickGuard(netDir, ANY)).toBe(guard)
    await first.flush()
    const second = await bench.load()
    expect(second.sample).toEqual(first.sample)
    expect(second.pickGuard(fakeNetDir(relays(300)), ANY)).toBe(guard)
    expect(bench.lines).toEqual([])
  })

  it('is not changed by a consensus in another order or with other relays', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(300))
    const { rsa } = netDir.ids(guards.pickGuard(netDir, ANY))
    const later = fakeNetDir([...relays(300, 1000), ...relays(300).reverse()])
    expect(later.relay(guards.pickGuard(later, ANY)).ids.rsa).toBe(rsa)
  })

  it('spreads circuits over the two guards that the live network asks for', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(300), TWO_GUARDS)
    const uses = [0, 0]
    for (let n = 0; n < 1000; n++) {
      const place = placeOf(guards, netDir, guards.pickGuard(netDir, ANY))
      uses[place] = (uses[place] ?? 0) + 1
    }
    expect(uses).toHaveLength(2)
    expect(Math.min(...uses)).toBeGreaterThan(430)
  })

  it('takes the numbers that the user set before those of the consensus', async () => {
    const options = {
      useEntryGuards: true,
      numPrimaryGuards: 6,
      numEntryGuards: 4,
      numDirectoryGuards: 5,
      guardLifetimeMs: undefined,
    }
    const guards = await new GuardBench().load({ options })
    const netDir = fakeNetDir(relays(300), TWO_GUARDS)
    expect(placesInUse(guards, netDir)).toEqual([0, 1, 2, 3])
    expect(placesInUse(guards, netDir, DIRECTORY)).toEqual([0, 1, 2, 3, 4])
    expect(guards.primaryGuards(netDir)).toHaveLength(6)
    guards.useChoices({ ...options, numPrimaryGuards: undefined, numEntryGuards: 1 }, NO_GUARD_FILTER)
    expect(placesInUse(guards, netDir)).toEqual([0])
    expect(guards.primaryGuards(netDir)).toHaveLength(5)
  })

  it.each([
    [{ numPrimaryGuards: 2, numEntryGuards: 3 }, '3 guards are to be used'],
    [{ numPrimaryGuards: 1, numDirectoryGuards: 2 }, '2 guards are to be used'],
    [{ numPrimaryGuards: 1000 }, 'at most 200 guards'],
    [{ guardLifetimeMs: HOUR_MS }, 'at least a day'],
  ])('is refused in words with numbers that cannot all hold: %j', async (options, words) => {
    await expect(
      new GuardBench().load({ options: { ...DEFAULT_GUARD_OPTIONS, ...options } }),
    ).rejects.toThrow(words)
  })

  it('is made for each circuit anew, and kept nowhere, without entry guards', async () => {
    const bench = new GuardBench()
    const options = {
      useEntryGuards: false,
      numPrimaryGuards: undefined,
      numEntryGuards: undefined,
      numDirectoryGuards: undefined,
      guardLifetimeMs: undefined,
    }
    const guards = await bench.load({ options })
    const netDir = fakeNetDir([
      ...relays(100),
      { id: 999, flags: [...GOOD_GUARD, 'MiddleOnly'], bandwidth: 1e9 },
    ])
    const picked = new Set(Array.from({ length: 200 }, () => guards.pickGuard(netDir, ANY)))
    expect(picked.size).toBeGreaterThan(50)
    expect(picked.has(100)).toBe(false)
    expect(guards.sample).toEqual([])
    expect(guards.readiness(netDir.ids(3).rsa, ANY, netDir)).toBe('usable')
    await guards.flush()
    expect(await bench.store.read('guards.json')).toBeUndefined()
    expect(() => guards.pickGuard(netDir, { purpose: 'circuit', excludes: () => true })).toThrow(
      'no guard that can be used for this path',
    )
  })

  it('takes only relays fit for every use, and never one for the middle only or a Sybil (TROVE-2026-067)', async () => {
    const unfit: FakeRelay[] = [
      { id: 1, flags: GOOD, bandwidth: 1e9 },
      { id: 2, flags: ['Running', 'Valid', 'Guard', 'Fast', 'Stable'], bandwidth: 1e9 },
      { id: 3, flags: ['Running', 'Valid', 'Guard', 'Fast', 'V2Dir'], bandwidth: 1e9 },
      { id: 4, flags: ['Running', 'Valid', 'Guard', 'Stable', 'V2Dir'], bandwidth: 1e9 },
      { id: 5, flags: ['Valid', 'Guard', 'Fast', 'Stable', 'V2Dir'], bandwidth: 1e9 },
      { id: 6, flags: [...GOOD_GUARD, 'MiddleOnly'], bandwidth: 1e9 },
      { id: 7, flags: [...GOOD_GUARD, 'Sybil'], bandwidth: 1e9 },
      { id: 8, flags: [...GOOD_GUARD, 'NoEdConsensus'], bandwidth: 1e9 },
    ]
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir([...unfit, { id: 9, bandwidth: 1 }])
    expect(guards.pickGuard(netDir, ANY)).toBe(8)
    expect(guards.sample).toHaveLength(1)
  })

  it('works on a network where no guard has bandwidth', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(3).map((relay) => ({ ...relay, bandwidth: 0 })))
    expect([0, 1, 2]).toContain(guards.pickGuard(netDir, ANY))
    expect(guards.sample).toHaveLength(3)
  })

  it('passes a guard over for one circuit only when the circuit excludes it', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(300))
    const first = guards.pickGuard(netDir, ANY)
    const other = guards.pickGuard(netDir, { purpose: 'circuit', excludes: (index) => index === first })
    expect(placeOf(guards, netDir, other)).toBe(1)
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })

  it('does not move to a third guard for a circuit that excludes one of the two in use', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(300), TWO_GUARDS)
    guards.pickGuard(netDir, ANY)
    const first = netDir.indexOf(rsaAt(guards, 0))
    expect(placesInUse(guards, netDir, { purpose: 'circuit', excludes: (index) => index === first })).toEqual(
      [1],
    )
  })

  it('is not reordered by the use of a guard to which restrictions led a circuit', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(300))
    guards.pickGuard(netDir, ANY)
    connectPlaces(guards, netDir, true, 1, 2, 5)
    expect(guards.sample.filter((guard) => guard.confirmed !== undefined)).toEqual([])
    expect(placesInUse(guards, netDir)).toEqual([0])
  })

  it('says in words that there is no guard', async () => {
    const guards = await new GuardBench().load()
    expect(() => guards.pickGuard(fakeNetDir([{ id: 1, flags: GOOD }]), ANY)).toThrow(
      'the consensus lists no relay that can be a guard',
    )
    const all = { purpose: 'circuit', excludes: () => true } as const
    expect(() => guards.pickGuard(fakeNetDir(relays(3)), all)).toThrow(
      'none of the 3 guards can be used for this path',
    )
  })
})

describe('guards that all cannot be reached', () => {
  /** Connects as often as somebody who asks every second would, and gives how often each place was tried. */
  function insist(
    bench: GuardBench,
    guards: Awaited<ReturnType<GuardBench['load']>>,
    netDir: GuardNetDir,
    seconds: number,
  ): Map<number, number> {
    const tries = new Map<number, number>()
    for (let n = 0; n < seconds; n++) {
      try {
        const place = placeOf(
          guards,
          netDir,
          connect(guards, netDir, () => false),
        )
        tries.set(place, (tries.get(place) ?? 0) + 1)
      } catch (error) {
        expect(error).toMatchObject({ kind: 'no-path', retry: 'later' })
      }
      bench.clock.advance(SECOND_MS)
    }
    return tries
  }

  it('are tried again at a pace that does not hammer anybody', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(1000))
    guards.pickGuard(netDir, ANY)
    insist(bench, guards, netDir, 600)
    const tries = insist(bench, guards, netDir, 3600)
    const ofPrimaries = [0, 1, 2].map((place) => tries.get(place) ?? 0)
    // Delays between 2 and 60 seconds.
    expect(Math.min(...ofPrimaries)).toBeGreaterThan(60)
    expect(Math.max(...ofPrimaries)).toBeLessThan(600)
    for (const [place, count] of tries) if (place > 2) expect(count).toBeLessThanOrEqual(6)
  })

  it('do not make the sample grow while nothing answers: who cuts the network cannot walk us through guards', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(1000))
    connect(guards, netDir, () => true)
    bench.clock.advance(10 * MINUTE_MS)
    insist(bench, guards, netDir, 3 * 3600)
    expect(guards.sample).toHaveLength(20)
  })

  it('make the sample grow one by one up to its limit while others answer', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(1000))
    guards.pickGuard(netDir, ANY)
    expect(guards.sample).toHaveLength(20)
    guards.reportChannelAttempt(fakeIdentity(5000))
    guards.reportChannelSuccess(fakeIdentity(5000))
    for (let place = 0; place < 60; place++) {
      expect(
        placeOf(
          guards,
          netDir,
          connect(guards, netDir, () => false),
        ),
      ).toBe(place)
      expect(guards.sample).toHaveLength(Math.max(20, place + 1))
    }
    // All sixty failed: from now on they are tried again in their time, and no relay outside the sample is.
    expect(() => guards.pickGuard(netDir, ANY)).toThrow(
      'none of the 60 guards could be reached; the next try is in 2 seconds',
    )
    bench.clock.advance(2 * SECOND_MS + 1)
    expect(placesInUse(guards, netDir)).toEqual([0])
    expect(guards.sample).toHaveLength(60)
    await guards.flush()
    expect((await bench.load()).sample).toEqual(guards.sample)
  })

  it('are all back within a minute after the network is, the first one first', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(1000))
    const first = connect(guards, netDir, () => true)
    insist(bench, guards, netDir, 8 * 3600)
    const used = new Set<number>()
    for (let n = 0; n < 60; n++) {
      try {
        used.add(connect(guards, netDir, () => true))
      } catch {
        // Not its time yet.
      }
      bench.clock.advance(SECOND_MS)
    }
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
    expect(used.size).toBeLessThanOrEqual(2)
    for (const index of used) expect(placeOf(guards, netDir, index)).toBeLessThan(3)
  })
})

describe('a missing microdescriptor', () => {
  it('of a first guard stops circuits rather than moving them to a guard that the directory prefers', async () => {
    const guards = await new GuardBench().load()
    const complete = fakeNetDir(relays(30))
    const first = guards.pickGuard(complete, ANY)
    const withheld = fakeNetDir(relays(30).map((relay, n) => ({ ...relay, hasMicrodescriptor: n !== first })))
    expect(() => guards.pickGuard(withheld, ANY)).toThrow('the microdescriptor of a guard is still missing')
    expect(guards.primaryGuards(withheld)[0]).toBe(first)
    expect(placesInUse(guards, withheld, DIRECTORY)).toContain(0)
  })

  it('of any of the guards in use stops circuits', async () => {
    const guards = await new GuardBench().load()
    const complete = fakeNetDir(relays(30), TWO_GUARDS)
    guards.pickGuard(complete, ANY)
    const second = complete.indexOf(rsaAt(guards, 1))
    const without = relays(30).map((relay, n) => ({ ...relay, hasMicrodescriptor: n !== second }))
    for (let n = 0; n < 20; n++) {
      expect(() => guards.pickGuard(fakeNetDir(without, TWO_GUARDS), ANY)).toThrow('still missing')
    }
  })

  it('is not one that nobody can use: its guard is passed by, and keeps its place', async () => {
    const guards = await new GuardBench().load()
    const first = guards.pickGuard(fakeNetDir(relays(30)), ANY)
    const bad = fakeNetDir(relays(30).map((relay, n) => ({ ...relay, isMicrodescriptorBad: n === first })))
    expect(placesInUse(guards, bad)).toEqual([1])
    expect(guards.primaryGuards(bad)[0]).toBe(first)
  })

  it('does not stop the first directory request: the sample is drawn from the consensus alone', async () => {
    const guards = await new GuardBench().load()
    const bare = fakeNetDir(relays(100).map((relay) => ({ ...relay, hasMicrodescriptor: false })))
    guards.pickGuard(bare, DIRECTORY)
    expect(guards.sample[0]?.ed25519).toBeUndefined()
    const complete = fakeNetDir(relays(100))
    const first = guards.pickGuard(complete, ANY)
    expect(placeOf(guards, complete, first)).toBe(0)
    expect(guards.sample[0]?.ed25519).toBe(complete.relay(first).ids.ed25519)
  })
})
