/** Path selection under every constraint, held against rules that are written down here a second time. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { pickDirectoryPath } from '../../../core/path/directory-path.ts'
import { type Path, pickExitPath } from '../../../core/path/exit-path.ts'
import type { PathConstraints } from '../../../core/path/relay-constraints.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import type { Relay } from '../../../core/netdir/relay.ts'
import { RelayFlag } from '../../../core/netdoc/relay-flags.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { isInternalAddress } from '../../../core/util/internal-address.ts'
import { parseReachableAddresses } from '../../../core/util/reachable-addresses.ts'
import { chiSquared } from '../../support/chi-squared.ts'
import { drawingGuards } from '../../support/drawing-guards.ts'
import { type ChoiceTexts, OPEN_CONSTRAINTS, parseChoices } from '../../support/path-constraints.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { trickyDirectory } from '../../support/tricky-directory.ts'

let netDir: NetDir
let familyOf: readonly (string | undefined)[]

beforeAll(() => {
  const directory = trickyDirectory(8_000)
  netDir = directory.netDir
  familyOf = directory.familyOf
})

/** "a" to "p" by the first byte, and none for every address that starts with a multiple of 13. */
function countryAt(host: string): string | undefined {
  const first = Number(host.split('.')[0])
  return first % 13 === 0 ? undefined : `x${'abcdefghijklmnop'.charAt(first % 16)}`
}

const COUNTRIES = {
  checkLoaded: (): void => {},
  countryOf: countryAt,
  countryOfIpv4: (value: number): string | undefined => countryAt(`${value >>> 24}`),
}

const BASE: PathConstraints = {
  ...OPEN_CONSTRAINTS,
  allowPrivateRelayAddresses: false,
  countries: COUNTRIES,
}

function withNodes(choices: ChoiceTexts): PathConstraints {
  return { ...BASE, nodes: parseChoices(choices) }
}

const bits = (host: string): string =>
  host
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('')

/** The items of this file's tests, read a second time, as plainly as can be. */
function isNamed(text: string, { nickname, ids, ipv4 }: Relay): boolean {
  return text.split(',').some((item) => {
    const country = /^\{(..)\}$/.exec(item)?.[1]
    if (country !== undefined) return (countryAt(ipv4.host) ?? '??') === country
    const [network = '', prefix] = item.split('/')
    if (prefix !== undefined) return bits(ipv4.host).startsWith(bits(network).slice(0, Number(prefix)))
    return item === nickname || item === `$${ids.rsa}`
  })
}

function relaysOf({ guard, middle, exit }: Path): [Relay, Relay, Relay] {
  return [netDir.relay(guard), netDir.relay(middle), netDir.relay(exit)]
}

/** Every rule that two relays of one path break, by their documents. */
function sharedGround(a: Relay, b: Relay): string[] {
  const slash32 = (relay: Relay): string | undefined => relay.ipv6?.host.split(':').slice(0, 2).join(':')
  const family = familyOf[a.index]
  return [
    ...(a.index === b.index ? ['relay'] : []),
    ...(bits(a.ipv4.host).slice(0, 16) === bits(b.ipv4.host).slice(0, 16) ? ['/16'] : []),
    ...(slash32(a) !== undefined && slash32(a) === slash32(b) ? ['/32'] : []),
    ...(family !== undefined && family === familyOf[b.index] ? [family] : []),
  ]
}

function wrongsOf(path: Path): string[] {
  const [guard, middle, exit] = relaysOf(path)
  const has = (relay: Relay, flag: number): boolean => (relay.flags & flag) !== 0
  return [
    ...sharedGround(guard, middle),
    ...sharedGround(middle, exit),
    ...sharedGround(guard, exit),
    ...(has(guard, RelayFlag.Guard) ? [] : ['no guard']),
    ...(has(guard, RelayFlag.MiddleOnly) ? ['guard is MiddleOnly'] : []),
    ...(has(exit, RelayFlag.MiddleOnly) ? ['exit is MiddleOnly'] : []),
    ...(has(exit, RelayFlag.BadExit) ? ['exit is bad'] : []),
    ...(exit.exitPolicy?.allowsPort(443) === true ? [] : ['exit does not allow the port']),
    ...[guard, middle, exit].filter(({ ipv4 }) => isInternalAddress(ipv4.host)).map(() => 'private address'),
  ]
}

function pickMany(constraints: PathConstraints, count: number, seed = 1, guard?: number): Path[] {
  const random = seededRandom(seed)
  const guards = guard === undefined ? drawingGuards(random) : { pickGuard: () => guard }
  const request = { hostKind: 'name', port: 443 } as const
  return Array.from({ length: count }, () => pickExitPath(netDir, guards, request, constraints, random))
}

describe('paths through 8,000 relays with everything that must be stepped around', () => {
  it('break no rule: families of all kinds, /16, /32, private addresses, BadExit, MiddleOnly (TROVE-2026-067)', () => {
    const paths = pickMany(BASE, 1_500)
    expect(paths.flatMap(wrongsOf)).toEqual([])
    expect(new Set(paths.map(({ guard }) => guard)).size).toBeGreaterThan(300)
    // MiddleOnly relays are good for what their flag says.
    const isMiddleOnly = ({ middle }: Path): boolean => (netDir.flags(middle) & RelayFlag.MiddleOnly) !== 0
    expect(paths.some(isMiddleOnly)).toBe(true)
    // A relay that only claims to be somebody's family is not kept from them.
    expect(netDir.inSameFamily(15, 16)).toBe(false)
    expect(familyOf.filter((family) => family !== undefined).length).toBe(4_000)
  })

  it('that end at a directory break no rule either', () => {
    const random = seededRandom(2)
    const guards = drawingGuards(random)
    for (let n = 0; n < 500; n++) {
      const path = pickDirectoryPath(netDir, guards, BASE, random)
      const wrongs = wrongsOf(path).filter((wrong) => !wrong.startsWith('exit'))
      expect(wrongs).toEqual([])
      expect(netDir.flags(path.exit) & RelayFlag.MiddleOnly).toBe(0)
    }
  })

  it('have no two relays of one NodeFamily, by fingerprint, range or country', () => {
    const fingerprints = Array.from({ length: 400 }, (_, n) => `$${netDir.ids(n * 20).rsa}`).join()
    const families = [fingerprints, '{xa},{xb},{xc}', '64.0.0.0/3', '{??}']
    const isIn = (text: string, path: Path): number =>
      relaysOf(path).filter((relay) => isNamed(text, relay)).length
    const plain = pickMany(BASE, 600)
    const ruled = pickMany(withNodes({ families }), 600)
    for (const text of families.slice(1)) {
      expect(plain.some((path) => isIn(text, path) > 1)).toBe(true)
      expect(ruled.every((path) => isIn(text, path) <= 1)).toBe(true)
    }
    expect(ruled.every((path) => isIn(fingerprints, path) <= 1)).toBe(true)
    expect(ruled.flatMap(wrongsOf)).toEqual([])
  })

  it('keep whatever the user chooses, in every position, or are refused in words', () => {
    const item = fc.oneof(
      fc.integer({ min: 0, max: 15 }).map((at) => `{x${'abcdefghijklmnop'.charAt(at)}}`),
      fc.constant('{??}'),
      fc
        .tuple(fc.integer({ min: 1, max: 222 }), fc.integer({ min: 1, max: 6 }))
        .map(([at, n]) => `${at}.0.0.0/${n}`),
      fc.integer({ min: 0, max: 7_999 }).map((row) => `$${netDir.ids(row).rsa}`),
      fc.integer({ min: 0, max: 7_999 }).map((row) => `relay${row}`),
    )
    const set = fc.array(item, { maxLength: 6 }).map((items) => items.join())
    const choices = fc.record({
      excludeNodes: set,
      excludeExitNodes: set,
      exitNodes: set,
      entryNodes: set,
      middleNodes: set,
      excludeUnknownCountries: fc.constantFrom(undefined, true, false),
    })
    let refusals = 0
    fc.assert(
      fc.property(choices, fc.nat(), (chosen, seed) => {
        const constraints = withNodes(chosen)
        let paths: Path[]
        try {
          paths = pickMany(constraints, 5, seed)
        } catch (error) {
          if (!isTorError(error, 'no-path')) throw error
          expect(error.message).toMatch(/Nodes|GeoIP|guard/)
          refusals++
          return
        }
        const { excludeUnknownCountries: unknown } = chosen
        const isUnknown = (relay: Relay): boolean => countryAt(relay.ipv4.host) === undefined
        const isExcluded = (text: string, relay: Relay): boolean =>
          (text !== '' && isNamed(text, relay)) ||
          (isUnknown(relay) && (unknown ?? /\{x.\}/.test(text)) && !text.includes('{??}'))
        for (const path of paths) {
          const [guard, middle, exit] = relaysOf(path)
          expect(wrongsOf(path)).toEqual([])
          for (const relay of [guard, middle, exit])
            expect(isExcluded(chosen.excludeNodes, relay)).toBe(false)
          expect(isExcluded(chosen.excludeExitNodes, exit)).toBe(false)
          if (chosen.entryNodes !== '') expect(isNamed(chosen.entryNodes, guard)).toBe(true)
          if (chosen.middleNodes !== '') expect(isNamed(chosen.middleNodes, middle)).toBe(true)
          if (chosen.exitNodes !== '') expect(isNamed(chosen.exitNodes, exit)).toBe(true)
        }
      }),
      { numRuns: 60, seed: 11 },
    )
    expect(refusals).toBeGreaterThan(0)
    expect(refusals).toBeLessThan(60)
  })

  it('start only at guards that the firewall lets through', () => {
    const reachableAddresses = parseReachableAddresses({
      reachableAddresses: ['64.0.0.0/2:443'],
      reachableOrAddresses: [],
      isFascistFirewall: false,
      firewallPorts: [],
    })
    for (const path of pickMany({ ...BASE, reachableAddresses, useIpv6: false }, 200)) {
      const { ipv4 } = netDir.relay(path.guard)
      expect(ipv4.port).toBe(443)
      expect(bits(ipv4.host).startsWith('01')).toBe(true)
      expect(wrongsOf(path)).toEqual([])
    }
  })
})

describe('the draws under the user’s choice', () => {
  beforeAll(() => {
    const directory = trickyDirectory(1_000)
    netDir = directory.netDir
    familyOf = directory.familyOf
  })

  /** What the footer of the generated consensus says, over 10,000, by whether a relay is a guard and an exit. */
  function weightOf({ flags, bandwidth }: Relay, position: 'middle' | 'exit'): number {
    const isGuard = (flags & RelayFlag.Guard) !== 0
    const isExit = (flags & RelayFlag.Exit) !== 0 && (flags & RelayFlag.BadExit) === 0
    const guardExitWeight = {
      middle: { plain: 10_000, guard: 4_040, exit: 0, both: 817 },
      exit: { plain: 10_000, guard: 8_366, exit: 10_000, both: 8_366 },
    }
    const kind = isGuard ? (isExit ? 'both' : 'guard') : isExit ? 'exit' : 'plain'
    return bandwidth * guardExitWeight[position][kind]
  }

  it('give exits their exact probabilities over 100,000 paths, with a choice and an exclusion', () => {
    const constraints = withNodes({
      exitNodes: '{xa},{xb},{xc}',
      excludeExitNodes: '128.0.0.0/3',
      excludeNodes: '{xd}',
    })
    const counts = new Float64Array(netDir.relayCount)
    for (const { exit } of pickMany(constraints, 100_000, 1, 0)) counts[exit] = (counts[exit] ?? 0) + 1
    const weights = Array.from({ length: netDir.relayCount }, (_, row) => {
      const relay = netDir.relay(row)
      const isExit =
        (relay.flags & (RelayFlag.Exit | RelayFlag.BadExit | RelayFlag.MiddleOnly)) === RelayFlag.Exit
      const isChosen = isNamed('{xa},{xb},{xc}', relay) && !isNamed('128.0.0.0/3,{??}', relay)
      return isExit && isChosen && !isInternalAddress(relay.ipv4.host) ? weightOf(relay, 'exit') : 0
    })
    const { statistic, limit } = chiSquared(counts, weights)
    expect(statistic).toBeLessThan(limit)
  })

  it('give middles their exact probabilities over 100,000 paths, with an exclusion', () => {
    const [first] = pickMany(withNodes({ excludeNodes: '{xd}' }), 1)
    if (first === undefined) throw new Error('there is a path')
    const [guard, , exit] = relaysOf(first)
    const constraints = withNodes({
      exitNodes: `$${exit.ids.rsa}`,
      excludeNodes: '{xd}',
      middleNodes: '0.0.0.0/1',
    })
    const counts = new Float64Array(netDir.relayCount)
    for (const { middle } of pickMany(constraints, 100_000, 1, guard.index))
      counts[middle] = (counts[middle] ?? 0) + 1
    const weights = Array.from({ length: netDir.relayCount }, (_, row) => {
      const relay = netDir.relay(row)
      const isFree = sharedGround(relay, guard).length + sharedGround(relay, exit).length === 0
      const isChosen = isNamed('0.0.0.0/1', relay) && !isNamed('{xd},{??}', relay)
      return isFree && isChosen && !isInternalAddress(relay.ipv4.host) ? weightOf(relay, 'middle') : 0
    })
    const { statistic, limit } = chiSquared(counts, weights)
    expect(statistic).toBeLessThan(limit)
  })
})
