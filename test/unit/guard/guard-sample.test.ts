import { describe, expect, it } from 'vitest'
import { GuardDraw } from '../../../core/guard/guard-draw.ts'
import { DEFAULT_GUARD_OPTIONS, guardLimits } from '../../../core/guard/guard-limits.ts'
import { GuardManager } from '../../../core/guard/guard-manager.ts'
import {
  confirmGuard,
  type GuardNetDir,
  newGuard,
  type SampledGuard,
  updateSample,
} from '../../../core/guard/guard-sample.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { chiSquared } from '../../support/chi-squared.ts'
import { fakeIdentity, fakeNetDir } from '../../support/fake-net-dir.ts'
import { ANY, connect, DAY_MS, GuardBench, placesInUse, relays, rsaAt } from '../../support/guard-bench.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const START_MS = fakeNetDir([]).validAfterMs

function networkAfter(days: number, list = relays(100)): GuardNetDir {
  return fakeNetDir(list, { validAfterMs: START_MS + days * DAY_MS })
}

function without(...gone: (string | undefined)[]): ReturnType<typeof relays> {
  return relays(100).filter((relay) => !gone.includes(fakeIdentity(relay.id)))
}

function drawAll(netDir: GuardNetDir, seed: number): SampledGuard[] {
  const limits = guardLimits(netDir, DEFAULT_GUARD_OPTIONS)
  const draw = new GuardDraw(netDir, [], limits, seededRandom(seed), () => true)
  const sample: SampledGuard[] = []
  for (let drawn = draw.next(); drawn !== undefined; drawn = draw.next()) sample.push(drawn.guard)
  return sample
}

describe('the sample', () => {
  it('begins with a guard drawn in proportion to bandwidth', () => {
    const bandwidths = [5000, 1, 300, 1200, 0, 700, 2500, 90, 90, 10_000]
    const netDir = fakeNetDir(bandwidths.map((bandwidth, n) => ({ id: n + 1, bandwidth })))
    const random = seededRandom(11)
    const counts = bandwidths.map(() => 0)
    for (let n = 0; n < 8_000; n++) {
      const parts = { store: new MemoryStateStore(), clock: manualClock(), random, log: silentLogger }
      const guards = new GuardManager(parts)
      const index = guards.pickGuard(netDir, ANY)
      counts[index] = (counts[index] ?? 0) + 1
    }
    const { statistic, limit } = chiSquared(counts, bandwidths)
    expect(statistic).toBeLessThan(limit)
  })

  it('goes on with guards in proportion to what bandwidth is left', () => {
    const bandwidths = [4000, 3000, 2000, 1000]
    const netDir = fakeNetDir(bandwidths.map((bandwidth, n) => ({ id: n + 1, bandwidth })))
    // The exact probability of each guard to be the second one drawn.
    const second = bandwidths.map((mine, n) =>
      bandwidths.reduce(
        (sum, other, m) => (m === n ? sum : sum + (other / 10_000) * (mine / (10_000 - other))),
        0,
      ),
    )
    const counts = bandwidths.map(() => 0)
    for (let seed = 1; seed <= 5000; seed++) {
      const index = netDir.indexOf(drawAll(netDir, seed)[1]?.rsa ?? fakeIdentity(0)) ?? -1
      counts[index] = (counts[index] ?? 0) + 1
    }
    const { statistic, limit } = chiSquared(counts, second)
    expect(statistic).toBeLessThan(limit)
  })

  it.each([
    ['all of them where there are few', 10, 10],
    ['no fewer than twenty', 60, 20],
    ['a fifth of all', 150, 30],
    ['sixty at most', 2000, 60],
  ])('takes in %s', (_, count, size) => {
    const list = relays(count).map((relay) => ({ ...relay, bandwidth: 1000 }))
    expect(drawAll(fakeNetDir(list), 1)).toHaveLength(size)
  })

  it('ends at a fifth of the bandwidth, too, where a few guards have most of it', () => {
    const list = relays(200).map((relay, n) => ({ ...relay, bandwidth: n < 30 ? 1e6 : 1 }))
    const sample = drawAll(fakeNetDir(list), 1)
    expect(sample.length).toBeGreaterThanOrEqual(20)
    expect(sample.length).toBeLessThan(40)
  })

  it('has room for twenty guards that the user permits before it is drawn from further', async () => {
    const filter = { permits: (_: GuardNetDir, index: number) => index % 2 === 0, isRestricting: true }
    const guards = await new GuardBench().load({ filter })
    const netDir = fakeNetDir(relays(1000))
    for (let n = 0; n < 30; n++) expect(guards.pickGuard(netDir, ANY) % 2).toBe(0)
    const permitted = guards.sample.filter(({ rsa }) => (netDir.indexOf(rsa) ?? 1) % 2 === 0)
    expect(permitted).toHaveLength(20)
    // Drawn before the filter is applied: the sample does not tell what the filter was.
    expect(guards.sample.length).toBeGreaterThan(30)
  })
})

describe('a guard that the consensus does not list', () => {
  it('is kept in its place, and used again when it comes back', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = networkAfter(0)
    const first = connect(guards, netDir, () => true)
    const { rsa } = netDir.ids(first)
    const gone = networkAfter(1, without(rsa))
    expect(gone.ids(guards.pickGuard(gone, ANY)).rsa).toBe(rsaAt(guards, 1))
    expect(guards.sample[0]?.rsa).toBe(rsa)
    expect(guards.sample[0]?.unlistedSinceMs).toBeLessThan(gone.validAfterMs)
    await guards.flush()
    const restarted = await bench.load()
    expect(netDir.ids(restarted.pickGuard(networkAfter(2), ANY)).rsa).toBe(rsa)
    expect(restarted.sample[0]?.unlistedSinceMs).toBeUndefined()
  })

  it('does not displace a primary guard when it comes back without ever having been used', async () => {
    const guards = await new GuardBench().load()
    guards.pickGuard(networkAfter(0), ANY)
    const first = rsaAt(guards, 0)
    const gone = networkAfter(1, without(first))
    guards.pickGuard(gone, ANY)
    const back = networkAfter(2)
    const identities = guards.primaryGuards(gone).map((index) => gone.ids(index).rsa)
    expect(guards.primaryGuards(back).map((index) => back.ids(index).rsa)).toEqual(identities)
    expect(placesInUse(guards, back)).toEqual([1])
  })

  it('is replaced by one more draw, so that twenty listed guards are there', async () => {
    const guards = await new GuardBench().load()
    guards.pickGuard(networkAfter(0, relays(200)), ANY)
    const gone = rsaAt(guards, 3)
    guards.pickGuard(
      networkAfter(
        0,
        relays(200).filter(({ id }) => fakeIdentity(id) !== gone),
      ),
      ANY,
    )
    expect(guards.sample).toHaveLength(21)
  })

  it('is dropped after twenty days by the time of the consensus, whatever the wall clock says', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    guards.pickGuard(networkAfter(0), ANY)
    const rsa = rsaAt(guards, 0)
    guards.pickGuard(networkAfter(0, without(rsa)), ANY)
    bench.clock.jump(400 * DAY_MS)
    guards.pickGuard(networkAfter(15.9, without(rsa)), ANY)
    expect(guards.sample[0]?.rsa).toBe(rsa)
    guards.pickGuard(networkAfter(20.1, without(rsa)), ANY)
    expect(guards.sample.some((guard) => guard.rsa === rsa)).toBe(false)
  })

  it('is another relay when its ed25519 identity changed', async () => {
    const guards = await new GuardBench().load()
    guards.pickGuard(fakeNetDir([{ id: 1 }]), ANY)
    expect(guards.pickGuard(fakeNetDir([{ id: 1, ed25519: 77 }, { id: 2 }]), ANY)).toBe(1)
  })
})

describe('the life of a guard', () => {
  const netDir = networkAfter(0)
  const limits = guardLimits(netDir, DEFAULT_GUARD_OPTIONS)
  const lastDay = (sample: readonly SampledGuard[], chosen = limits): number => {
    for (let day = 0; day < 400; day++) {
      if (updateSample(sample, networkAfter(day), chosen, seededRandom(1)).length === 0) return day
    }
    return Number.POSITIVE_INFINITY
  }

  it('ends 108 to 120 days after it was drawn when it was never used', () => {
    const days = Array.from({ length: 200 }, (_, seed) =>
      lastDay([newGuard(netDir, 0, limits, seededRandom(seed))]),
    )
    expect(Math.min(...days)).toBeGreaterThanOrEqual(108)
    expect(Math.max(...days)).toBeLessThanOrEqual(121)
    expect(new Set(days).size).toBeGreaterThan(8)
  })

  it('ends 48 to 60 days after its first use, however long it was kept before', () => {
    const days = Array.from({ length: 200 }, (_, seed) => {
      const random = seededRandom(seed)
      const guard = newGuard(netDir, 0, limits, random)
      const usedMs = START_MS + 100 * DAY_MS
      return lastDay(confirmGuard([guard], guard.rsa, usedMs, limits, random)) - 100
    })
    expect(Math.min(...days)).toBeGreaterThanOrEqual(48)
    expect(Math.max(...days)).toBeLessThanOrEqual(61)
    expect(new Set(days).size).toBeGreaterThan(8)
  })

  it('is as long as the user says (GuardLifetime)', () => {
    const chosen = guardLimits(netDir, { ...DEFAULT_GUARD_OPTIONS, guardLifetimeMs: 200 * DAY_MS })
    const guard = newGuard(netDir, 0, chosen, seededRandom(1))
    const confirmed = confirmGuard([guard], guard.rsa, START_MS, chosen, seededRandom(2))
    for (const sample of [[guard], confirmed]) {
      expect(lastDay(sample, chosen)).toBeGreaterThanOrEqual(180)
      expect(lastDay(sample, chosen)).toBeLessThanOrEqual(201)
    }
  })

  it('is not ended by a clock that jumps, nor prolonged for years by one that was wrong', async () => {
    const bench = new GuardBench()
    bench.clock.jump(5000 * DAY_MS)
    const guards = await bench.load()
    connect(guards, netDir, () => true)
    const sample = guards.sample
    for (const days of [-9000, 4000, 3000, -2000]) {
      bench.clock.jump(days * DAY_MS)
      guards.pickGuard(networkAfter(0), ANY)
      expect(guards.sample).toBe(sample)
    }
    const wrong = { ...newGuard(netDir, 0, limits, seededRandom(1)), addedAtMs: START_MS + 3000 * DAY_MS }
    const corrected = updateSample([wrong], netDir, limits, seededRandom(1))
    expect(lastDay(corrected)).toBeLessThanOrEqual(122)
  })

  it('ends in turn: guards of one draw do not all go at once', async () => {
    const guards = await new GuardBench().load()
    connect(guards, netDir, () => true)
    const sizes: number[] = []
    const drawn = new Set(guards.sample)
    for (let day = 100; day <= 125; day++) {
      guards.pickGuard(networkAfter(day), ANY)
      sizes.push(guards.sample.filter((guard) => drawn.has(guard)).length)
    }
    expect(new Set(sizes).size).toBeGreaterThan(5)
    expect(sizes.at(-1)).toBe(0)
  })
})
