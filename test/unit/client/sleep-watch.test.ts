import { describe, expect, it } from 'vitest'
import { type ClockJump, SleepWatch } from '../../../core/client/sleep-watch.ts'
import { manualClock } from '../../support/manual-clock.ts'

const HOUR_MS = 3_600_000

/** A clock whose timers can be held back, as while a process is stopped. */
function watch() {
  const clock = manualClock()
  const jumps: ClockJump[] = []
  let lateMs = 0
  const late = {
    ...clock,
    monotonicMs: () => clock.monotonicMs() + lateMs,
    wallMs: () => clock.wallMs() + lateMs,
  }
  const sleep = new SleepWatch(late, (jump) => jumps.push(jump))
  const stopFor = (ms: number): void => {
    lateMs += ms
  }
  return { clock, sleep, jumps, stopFor }
}

describe('the watch for lost time', () => {
  it('is silent over hours of ordinary life', () => {
    const { clock, jumps, sleep } = watch()
    for (let n = 0; n < 1_000; n++) clock.advance(10_000)
    expect(jumps).toEqual([])
    expect(sleep.isSuspect()).toBe(false)
  })

  it('notices a suspended computer, whose monotonic clock stood still', () => {
    const { clock, jumps, sleep } = watch()
    clock.jump(8 * HOUR_MS)
    clock.advance(10_000)
    expect(jumps).toEqual([{ kind: 'slept', ms: 8 * HOUR_MS }])
    expect(sleep.isSuspect()).toBe(true)
    clock.advance(61_000)
    expect(sleep.isSuspect()).toBe(false)
  })

  it('notices a stopped process before its own timer fires, when somebody asks about a failure', () => {
    const { jumps, sleep, stopFor } = watch()
    stopFor(HOUR_MS)
    expect(sleep.isSuspect()).toBe(true)
    expect(jumps).toEqual([{ kind: 'stopped', ms: HOUR_MS - 10_000 }])
  })

  it('notices a clock that is set back', () => {
    const { clock, jumps } = watch()
    clock.jump(-2 * HOUR_MS)
    clock.advance(10_000)
    expect(jumps).toEqual([{ kind: 'set-back', ms: 2 * HOUR_MS }])
  })

  it('makes nothing of less than 100 seconds, as time servers correct them', () => {
    const { clock, jumps } = watch()
    clock.jump(99_000)
    clock.advance(10_000)
    clock.jump(-99_000)
    clock.advance(10_000)
    expect(jumps).toEqual([])
  })

  it('says nothing after it was stopped', () => {
    const { clock, jumps, sleep } = watch()
    sleep.stop()
    clock.jump(HOUR_MS)
    clock.advance(60_000)
    expect(jumps).toEqual([])
  })
})
