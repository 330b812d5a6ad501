/** Bridges as guards: a sample of their own beside the usual one, which waits untouched. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { GuardManager } from '../../../core/guard/guard-manager.ts'
import { DEFAULT_GUARD_OPTIONS } from '../../../core/guard/guard-limits.ts'
import type { BridgeRelay } from '../../../core/netdir/bridge-relay.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { bridgeLine, bridgeRelay, DIRECT_VIEW, FIRST_BRIDGE_ROW } from '../../support/bridged-view.ts'
import { guardFilter } from '../../../core/path/guard-choice.ts'
import { OPEN_CONSTRAINTS } from '../../support/path-constraints.ts'
import { fakeIdentity, fakeNetDir } from '../../support/fake-net-dir.ts'
import { ANY, DAY_MS, DIRECTORY, GuardBench, NEW_FAILURE, relays } from '../../support/guard-bench.ts'

const BRIDGES = [11, 12, 13].map((number) => bridgeRelay(number))
const VIEW = DIRECT_VIEW.withBridges(BRIDGES)
let bench: GuardBench
let guards: GuardManager

beforeEach(async () => {
  bench = new GuardBench()
  guards = await bench.load()
})

function isUsed(view: NetDir, row: number): void {
  const { rsa } = view.ids(row)
  guards.reportChannelAttempt(rsa)
  guards.reportChannelSuccess(rsa)
}

const only = (...bridges: readonly BridgeRelay[]): NetDir => DIRECT_VIEW.withBridges(bridges)

describe('the sample of bridges', () => {
  test('has all of them and no relay, and the usual one stays as it was', () => {
    const usual = guards.pickGuard(DIRECT_VIEW, ANY)
    isUsed(DIRECT_VIEW, usual)
    const before = guards.sample
    expect(guards.pickGuard(VIEW, ANY)).toBeGreaterThanOrEqual(FIRST_BRIDGE_ROW)
    expect(guards.sample.map(({ rsa }) => rsa).sort()).toEqual(BRIDGES.map(({ ids }) => ids.rsa).sort())
    expect(guards.pickGuard(DIRECT_VIEW, ANY)).toBe(usual)
    expect(guards.sample).toEqual(before)
    expect(bench.lines.filter((line) => line.startsWith('notice'))).toHaveLength(2)
  })

  test('comes into use at run time, and no usual guard is drawn for it', () => {
    const many = fakeNetDir(relays(250))
    guards.pickGuard(many, ANY)
    const before = guards.sample
    const bridges = BRIDGES.map(({ line }) => line)
    guards.useChoices(DEFAULT_GUARD_OPTIONS, guardFilter({ ...OPEN_CONSTRAINTS, bridges }))
    expect(guards.sample).toEqual(before)
    expect(guards.pickGuard(VIEW, ANY)).toBeGreaterThanOrEqual(FIRST_BRIDGE_ROW)
    guards.useChoices(DEFAULT_GUARD_OPTIONS, guardFilter(OPEN_CONSTRAINTS))
    guards.pickGuard(many, ANY)
    expect(guards.sample).toEqual(before)
  })

  test('is kept over a restart, with the order in which they were first used', async () => {
    const first = guards.pickGuard(VIEW, ANY)
    isUsed(VIEW, first)
    await guards.flush()
    guards = await new GuardBench(bench.store, 99).load()
    expect(guards.knownBridges[0]).toBe(VIEW.ids(first).rsa)
    expect(guards.pickGuard(VIEW, ANY)).toBe(first)
  })

  test('keeps the place of a bridge that is taken away for a while', () => {
    const first = guards.pickGuard(VIEW, ANY)
    isUsed(VIEW, first)
    const others = BRIDGES.filter(({ ids }) => ids.rsa !== VIEW.ids(first).rsa)
    const without = only(...others)
    expect(without.ids(guards.pickGuard(without, ANY)).rsa).not.toBe(VIEW.ids(first).rsa)
    expect(guards.pickGuard(VIEW, ANY)).toBe(first)
  })

  test('takes more bridges than there are usual guards, and none twice', () => {
    const many = Array.from({ length: 90 }, (_, n) => bridgeRelay(n + 1))
    guards.pickGuard(only(...many), ANY)
    guards.pickGuard(only(...many), DIRECTORY)
    expect(new Set(guards.sample.map(({ rsa }) => rsa)).size).toBe(90)
    expect(guards.sample).toHaveLength(90)
  })

  test('goes on with a bridge whose ed25519 identity is another now', () => {
    guards.pickGuard(VIEW, ANY)
    const changed = BRIDGES.map((bridge, at) => ({
      ...bridge,
      ids: { ...bridge.ids, ed25519: BRIDGES[(at + 1) % 3]?.ids.ed25519 },
    }))
    expect(guards.pickGuard(only(...changed), ANY)).toBeGreaterThanOrEqual(FIRST_BRIDGE_ROW)
  })
})

describe('the choice among bridges', () => {
  test('falls on those that have sent their descriptor', () => {
    const view = only(bridgeRelay(11, bridgeLine(11), false), bridgeRelay(12))
    for (let pick = 0; pick < 5; pick++) expect(guards.pickGuard(view, ANY)).toBe(FIRST_BRIDGE_ROW + 1)
  })

  test('passes over one that cannot be reached, and returns to it', () => {
    const first = guards.pickGuard(VIEW, ANY)
    isUsed(VIEW, first)
    guards.reportChannelFailure(VIEW.ids(first).rsa, NEW_FAILURE)
    const second = guards.pickGuard(VIEW, ANY)
    expect(second).not.toBe(first)
    isUsed(VIEW, second)
    bench.clock.advance(DAY_MS)
    expect(guards.pickGuard(VIEW, ANY)).toBe(first)
  })

  test('lets one wait that is not the first choice, as guards do', () => {
    const row = guards.pickGuard(VIEW, ANY)
    expect(guards.readiness(VIEW.ids(row).rsa, ANY, VIEW)).toBe('usable')
  })

  test('lets one wait for those that its restrictions allowed, whatever rows they have by now', async () => {
    const bridges = [11, 12, 13, 14].map((number) => bridgeRelay(number))
    const view = only(...bridges)
    guards.pickGuard(view, ANY)
    const rsas = guards.sample.map(({ rsa }) => rsa)
    const first = new Set(rsas.slice(0, 3).map((rsa) => view.bridgeRowOf(rsa)))
    const last = rsas.at(-1) ?? fakeIdentity(0)
    const excluding = (excludes: (row: number) => boolean) => ({ purpose: 'circuit', excludes }) as const
    guards.pickGuard(only(...[...bridges].reverse()), ANY)
    const withoutFirst = excluding((row) => first.has(row))
    expect(guards.readiness(last, withoutFirst, view)).toBe('usable')
    const onlyFirst = excluding((row) => !first.has(row))
    expect(guards.readiness(last, onlyFirst, view)).toBe('waiting')
    await guards.close()
  })

  test('when all are down, is tried again at a pace, and says so', () => {
    const view = only(bridgeRelay(11))
    expect(guards.pickGuard(view, ANY)).toBe(FIRST_BRIDGE_ROW)
    guards.reportChannelFailure(view.ids(FIRST_BRIDGE_ROW).rsa, NEW_FAILURE)
    expect(() => guards.pickGuard(view, ANY)).toThrow(
      /none of the 1 bridges could be reached; the next try is in/,
    )
    bench.clock.advance(60_000)
    expect(guards.pickGuard(view, ANY)).toBe(FIRST_BRIDGE_ROW)
  })

  test.each([
    ['none was reached', [], 'none has been reached yet'],
    ['none has sent its descriptor', [bridgeRelay(11, bridgeLine(11), false)], 'has sent its descriptor yet'],
  ])('says why there is no choice while %s, and falls on no relay', (_, bridges, words) => {
    expect(() => guards.pickGuard(only(...bridges), ANY)).toThrow(words)
  })
})
