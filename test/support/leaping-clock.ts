/**
 * A clock that leaps to the next timer whenever nothing happens any more: what a client waits minutes or hours for comes
 * in a moment, and what takes this machine long is no delay that the client would see.
 */
import { type Clock, systemClock } from '../../core/util/clock.ts'

/** How often it looks whether something has happened. */
const LOOK_EVERY_MS = 8
/** So many looks in a row that saw nothing: all that was under way in this process has been done. */
const QUIET_LOOKS = 4
/** Turns of the event loop in which the work of a timer that reaches the network shows. */
const TURNS_AFTER_LEAP = 2
/** What the runtime calls work that was begun and whose end no counter of the network sees yet. */
const PENDING_WORK = /^(?:TCPConnectWrap|FSReq|GetAddrInfo|ZLIB|Zlib|.*Job$|.*Request$)/

export interface LeapingClock extends Clock {
  /** Nothing happens on a network until there is one. */
  follow(network: Followed): void
  /** Moves the wall clock alone, as a user or a time server does. */
  jump(ms: number): void
  /** The wall clock of everybody whose clock was not moved. */
  trueWallMs(): number
  /** Moves both clocks without a timer having run on time, as a machine does that slept. */
  sleep(ms: number): void
  stop(): void
}

interface Followed {
  /** Counts up with everything that happens. */
  readonly activity: number
  /** A TLS handshake takes several turns of the event loop, which on a busy machine last as long as all our looks. */
  readonly isHandshaking: boolean
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
  let network: Followed = { activity: 0, isHandshaking: false }
  let seen = 0
  let quietLooks = 0
  let isStopped = false
  const monotonicMs = (): number => systemClock.monotonicMs() - startMs + leaptMs
  const runDue = (): void => {
    const nowMs = monotonicMs()
    const due = [...timers].filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs)
    for (const timer of due) if (timers.delete(timer)) timer.callback()
  }
  const isQuiet = (): boolean =>
    network.activity === seen &&
    !network.isHandshaking &&
    !process.getActiveResourcesInfo().some((resource) => PENDING_WORK.test(resource))
  /** Goes on from timer to timer as long as none of them does anything. */
  const leap = (): void => {
    if (isStopped || timers.size === 0) return
    const next = Math.min(...[...timers].map(({ dueMs }) => dueMs))
    leaptMs += Math.max(0, next - monotonicMs())
    runDue()
    afterTurns(TURNS_AFTER_LEAP, () => {
      if (isQuiet()) leap()
      else look()
    })
  }
  const look = (): void => {
    if (isStopped) return
    runDue()
    quietLooks = isQuiet() ? quietLooks + 1 : 0
    seen = network.activity
    if (quietLooks < QUIET_LOOKS) {
      setTimeout(look, LOOK_EVERY_MS)
      return
    }
    quietLooks = 0
    if (timers.size === 0) setTimeout(look, LOOK_EVERY_MS)
    else leap()
  }
  setTimeout(look, LOOK_EVERY_MS)
  return {
    follow: (next) => void (network = next),
    wallMs: () => Math.floor(startWallMs + monotonicMs() + jumpedMs),
    trueWallMs: () => Math.floor(startWallMs + monotonicMs()),
    monotonicMs,
    setTimer(delayMs, callback) {
      const timer = { dueMs: monotonicMs() + Math.max(0, delayMs), callback }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer) }
    },
    atTurnEnd: (callback) => void setImmediate(callback),
    jump: (ms) => void (jumpedMs += ms),
    sleep: (ms) => void (leaptMs += ms),
    stop: () => void (isStopped = true),
  }
}

function afterTurns(turns: number, callback: () => void): void {
  if (turns === 0) callback()
  else setImmediate(() => afterTurns(turns - 1, callback))
}
