/**
 * A clock that leaps to the next timer whenever nothing happens any more: what a client waits minutes or hours for comes
 * in a moment, and what takes this machine long is no delay that the client would see.
 */
import { type Clock, systemClock } from '../../core/util/clock.ts'

/** How often it looks whether something has happened. */
const LOOK_EVERY_MS = 8
/** So many looks in a row that saw nothing: all that was under way in this process has been done. */
const QUIET_LOOKS = 4

export interface LeapingClock extends Clock {
  /** What counts up with everything that happens on the network; nothing does until there is one. */
  follow(activity: () => number): void
  /** Moves the wall clock alone, as a user or a time server does. */
  jump(ms: number): void
  /** Moves both clocks without a timer having run on time, as a machine does that slept. */
  sleep(ms: number): void
  stop(): void
}

interface PendingTimer {
  readonly dueMs: number
  readonly callback: () => void
}

export function leapingClock(startWallMs = systemClock.wallMs()): LeapingClock {
  const startMs = systemClock.monotonicMs()
  const timers = new Set<PendingTimer>()
  let leaptMs = 0
  let jumpedMs = 0
  let activity = (): number => 0
  let seen = 0
  let quietLooks = 0
  const monotonicMs = (): number => systemClock.monotonicMs() - startMs + leaptMs
  const runDue = (): void => {
    const nowMs = monotonicMs()
    const due = [...timers].filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs)
    for (const timer of due) if (timers.delete(timer)) timer.callback()
    if (due.length > 0) quietLooks = 0
  }
  const look = (): void => {
    runDue()
    const now = activity()
    quietLooks = now === seen ? quietLooks + 1 : 0
    seen = now
    if (quietLooks < QUIET_LOOKS || timers.size === 0) return
    quietLooks = 0
    const next = Math.min(...[...timers].map(({ dueMs }) => dueMs))
    leaptMs += Math.max(0, next - monotonicMs())
    runDue()
  }
  const looking = setInterval(look, LOOK_EVERY_MS)
  return {
    follow: (next) => void (activity = next),
    wallMs: () => Math.floor(startWallMs + monotonicMs() + jumpedMs),
    monotonicMs,
    setTimer(delayMs, callback) {
      const timer = { dueMs: monotonicMs() + Math.max(0, delayMs), callback }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer) }
    },
    atTurnEnd: (callback) => void setImmediate(callback),
    jump: (ms) => void (jumpedMs += ms),
    sleep: (ms) => void (leaptMs += ms),
    stop: () => clearInterval(looking),
  }
}
