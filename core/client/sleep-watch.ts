/**
 * Notices that time has passed without us: the computer slept, the process was stopped, or somebody set the clock. No
 * system tells a program so in a way that works everywhere; the two clocks do.
 */
import type { Clock, Timer } from '../util/clock.ts'

export interface ClockJump {
  /**
   * `slept`: the wall clock ran ahead of the other (a suspended computer, or a clock put forward: they look alike).
   * `stopped`: our timer came late, by both clocks. `set-back`: the wall clock went backwards.
   */
  readonly kind: 'slept' | 'stopped' | 'set-back'
  readonly ms: number
}

/** C tor's NUM_JUMPED_SECONDS_BEFORE_WARN. */
export const JUMP_MS = 100_000
/** How late a sleep may be noticed when nobody asks; rare enough to let a computer rest. */
const LOOK_EVERY_MS = 10_000
/** What fails for so long afterwards failed because of it: connections die one after the other. */
const SUSPECT_MS = 60_000

export class SleepWatch {
  readonly #clock: Clock
  readonly #onJump: (jump: ClockJump) => void
  #timer: Timer | undefined
  #wallMs: number
  #monotonicMs: number
  #suspectUntilMs = 0
  #isStopped = false

  constructor(clock: Clock, onJump: (jump: ClockJump) => void) {
    this.#clock = clock
    this.#onJump = onJump
    this.#wallMs = clock.wallMs()
    this.#monotonicMs = clock.monotonicMs()
    this.#arm()
  }

  /**
   * Looks now. To be called before anything is concluded from a failure: after a sleep, other timers may fire before
   * ours does.
   */
  check(): void {
    const wallMs = this.#clock.wallMs()
    const monotonicMs = this.#clock.monotonicMs()
    const passedMs = monotonicMs - this.#monotonicMs
    const driftMs = wallMs - this.#wallMs - passedMs
    this.#wallMs = wallMs
    this.#monotonicMs = monotonicMs
    const lateMs = passedMs - LOOK_EVERY_MS
    if (driftMs > JUMP_MS) this.#jump({ kind: 'slept', ms: driftMs })
    else if (lateMs > JUMP_MS) this.#jump({ kind: 'stopped', ms: lateMs })
    else if (driftMs < -JUMP_MS) this.#jump({ kind: 'set-back', ms: -driftMs })
  }

  /** Whether a failure of this moment must not be held against anybody. */
  isSuspect(): boolean {
    this.check()
    return this.#clock.monotonicMs() < this.#suspectUntilMs
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #jump(jump: ClockJump): void {
    this.#suspectUntilMs = this.#clock.monotonicMs() + SUSPECT_MS
    if (!this.#isStopped) this.#onJump(jump)
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(LOOK_EVERY_MS, () => {
      this.check()
      if (!this.#isStopped) this.#arm()
    })
  }
}
