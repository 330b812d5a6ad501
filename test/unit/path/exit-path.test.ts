import { describe, expect, it } from 'vitest'
import { GuardManager } from '../../../core/guard/guard-manager.ts'
import type { GuardRestrictions, GuardSelector } from '../../../core/guard/guard-selector.ts'
import { RelayFlag, type RelayFlagName } from '../../../core/netdoc/relay-flags.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { type Path, type PathNetDir, pickExitPath } from '../../../core/path/exit-path.ts'
import type { ExitRequest } from '../../../core/path/exit-request.ts'
import type { PathConstraints } from '../../../core/path/relay-constraints.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { type Random, randomBelow } from '../../../core/util/random.ts'
import { chiSquared } from '../../support/chi-squared.ts'
import { type FakeRelay, fakeNetDir, GOOD, GOOD_EXIT, GOOD_GUARD } from '../../support/fake-net-dir.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { OPEN_CONSTRAINTS } from '../../support/path-constraints.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const CONSTRAINTS: PathConstraints = { ...OPEN_CONSTRAINTS, useIpv6: false }
const WEB: ExitRequest = { hostKind: 'name', port: 443 }
const WEB_PORTS = [80, 443]

function newGuards(random: Random): GuardManager {
  return new GuardManager({ store: new MemoryStateStore(), clock: manualClock(), random, log: silentLogger })
}

function pick(netDir: PathNetDir, request: ExitRequest = WEB, constraints = CONSTRAINTS, seed = 1): Path {
  const random = seededRandom(seed)
  return pickExitPath(netDir, newGuards(random), request, constraints, random)
}

/** The same guard for all, relays for the middle, and these exits. */
function networkWith(...exits: FakeRelay[]): PathNetDir {
  const guards: FakeRelay[] = Array.from({ length: 30 }, (_, n) => ({ id: 1000 + n, flags: GOOD_GUARD }))
  const middles: FakeRelay[] = Array.from({ length: 30 }, (_, n) => ({ id: 2000 + n, flags: GOOD }))
  return fakeNetDir([...exits, ...guards, ...middles])
}

describe('a path to an exit', () => {
  it('draws exits by weight among those that allow the port, over 100,000 paths', () => {
    const exits = Array.from({ length: 60 }, (_, n) => ({
      id: n + 1,
      flags: GOOD_EXIT,
      bandwidth: 100 + ((n * 13) % 50) ** 2,
      ports: n % 3 === 0 ? [80] : WEB_PORTS,
    }))
    const netDir = networkWith(...exits)
    const random = seededRandom(3)
    const guards = newGuards(random)
    const counts = new Float64Array(netDir.relayCount)
    for (let n = 0; n < 100_000; n++) {
      const { exit } = pickExitPath(netDir, guards, WEB, CONSTRAINTS, random)
      counts[exit] = (counts[exit] ?? 0) + 1
    }
    const weights = Array.from(counts, (_, n) => (n % 3 === 0 ? 0 : (exits[n]?.bandwidth ?? 0)))
    const { statistic, limit } = chiSquared(counts, weights)
    expect(statistic).toBeLessThan(limit)
  })

  it('asks of its guard what the exit rules out, and nothing that the guard itself does', () => {
    const netDir = fakeNetDir([
      ...[1, 2, 3, 4].map((id) => ({ id, flags: GOOD_GUARD, family: 7, subnet: id })),
      { id: 100, flags: GOOD_EXIT, ports: WEB_PORTS, subnet: 4 },
      ...[201, 202].map((id) => ({ id, flags: GOOD })),
    ])
    const asked: GuardRestrictions[] = []
    const guards: GuardSelector = {
      pickGuard: (_, restrictions) => {
        asked.push(restrictions)
        return 0
      },
    }
    pickExitPath(netDir, guards, WEB, CONSTRAINTS, seededRandom(1))
    // Whether its better ones are waited for is decided by this when the circuit is complete: relatives of the guard count.
    expect([0, 1, 2, 3].map((row) => asked[0]?.excludes(row))).toEqual([false, false, false, true])
  })

  it('keeps the guard and changes exits and middles', () => {
    const netDir = networkWith(
      ...Array.from({ length: 20 }, (_, n) => ({ id: n + 1, flags: GOOD_EXIT, ports: WEB_PORTS })),
    )
    const random = seededRandom(4)
    const guards = newGuards(random)
    const paths = Array.from({ length: 200 }, () => pickExitPath(netDir, guards, WEB, CONSTRAINTS, random))
    expect(new Set(paths.map((path) => path.guard)).size).toBe(1)
    expect(new Set(paths.map((path) => path.exit)).size).toBe(20)
    expect(new Set(paths.map((path) => path.middle)).size).toBeGreaterThan(30)
  })

  it.each([
    ['with the Exit flag before one without', ['Running', 'Valid', 'Fast', 'Stable'], GOOD_EXIT],
    ['with the Fast flag before one without', ['Running', 'Valid', 'Stable', 'Exit'], GOOD_EXIT],
  ] as const)('takes an exit %s, and the other when it alone allows the port', (_, lesser, better) => {
    const netDir = networkWith(
      { id: 1, flags: lesser, ports: [443, 7777], bandwidth: 1e9 },
      { id: 2, flags: better, ports: WEB_PORTS, bandwidth: 1 },
    )
    for (let seed = 0; seed < 50; seed++) expect(pick(netDir, WEB, CONSTRAINTS, seed).exit).toBe(1)
    expect(pick(netDir, { hostKind: 'name', port: 7777 }).exit).toBe(0)
  })

  it('takes stable relays for connections that live long', () => {
    const unstable: RelayFlagName[] = ['Running', 'Valid', 'Fast', 'V2Dir']
    const netDir = fakeNetDir([
      { id: 1, flags: [...unstable, 'Exit'], ports: [22], bandwidth: 1e9 },
      { id: 2, flags: GOOD_EXIT, ports: [22], bandwidth: 1 },
      { id: 3, flags: GOOD_GUARD },
      { id: 4, flags: unstable, bandwidth: 1e9 },
      { id: 5, flags: GOOD, bandwidth: 1 },
    ])
    for (let seed = 0; seed < 30; seed++) {
      const path = pick(netDir, { hostKind: 'name', port: 22, needsStable: true }, CONSTRAINTS, seed)
      expect(path).toEqual({ guard: 2, middle: 4, exit: 1 })
    }
  })

  it('ahead of need prefers an exit for both ports of the web', () => {
    const ahead: ExitRequest = { hostKind: 'name', port: undefined }
    const http = { id: 1, flags: GOOD_EXIT, ports: [80], bandwidth: 1e9 }
    const both = { id: 2, flags: GOOD_EXIT, ports: WEB_PORTS, bandwidth: 1 }
    for (let seed = 0; seed < 30; seed++)
      expect(pick(networkWith(http, both), ahead, CONSTRAINTS, seed).exit).toBe(1)
    expect(pick(networkWith(http), ahead).exit).toBe(0)
  })

  it('takes no exit that the request excludes', () => {
    const netDir = networkWith(
      { id: 1, flags: GOOD_EXIT, ports: WEB_PORTS, bandwidth: 1e9 },
      { id: 2, flags: GOOD_EXIT, ports: WEB_PORTS, bandwidth: 1 },
    )
    const excluding = (...rows: number[]): ExitRequest => ({
      ...WEB,
      isExcluded: (index) => rows.includes(index),
    })
    for (let seed = 0; seed < 20; seed++) expect(pick(netDir, excluding(0), CONSTRAINTS, seed).exit).toBe(1)
    expect(() => pick(netDir, excluding(0, 1))).toThrow('is left to try')
  })

  it('to an IPv6 address takes an exit whose IPv6 policy allows the port', () => {
    const netDir = networkWith(
      { id: 1, flags: GOOD_EXIT, ports: WEB_PORTS, bandwidth: 1e9 },
      { id: 2, flags: GOOD_EXIT, ports: [], ports6: WEB_PORTS, bandwidth: 1 },
    )
    expect(pick(netDir, { hostKind: 'ipv6', port: 443 }).exit).toBe(1)
    expect(pick(netDir, { hostKind: 'ipv4', port: 443 }).exit).toBe(0)
  })

  it('starts at a guard that can be dialled', () => {
    const netDir = fakeNetDir([
      { id: 1, flags: GOOD_EXIT, ports: WEB_PORTS },
      { id: 2, flags: GOOD_GUARD, bandwidth: 1e9 },
      { id: 3, flags: GOOD_GUARD, ipv6: '2001:db8::3', bandwidth: 1 },
      { id: 4, flags: GOOD },
    ])
    const ipv6Only = { ...CONSTRAINTS, useIpv4: false, useIpv6: true }
    for (let seed = 0; seed < 20; seed++) expect(pick(netDir, WEB, ipv6Only, seed).guard).toBe(2)
  })

  it('tries another exit when the first leaves no guard', () => {
    const netDir = fakeNetDir([
      { id: 1, flags: GOOD_EXIT, ports: WEB_PORTS, family: 1, bandwidth: 1e9 },
      { id: 2, flags: GOOD_EXIT, ports: WEB_PORTS, bandwidth: 1 },
      { id: 3, flags: GOOD_GUARD, family: 1 },
      { id: 4, flags: GOOD },
    ])
    expect(pick(netDir)).toMatchObject({ guard: 2, exit: 1 })
  })

  it('exists on a network of three relays that are all of everything', () => {
    const all: RelayFlagName[] = [...GOOD_GUARD, 'Exit']
    const netDir = fakeNetDir(
      [1, 2, 3].map((id) => ({ id, flags: all, ports: WEB_PORTS, subnet: 9, bandwidth: 0 })),
    )
    const path = pick(netDir, WEB, { ...CONSTRAINTS, enforceDistinctSubnets: false })
    expect(new Set(Object.values(path)).size).toBe(3)
  })
})

describe('a path that does not exist', () => {
  const guard: FakeRelay = { id: 10, flags: GOOD_GUARD, subnet: 1 }
  const middle: FakeRelay = { id: 11, flags: GOOD, subnet: 2 }
  const exit: FakeRelay = { id: 12, flags: GOOD_EXIT, ports: WEB_PORTS, subnet: 3 }

  it.each([
    [
      'nobody allows the port',
      [guard, middle, exit],
      25,
      'none of the 3 exit relays allows connections to this port',
    ],
    ['there is no relay', [], 443, 'no usable exit relay is known'],
    [
      'the exits are bad',
      [guard, { ...exit, flags: [...GOOD_EXIT, 'BadExit'] }].slice(1),
      443,
      'no usable exit relay is known',
    ],
    ['there is no guard', [middle, exit], 443, 'the consensus lists no relay that can be a guard'],
    [
      'the guard is in the exit’s subnet',
      [{ ...guard, subnet: 3 }, middle, exit],
      443,
      'none of the 1 guards can be used for this path',
    ],
    ['no middle is left', [guard, exit], 443, 'no relay can stand between this guard and this exit'],
    [
      'the middle is in the guard’s subnet',
      [guard, { ...middle, subnet: 1 }, exit],
      443,
      'no relay can stand between this guard and this exit',
    ],
  ] as [string, FakeRelay[], number, string][])('is said in words when %s', (_, relays, port, words) => {
    let thrown: unknown
    try {
      pick(fakeNetDir(relays), { hostKind: 'name', port })
    } catch (error) {
      thrown = error
    }
    expect(isTorError(thrown, 'no-path')).toBe(true)
    expect(thrown).toMatchObject({ message: words, retry: 'later' })
  })

  it('is said for IPv6 and for the web as well', () => {
    const netDir = fakeNetDir([guard, middle, { ...exit, ports: [25] }])
    expect(() => pick(netDir, { hostKind: 'ipv6', port: 25 })).toThrow(
      'allows connections to this port over IPv6',
    )
    expect(() => pick(netDir, { hostKind: 'name', port: undefined })).toThrow('allows web connections')
  })
})

const OPTIONAL_FLAGS: readonly RelayFlagName[] = [
  'Fast',
  'Stable',
  'V2Dir',
  'Guard',
  'Exit',
  'BadExit',
  'MiddleOnly',
]

/** A few relays with random flags in few subnets and families, so that they often get in each other's way. */
function randomRelays(random: Random): FakeRelay[] {
  return Array.from({ length: 3 + randomBelow(random, 25) }, (_, n) => ({
    id: n + 1,
    flags: [
      'Running',
      'Valid',
      ...OPTIONAL_FLAGS.filter(
        (flag) =>
          randomBelow(random, flag === 'MiddleOnly' ? 6 : 3) > 0 !==
          (flag === 'BadExit' || flag === 'MiddleOnly'),
      ),
    ],
    bandwidth: randomBelow(random, 1000),
    subnet: randomBelow(random, 12),
    ports: WEB_PORTS,
    ...(randomBelow(random, 2) === 0 ? { family: randomBelow(random, 5) } : {}),
  }))
}

function expectSound(
  relays: readonly FakeRelay[],
  netDir: PathNetDir,
  path: Path,
  constraints: PathConstraints,
): void {
  const members = [path.guard, path.middle, path.exit].map((index) => relays[index])
  expect(new Set(members).size).toBe(3)
  const families = members.map((relay) => relay?.family).filter((family) => family !== undefined)
  expect(new Set(families).size).toBe(families.length)
  if (constraints.enforceDistinctSubnets) expect(new Set(members.map((relay) => relay?.subnet)).size).toBe(3)
  const guardFlags = netDir.flags(path.guard)
  expect(guardFlags & RelayFlag.Guard).not.toBe(0)
  expect((guardFlags | netDir.flags(path.exit)) & RelayFlag.MiddleOnly).toBe(0)
  expect(netDir.flags(path.exit) & RelayFlag.BadExit).toBe(0)
}

describe('thousands of random networks', () => {
  it.each([true, false])(
    'never give two relays of one family in a path, or a MiddleOnly guard or exit (distinct subnets: %s)',
    (enforceDistinctSubnets) => {
      const random = seededRandom(5)
      const constraints = { ...CONSTRAINTS, enforceDistinctSubnets }
      let found = 0
      for (let n = 0; n < 2000; n++) {
        const relays = randomRelays(random)
        const netDir = fakeNetDir(relays)
        try {
          const path = pickExitPath(netDir, newGuards(random), WEB, constraints, random)
          found++
          expectSound(relays, netDir, path, constraints)
        } catch (error) {
          if (!isTorError(error, 'no-path')) throw error
        }
      }
      expect(found).toBeGreaterThan(1000)
    },
  )
})
