/** Paths for the legs of a conflux set: what they share, and all that they must not. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GuardManager } from '../../../core/guard/guard-manager.ts'
import type { GuardSelector } from '../../../core/guard/guard-selector.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { pickConfluxPaths } from '../../../core/path/conflux-path.ts'
import { type Path, type PathNetDir, pickExitPath } from '../../../core/path/exit-path.ts'
import type { ExitRequest } from '../../../core/path/exit-request.ts'
import { guardFilter } from '../../../core/path/guard-choice.ts'
import type { PathConstraints } from '../../../core/path/relay-constraints.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { bridgeLine, bridgeRelay, CONFLUX_VIEW, FIRST_BRIDGE_ROW } from '../../support/bridged-view.ts'
import { type FakeRelay, fakeNetDir, GOOD, GOOD_EXIT, GOOD_GUARD } from '../../support/fake-net-dir.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { OPEN_CONSTRAINTS, parseChoices } from '../../support/path-constraints.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { NEW_FAILURE } from '../../support/guard-bench.ts'

const ABLE = 'Conflux=1 FlowCtrl=1-2 Relay=2-4'
const WEB: ExitRequest = { hostKind: 'name', port: 443 }
const LEGS = 2

function newGuards(seed = 1, constraints: PathConstraints = OPEN_CONSTRAINTS): GuardManager {
  const parts = { store: new MemoryStateStore(), clock: manualClock(), log: silentLogger }
  return new GuardManager({ ...parts, random: seededRandom(seed), filter: guardFilter(constraints) })
}

function pick(
  netDir: PathNetDir,
  { request = WEB, constraints = OPEN_CONSTRAINTS, seed = 1, legs = LEGS }: Partial<Asked> = {},
  guards: GuardSelector = newGuards(seed, constraints),
): readonly Path[] {
  return pickConfluxPaths(netDir, guards, request, constraints, seededRandom(seed), legs)
}

interface Asked {
  readonly request: ExitRequest
  readonly constraints: PathConstraints
  readonly seed: number
  readonly legs: number
}

const many = (count: number, from: number, rest: Partial<FakeRelay>): FakeRelay[] =>
  Array.from({ length: count }, (_, n) => ({ id: from + n, ...rest }))

const exits = (count: number): FakeRelay[] =>
  many(count, 1, { flags: GOOD_EXIT, ports: [80, 443], protocols: ABLE })
const network = (...first: FakeRelay[]): FakeRelay[] => [
  ...first,
  ...many(30, 1000, { flags: GOOD_GUARD }),
  ...many(30, 2000, { flags: GOOD }),
]

describe('the paths of a set', () => {
  test('end at one exit that does conflux, and share nothing else', () => {
    const unable = many(20, 100, { flags: GOOD_EXIT, ports: [443], bandwidth: 1e9 })
    const netDir = fakeNetDir(network(...exits(5), ...unable))
    for (let seed = 0; seed < 50; seed++) {
      const paths = pick(netDir, { seed })
      expect(new Set(paths.map(({ exit }) => exit)).size).toBe(1)
      expect(paths[0]?.exit).toBeLessThan(5)
      expect(new Set(paths.flatMap(({ guard, middle }) => [guard, middle])).size).toBe(2 * LEGS)
    }
  })

  test('may be more than two', () => {
    const paths = pick(fakeNetDir(network(...exits(5))), { legs: 3 })
    expect(new Set(paths.map(({ guard }) => guard)).size).toBe(3)
  })

  test('begin at the first primary guards, in their order, whatever middles chance brings', () => {
    // Many middles share a family with a guard each: none of them may push it out of its place.
    const relays = network(...exits(5)).map((relay) =>
      relay.id >= 1000 ? { ...relay, family: relay.id % 1000 } : relay,
    )
    const netDir = fakeNetDir(relays)
    const guards = newGuards()
    const [first] = new Set(
      Array.from({ length: 20 }, () =>
        pickExitPath(netDir, guards, WEB, OPEN_CONSTRAINTS, seededRandom(1)),
      ).map(({ guard }) => guard),
    )
    const [, second] = guards.primaryGuards(netDir)
    for (let seed = 0; seed < 50; seed++) {
      expect(pick(netDir, { seed }, guards).map(({ guard }) => guard)).toEqual([first, second])
    }
  })

  test('add no guard to the sample and wake none that is down: without a second primary one there is no set', () => {
    const netDir = fakeNetDir(network(...exits(5)))
    const guards = newGuards()
    const down = guards.primaryGuards(netDir).slice(1)
    const sampled = guards.sample.length
    for (const row of down) {
      const { rsa } = netDir.ids(row)
      guards.pickGuard(netDir, { purpose: 'circuit', excludes: (index) => index !== row })
      guards.reportChannelAttempt(rsa)
      guards.reportChannelFailure(rsa, NEW_FAILURE)
    }
    expect(() => pick(netDir, {}, guards)).toThrow('no further primary guard can be used now')
    expect(guards.sample).toHaveLength(sampled)
    // A plain circuit is there all the same.
    expect(pickExitPath(netDir, guards, WEB, OPEN_CONSTRAINTS, seededRandom(1)).guard).toBeDefined()
  })

  test('keep families and subnets apart over both legs', () => {
    const number = fc.integer({ min: 0, max: 6 })
    const relay = fc.record({ subnet: number, family: number })
    fc.assert(
      fc.property(fc.array(relay, { minLength: 12, maxLength: 24 }), fc.nat(1000), (made, seed) => {
        const netDir = fakeNetDir(
          made.map(({ subnet, family }, n) => ({
            id: n + 1,
            flags: [...GOOD_GUARD, 'Exit'],
            ports: [443],
            protocols: ABLE,
            subnet: 1000 + subnet,
            ...(family === 0 ? {} : { family }),
          })),
        )
        const paths = tryTo(() => pick(netDir, { seed }))
        const rows = [...new Set(paths.flatMap(({ guard, middle, exit }) => [guard, middle, exit]))]
        for (const [at, a] of rows.entries()) {
          for (const b of rows.slice(at + 1)) {
            expect([netDir.inSameFamily(a, b), netDir.inSameSubnet(a, b)]).toEqual([false, false])
          }
        }
        if (paths.length > 0) expect(rows).toHaveLength(2 * LEGS + 1)
      }),
      { numRuns: 200 },
    )
  })

  test("keep the user's families apart, and to the user's choice of relays", () => {
    const netDir = fakeNetDir(network(...exits(5)))
    const nodes = parseChoices({ exitNodes: 'relay3', families: ['relay1000,relay1001,relay2000,relay2001'] })
    for (let seed = 0; seed < 50; seed++) {
      const paths = pick(netDir, { seed, constraints: { ...OPEN_CONSTRAINTS, nodes } })
      const ids = paths
        .flatMap(({ guard, middle, exit }) => [guard, middle, exit])
        .map((row) => netDir.nickname(row))
      expect(ids.filter((name) => /^relay[12]00[01]$/.test(name)).length).toBeLessThan(2)
      expect(new Set(ids).has('relay3')).toBe(true)
    }
  })

  test('take stable relays for what lives long', () => {
    const unstable = GOOD.filter((flag) => flag !== 'Stable')
    const netDir = fakeNetDir([
      ...network(...exits(2)),
      ...many(5, 3000, { flags: unstable, bandwidth: 1e9 }),
      ...many(2, 4000, { flags: [...unstable, 'Exit'], ports: [443], protocols: ABLE, bandwidth: 1e9 }),
    ])
    for (let seed = 0; seed < 20; seed++) {
      const paths = pick(netDir, { seed, request: { ...WEB, needsStable: true } })
      expect(paths.every(({ middle, exit }) => exit < 2 && middle < 62)).toBe(true)
    }
  })

  test('are not there where no exit does conflux, or the one that does may not be taken', () => {
    const unable = fakeNetDir(network({ id: 1, flags: GOOD_EXIT, ports: [443] }))
    expect(() => pick(unable)).toThrow('is left to try')
    const netDir = fakeNetDir(network(...exits(1)))
    expect(() => pick(netDir, { request: { ...WEB, isExcluded: (row) => row === 0 } })).toThrow(
      'is left to try',
    )
  })
})

describe('with bridges, the paths of a set', () => {
  const [one, other] = [bridgeRelay(11), bridgeRelay(12)]
  const constraints = { ...OPEN_CONSTRAINTS, bridges: [bridgeLine(11), bridgeLine(12)] }

  test('begin at two different ones, whose addresses may be near each other, or made up', () => {
    const netDir = CONFLUX_VIEW.withBridges([one, other])
    for (let seed = 0; seed < 20; seed++) {
      const guards = pick(netDir, { seed, constraints }).map(({ guard }) => guard)
      expect([...guards].sort((a, b) => a - b)).toEqual([FIRST_BRIDGE_ROW, FIRST_BRIDGE_ROW + 1])
    }
  })

  test('are not there with one: never twice through it, never past it', () => {
    const netDir = CONFLUX_VIEW.withBridges([one])
    expect(() => pick(netDir, { constraints })).toThrow('no further primary guard')
  })

  test('are not there while the other has sent no descriptor', () => {
    const netDir = CONFLUX_VIEW.withBridges([one, bridgeRelay(12, bridgeLine(12), false)])
    expect(() => pick(netDir, { constraints })).toThrow('no further primary guard')
  })
})

function tryTo(work: () => readonly Path[]): readonly Path[] {
  try {
    return work()
  } catch {
    return []
  }
}
