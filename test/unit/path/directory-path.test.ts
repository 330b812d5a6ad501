import { describe, expect, it } from 'vitest'
import { GuardManager } from '../../../core/guard/guard-manager.ts'
import type { Authority } from '../../../core/netdir/authorities.ts'
import type { FallbackDir } from '../../../core/netdir/fallback-dirs.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import {
  bootstrapDirectories,
  pickDirectoryGuards,
  pickDirectoryPath,
} from '../../../core/path/directory-path.ts'
import type { PathConstraints } from '../../../core/path/relay-constraints.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { fakeIdentity, fakeNetDir, GOOD, GOOD_GUARD } from '../../support/fake-net-dir.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { OPEN_CONSTRAINTS } from '../../support/path-constraints.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const CONSTRAINTS: PathConstraints = { ...OPEN_CONSTRAINTS, useIpv6: false }

function newGuards(): GuardManager {
  const parts = {
    store: new MemoryStateStore(),
    clock: manualClock(),
    random: seededRandom(1),
    log: silentLogger,
  }
  return new GuardManager(parts)
}

const endpoint = (id: number) => ({ host: `192.0.2.${id}`, port: 443 })

function fallback(id: number, weight = 1): FallbackDir {
  return { ids: { rsa: fakeIdentity(id), ed25519: undefined }, endpoints: [endpoint(id)], weight }
}

function authority(id: number, options: Partial<Authority> = {}): Authority {
  return {
    nickname: `authority${id}`,
    v3Identity: fakeIdentity(id + 1000),
    rsaIdentity: fakeIdentity(id),
    endpoints: [endpoint(id)],
    isBridgeAuthority: false,
    ...options,
  }
}

describe('directories before there is a consensus', () => {
  it('are all the fallbacks and then all the authorities, each in random order', () => {
    const random = seededRandom(1)
    const fallbacks = Array.from({ length: 50 }, (_, n) => fallback(n + 1))
    const authorities = Array.from({ length: 9 }, (_, n) => authority(n + 101))
    const firsts = new Set<string>()
    for (let n = 0; n < 100; n++) {
      const found = bootstrapDirectories(fallbacks, authorities, CONSTRAINTS, random)
      expect(new Set(found.fallbacks.map((target) => target.ids.rsa)).size).toBe(50)
      expect(new Set(found.authorities.map((target) => target.ids.rsa)).size).toBe(9)
      firsts.add(found.fallbacks[0]?.ids.rsa ?? '')
    }
    expect(firsts.size).toBeGreaterThan(30)
  })

  it('are asked the sooner the more they weigh', () => {
    const random = seededRandom(2)
    const fallbacks = [fallback(1, 1), fallback(2, 9)]
    let heavyFirst = 0
    for (let n = 0; n < 1000; n++) {
      const found = bootstrapDirectories(fallbacks, [], CONSTRAINTS, random)
      if (found.fallbacks[0]?.ids.rsa === fakeIdentity(2)) heavyFirst++
    }
    expect(heavyFirst).toBeGreaterThan(850)
    expect(heavyFirst).toBeLessThan(950)
  })

  it('are never the bridge authority, one without ORPort, or one that cannot be dialled', () => {
    const found = bootstrapDirectories(
      [{ ...fallback(1), endpoints: [{ host: '2001:db8::1', port: 443 }] }, fallback(2)],
      [authority(101, { isBridgeAuthority: true }), authority(102, { endpoints: [] }), authority(103)],
      CONSTRAINTS,
      seededRandom(1),
    )
    expect(found).toEqual({
      fallbacks: [{ ids: fallback(2).ids, endpoints: [endpoint(2)] }],
      authorities: [{ ids: { rsa: fakeIdentity(103), ed25519: undefined }, endpoints: [endpoint(103)] }],
    })
  })
})

describe('directories after the first consensus', () => {
  it('are our guards, known well enough to be dialled before any microdescriptor is there', () => {
    const relays = Array.from({ length: 40 }, (_, n) => ({
      id: n + 1,
      flags: GOOD_GUARD,
      hasMicrodescriptor: false,
    }))
    const guards = newGuards()
    const netDir = fakeNetDir(relays)
    const targets = pickDirectoryGuards(netDir, guards, CONSTRAINTS)
    const identities = (found: typeof targets): string[] => found.map(({ ids }) => ids.rsa).sort()
    expect(identities(targets)).toEqual(
      guards.sample
        .slice(0, 3)
        .map((guard) => guard.rsa)
        .sort(),
    )
    for (const { ids, endpoints } of targets) {
      expect(endpoints).toEqual([netDir.relay(netDir.indexOf(ids.rsa) ?? -1).ipv4])
    }
    expect(identities(pickDirectoryGuards(netDir, guards, CONSTRAINTS))).toEqual(identities(targets))
  })

  it('are primary ones behind the first, however few of them can be reached', () => {
    const netDir = fakeNetDir(Array.from({ length: 60 }, (_, n) => ({ id: n + 1, flags: GOOD_GUARD })))
    const guards = newGuards()
    const picked = (): string[] => pickDirectoryGuards(netDir, guards, CONSTRAINTS).map(({ ids }) => ids.rsa)
    picked()
    const [up, ...down] = guards.primaryGuards(netDir).map((row) => netDir.ids(row).rsa)
    if (up === undefined) throw new RangeError('no primary guard')
    guards.reportChannelAttempt(up)
    guards.reportChannelSuccess(up)
    for (const rsa of down) guards.reportChannelFailure(rsa, { beganMs: 0, isWithoutRoute: false })
    expect(picked()).toEqual([up])
    guards.reportChannelFailure(up, { beganMs: 0, isWithoutRoute: false })
    expect(picked()).toHaveLength(1)
    expect([up, ...down]).not.toContain(picked()[0])
  })

  it('are as many as the user says', () => {
    const netDir = fakeNetDir(Array.from({ length: 40 }, (_, n) => ({ id: n + 1 })))
    expect(pickDirectoryGuards(netDir, newGuards(), CONSTRAINTS, 1)).toHaveLength(1)
  })

  it('are as many as the network has, and none without guards', () => {
    expect(pickDirectoryGuards(fakeNetDir([{ id: 1 }, { id: 2 }]), newGuards(), CONSTRAINTS)).toHaveLength(2)
    expect(pickDirectoryGuards(fakeNetDir([{ id: 1, flags: GOOD }]), newGuards(), CONSTRAINTS)).toEqual([])
    const ipv6Only = { ...CONSTRAINTS, useIpv4: false, useIpv6: true }
    expect(pickDirectoryGuards(fakeNetDir([{ id: 1 }]), newGuards(), ipv6Only)).toEqual([])
  })

  it('are reached over three hops by a path that starts at our guard and ends at a directory', () => {
    const netDir = fakeNetDir([
      ...Array.from({ length: 30 }, (_, n) => ({ id: n + 1, flags: GOOD_GUARD })),
      ...Array.from({ length: 30 }, (_, n) => ({
        id: n + 101,
        flags: GOOD.filter((flag) => flag !== 'V2Dir'),
      })),
    ])
    const guards = newGuards()
    const random = seededRandom(6)
    for (let n = 0; n < 200; n++) {
      const path = pickDirectoryPath(netDir, guards, CONSTRAINTS, random)
      expect(path.exit).toBeLessThan(30)
      expect(new Set(Object.values(path)).size).toBe(3)
    }
    const bare = fakeNetDir([
      { id: 1, flags: GOOD_GUARD },
      { id: 2, flags: GOOD_GUARD, bandwidth: 1 },
      { id: 3, flags: GOOD_GUARD, bandwidth: 1 },
      { id: 4, flags: GOOD, hasMicrodescriptor: false, bandwidth: 1e9 },
    ])
    expect(pickDirectoryPath(bare, newGuards(), CONSTRAINTS, random).exit).not.toBe(3)
    const none = fakeNetDir([{ id: 1, flags: ['Running', 'Valid'] }])
    expect(() => pickDirectoryPath(none, guards, CONSTRAINTS, random)).toThrow(
      'no usable directory relay is known',
    )
  })
})
