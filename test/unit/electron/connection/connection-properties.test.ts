/** Random sequences of everything that can happen never lead to a view that cannot be. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConnectionEvent, ConnectionEvidence } from '../../../../electron/connection/connection-event.ts'
import { HOLD_MS } from '../../../../electron/connection/connect-limits.ts'
import {
  type ConnectionModel,
  dependsOnTime,
  initialModel,
} from '../../../../electron/connection/connection-model.ts'
import { step } from '../../../../electron/connection/connection-machine.ts'
import { viewOf } from '../../../../electron/connection/connection-view.ts'
import {
  type AttemptView,
  type ConnectionView,
  MAX_ATTEMPTS,
} from '../../../../electron/ipc/snapshot-connection.ts'
import { NOTHING_YET } from './machine-rig.ts'

const RUNS = 300

const blockage: fc.Arbitrary<ConnectionEvidence['blockage']> = fc.option(
  fc.record({
    kind: fc.constantFrom('channel-failed', 'timeout', 'proxy-failed', 'obsolete-client', 'bad-directory'),
    detail: fc.constant('detail'),
    failures: fc.integer({ min: 1, max: 9 }),
    sinceMs: fc.constant(0),
    cause: fc.constantFrom(undefined, 'clock-skew' as const, 'no-network' as const, 'blocked' as const),
  }),
  { nil: undefined, freq: 2 },
)

const evidence: fc.Arbitrary<ConnectionEvidence> = fc.record({
  phase: fc.constantFrom(
    'starting',
    'conn',
    'loading-status',
    'loading-descriptors',
    'circuit-create',
    'done',
  ),
  progress: fc.option(fc.record({ done: fc.nat(9_000), total: fc.nat(8_000) }), { nil: undefined }),
  blockage,
  isConnected: fc.boolean(),
  verifiedMs: fc.option(fc.nat(), { nil: undefined }),
  clockAheadMs: fc.option(fc.integer(), { nil: undefined }),
  network: fc.constantFrom('unknown', 'up', 'down', 'blocked'),
})

const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wanted' as const), isWanted: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('way' as const),
      way: fc.constantFrom(
        { kind: 'direct' as const },
        { kind: 'bridges' as const, transports: ['vanilla'], count: 1 },
        { kind: 'bridges' as const, transports: [], count: 0 },
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('core' as const),
      state: fc.constantFrom(
        { kind: 'stopped' as const },
        { kind: 'starting' as const },
        { kind: 'running' as const },
        { kind: 'running' as const },
        { kind: 'gone' as const, reason: 'crashed' as const, detail: 'x', count: 1, nextMs: 5 },
      ),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('status' as const), status: evidence }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('system-proxy' as const),
      view: fc.record({
        isWanted: fc.boolean(),
        state: fc.constantFrom('off', 'applying', 'on', 'changed', 'failed', 'restoring', 'restore-failed'),
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ kind: 'start-failed' as const, reason: { kind: 'limit', detail: 'x' } }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restoring' as const), isRestoring: fc.boolean() }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'tick' as const }) },
)

const history = fc.array(fc.tuple(event, fc.constantFrom(0, 250, 1_000, 4_000, 40_000)), {
  minLength: 5,
  maxLength: 120,
})

const shortHistory = fc.array(fc.tuple(event, fc.constantFrom(0, 250, 1_000, 4_000, 40_000)), {
  maxLength: 8,
})

const CONNECT: readonly (readonly [ConnectionEvent, number])[] = [
  [{ kind: 'wanted', isWanted: true }, 0],
  [{ kind: 'core', state: { kind: 'running' } }, 0],
  [{ kind: 'status', status: { ...NOTHING_YET, phase: 'done', network: 'up', isConnected: true } }, 1_000],
]

interface Seen {
  readonly model: ConnectionModel
  readonly view: ConnectionView
  readonly before: ConnectionView
  readonly nowMs: number
}

function play(
  events: readonly (readonly [ConnectionEvent, number])[],
  check: (seen: Seen) => void,
): ConnectionModel {
  let nowMs = 0
  let model = initialModel({ wallMs: 0, monotonicMs: 0 }, false)
  for (const [next, waitMs] of events) {
    nowMs += waitMs
    const before = viewOf(model)
    model = step(model, next, { wallMs: nowMs, monotonicMs: nowMs }).model
    check({ model, view: viewOf(model), before, nowMs })
  }
  return model
}

function always(check: (seen: Seen) => void): void {
  fc.assert(
    fc.property(history, (events) => {
      play(events, check)
    }),
    { numRuns: RUNS },
  )
}

function isGreen({ state, tor }: ConnectionView): boolean {
  return state === 'connected' || state === 'proxy-not-applied' || tor === 'connected'
}

describe('whatever happens to the connection', () => {
  it('is green only while wanted, with a live core whose newest word is that a stream went through', () => {
    always(({ model, view }) => {
      if (!isGreen(view)) return
      expect(model.isWanted).toBe(true)
      expect(model.core.kind).toBe('running')
      expect(model.evidence).toMatchObject({ isConnected: true })
      expect(view.percent).toBe(100)
    })
  })

  it('is never connected while a wanted system proxy is known to be out of force', () => {
    always(({ model, view }) => {
      if (view.state !== 'connected' || !model.proxy.isWanted) return
      expect(['on', 'applying', 'off']).toContain(model.proxy.state)
    })
  })

  it('is off or restoring exactly while nobody wants it, and off only when the core is gone', () => {
    always(({ model, view }) => {
      expect(view.state === 'off' || view.state === 'restoring').toBe(!model.isWanted)
      if (view.state === 'off') expect(model.core.kind).toBe('stopped')
      if (view.state === 'off') expect(model.isRestoring).toBe(false)
    })
  })

  it('ends in off after a stop, from wherever it was', () => {
    fc.assert(
      fc.property(history, (events) => {
        const stop: readonly (readonly [ConnectionEvent, number])[] = [
          [{ kind: 'wanted', isWanted: false }, 0],
          [{ kind: 'core', state: { kind: 'stopped' } }, 0],
          [{ kind: 'restoring', isRestoring: false }, 0],
        ]
        const view = viewOf(play([...events, ...stop], () => {}))
        expect(view).toMatchObject({ state: 'off', tor: 'off', coreRestart: undefined })
        expect(view.attempts.every(({ endedMs }) => endedMs !== undefined)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  })

  it('keeps rows that make sense: ids count up, one runs at most, what ended stays, the percent never falls', () => {
    always(({ view, before }) => {
      expect(view.attempts.length).toBeLessThanOrEqual(MAX_ATTEMPTS)
      for (const [index, row] of view.attempts.entries()) {
        expect(row.percent >= 0 && row.percent <= 100).toBe(true)
        expect(row.percent === 100).toBe(row.outcome === 'connected')
        if (index > 0) expect(row.id).toBe((view.attempts[index - 1]?.id ?? 0) + 1)
        if (index < view.attempts.length - 1) expect(row.endedMs).toBeDefined()
        expectGrowth(
          before.attempts.find(({ id }) => id === row.id),
          row,
        )
      }
    })
  })

  it('says by how much a clock is wrong whenever it says so, and why it failed whenever it failed', () => {
    always(({ view }) => {
      if (view.state === 'clock-wrong') expect(view.clock).toBeDefined()
      if (view.state === 'failed') expect(view.attempts.at(-1)).toMatchObject({ outcome: 'failed' })
      if (view.state === 'failed') expect(view.attempts.at(-1)?.reason).toBeDefined()
      expect(view.state === 'protected-down' && view.coreRestart === undefined).toBe(false)
    })
  })

  it('is judged the same by who looks a moment, an hour or never later, where it says that time changes nothing', () => {
    let timeless = 0
    const look = ({ model, view, nowMs }: Seen): void => {
      if (dependsOnTime(model) || !model.isWanted) return
      timeless++
      for (const laterMs of [1, 2_500, 5_000, 3_600_000]) {
        const moment = { wallMs: nowMs + laterMs, monotonicMs: nowMs + laterMs }
        const later = step(model, { kind: 'tick' }, moment)
        expect(viewOf(later.model)).toEqual(view)
        expect(later.notices).toEqual([])
        expect(dependsOnTime(later.model)).toBe(false)
      }
    }
    // Most of what happens is no connection: it begins with one.
    fc.assert(
      fc.property(shortHistory, (events) => void play([...CONNECT, ...events], look)),
      {
        numRuns: RUNS,
      },
    )
    expect(timeless).toBeGreaterThan(RUNS)
  })

  it('changes its state back and forth no more often than the hold allows', () => {
    always(({ model, view, before, nowMs }) => {
      const isTrouble = ['no-network', 'clock-wrong', 'blocked', 'degraded'].includes(before.state)
      const isSofter = ['checking', 'connecting', 'slow', 'stalled'].includes(view.state)
      if (!isTrouble || !isSofter || !model.isWanted) return
      expect(nowMs - before.sinceMs).toBeGreaterThanOrEqual(HOLD_MS)
    })
  })
})

function expectGrowth(before: AttemptView | undefined, now: AttemptView): void {
  if (before === undefined) return
  expect(now.percent).toBeGreaterThanOrEqual(before.percent)
  if (before.endedMs !== undefined) expect(now).toEqual(before)
}
