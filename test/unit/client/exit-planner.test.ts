import { beforeAll, describe, expect, it } from 'vitest'
import { isolationKey } from '../../../core/circuit-manager/isolation.ts'
import type { ExitUsage, PlannedPath } from '../../../core/circuit-manager/pool-entry.ts'
import { DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import { createExitPlanner } from '../../../core/client/exit-planner.ts'
import type { GuardRestrictions } from '../../../core/guard/guard-selector.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { hasFlag, RelayFlag } from '../../../core/netdoc/relay-flags.ts'
import { rigDirectory } from '../../network/circuit-rig.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const USAGE: ExitUsage = { isolation: isolationKey([]), family: undefined, port: 443 }

let netDir: NetDir
let asked: GuardRestrictions[]

beforeAll(() => {
  netDir = rigDirectory()
})

function plan(
  usage: ExitUsage,
  excluded: ReadonlySet<NonNullable<ExitUsage['exit']>> = new Set(),
): PlannedPath {
  asked = []
  const planner = createExitPlanner({
    random: seededRandom(4),
    guards: {
      pickGuard: (view, restrictions) => {
        asked.push(restrictions)
        for (let row = 0; row < netDir.relayCount; row++) {
          if (view.isUsableAs(row, 'guard') && !restrictions.excludes(row)) return row
        }
        throw new Error('no guard')
      },
    },
    constraints: () => ({
      ...DEFAULT_CLIENT_CONFIG,
      enforceDistinctSubnets: false,
      allowPrivateRelayAddresses: true,
      countries: {
        // Every second relay by its address.
        countryOfIpv4: (value) => (value % 2 === 0 ? 'de' : undefined),
        countryOf: () => undefined,
        checkLoaded: () => {},
      },
    }),
  })
  return planner.pickPath(netDir, usage, excluded)
}

function exitOf({ path }: PlannedPath): number {
  return path.at(-1) ?? -1
}

describe('the plan of an exit circuit', () => {
  it('goes along with what was asked of its guard, for the judgement when it is complete', () => {
    const planned = plan(USAGE)
    expect(planned.path.length).toBe(3)
    expect(asked).toContain(planned.restrictions)
    expect(planned.restrictions.excludes(exitOf(planned))).toBe(true)
  })

  it('ends at the exit that is demanded, or is refused in words', () => {
    const { rsa } = netDir.ids(exitOf(plan(USAGE)))
    expect(netDir.ids(exitOf(plan({ ...USAGE, exit: rsa }))).rsa).toBe(rsa)
    expect(() => plan({ ...USAGE, exit: rsa }, new Set([rsa]))).toThrow(
      expect.objectContaining({ kind: 'no-path' }),
    )
  })

  it('says why each relay was chosen', () => {
    const { reasons, path } = plan(USAGE)
    expect(reasons).toEqual([{ kind: 'guard' }, { kind: 'weight' }, { kind: 'exit-policy' }])
    const { rsa } = netDir.ids(path.at(-1) ?? 0)
    expect(plan({ ...USAGE, exit: rsa }).reasons.at(-1)).toEqual({ kind: 'pin' })
    expect(plan({ ...USAGE, exitCountry: 'de' }).reasons.at(-1)).toEqual({ kind: 'country', country: 'de' })
  })

  it('ends in the country that is demanded, or is refused in words', () => {
    const exit = exitOf(plan({ ...USAGE, exitCountry: 'de' }))
    expect(netDir.ipv4Value(exit) % 2).toBe(0)
    expect(() => plan({ ...USAGE, exitCountry: 'fr' })).toThrow(/fr/)
  })

  it('leaves out exits that have let the request down', () => {
    const { rsa } = netDir.ids(exitOf(plan(USAGE)))
    expect(netDir.ids(exitOf(plan(USAGE, new Set([rsa])))).rsa).not.toBe(rsa)
  })

  it('is stable when all its relays are, and when that was asked for', () => {
    const isStable = ({ path }: PlannedPath): boolean =>
      path.every((row) => hasFlag(netDir.flags(row), RelayFlag.Stable))
    const planned = plan(USAGE)
    expect(planned.isStable).toBe(isStable(planned))
    expect(plan({ ...USAGE, needsStable: true }).isStable).toBe(true)
  })
})
