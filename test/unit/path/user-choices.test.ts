import { describe, expect, it } from 'vitest'
import type { Authority } from '../../../core/netdir/authorities.ts'
import {
  bootstrapDirectories,
  pickDirectoryGuards,
  pickDirectoryPath,
} from '../../../core/path/directory-path.ts'
import { exitCountries } from '../../../core/path/exit-countries.ts'
import { type Path, type PathNetDir, pickExitPath } from '../../../core/path/exit-path.ts'
import type { ExitRequest } from '../../../core/path/exit-request.ts'
import { guardFilter } from '../../../core/path/guard-choice.ts'
import { needsCountries } from '../../../core/path/node-rules.ts'
import type { PathConstraints } from '../../../core/path/relay-constraints.ts'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'
import { isTorError, TorError } from '../../../core/util/errors.ts'
import { drawingGuards } from '../../support/drawing-guards.ts'
import {
  type FakeRelay,
  fakeIdentity,
  fakeNetDir,
  GOOD,
  GOOD_EXIT,
  GOOD_GUARD,
} from '../../support/fake-net-dir.ts'
import {
  type ChoiceTexts,
  countriesByFirstByte,
  OPEN_CONSTRAINTS,
  parseChoices,
} from '../../support/path-constraints.ts'
import { seededRandom } from '../../support/seeded-random.ts'

/** Addresses are 10 + (subnet >> 8) in their first byte: 10 is de, 11 is fr, 12 is nobody's. */
const BASE: PathConstraints = { ...OPEN_CONSTRAINTS, countries: countriesByFirstByte({ 10: 'de', 11: 'fr' }) }
const DE = 0
const FR = 256
const NOBODY = 512
const WEB: ExitRequest = { hostKind: 'name', port: 443 }

const exit = (id: number, where = DE, ports: readonly number[] = [80, 443]): FakeRelay => ({
  id,
  flags: GOOD_EXIT,
  ports,
  subnet: where + id,
})
const guard = (id: number, where = DE): FakeRelay => ({ id, flags: GOOD_GUARD, subnet: where + id })
const middle = (id: number, where = DE): FakeRelay => ({ id, flags: GOOD, subnet: where + id })

/** Rows 0 to 8. */
const NETWORK = fakeNetDir([
  exit(1),
  exit(2, FR),
  exit(3, NOBODY, [80, 443, 7777]),
  guard(11),
  guard(12, FR),
  guard(13, NOBODY),
  middle(21),
  middle(22, FR),
  middle(23, NOBODY),
])

function choosing(choice: ChoiceTexts, base = BASE): PathConstraints {
  return { ...base, nodes: parseChoices(choice) }
}

function pick(constraints: PathConstraints, request = WEB, netDir: PathNetDir = NETWORK, seed = 1): Path {
  const random = seededRandom(seed)
  return pickExitPath(netDir, drawingGuards(random), request, constraints, random)
}

function rowsOver(constraints: PathConstraints, request = WEB): Record<keyof Path, number[]> {
  const paths = Array.from({ length: 200 }, (_, seed) => pick(constraints, request, NETWORK, seed))
  const rows = (position: keyof Path): number[] =>
    [...new Set(paths.map((path) => path[position]))].sort((a, b) => a - b)
  return { guard: rows('guard'), middle: rows('middle'), exit: rows('exit') }
}

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isTorError(error, 'no-path')) return error.message
    throw error
  }
  return 'nothing'
}

describe('the user’s choice of relays', () => {
  it.each<[ChoiceTexts, Partial<Record<keyof Path, number[]>>]>([
    [{}, { guard: [3, 4, 5], exit: [0, 1, 2], middle: [0, 1, 2, 3, 4, 5, 6, 7, 8] }],
    [{ exitNodes: '{fr}' }, { guard: [3, 4, 5], exit: [1] }],
    [{ exitNodes: 'relay1,{fr}', excludeExitNodes: 'relay1' }, { exit: [1] }],
    [{ entryNodes: '{de}' }, { guard: [3], exit: [0, 1, 2] }],
    [{ middleNodes: '{fr},relay23' }, { middle: [1, 4, 7, 8] }],
    [
      { excludeNodes: '{de}', excludeUnknownCountries: false },
      { guard: [4, 5], exit: [1, 2], middle: [1, 2, 4, 5, 7, 8] },
    ],
    [{ excludeNodes: '{de}' }, { guard: [4], exit: [1], middle: [7] }],
    [{ excludeExitNodes: '{de}' }, { exit: [1] }],
    [{ excludeUnknownCountries: true }, { guard: [3, 4], exit: [0, 1] }],
    [{ excludeNodes: 'relay1' }, { exit: [1, 2] }],
    [
      { excludeNodes: '10.0.0.0/8:9001', isStrict: true },
      { guard: [4, 5], exit: [1, 2] },
    ],
    [
      { exitNodes: '{de}', entryNodes: '{fr}', middleNodes: '{??}' },
      { guard: [4], exit: [0], middle: [2, 5, 8] },
    ],
  ])('%j decides who stands where', (choice, rows) => {
    expect(rowsOver(choosing(choice))).toMatchObject(rows)
  })

  it('holds with StrictNodes and without: an exit that cannot be had is not replaced', () => {
    for (const isStrict of [false, true]) {
      expect(refusal(() => pick(choosing({ exitNodes: '{us}', isStrict })))).toContain('ExitNodes')
      expect(refusal(() => pick(choosing({ excludeNodes: '*', isStrict })))).toContain('ExcludeNodes')
    }
  })

  it.each<[string, ChoiceTexts, ExitRequest]>([
    ['ExitNodes names no relay of the network: name others or remove ExitNodes', { exitNodes: '{us}' }, WEB],
    [
      'ExitNodes names one relay, which is not an exit that is not excluded and allows connections to this port: ' +
        'name others or remove ExitNodes',
      { exitNodes: 'relay1' },
      { ...WEB, port: 7777 },
    ],
    [
      'ExitNodes names 3 relays, none of which is an exit that is not excluded and allows connections to this port: ' +
        'name others or remove ExitNodes',
      { exitNodes: '{de}', excludeExitNodes: 'relay1' },
      WEB,
    ],
    [
      'ExcludeNodes with ExcludeExitNodes leaves none of the 3 exit relays that allow web connections: exclude fewer',
      { excludeNodes: 'relay1', excludeExitNodes: 'relay2,relay3' },
      { ...WEB, port: undefined },
    ],
    [
      'EntryNodes names 2 relays, none of which is a guard that can be used: name others or remove EntryNodes',
      { entryNodes: 'relay1,relay21' },
      WEB,
    ],
    ['none of the 3 guards is left by ExcludeNodes', { excludeNodes: 'relay11,relay12,relay13' }, WEB],
    [
      'MiddleNodes names one relay, which is not able to stand between this guard and this exit: ' +
        'name others or remove MiddleNodes',
      { middleNodes: 'relay1', exitNodes: 'relay1' },
      WEB,
    ],
    [
      'none of the 9 exit relays allows connections to this port',
      { exitNodes: '{de}' },
      { ...WEB, port: 25 },
    ],
  ])('is refused in words: %s', (words, choice, request) => {
    expect(refusal(() => pick(choosing(choice), request))).toBe(words)
  })

  it('that names a country waits for the countries instead of letting everybody pass', () => {
    const countries = {
      ...BASE.countries,
      checkLoaded: () => {
        throw new TorError('no-path', 'not read yet')
      },
    }
    const waiting = (choice: ChoiceTexts): string =>
      refusal(() => pick(choosing(choice, { ...BASE, countries })))
    for (const name of [
      'excludeNodes',
      'excludeExitNodes',
      'exitNodes',
      'entryNodes',
      'middleNodes',
    ] as const) {
      expect(waiting({ [name]: '{de}' })).toBe('not read yet')
    }
    expect(waiting({ families: ['{de}'] })).toBe('not read yet')
    expect(waiting({ excludeUnknownCountries: true })).toBe('not read yet')
    expect(waiting({ excludeNodes: 'relay1' })).toBe('nothing')
    const needs = (choice: ChoiceTexts): boolean => needsCountries(choosing(choice).nodes)
    expect([needs({}), needs({ exitNodes: 'a' }), needs({ families: ['{de}'] })]).toEqual([
      false,
      false,
      true,
    ])
  })

  it('keeps two relays of one NodeFamily apart and lets others be', () => {
    const constraints = choosing({ families: ['relay1,relay11', '{fr}'] })
    const paths = Array.from({ length: 300 }, (_, seed) => pick(constraints, WEB, NETWORK, seed))
    const fr = [1, 4, 7]
    for (const path of paths) {
      const rows = [path.guard, path.middle, path.exit]
      expect(rows.includes(0) && rows.includes(3)).toBe(false)
      expect(rows.filter((row) => fr.includes(row)).length).toBeLessThan(2)
    }
    expect(paths.some(({ guard, exit }) => guard === 4 && exit === 0)).toBe(true)
  })
})

describe('a request that names its exit or the exit’s country', () => {
  it('is served from there and nowhere else', () => {
    expect(rowsOver(BASE, { ...WEB, exitCountry: 'fr' }).exit).toEqual([1])
    expect(rowsOver(BASE, { ...WEB, exit: fakeIdentity(3) }).exit).toEqual([2])
    expect(rowsOver(BASE, { ...WEB, exit: fakeIdentity(1), exitCountry: 'de' }).exit).toEqual([0])
  })

  it.each<[string, ChoiceTexts, ExitRequest]>([
    ['no exit relay in us is known that the options permit', {}, { ...WEB, exitCountry: 'us' }],
    [
      'no exit relay in fr is known that the options permit',
      { exitNodes: '{de}' },
      { ...WEB, exitCountry: 'fr' },
    ],
    ['no exit relay in fr allows connections to this port', {}, { ...WEB, port: 7777, exitCountry: 'fr' }],
    [
      'no exit relay in fr that allows connections to this port is left to try',
      {},
      { ...WEB, exitCountry: 'fr', isExcluded: (row) => row === 1 },
    ],
    ['the chosen exit relay is not in the network now', {}, { ...WEB, exit: fakeIdentity(99) }],
    [
      'the chosen exit relay is not one that the options permit',
      { excludeNodes: 'relay1' },
      { ...WEB, exit: fakeIdentity(1) },
    ],
    [
      'the chosen exit relay does not allow connections to this port',
      {},
      { ...WEB, port: 7777, exit: fakeIdentity(1) },
    ],
    ['the chosen exit relay is not in fr', {}, { ...WEB, exitCountry: 'fr', exit: fakeIdentity(1) }],
    [
      'the chosen exit relay cannot be used for this request again',
      {},
      { ...WEB, exit: fakeIdentity(1), isExcluded: () => true },
    ],
  ])('is refused in words: %s', (words, choice, request) => {
    expect(refusal(() => pick(choosing(choice), request))).toBe(words)
  })

  it('is never served by a BadExit or MiddleOnly relay, even one that it names (TROVE-2026-067)', () => {
    for (const flag of ['BadExit', 'MiddleOnly'] as const) {
      const netDir = fakeNetDir([{ ...exit(1), flags: [...GOOD_EXIT, flag] }, exit(2), guard(11), middle(21)])
      const named = { ...WEB, exit: fakeIdentity(1) }
      expect(refusal(() => pick(BASE, named, netDir))).toBe('the chosen relay is no usable exit now')
    }
  })
})

describe('what the firewall lets through', () => {
  const reachableAddresses = parseAddressPolicy(['11.0.0.0/8:9001'], 'ReachableAddresses', {
    assumed: 'accept',
    rejectsOthers: true,
  })
  const constraints = { ...BASE, reachableAddresses }

  it('decides the first hop, also to a directory, and not the others', () => {
    expect(rowsOver(constraints)).toMatchObject({ guard: [4], exit: [0, 1, 2] })
    const targets = pickDirectoryGuards(NETWORK, drawingGuards(seededRandom(1)), constraints)
    expect(targets.map(({ ids }) => ids.rsa)).toEqual([fakeIdentity(12)])
  })

  it('is named where it leaves no guard', () => {
    const nobody = parseAddressPolicy(['*:1'], 'ReachableAddresses', {
      assumed: 'accept',
      rejectsOthers: true,
    })
    const words = refusal(() => pick({ ...BASE, reachableAddresses: nobody }))
    expect(words).toBe('none of the 3 guards is left by what the firewall lets through')
  })
})

describe('the filter for the guards', () => {
  it('permits what the options permit, and says whether that is everything', () => {
    const permitted = (constraints: PathConstraints): [boolean, number[]] => {
      const filter = guardFilter(constraints)
      return [filter.isRestricting, [3, 4, 5].filter((row) => filter.permits(NETWORK, row))]
    }
    expect(permitted(BASE)).toEqual([false, [3, 4, 5]])
    expect(permitted(choosing({ exitNodes: '{de}', middleNodes: '{de}' }))).toEqual([false, [3, 4, 5]])
    expect(permitted(choosing({ entryNodes: '{de}' }))).toEqual([true, [3]])
    expect(permitted(choosing({ excludeNodes: 'relay11' }))).toEqual([true, [4, 5]])
    expect(permitted(choosing({ excludeUnknownCountries: true }))).toEqual([true, [3, 4]])
    expect(permitted({ ...BASE, useIpv4: false })).toEqual([true, []])
    expect(permitted({ ...BASE, allowPrivateRelayAddresses: false })).toEqual([false, [4, 5]])
  })
})

describe('directories under the user’s choice', () => {
  const fallback = (id: number, host: string) => ({
    ids: { rsa: fakeIdentity(id), ed25519: undefined },
    endpoints: [{ host, port: 443 }],
    weight: 1,
  })
  const authority = (id: number, host: string): Authority => ({
    nickname: `auth${id}`,
    v3Identity: fakeIdentity(id + 100),
    rsaIdentity: fakeIdentity(id),
    endpoints: [{ host, port: 443 }],
    isBridgeAuthority: false,
  })
  const found = (constraints: PathConstraints): string[] => {
    const { fallbacks, authorities } = bootstrapDirectories(
      [fallback(1, '10.0.0.1'), fallback(2, '11.0.0.1')],
      [authority(3, '10.0.0.2'), authority(4, '12.0.0.1')],
      constraints,
      seededRandom(1),
    )
    return [...fallbacks, ...authorities].flatMap(({ endpoints }) => endpoints.map(({ host }) => host)).sort()
  }

  it('are not those that are excluded, by country, range, nickname or fingerprint', () => {
    expect(found(BASE)).toHaveLength(4)
    expect(found(choosing({ excludeNodes: '{de}' }))).toEqual(['11.0.0.1'])
    expect(found(choosing({ excludeNodes: '{de}', excludeUnknownCountries: false }))).toEqual([
      '11.0.0.1',
      '12.0.0.1',
    ])
    expect(found(choosing({ excludeNodes: `11.0.0.0/8,AUTH4,$${fakeIdentity(1)}` }))).toEqual(['10.0.0.2'])
  })

  it('are excluded ones where there are no others, unless StrictNodes is set', () => {
    expect(found(choosing({ excludeNodes: '*' }))).toHaveLength(4)
    expect(found(choosing({ excludeNodes: '*', isStrict: true }))).toEqual([])
  })

  it('are never dialled where the firewall or a private address forbids it, strict or not', () => {
    const reachableAddresses = parseAddressPolicy(['reject 11.0.0.0/8'], 'ReachableAddresses')
    expect(found({ ...BASE, reachableAddresses })).not.toContain('11.0.0.1')
    const isPublic = { ...BASE, allowPrivateRelayAddresses: false }
    expect(found(isPublic)).toEqual(['11.0.0.1', '12.0.0.1'])
    expect(found({ ...choosing({ excludeNodes: '*' }, isPublic), reachableAddresses })).toEqual(['12.0.0.1'])
  })

  it('at the end of three hops yield to need too, but guards and middles never do', () => {
    const everyDirectory = Array.from({ length: NETWORK.relayCount }, (_, row) => row)
      .filter((row) => row < 3)
      .map((row) => `relay${row + 1}`)
      .join()
    const netDir = fakeNetDir([
      exit(1),
      exit(2, FR),
      exit(3),
      { ...guard(11), flags: GOOD_GUARD },
      { ...middle(21), flags: ['Running', 'Valid', 'Fast', 'Stable'] },
    ])
    const pickTo = (constraints: PathConstraints): Path => {
      const random = seededRandom(1)
      return pickDirectoryPath(netDir, drawingGuards(random), constraints, random)
    }
    const path = pickTo(choosing({ excludeNodes: everyDirectory, entryNodes: 'relay11' }))
    expect([path.guard, path.middle]).toEqual([3, 4])
    const strict = choosing({ excludeNodes: `${everyDirectory},relay11`, isStrict: true })
    expect(refusal(() => pickTo(strict))).toContain('ExcludeNodes')
  })
})

describe('the countries that one could appear to be in', () => {
  it('come with their exits, their share of the weight and the bits of uncertainty that choosing them costs', () => {
    const weighted = (relay: FakeRelay, bandwidth: number): FakeRelay => ({ ...relay, bandwidth })
    const netDir = fakeNetDir([
      weighted(exit(1), 1),
      weighted(exit(2), 1),
      weighted(exit(3), 1),
      weighted(exit(4), 1),
      weighted(exit(5, FR), 2),
      weighted(exit(6, NOBODY), 2),
      weighted(exit(7, FR, [22]), 100),
      weighted({ ...exit(8, FR), flags: [...GOOD_EXIT, 'BadExit'] }, 100),
      weighted(guard(9), 100),
    ])
    // Four exits of 1/8 and two of 1/4: 2.5 bits.
    expect(exitCountries(netDir, BASE)).toEqual([
      { country: 'de', exits: 4, share: 0.5, entropyLostBits: 0.5 },
      { country: 'fr', exits: 1, share: 0.25, entropyLostBits: 2.5 },
    ])
    const chosen = exitCountries(
      netDir,
      choosing({ excludeExitNodes: '{??}', excludeNodes: 'relay1,relay2' }),
    )
    expect(chosen.map(({ country, exits, share }) => [country, exits, share])).toEqual([
      ['de', 2, 0.5],
      ['fr', 1, 0.5],
    ])
  })
})
