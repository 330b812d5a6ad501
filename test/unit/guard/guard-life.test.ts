import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardManager } from '../../../core/guard/guard-manager.ts'
import type { GuardNetDir, SampledGuard } from '../../../core/guard/guard-sample.ts'
import type { GuardRestrictions } from '../../../core/guard/guard-selector.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { type Random, randomBelow, randomFraction } from '../../../core/util/random.ts'
import { fakeIdentity, fakeNetDir } from '../../support/fake-net-dir.ts'
import { connect, DAY_MS, GuardBench, HOUR_MS, MINUTE_MS, relays } from '../../support/guard-bench.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const TWO_GUARDS = new Map([
  ['guard-n-primary-guards-to-use', 2],
  ['guard-n-primary-dir-guards-to-use', 2],
])

interface Hazards {
  /** The chance that a relay cannot be reached during one hour, and that a relay is not listed during one day. */
  readonly relayDown: number
  readonly relayUnlisted: number
  /** The chance that during one hour nothing can be reached. */
  readonly networkDown: number
  /** The chance that the client restarts in an hour. */
  readonly restart: number
}

const QUIET: Hazards = { relayDown: 0, relayUnlisted: 0, networkDown: 0, restart: 0 }

/** A client's life on a network where things go wrong; time passes by the hour. */
class Life {
  readonly bench: GuardBench
  readonly random: Random
  readonly hazards: Hazards
  readonly relayCount: number
  /** Guards that a circuit carried traffic through, and guards that we so much as connected to. */
  readonly used = new Set<RsaIdentity>()
  readonly met = new Set<RsaIdentity>()
  guards: GuardManager
  netDir: GuardNetDir
  #hours = 0

  constructor(bench: GuardBench, guards: GuardManager, seed: number, relayCount: number, hazards: Hazards) {
    this.bench = bench
    this.guards = guards
    this.random = seededRandom(seed)
    this.hazards = hazards
    this.relayCount = relayCount
    this.netDir = this.#consensus()
  }

  static async begin(seed: number, relayCount: number, hazards: Hazards): Promise<Life> {
    const bench = new GuardBench(undefined, seed)
    return new Life(bench, await bench.load(), seed + 1, relayCount, hazards)
  }

  async liveAnHour(circuits: number): Promise<void> {
    if (this.#hours % 24 === 0) this.netDir = this.#consensus()
    this.#hours++
    if (this.#happens(this.hazards.restart)) {
      await this.guards.close()
      this.guards = await this.bench.load()
    }
    const isNetworkUp = !this.#happens(this.hazards.networkDown)
    const down = new Map<RsaIdentity, boolean>()
    const isUp = (guard: RsaIdentity): boolean => {
      if (!isNetworkUp) return false
      const isDown = down.get(guard) ?? this.#happens(this.hazards.relayDown)
      down.set(guard, isDown)
      this.met.add(guard)
      return !isDown
    }
    for (let n = 0; n < circuits; n++) {
      this.#circuit(isUp)
      this.bench.clock.advance(HOUR_MS / circuits)
    }
  }

  /** Builds a circuit, trying again as a client does; its exit keeps some relays from being its guard. */
  #circuit(isUp: (guard: RsaIdentity) => boolean): void {
    const exit = randomBelow(this.random, this.netDir.relayCount)
    const restrictions: GuardRestrictions = {
      purpose: this.#happens(0.2) ? 'directory' : 'circuit',
      excludes: (index) => index % 50 === exit % 50,
    }
    for (let tries = 0; tries < 10; tries++) {
      try {
        const { rsa } = this.netDir.ids(connect(this.guards, this.netDir, isUp, restrictions))
        if (this.guards.readiness(rsa, restrictions, this.netDir) === 'usable' && isUp(rsa)) {
          this.used.add(rsa)
          return
        }
      } catch (error) {
        if (!isTorError(error, 'no-path')) throw error
        this.bench.clock.advance(5_000)
      }
    }
  }

  #consensus(): GuardNetDir {
    const listed = relays(this.relayCount).filter(() => !this.#happens(this.hazards.relayUnlisted))
    return fakeNetDir(listed, { params: TWO_GUARDS, validAfterMs: this.bench.clock.wallMs() })
  }

  #happens(chance: number): boolean {
    return randomFraction(this.random) < chance
  }
}

function identities(sample: readonly SampledGuard[]): RsaIdentity[] {
  return sample.map(({ rsa }) => rsa)
}

/** Those who were there before, in their order, then the new ones: all that may happen to a sample. */
function expectSameOrder(before: readonly SampledGuard[], after: readonly SampledGuard[]): void {
  const old = new Map(before.map((guard) => [guard.rsa, guard]))
  const isKept = (guard: SampledGuard): boolean => old.get(guard.rsa)?.addedAtMs === guard.addedAtMs
  const kept = after.filter(isKept)
  const stillThere = new Set(identities(kept))
  expect(identities(kept)).toEqual(identities(before).filter((rsa) => stillThere.has(rsa)))
  expect(after.slice(0, kept.length).every(isKept)).toBe(true)
  for (const guard of kept) {
    const confirmed = old.get(guard.rsa)?.confirmed
    if (confirmed !== undefined) expect(guard.confirmed).toEqual(confirmed)
  }
  const newPlaces = kept.flatMap(({ rsa, confirmed }) =>
    confirmed !== undefined && old.get(rsa)?.confirmed === undefined ? [confirmed.place] : [],
  )
  const oldPlaces = before.flatMap(({ rsa, confirmed }) =>
    confirmed !== undefined && stillThere.has(rsa) ? [confirmed.place] : [],
  )
  if (newPlaces.length > 0) expect(Math.min(...newPlaces)).toBeGreaterThan(Math.max(-1, ...oldPlaces))
}

const ROUGH = fc.record({
  relayDown: fc.double({ min: 0, max: 0.3, noNaN: true }),
  relayUnlisted: fc.double({ min: 0, max: 0.1, noNaN: true }),
  networkDown: fc.double({ min: 0, max: 0.3, noNaN: true }),
  restart: fc.double({ min: 0, max: 0.1, noNaN: true }),
})

describe('over weeks in which relays and the network come and go', () => {
  it('the order of guards never changes and the sample keeps its bounds, restarts and all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 3, max: 400 }),
        ROUGH,
        async (seed, count, hazards) => {
          const life = await Life.begin(seed, count, hazards)
          let before: readonly SampledGuard[] = []
          for (let hour = 0; hour < 21 * 24; hour++) {
            await life.liveAnHour(1)
            const after = life.guards.sample
            if (after !== before) expectSameOrder(before, after)
            expect(after.length).toBeLessThanOrEqual(Math.max(20, Math.min(60, Math.floor(count / 5))))
            before = after
          }
        },
      ),
      { numRuns: 12, seed: 20_261_125 },
    )
  }, 60_000)

  it('a client that connects without trouble uses two guards, whatever its circuits do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), async (seed) => {
        const life = await Life.begin(seed, 400, { ...QUIET, restart: 0.05 })
        for (let hour = 0; hour < 40 * 24; hour++) await life.liveAnHour(2)
        const allowed = new Set(identities(life.guards.sample).slice(0, 3))
        // The third may stand in for a circuit whose exit excludes both of the others; nobody else is ever met.
        expect([...life.met].filter((rsa) => !allowed.has(rsa))).toEqual([])
        const confirmed = life.guards.sample.filter((guard) => guard.confirmed !== undefined)
        expect(confirmed).toHaveLength(2)
      }),
      { numRuns: 5, seed: 20_261_125 },
    )
  }, 60_000)

  it('a client shows itself to few relays: half a year with failing relays and outages', async () => {
    const usedCounts: number[] = []
    const metCounts: number[] = []
    for (let seed = 1; seed <= 6; seed++) {
      const life = await Life.begin(seed, 1000, {
        relayDown: 0.02,
        relayUnlisted: 0.01,
        networkDown: 0.05,
        restart: 0.02,
      })
      for (let hour = 0; hour < 182 * 24; hour++) await life.liveAnHour(2)
      usedCounts.push(life.used.size)
      metCounts.push(life.met.size)
    }
    // Two guards at a time that live some two months each make eight; the rest is what failures cost.
    expect(Math.max(...usedCounts)).toBeLessThanOrEqual(16)
    expect(Math.max(...metCounts)).toBeLessThanOrEqual(20)
  }, 60_000)
})

describe('an adversary in our network who lets us reach only the adversary’s own guards', () => {
  it('is reached only when one of ours is theirs, and not because we went on looking', async () => {
    // A tenth of the guards by number, with as much bandwidth as any.
    let caught = 0
    const clients = 40
    for (let seed = 1; seed <= clients; seed++) {
      const bench = new GuardBench(undefined, seed)
      const guards = await bench.load()
      const netDir = fakeNetDir(
        Array.from({ length: 1000 }, (_, n) => ({ id: n + 1 })),
        { params: TWO_GUARDS },
      )
      const hostile = new Set(Array.from({ length: 10 }, (_, n) => fakeIdentity(1 + n * 100)))
      for (let n = 0; n < 2000; n++) {
        try {
          const { rsa } = netDir.ids(connect(guards, netDir, (guard) => hostile.has(guard)))
          if (hostile.has(rsa)) {
            caught++
            break
          }
        } catch (error) {
          expect(isTorError(error, 'no-path')).toBe(true)
        }
        bench.clock.advance(MINUTE_MS)
      }
      expect(guards.sample).toHaveLength(20)
      await guards.close()
    }
    // One in a hundred guards is hostile: of twenty that are tried, one is with a chance of 18 %; of sixty, of 45 %.
    expect(caught / clients).toBeLessThan(0.35)
  }, 60_000)
})

describe('a guard that is killed and started again', () => {
  it('is left for its hour and used again, and nobody else is preferred afterwards', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(200))
    const first = connect(guards, netDir, () => true)
    const { rsa } = netDir.ids(first)
    const reached = new Set<number>()
    for (let minute = 0; minute < 60; minute++) {
      reached.add(connect(guards, netDir, (guard) => guard !== rsa))
      bench.clock.advance(MINUTE_MS)
    }
    // The second of the sample stands in.
    expect(reached.size).toBe(2)
    let minutes = 0
    while (connect(guards, netDir, () => true) !== first) {
      bench.clock.advance(MINUTE_MS)
      minutes++
    }
    expect(minutes).toBeLessThan(180)
    for (let n = 0; n < 100; n++) expect(connect(guards, netDir, () => true)).toBe(first)
    // And over the months in which it works, nothing moves.
    const identity = identities(guards.sample)
    for (let day = 0; day < 30; day++) {
      bench.clock.advance(DAY_MS)
      const later = fakeNetDir(relays(200), { validAfterMs: bench.clock.wallMs() })
      expect(later.ids(connect(guards, later, () => true)).rsa).toBe(rsa)
    }
    expect(identities(guards.sample)).toEqual(identity)
  })
})
