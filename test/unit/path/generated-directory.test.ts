import { beforeAll, describe, expect, it } from 'vitest'
import { GuardManager } from '../../../core/guard/guard-manager.ts'
import { NetDir } from '../../../core/netdir/net-dir.ts'
import type { Relay } from '../../../core/netdir/relay.ts'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import { parseMicrodescriptors } from '../../../core/netdoc/microdescriptor.ts'
import { RelayFlag } from '../../../core/netdoc/relay-flags.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { pickDirectoryGuards, pickDirectoryPath } from '../../../core/path/directory-path.ts'
import { type Path, pickExitPath } from '../../../core/path/exit-path.ts'
import type { PathConstraints } from '../../../core/path/relay-constraints.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { chiSquared } from '../../support/chi-squared.ts'
import { generateDirectory } from '../../support/generate-directory.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { OPEN_CONSTRAINTS } from '../../support/path-constraints.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const CONSTRAINTS: PathConstraints = OPEN_CONSTRAINTS

let bare: NetDir
let netDir: NetDir
/** Each relay's family line, by nickname. */
const families = new Map<string, Set<string>>()

beforeAll(() => {
  const directory = generateDirectory({ relays: 2000, authorities: 1, seed: 21 })
  bare = NetDir.build({ consensus: parseConsensus(directory.consensus) })
  netDir = bare.withMicrodescriptors(parseMicrodescriptors(directory.microdescriptors))
  for (const { nickname, microdescriptor } of directory.relays) {
    const members = /^family (.*)$/m.exec(microdescriptor)?.[1]?.split(' ') ?? []
    families.set(nickname, new Set(members.map((member) => member.slice(1))))
  }
})

function newGuards(seed: number): GuardManager {
  const parts = {
    store: new MemoryStateStore(),
    clock: manualClock(),
    random: seededRandom(seed),
    log: silentLogger,
  }
  return new GuardManager(parts)
}

/** What two relays must not share, by their documents and not by the view that the picker asked. */
function sharedGround(a: Relay, b: Relay): string[] {
  const slash16 = (relay: Relay): string => relay.ipv4.host.split('.').slice(0, 2).join('.')
  const slash32 = (relay: Relay): string | undefined => relay.ipv6?.host.split(':').slice(0, 2).join(':')
  return [
    ...(a.index === b.index ? ['relay'] : []),
    ...(slash16(a) === slash16(b) ? ['/16'] : []),
    ...(slash32(a) !== undefined && slash32(a) === slash32(b) ? ['/32'] : []),
    ...(families.get(a.nickname)?.has(b.ids.rsa) ? ['family'] : []),
  ]
}

function relaysOf(path: Path): [Relay, Relay, Relay] {
  return [netDir.relay(path.guard), netDir.relay(path.middle), netDir.relay(path.exit)]
}

describe('paths through a directory like the real one', () => {
  it('never have two relays of one /16, /32 or family, whoever the guard is', () => {
    const random = seededRandom(1)
    const seen = new Set<number>()
    for (let client = 0; client < 60; client++) {
      const guards = newGuards(client)
      for (let n = 0; n < 50; n++) {
        const path = pickExitPath(netDir, guards, { hostKind: 'name', port: 443 }, CONSTRAINTS, random)
        const [guard, middle, exit] = relaysOf(path)
        const shared = [
          ...sharedGround(guard, middle),
          ...sharedGround(middle, exit),
          ...sharedGround(guard, exit),
        ]
        expect(shared).toEqual([])
        expect(guard.flags & RelayFlag.Guard).not.toBe(0)
        expect(exit.flags & RelayFlag.Exit).not.toBe(0)
        expect(exit.exitPolicy?.allowsPort(443)).toBe(true)
        seen.add(path.guard)
      }
    }
    expect(seen.size).toBeGreaterThan(30)
  })

  it('end at exits in the exact proportion of the weights of the consensus', () => {
    const random = seededRandom(2)
    const counts = new Float64Array(netDir.relayCount)
    const guards = newGuards(1)
    for (let n = 0; n < 100_000; n++) {
      const { exit } = pickExitPath(netDir, guards, { hostKind: 'name', port: 443 }, CONSTRAINTS, random)
      counts[exit] = (counts[exit] ?? 0) + 1
    }
    // From the footer: Wee=10000, Wed=8366.
    const weights = Array.from({ length: netDir.relayCount }, (_, index) => {
      const { flags, bandwidth } = netDir.relay(index)
      if ((flags & RelayFlag.Exit) === 0) return 0
      return bandwidth * ((flags & RelayFlag.Guard) === 0 ? 10_000 : 8366)
    })
    // An exit in the first guard's way takes the second guard: exits stay undisturbed.
    const { statistic, limit } = chiSquared(counts, weights)
    expect(statistic).toBeLessThan(limit)
  })

  it('start at a guard that served the directory before any microdescriptor was there', () => {
    const guards = newGuards(3)
    const served = pickDirectoryGuards(bare, guards, CONSTRAINTS).map(({ ids }) => bare.indexOf(ids.rsa))
    expect(guards.sample[0]?.ed25519).toBeUndefined()
    expect(() =>
      pickExitPath(bare, guards, { hostKind: 'name', port: 443 }, CONSTRAINTS, seededRandom(1)),
    ).toThrow('no usable exit relay is known')
    const paths = Array.from({ length: 20 }, (_, seed) =>
      pickDirectoryPath(netDir, guards, CONSTRAINTS, seededRandom(seed)),
    )
    expect(paths.filter((path) => served.includes(path.guard)).length).toBeGreaterThan(15)
    expect(guards.sample[0]?.ed25519).toBeDefined()
  })
})
