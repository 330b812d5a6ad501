import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type BuildTimeout,
  type BuildTimeoutSettings,
  loadBuildTimeout,
} from '../../../core/circuit-manager/build-timeout.ts'
import {
  buildTimeHistogram,
  estimateBuildTime,
  scaleForHops,
} from '../../../core/circuit-manager/build-times.ts'
import { NetParams } from '../../../core/netdir/net-params.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { TorError } from '../../../core/util/errors.ts'
import type { LogRecord } from '../../../core/util/log.ts'
import { Logger } from '../../../core/util/log.ts'
import { type Random, randomFraction } from '../../../core/util/random.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const PARAMS = { modes: 10, quantile: 0.8, closeQuantile: 0.99 }
const MISSED = { hasFirstHop: true, hasHeard: true }

/** Build times as the model has them: Pareto with this start and shape. */
function paretoMs(random: Random, xmMs: number, alpha: number): number {
  return xmMs / (1 - randomFraction(random)) ** (1 / alpha)
}

function paretoTimes(seed: number, count: number, xmMs: number, alpha: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => paretoMs(random, xmMs, alpha))
}

let store: MemoryStateStore
let settings: BuildTimeoutSettings
let notices: LogRecord[]

beforeEach(() => {
  store = new MemoryStateStore()
  settings = { initialTimeoutMs: undefined, isLearning: true }
  notices = []
})

function load(): Promise<BuildTimeout> {
  const log = new Logger((record) => {
    if (record.level === 'notice' || record.level === 'warn') notices.push(record)
  })
  return loadBuildTimeout({ store, random: seededRandom(3), log, settings: () => settings })
}

function learn(timeout: BuildTimeout, timesMs: readonly number[]): void {
  for (const timeMs of timesMs) timeout.recordBuilt(timeMs, true)
}

describe('the estimate of build times', () => {
  it('finds the 80 % and the 99 % quantile of a Pareto curve', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.integer({ min: 200, max: 1_500 }),
        fc.double({ min: 1.2, max: 4, noNaN: true }),
        (seed, xmMs, alpha) => {
          const estimate = estimateBuildTime(paretoTimes(seed, 1_000, xmMs, alpha), PARAMS)
          const truthMs = xmMs / 0.2 ** (1 / alpha)
          expect(Math.abs((estimate?.timeoutMs ?? 0) / truthMs - 1)).toBeLessThan(0.16)
          // Far out in the tail a small error of the shape is a large one of the time.
          const closeTruthMs = xmMs / 0.01 ** (1 / alpha)
          expect(Math.abs((estimate?.closeMs ?? 0) / closeTruthMs - 1)).toBeLessThan(0.7)
        },
      ),
      { numRuns: 40, seed: 7 },
    )
  })

  it('lets about 80 % of the circuits to come be built in time', () => {
    const estimate = estimateBuildTime(paretoTimes(1, 1_000, 400, 2), PARAMS)
    const later = paretoTimes(2, 5_000, 400, 2).filter((timeMs) => timeMs <= (estimate?.timeoutMs ?? 0))
    expect(later.length / 5_000).toBeGreaterThan(0.75)
    expect(later.length / 5_000).toBeLessThan(0.85)
  })

  it('does not break when all circuits take equally long', () => {
    const estimate = estimateBuildTime(
      Array.from({ length: 200 }, () => 305),
      PARAMS,
    )
    expect(estimate).toMatchObject({ xmMs: 305, timeoutMs: 305, closeMs: 305 })
  })

  it('has nothing to say without any time', () => {
    expect(estimateBuildTime([], PARAMS)).toBeUndefined()
  })

  it('averages the fullest bins by their hits, and only in a full history', () => {
    const times = [...Array.from({ length: 600 }, () => 102), ...Array.from({ length: 400 }, () => 207)]
    expect(estimateBuildTime(times, { ...PARAMS, modes: 2 })?.xmMs).toBeCloseTo(
      (600 * 105 + 400 * 205) / 1_000,
    )
    expect(estimateBuildTime(times.slice(1), { ...PARAMS, modes: 2 })?.xmMs).toBe(105)
  })

  it('never waits for more than twice the slowest circuit that was ever built', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 300 }),
        (times) => {
          const estimate = estimateBuildTime(times, PARAMS)
          expect(estimate?.closeMs).toBeLessThanOrEqual(2 * Math.max(...times))
          expect(Number.isFinite(estimate?.timeoutMs)).toBe(true)
        },
      ),
      { seed: 5 },
    )
  })

  it('gives no circuit longer than the slowest that was ever built, whatever curve goes through them', () => {
    // The fullest bin is far from where most of them are.
    const few = Array.from({ length: 5 }, () => 102)
    const most = Array.from({ length: 95 }, (_, at) => 1_000 + 33 * at)
    const estimate = estimateBuildTime([...few, ...most], PARAMS)
    expect(estimate?.timeoutMs).toBe(Math.max(...most))
    expect(estimate?.closeMs).toBe(2 * Math.max(...most))
  })

  it('gives longer circuits more time, by the messages that they take', () => {
    expect([1, 2, 3, 4, 5].map((hops) => scaleForHops(600, hops))).toEqual([600, 600, 600, 1_000, 1_500])
  })

  it('counts in bins of 10 ms', () => {
    expect([...buildTimeHistogram([0.5, 9.9, 10, 19])]).toEqual([
      [5, 2],
      [15, 2],
    ])
  })
})

describe('the build timeout', () => {
  it('is a minute until a hundred circuits were built', async () => {
    const timeout = await load()
    const times = paretoTimes(1, 100, 300, 2)
    learn(timeout, times.slice(0, 99))
    expect(timeout.limits(3)).toEqual({ timeoutMs: 60_000, closeMs: 60_000 })
    expect(timeout.wantsTestCircuits).toBe(true)
    learn(timeout, times.slice(99))
    expect(timeout.limits(3).timeoutMs).toBeLessThan(2_000)
    expect(timeout.wantsTestCircuits).toBe(false)
  })

  it('goes on measuring slow circuits for a minute at least, without which it could never grow again', async () => {
    const timeout = await load()
    learn(timeout, paretoTimes(1, 200, 300, 8))
    expect(timeout.limits(3).timeoutMs).toBeLessThan(600)
    expect(timeout.limits(3).closeMs).toBe(60_000)
  })

  it('follows a network that slowly gets slower, because late circuits are measured too', async () => {
    const timeout = await load()
    learn(timeout, paretoTimes(1, 1_000, 300, 3))
    const beforeMs = timeout.limits(3).timeoutMs
    for (const timeMs of paretoTimes(2, 1_000, 900, 3)) {
      timeout.recordBuilt(timeMs, timeMs <= timeout.limits(3).timeoutMs)
    }
    expect(timeout.limits(3).timeoutMs).toBeGreaterThan(2 * beforeMs)
    expect(timeout.count).toBe(1_000)
  })

  it('is forgotten when more than 18 of the last 20 circuits missed it, and doubles when that was not enough', async () => {
    const timeout = await load()
    learn(timeout, paretoTimes(1, 300, 300, 2))
    for (let missed = 1; missed <= 18; missed++) timeout.recordTimeout(MISSED)
    expect(timeout.count).toBe(300)
    timeout.recordTimeout(MISSED)
    expect(timeout.count).toBe(0)
    expect(timeout.limits(3)).toEqual({ timeoutMs: 60_000, closeMs: 60_000 })
    expect(notices.length).toBe(1)
    for (let missed = 1; missed <= 19; missed++) timeout.recordTimeout(MISSED)
    expect(timeout.limits(3).timeoutMs).toBe(120_000)
    for (let missed = 1; missed <= 19 * 10; missed++) timeout.recordTimeout(MISSED)
    expect(timeout.limits(3).timeoutMs).toBe(600_000)
  })

  it('is not forgotten when circuits that are built in time lie between', async () => {
    const timeout = await load()
    learn(timeout, paretoTimes(1, 300, 300, 2))
    for (let round = 0; round < 500; round++) {
      if (round % 8 === 0) timeout.recordBuilt(400, true)
      else timeout.recordTimeout(MISSED)
    }
    expect(timeout.count).toBeGreaterThan(300)
  })

  it('counts no circuit while the network is down, and none that never left the first hop', async () => {
    const timeout = await load()
    learn(timeout, paretoTimes(1, 300, 300, 2))
    for (let missed = 0; missed < 100; missed++) {
      timeout.recordTimeout({ hasFirstHop: true, hasHeard: false })
      timeout.recordTimeout({ hasFirstHop: false, hasHeard: true })
    }
    expect(timeout.count).toBe(300)
  })

  it('cannot be stretched by relays that swallow circuits: what is never built adds no time', async () => {
    const timeout = await load()
    learn(timeout, paretoTimes(1, 300, 300, 2))
    const before = timeout.limits(3)
    for (let round = 0; round < 1_000; round++) {
      timeout.recordTimeout(MISSED)
      timeout.recordBuilt(310, true)
    }
    expect(timeout.limits(3).timeoutMs).toBeLessThanOrEqual(before.timeoutMs)
  })

  it('ignores a circuit that seems to have taken hours, as after a sleep', async () => {
    const timeout = await load()
    learn(timeout, paretoTimes(1, 300, 300, 2))
    const { timeoutMs } = timeout.limits(3)
    for (let slept = 0; slept < 300; slept++) timeout.recordBuilt(8 * 3_600_000, false)
    expect(timeout.limits(3).timeoutMs).toBe(timeoutMs)
  })

  it('is kept over a restart, but for what the histogram rounds, and without the recent timeouts', async () => {
    const first = await load()
    learn(first, paretoTimes(1, 400, 300, 2))
    for (let missed = 1; missed <= 15; missed++) first.recordTimeout(MISSED)
    await first.flush()
    const second = await load()
    second.useParams(new NetParams(new Map()))
    expect(second.count).toBe(400)
    expect(Math.abs(second.limits(3).timeoutMs / first.limits(3).timeoutMs - 1)).toBeLessThan(0.05)
    for (let missed = 1; missed <= 15; missed++) second.recordTimeout(MISSED)
    expect(second.count).toBe(400)
  })

  it('starts anew from a damaged file, and says so', async () => {
    await store.write(
      'build-times.json',
      Buffer.from('{"version":1,"content":{"bins":[{"ms":5,"count":2000}]}}'),
    )
    expect((await load()).count).toBe(0)
    expect(notices.length).toBe(1)
  })

  it('starts anew where the file cannot be read at all, and says so', async () => {
    store.read = () => Promise.reject(new TorError('state', 'it is a directory'))
    expect((await load()).count).toBe(0)
    expect(notices.length).toBe(1)
  })

  it('is what the user set when learning is off, by the user or by the consensus', async () => {
    settings = { initialTimeoutMs: 15_000, isLearning: false }
    const timeout = await load()
    learn(timeout, paretoTimes(1, 300, 300, 2))
    expect(timeout.limits(3)).toEqual({ timeoutMs: 15_000, closeMs: 15_000 })
    expect(timeout.count).toBe(0)
    settings = { initialTimeoutMs: undefined, isLearning: true }
    timeout.useParams(new NetParams(new Map([['cbtdisabled', 1]])))
    learn(timeout, paretoTimes(1, 300, 300, 2))
    expect(timeout.limits(3).timeoutMs).toBe(60_000)
    expect(timeout.wantsTestCircuits).toBe(false)
  })

  it('obeys the consensus: its start, its quantile, its floor', async () => {
    const timeout = await load()
    timeout.useParams(new NetParams(new Map([['cbtinitialtimeout', 5_000]])))
    expect(timeout.limits(3).timeoutMs).toBe(5_000)
    learn(timeout, paretoTimes(1, 300, 300, 2))
    const at80Ms = timeout.limits(3).timeoutMs
    timeout.useParams(new NetParams(new Map([['cbtquantile', 50]])))
    expect(timeout.limits(3).timeoutMs).toBeLessThan(at80Ms)
    timeout.useParams(new NetParams(new Map([['cbtmintimeout', 9_000]])))
    expect(timeout.limits(3).timeoutMs).toBe(9_000)
  })
})
