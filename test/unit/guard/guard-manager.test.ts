import { describe, expect, it } from 'vitest'
import { GuardManager, loadGuardManager } from '../../../core/guard/guard-manager.ts'
import type { GuardNetDir } from '../../../core/guard/guard-sample.ts'
import type { GuardRestrictions } from '../../../core/guard/guard-selector.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import type { StateStore } from '../../../core/persist/state-store.ts'
import { TorError } from '../../../core/util/errors.ts'
import { formatLogParts, Logger, silentLogger } from '../../../core/util/log.ts'
import type { Random } from '../../../core/util/random.ts'
import { type FakeRelay, fakeIdentity, fakeNetDir, GOOD, GOOD_GUARD } from '../../support/fake-net-dir.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const ANY: GuardRestrictions = { purpose: 'circuit', excludes: () => false }
const DIRECTORY: GuardRestrictions = { purpose: 'directory', excludes: () => false }

function relays(count: number, from = 1): FakeRelay[] {
  return Array.from({ length: count }, (_, n) => ({ id: from + n, bandwidth: 100 * (1 + (n % 7)) }))
}

class Bench {
  readonly clock = manualClock()
  readonly lines: string[] = []
  readonly random: Random
  readonly store: StateStore

  constructor(store: StateStore = new MemoryStateStore(), seed = 1) {
    this.store = store
    this.random = seededRandom(seed)
  }

  load(): Promise<GuardManager> {
    const log = new Logger((record) =>
      this.lines.push(`${record.level} ${formatLogParts(record.parts, false)}`),
    )
    return loadGuardManager({ store: this.store, clock: this.clock, random: this.random, log })
  }

  warnings(): string[] {
    return this.lines.filter((line) => line.startsWith('warn'))
  }
}

/** Reports the guard in each place of the order as failed. */
function failPlaces(guards: GuardManager, ...places: number[]): void {
  for (const place of places) {
    const guard = guards.sample[place]
    if (guard !== undefined) guards.reportChannelFailure(guard.rsa)
  }
}

function rsaAt(guards: GuardManager, place: number): RsaIdentity {
  return guards.sample[place]?.rsa ?? fakeIdentity(0)
}

function placeOf(guards: GuardManager, netDir: GuardNetDir, index: number): number {
  return guards.sample.findIndex((guard) => guard.rsa === netDir.ids(index).rsa)
}

describe('the choice of guards', () => {
  it('is the same after a restart, in the same order', async () => {
    const bench = new Bench()
    const netDir = fakeNetDir(relays(300))
    const first = await bench.load()
    const guard = first.pickGuard(netDir, ANY)
    for (let n = 0; n < 50; n++) expect(first.pickGuard(netDir, ANY)).toBe(guard)
    await first.flush()
    const second = await bench.load()
    expect(second.sample).toEqual(first.sample)
    expect(second.pickGuard(fakeNetDir(relays(300)), ANY)).toBe(guard)
    expect(bench.lines).toEqual([])
  })

  it('is not changed by a consensus in another order or with other relays', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const { rsa } = netDir.ids(guards.pickGuard(netDir, ANY))
    const later = fakeNetDir([...relays(300, 1000), ...relays(300).reverse()])
    expect(later.relay(guards.pickGuard(later, ANY)).ids.rsa).toBe(rsa)
  })

  it('is drawn in proportion to bandwidth', async () => {
    const bench = new Bench()
    // One relay has half of all the bandwidth.
    const others = relays(99, 2).map((relay) => ({ ...relay, bandwidth: 1000 }))
    const netDir = fakeNetDir([{ id: 1, bandwidth: 99_000 }, ...others])
    let times = 0
    for (let n = 0; n < 400; n++) {
      const guards = new GuardManager(
        { store: bench.store, clock: bench.clock, random: bench.random, log: silentLogger },
        [],
      )
      if (guards.pickGuard(netDir, ANY) === 0) times++
    }
    // 200 expected, standard deviation 10.
    expect(times).toBeGreaterThan(150)
    expect(times).toBeLessThan(250)
  })

  it('takes only relays that are fit for every use, and never one that is for the middle only', async () => {
    const unfit: FakeRelay[] = [
      { id: 1, flags: GOOD, bandwidth: 1e9 },
      { id: 2, flags: ['Running', 'Valid', 'Guard', 'Fast', 'Stable'], bandwidth: 1e9 },
      { id: 3, flags: ['Running', 'Valid', 'Guard', 'Fast', 'V2Dir'], bandwidth: 1e9 },
      { id: 4, flags: ['Running', 'Valid', 'Guard', 'Stable', 'V2Dir'], bandwidth: 1e9 },
      { id: 5, flags: ['Valid', 'Guard', 'Fast', 'Stable', 'V2Dir'], bandwidth: 1e9 },
      { id: 6, flags: [...GOOD_GUARD, 'MiddleOnly'], bandwidth: 1e9 },
      { id: 7, flags: [...GOOD_GUARD, 'Sybil'], bandwidth: 1e9 },
    ]
    const guards = await new Bench().load()
    const netDir = fakeNetDir([...unfit, { id: 8, bandwidth: 1 }])
    expect(guards.pickGuard(netDir, ANY)).toBe(7)
    expect(guards.sample).toHaveLength(1)
  })

  it('works on a network where no guard has bandwidth', async () => {
    const guards = await new Bench().load()
    const netDir = fakeNetDir(relays(3).map((relay) => ({ ...relay, bandwidth: 0 })))
    expect([0, 1, 2]).toContain(guards.pickGuard(netDir, ANY))
    expect(guards.sample).toHaveLength(3)
  })

  it('passes a guard over for one circuit only when the circuit excludes it', async () => {
    const guards = await new Bench().load()
    const netDir = fakeNetDir(relays(300))
    const first = guards.pickGuard(netDir, ANY)
    const other = guards.pickGuard(netDir, { purpose: 'circuit', excludes: (index) => index === first })
    expect(placeOf(guards, netDir, other)).toBe(1)
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })

  it('says in words that there is no guard', async () => {
    const guards = await new Bench().load()
    expect(() => guards.pickGuard(fakeNetDir([{ id: 1, flags: GOOD }]), ANY)).toThrow(
      'the consensus lists no relay that can be a guard',
    )
    const all = { purpose: 'circuit', excludes: () => true } as const
    expect(() => guards.pickGuard(fakeNetDir(relays(3)), all)).toThrow(
      'none of the 3 guards can be used for this path',
    )
  })
})

describe('a guard that cannot be reached', () => {
  it('is passed over until its retry time and then is first again', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = guards.pickGuard(netDir, ANY)
    guards.reportChannelSuccess(netDir.ids(first).rsa)
    guards.reportChannelFailure(netDir.ids(first).rsa)
    expect(placeOf(guards, netDir, guards.pickGuard(netDir, ANY))).toBe(1)
    bench.clock.advance(30 * SECOND_MS - 1)
    expect(placeOf(guards, netDir, guards.pickGuard(netDir, ANY))).toBe(1)
    bench.clock.advance(2)
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })

  it('is tried less and less often, at times that nobody can foretell, at least every six hours', async () => {
    const waits = async (seed: number): Promise<number[]> => {
      const bench = new Bench(new MemoryStateStore(), seed)
      const guards = await bench.load()
      const netDir = fakeNetDir(relays(300))
      const first = guards.pickGuard(netDir, ANY)
      return Array.from({ length: 30 }, () => {
        guards.reportChannelFailure(netDir.ids(first).rsa)
        const fromMs = bench.clock.monotonicMs()
        while (guards.pickGuard(netDir, ANY) !== first) bench.clock.advance(10 * SECOND_MS)
        return bench.clock.monotonicMs() - fromMs
      })
    }
    const waited = await waits(1)
    expect(Math.min(...waited)).toBeGreaterThanOrEqual(30 * SECOND_MS)
    expect(Math.max(...waited)).toBeLessThanOrEqual(6 * HOUR_MS + 10 * SECOND_MS)
    expect(Math.max(...waited.slice(20))).toBeGreaterThan(HOUR_MS)
    expect(await waits(2)).not.toEqual(waited)
  })

  it('is not brought back or kept away by a jump of the wall clock', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = guards.pickGuard(netDir, ANY)
    failPlaces(guards, 0)
    bench.clock.jump(30 * DAY_MS)
    expect(guards.pickGuard(netDir, ANY)).not.toBe(first)
    bench.clock.jump(-60 * DAY_MS)
    bench.clock.advance(10 * MINUTE_MS)
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })

  it('among three is tried again when one answers after an outage, since the failures were the network’s', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = guards.pickGuard(netDir, ANY)
    failPlaces(guards, 0, 1, 2, 3)
    const fifth = guards.sample[4]
    expect(placeOf(guards, netDir, guards.pickGuard(netDir, ANY))).toBe(4)
    if (fifth !== undefined) guards.reportChannelSuccess(fifth.rsa)
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
    // The network is known to be up now: the next failure is the guard's own.
    failPlaces(guards, 0)
    if (fifth !== undefined) guards.reportChannelSuccess(fifth.rsa)
    expect(guards.pickGuard(netDir, ANY)).not.toBe(first)
  })

  it('makes the sample grow only when no other is left, one by one and up to its limit', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(1000))
    guards.pickGuard(netDir, ANY)
    expect(guards.sample).toHaveLength(20)
    for (let place = 0; place < 60; place++) {
      expect(placeOf(guards, netDir, guards.pickGuard(netDir, ANY))).toBe(place)
      expect(guards.sample).toHaveLength(Math.max(20, place + 1))
      failPlaces(guards, place)
    }
    // All sixty failed: from now on they are tried again, and no relay outside the sample is.
    expect(placeOf(guards, netDir, guards.pickGuard(netDir, ANY))).toBe(0)
    expect(guards.sample).toHaveLength(60)
    await guards.flush()
    expect((await bench.load()).sample).toEqual(guards.sample)
  })

  it('bounds the sample by a fifth of the guards, but by no less than twenty', async () => {
    for (const [count, limit] of [
      [10, 10],
      [60, 20],
      [150, 30],
      [2000, 60],
    ] as const) {
      const guards = await new Bench().load()
      const netDir = fakeNetDir(relays(count))
      for (let n = 0; n < 100; n++) {
        guards.reportChannelFailure(netDir.ids(guards.pickGuard(netDir, ANY)).rsa)
      }
      expect(guards.sample).toHaveLength(limit)
    }
  })

  it('is not blamed for relays outside the sample', async () => {
    const guards = await new Bench().load()
    const netDir = fakeNetDir(relays(3))
    const first = guards.pickGuard(netDir, ANY)
    guards.reportChannelFailure(fakeIdentity(999))
    guards.reportChannelSuccess(fakeIdentity(999))
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })
})

describe('a circuit through a guard', () => {
  it('is usable at once when the guard is primary', async () => {
    const guards = await new Bench().load()
    const netDir = fakeNetDir(relays(100))
    guards.pickGuard(netDir, ANY)
    for (const place of [0, 1, 2]) expect(guards.readiness(rsaAt(guards, place), ANY)).toBe('usable')
  })

  it('is of no use when the guard is none of ours', async () => {
    const guards = await new Bench().load()
    guards.pickGuard(fakeNetDir(relays(100)), ANY)
    expect(guards.readiness(fakeIdentity(999), ANY)).toBe('unusable')
  })

  it('waits while a better guard may answer, and is usable when that one has failed', async () => {
    const guards = await new Bench().load()
    const netDir = fakeNetDir(relays(100))
    guards.pickGuard(netDir, ANY)
    failPlaces(guards, 0, 1)
    const seen: number[] = []
    guards.changes.watch((value) => seen.push(value))
    expect(guards.readiness(rsaAt(guards, 3), ANY)).toBe('waiting')
    failPlaces(guards, 2)
    expect(seen).toHaveLength(1)
    expect(guards.readiness(rsaAt(guards, 3), ANY)).toBe('usable')
    await guards.close()
  })

  it('waits for a better guard outside the primary ones for fifteen seconds, and says so when they are over', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(100))
    guards.pickGuard(netDir, ANY)
    failPlaces(guards, 0, 1, 2)
    guards.reportChannelAttempt(rsaAt(guards, 3))
    const seen: number[] = []
    guards.changes.watch((value) => seen.push(value))
    expect(guards.readiness(rsaAt(guards, 4), ANY)).toBe('waiting')
    bench.clock.advance(15 * SECOND_MS - 1)
    expect(seen).toEqual([])
    bench.clock.advance(1)
    expect(seen).toHaveLength(1)
    expect(guards.readiness(rsaAt(guards, 4), ANY)).toBe('usable')
  })

  it('is of no use when a better guard has answered', async () => {
    const guards = await new Bench().load()
    const netDir = fakeNetDir(relays(100))
    const first = guards.pickGuard(netDir, ANY)
    failPlaces(guards, 0, 1, 2)
    guards.reportChannelSuccess(rsaAt(guards, 0))
    expect(guards.readiness(rsaAt(guards, 3), ANY)).toBe('unusable')
    const withoutFirst = { purpose: 'circuit', excludes: (index: number) => index === first } as const
    expect(guards.readiness(rsaAt(guards, 1), withoutFirst)).toBe('usable')
  })
})

describe('a guard that the consensus does not list', () => {
  it('is kept in its place and is first again when it comes back', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(100))
    const { rsa } = netDir.ids(guards.pickGuard(netDir, ANY))
    const without = fakeNetDir(relays(100).filter((relay) => fakeIdentity(relay.id) !== rsa))
    expect(without.relay(guards.pickGuard(without, ANY)).ids.rsa).not.toBe(rsa)
    expect(guards.sample[0]?.rsa).toBe(rsa)
    expect(guards.sample[0]?.unlistedSinceMs).toBeLessThan(without.validAfterMs)
    await guards.flush()
    const restarted = await bench.load()
    expect(netDir.ids(restarted.pickGuard(netDir, ANY)).rsa).toBe(rsa)
    expect(restarted.sample[0]?.unlistedSinceMs).toBeUndefined()
  })

  it('is replaced by one more draw, so that twenty listed guards are there', async () => {
    const guards = await new Bench().load()
    const netDir = fakeNetDir(relays(200))
    guards.pickGuard(netDir, ANY)
    const gone = guards.sample[3]?.rsa
    const without = fakeNetDir(relays(200).filter((relay) => fakeIdentity(relay.id) !== gone))
    guards.pickGuard(without, ANY)
    expect(guards.sample).toHaveLength(21)
  })

  it('is dropped after twenty days by the time of the consensus, whatever the wall clock says', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    const start = fakeNetDir(relays(100))
    const { rsa } = start.relay(guards.pickGuard(start, ANY)).ids
    const others = relays(100).filter((relay) => fakeIdentity(relay.id) !== rsa)
    const after = (days: number): GuardNetDir =>
      fakeNetDir(others, { validAfterMs: start.validAfterMs + days * DAY_MS })
    guards.pickGuard(after(0), ANY)
    bench.clock.jump(400 * DAY_MS)
    guards.pickGuard(after(15.9), ANY)
    expect(guards.sample[0]?.rsa).toBe(rsa)
    guards.pickGuard(after(20.1), ANY)
    expect(guards.sample.some((guard) => guard.rsa === rsa)).toBe(false)
  })

  it('is another relay when its ed25519 identity changed', async () => {
    const guards = await new Bench().load()
    const before = fakeNetDir([{ id: 1 }])
    guards.pickGuard(before, ANY)
    const after = fakeNetDir([{ id: 1, ed25519: 77 }, { id: 2 }])
    expect(guards.pickGuard(after, ANY)).toBe(1)
  })
})

describe('a missing microdescriptor', () => {
  it('of a first guard stops circuits rather than moving them to a guard that the directory prefers', async () => {
    const guards = await new Bench().load()
    const complete = fakeNetDir(relays(30))
    const first = guards.pickGuard(complete, ANY)
    const withheld = fakeNetDir(relays(30).map((relay, n) => ({ ...relay, hasMicrodescriptor: n !== first })))
    expect(() => guards.pickGuard(withheld, ANY)).toThrow('the microdescriptor of a guard is still missing')
    expect(guards.primaryGuards(withheld)[0]).toBe(first)
    expect(guards.pickGuard(withheld, DIRECTORY)).toBe(first)
  })

  it('does not stop the first directory request: the sample is drawn from the consensus alone', async () => {
    const guards = await new Bench().load()
    const bare = fakeNetDir(relays(100).map((relay) => ({ ...relay, hasMicrodescriptor: false })))
    const first = guards.pickGuard(bare, DIRECTORY)
    expect(guards.sample[0]?.ed25519).toBeUndefined()
    const complete = fakeNetDir(relays(100))
    expect(guards.pickGuard(complete, ANY)).toBe(first)
    expect(guards.sample[0]?.ed25519).toBe(complete.relay(first).ids.ed25519)
  })
})

describe('the file with the guards', () => {
  it('hides when the client was first used: dates are moved back by up to a tenth of the lifetime', async () => {
    const bench = new Bench()
    const guards = await bench.load()
    guards.pickGuard(fakeNetDir(relays(300)), ANY)
    const nowMs = bench.clock.wallMs()
    const backMs = guards.sample.map((guard) => nowMs - guard.addedAtMs)
    expect(Math.min(...backMs)).toBeGreaterThan(0)
    expect(Math.max(...backMs)).toBeLessThanOrEqual(12 * DAY_MS)
    expect(Math.max(...backMs) - Math.min(...backMs)).toBeGreaterThan(DAY_MS)
  })

  it.each([
    '{"version":1,"content":{"sample":[{"rsa":"zz"}]}}',
    '{"version":1,"content":{"sample":',
    '',
    '{"version":9,"content":{}}',
    `{"version":1,"content":{"sample":[${`{"rsa":"${'A'.repeat(40)}","ed25519":null,"added-at-ms":1,"unlisted-since-ms":null},`.repeat(2).slice(0, -1)}]}}`,
  ])('that cannot be read is kept and said before guards are drawn anew: %j', async (text) => {
    const store = new MemoryStateStore()
    const bench = new Bench(store)
    await store.write('guards.json', Buffer.from(text))
    const guards = await bench.load()
    expect(bench.warnings()).toHaveLength(2)
    expect(bench.warnings()[1]).toContain('New guards will be chosen')
    guards.pickGuard(fakeNetDir(relays(30)), ANY)
    await guards.flush()
    expect(Buffer.from(store.peek('guards.json.bad-1') ?? []).toString()).toBe(text)
    expect((await bench.load()).sample).toEqual(guards.sample)
  })

  it('that the disk does not give up stops the start rather than changing guards', async () => {
    const store = new MemoryStateStore()
    store.read = () => Promise.reject(new TorError('state', 'no permission'))
    await expect(new Bench(store).load()).rejects.toMatchObject({ kind: 'state' })
  })

  it('that cannot be written is said once, and the choice holds while the client runs', async () => {
    const store = new MemoryStateStore()
    store.write = () => Promise.reject(new TorError('state', 'disk full'))
    const bench = new Bench(store)
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(30))
    const first = guards.pickGuard(netDir, ANY)
    await guards.flush()
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
    await guards.flush()
    expect(bench.warnings()).toEqual(['warn The choice of guards cannot be saved: disk full'])
  })

  it('is not written again when nothing changed', async () => {
    const store = new MemoryStateStore()
    let writes = 0
    const write = store.write.bind(store)
    store.write = (name, bytes) => {
      writes++
      return write(name, bytes)
    }
    const guards = await new Bench(store).load()
    for (let n = 0; n < 10; n++) {
      guards.pickGuard(fakeNetDir(relays(30)), ANY)
      await guards.flush()
    }
    expect(writes).toBe(1)
  })
})
