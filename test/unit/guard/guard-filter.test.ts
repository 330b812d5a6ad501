import { describe, expect, it } from 'vitest'
import { chooseSample, type GuardFilter, NO_GUARD_FILTER } from '../../../core/guard/guard-filter.ts'
import { DEFAULT_GUARD_OPTIONS } from '../../../core/guard/guard-limits.ts'
import type { GuardManager } from '../../../core/guard/guard-manager.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { fakeNetDir } from '../../support/fake-net-dir.ts'
import {
  ANY,
  connect,
  GuardBench,
  placesInUse,
  readinessAt,
  relays,
  rsaAt,
} from '../../support/guard-bench.ts'

const netDir = fakeNetDir(relays(1000))

/** Permits the first guards of the network. */
function first(count: number): GuardFilter {
  return { permits: (_, index) => index < count, isRestricting: true }
}

function identities(guards: GuardManager): RsaIdentity[] {
  return guards.sample.map(({ rsa }) => rsa)
}

describe('a user’s choice of guards', () => {
  it.each([
    ['nothing at all', NO_GUARD_FILTER, 'default', false],
    ['a good part', first(200), 'default', false],
    ['little', first(199), 'restricted', false],
    ['one in a hundred', first(10), 'restricted', false],
    ['almost everything', first(9), 'restricted', true],
  ] as const)('that leaves out %s calls for its sample', (_, filter, name, isExtreme) => {
    expect(chooseSample(netDir, filter, undefined)).toMatchObject({ name, isExtreme })
  })

  it('changes its sample only well beyond the threshold, not with every relay that comes and goes', () => {
    expect(chooseSample(netDir, first(195), 'default').name).toBe('default')
    expect(chooseSample(netDir, first(189), 'default').name).toBe('restricted')
    expect(chooseSample(netDir, first(205), 'restricted').name).toBe('restricted')
    expect(chooseSample(netDir, first(211), 'restricted').name).toBe('default')
  })

  it('that is narrow gets a sample of its own, drawn among the few, and the usual guards are there again after it', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const usual = connect(guards, netDir, () => true)
    const before = guards.sample
    guards.useChoices(DEFAULT_GUARD_OPTIONS, first(50))
    const narrow = connect(guards, netDir, () => true)
    expect(narrow).toBeLessThan(50)
    expect(guards.sample).toHaveLength(20)
    for (const { rsa } of guards.sample) expect(netDir.indexOf(rsa)).toBeLessThan(50)
    expect(bench.lines).toEqual([
      'notice The configuration permits 50 of the 1000 guards; a choice among these is kept beside the usual one.',
    ])
    await guards.flush()

    const restarted = await bench.load({ filter: first(50) })
    expect(restarted.pickGuard(netDir, ANY)).toBe(narrow)
    expect(identities(restarted)).toEqual(identities(guards))
    restarted.useChoices(DEFAULT_GUARD_OPTIONS, NO_GUARD_FILTER)
    expect(restarted.pickGuard(netDir, ANY)).toBe(usual)
    expect(restarted.sample).toEqual(before)
    restarted.useChoices(DEFAULT_GUARD_OPTIONS, first(50))
    expect(restarted.pickGuard(netDir, ANY)).toBe(narrow)
  })

  it('that is wide passes guards over in the usual sample and takes no place from them', async () => {
    const guards = await new GuardBench().load()
    connect(guards, netDir, () => true)
    const usual = rsaAt(guards, 0)
    const before = identities(guards)
    const excluded = netDir.indexOf(usual) ?? -1
    guards.useChoices(DEFAULT_GUARD_OPTIONS, {
      permits: (_, index) => index !== excluded,
      isRestricting: true,
    })
    expect(placesInUse(guards, netDir)).toEqual([1])
    expect(identities(guards).slice(0, 20)).toEqual(before)
    guards.useChoices(DEFAULT_GUARD_OPTIONS, NO_GUARD_FILTER)
    expect(placesInUse(guards, netDir)).toEqual([0])
  })

  it('that leaves only a handful is said to be dangerous, once', async () => {
    const bench = new GuardBench()
    const guards = await bench.load({ filter: first(3) })
    for (let n = 0; n < 5; n++) guards.pickGuard(fakeNetDir(relays(1000)), ANY)
    expect(bench.warnings()).toHaveLength(1)
    expect(bench.warnings()[0]).toContain('only 3 of the 1000 guards')
    expect(guards.sample).toHaveLength(3)
  })

  it('that leaves nobody is refused in words', async () => {
    const guards = await new GuardBench().load({ filter: first(0) })
    expect(() => guards.pickGuard(netDir, ANY)).toThrow(
      'the configuration permits none of the guards that the consensus lists',
    )
  })

  it('ends the use of circuits through guards that it does not permit', async () => {
    const guards = await new GuardBench().load()
    connect(guards, netDir, () => true)
    const usual = rsaAt(guards, 0)
    expect(readinessAt(guards, netDir, 0)).toBe('usable')
    guards.useChoices(DEFAULT_GUARD_OPTIONS, {
      permits: (dir, index) => dir.ids(index).rsa !== usual,
      isRestricting: true,
    })
    expect(guards.readiness(usual, ANY, netDir)).toBe('unusable')
  })

  it('that cannot be judged yet leaves the guards as they are, and is asked again', async () => {
    const guards = await new GuardBench().load()
    connect(guards, netDir, () => true)
    let isKnown = false
    const filter: GuardFilter = {
      isRestricting: true,
      permits(_, index) {
        if (!isKnown) throw new Error('no countries yet')
        return index >= 500
      },
    }
    expect(() => guards.useChoices(DEFAULT_GUARD_OPTIONS, filter)).toThrow('no countries yet')
    expect(() => guards.pickGuard(netDir, ANY)).toThrow('no countries yet')
    isKnown = true
    expect(guards.pickGuard(netDir, ANY)).toBeGreaterThanOrEqual(500)
  })
})
