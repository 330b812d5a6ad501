/** A clock that a test turns by hand. */
import type { Clock } from '../../core/util/clock.ts'

export interface ManualClock extends Clock {
  /** Moves both clocks and runs the timers that fall due, in order. */
  advance(ms: number): void
  /** Moves the wall clock alone, as a user or a time server does. */
  jump(ms: number): void
  /** Moves both clocks at once, then runs what has fallen due meanwhile: as when a process stood still. */
  standStill(ms: number): void
  /** How long until the next timer; undefined when there is none. */
  nextTimerMs(): number | undefined
}

interface ManualTimer {
  readonly dueMs: number
  readonly callback: () => void
}

export function manualClock(startWallMs = 1_790_000_000_000): ManualClock {
  let wallMs = startWallMs
  let monotonicMs = 0
  const timers = new Set<ManualTimer>()
  const nextDue = (untilMs: number): ManualTimer | undefined =>
    [...timers].filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0]
  return {
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    setTimer(delayMs, callback) {
      const timer = { dueMs: monotonicMs + Math.max(0, delayMs), callback }
      timers.add(timer)
      return { cancel: () => timers.delete(timer) }
    },
    atTurnEnd(callback) {
      setImmediate(callback)
    },
    advance(ms) {
      const untilMs = monotonicMs + ms
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer)
        const lateMs = Math.max(0, timer.dueMs - monotonicMs)
        wallMs += lateMs
        monotonicMs += lateMs
        timer.callback()
      }
      wallMs += untilMs - monotonicMs
      monotonicMs = untilMs
    },
    jump(ms) {
      wallMs += ms
    },
    standStill(ms) {
      wallMs += ms
      monotonicMs += ms
      this.advance(0)
    },
    nextTimerMs() {
      const next = nextDue(Number.POSITIVE_INFINITY)
      return next === undefined ? undefined : Math.max(0, next.dueMs - monotonicMs)
    },
  }
}
