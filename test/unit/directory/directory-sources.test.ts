import { describe, expect, it } from 'vitest'
import {
  AUTHORITY_DELAY_MS,
  bootstrapTiers,
  type DirectorySource,
  decideNextStep,
  HANG_MS,
  LONGEST_PATIENCE_MS,
  PATIENCE_MS,
  type RaceState,
  refreshTiers,
  type RunningTry,
  type SourceRecord,
} from '../../../core/directory/directory-sources.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'

function target(n: number): ChannelTarget {
  return {
    ids: { rsa: parseRsaIdentity(`${n}`.padStart(40, '0')), ed25519: undefined },
    endpoints: [{ host: '10.0.0.1', port: n }],
  }
}

const tiers = bootstrapTiers({ fallbacks: [1, 2, 3, 4].map(target), authorities: [11, 12].map(target) })
const [fallbackTier, authorityTier] = tiers

function source(tier: 0 | 1, index: number): DirectorySource {
  const found = tiers[tier]?.sources[index]
  if (found === undefined) throw new Error('no such source')
  return found
}

function running(
  which: DirectorySource,
  startedMs: number,
  lastProgressMs = startedMs,
  receivedBytes = 0,
): RunningTry {
  return { source: which, startedMs, lastProgressMs, receivedBytes }
}

function state(parts: Partial<RaceState>): RaceState {
  return {
    tiers,
    running: [],
    recordOf: () => ({ failures: 0, restUntilMs: 0 }),
    isUnreached: () => false,
    lastAsked: undefined,
    notBeforeMs: 0,
    ...parts,
  }
}

function recordsOf(records: ReadonlyMap<DirectorySource, SourceRecord>) {
  return (asked: DirectorySource): SourceRecord => records.get(asked) ?? { failures: 0, restUntilMs: 0 }
}

describe('who uses bridges', () => {
  it('asks them and nobody else, before the first consensus and after it', () => {
    const directories = { fallbacks: [target(1)], authorities: [target(2)], bridges: [target(3), target(4)] }
    const only = bootstrapTiers(directories)
    expect(only.map(({ sources }) => sources.map(({ kind }) => kind))).toEqual([['bridge', 'bridge']])
    expect(refreshTiers([], only, true)).toEqual(only)
    expect(bootstrapTiers({ ...directories, bridges: [] }).flatMap(({ sources }) => sources)).toEqual([])
  })
})

describe('whom to ask next', () => {
  it('is a fallback at once', () => {
    expect(decideNextStep(state({}), 0)).toEqual({ kind: 'start', source: source(0, 0) })
  })

  it('is an authority at once when there are no fallbacks', () => {
    const alone = bootstrapTiers({ fallbacks: [], authorities: [target(11)] })
    expect(decideNextStep(state({ tiers: alone }), 0).kind).toBe('start')
    expect(fallbackTier?.notBeforeMs).toBe(0)
    expect(authorityTier?.notBeforeMs).toBe(AUTHORITY_DELAY_MS)
  })

  it('waits while a try shows signs of life', () => {
    const step = decideNextStep(state({ running: [running(source(0, 0), 0, 5_000)] }), 5_500)
    expect(step).toEqual({ kind: 'wait', untilMs: 5_000 + HANG_MS })
  })

  it('is another one beside a try that hangs', () => {
    const step = decideNextStep(state({ running: [running(source(0, 0), 0)] }), HANG_MS)
    expect(step).toEqual({ kind: 'start', source: source(0, 1) })
  })

  it('is another one beside a try that trickles for too long', () => {
    const trickle = running(source(0, 0), 0, PATIENCE_MS - 1)
    expect(decideNextStep(state({ running: [trickle] }), PATIENCE_MS).kind).toBe('start')
  })

  it('is nobody beside a try on a slow line that goes on steadily, for some time', () => {
    const stepAt = (nowMs: number, bytesPerSecond: number): string => {
      const run = running(source(0, 0), 0, nowMs, (bytesPerSecond * nowMs) / 1000)
      return decideNextStep(state({ running: [run] }), nowMs).kind
    }
    for (const nowMs of [PATIENCE_MS, 60_000, LONGEST_PATIENCE_MS - 1]) {
      expect([stepAt(nowMs, 1_500), stepAt(nowMs, 900)]).toEqual(['wait', 'start'])
    }
    // Who is slow on purpose holds us up no longer.
    expect(stepAt(LONGEST_PATIENCE_MS, 100_000)).toBe('start')
  })

  it('is an authority from six seconds on, when only fallbacks are being tried', () => {
    const hanging = [running(source(0, 0), 0), running(source(0, 1), HANG_MS)]
    const step = decideNextStep(state({ running: hanging }), AUTHORITY_DELAY_MS)
    expect(step).toEqual({ kind: 'start', source: source(1, 0) })
  })

  it('is nobody while three tries are under way', () => {
    const three = [0, 1, 2].map((index) => running(source(0, index), 0))
    expect(decideNextStep(state({ running: three }), 1_000_000)).toEqual({ kind: 'idle' })
  })

  it('is nobody before the back-off is over', () => {
    expect(decideNextStep(state({ notBeforeMs: 700 }), 100)).toEqual({ kind: 'wait', untilMs: 700 })
  })

  it('is looked for again in a while when there is nobody', () => {
    expect(decideNextStep(state({ tiers: [] }), 100)).toEqual({ kind: 'wait', untilMs: 60_100 })
  })

  it('is one that has failed less often', () => {
    const records = new Map<DirectorySource, SourceRecord>([
      [source(0, 0), { failures: 2, restUntilMs: 0 }],
      [source(0, 1), { failures: 1, restUntilMs: 0 }],
    ])
    expect(decideNextStep(state({ recordOf: recordsOf(records) }), 0)).toEqual({
      kind: 'start',
      source: source(0, 2),
    })
  })

  it('is nobody that rests, and the wait ends when the first one has rested', () => {
    const records = new Map<DirectorySource, SourceRecord>(
      [0, 1, 2, 3].map((index) => [source(0, index), { failures: 1, restUntilMs: 9_000 - index }]),
    )
    expect(decideNextStep(state({ recordOf: recordsOf(records) }), 100)).toEqual({
      kind: 'wait',
      untilMs: AUTHORITY_DELAY_MS,
    })
    const fallbacksOnly = state({ recordOf: recordsOf(records), tiers: tiers.slice(0, 1) })
    expect(decideNextStep(fallbacksOnly, 100)).toEqual({ kind: 'wait', untilMs: 8_997 })
  })
})

describe('whom to ask next once there is a view', () => {
  const guards = [8, 9].map(target)
  const kindOf = (parts: Partial<RaceState>, isViewOfUse = true): string => {
    const step = decideNextStep(state({ tiers: refreshTiers(guards, tiers, isViewOfUse), ...parts }), 60_000)
    return step.kind === 'start' ? step.source.kind : step.kind
  }
  const guard = (index: 0 | 1): DirectorySource => ({ kind: 'guard', target: guards[index] ?? target(0) })
  const failing = (source: DirectorySource): SourceRecord => ({
    failures: source.kind === 'guard' ? 5 : 0,
    restUntilMs: 0,
  })

  it('is a guard, however often guards had nothing newer', () => {
    expect(kindOf({ recordOf: failing, lastAsked: guard(0) })).toBe('guard')
  })

  it('is nobody while the guards want to be left in peace, or are all being asked', () => {
    const resting = (source: DirectorySource): SourceRecord => ({
      failures: 1,
      restUntilMs: source.kind === 'guard' ? 90_000 : 0,
    })
    expect(kindOf({ recordOf: resting })).toBe('wait')
    expect(kindOf({ running: [running(guard(0), 0), running(guard(1), 0)] })).toBe('idle')
  })

  it('is a guard while one of them can be reached', () => {
    const isUnreached = ({ target: { ids } }: DirectorySource): boolean => ids.rsa === target(8).ids.rsa
    expect(kindOf({ isUnreached, recordOf: failing, lastAsked: guard(0) })).toBe('guard')
  })

  it('is a guard and somebody else by turns when none of them can be reached', () => {
    const down = { isUnreached: (source: DirectorySource) => source.kind === 'guard', recordOf: failing }
    expect(kindOf({ ...down, lastAsked: guard(0) })).toBe('fallback')
    expect(kindOf({ ...down, lastAsked: source(0, 0) })).toBe('guard')
  })

  it('is a guard first and anybody then when the view is of no use any more', () => {
    expect(kindOf({ recordOf: failing }, false)).toBe('guard')
    expect(kindOf({ recordOf: failing, lastAsked: guard(0) }, false)).toBe('fallback')
  })

  it('is everybody when there is no guard', () => {
    expect(refreshTiers([], tiers, true)).toEqual(tiers)
  })
})
