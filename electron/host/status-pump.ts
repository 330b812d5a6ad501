/**
 * Tells the status four times a second at most, and only when it differs from what was told last. It hears that
 * something may have changed, waits for what changes with it, and reads only then: under load the core changes with
 * every request, and at rest there is not even a timer.
 */
import type { Clock, Timer } from '../../core/index.ts'
import type { HostStatus } from './protocol.ts'

/** The contract's pace. */
const EVERY_MS = 250
/** What belongs together, the hops of a circuit or the rows of a request, mostly happens within it. */
const GATHER_MS = 100

export class StatusPump {
  readonly #clock: Clock
  readonly #read: () => HostStatus | undefined
  readonly #send: (status: HostStatus) => void
  #timer: Timer | undefined
  #last: HostStatus | undefined
  #lastReadMs = Number.NEGATIVE_INFINITY
  #isStopped = false

  constructor(clock: Clock, read: () => HostStatus | undefined, send: (status: HostStatus) => void) {
    this.#clock = clock
    this.#read = read
    this.#send = send
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Soon, for there may be something new. Costs nothing while a telling is due. */
  tellSoon(): void {
    if (this.#timer !== undefined || this.#isStopped) return
    const waitMs = Math.max(GATHER_MS, this.#lastReadMs + EVERY_MS - this.#clock.monotonicMs())
    this.#timer = this.#clock.setTimer(waitMs, () => this.tell())
  }

  /** Now, if there is something new. */
  tell(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#lastReadMs = this.#clock.monotonicMs()
    const status = this.#read()
    if (status === this.#last) return
    this.#last = status
    if (status !== undefined) this.#send(status)
  }
}
