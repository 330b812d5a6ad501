/** Tells the status four times a second at most, and only when it differs from what was told last. */
import type { Clock, Timer } from '../../core/index.ts'
import type { HostStatus } from './protocol.ts'

/** The contract's pace. It is asked for rather than followed: under load the core changes with every request. */
const EVERY_MS = 250

export class StatusPump {
  readonly #clock: Clock
  readonly #read: () => HostStatus | undefined
  readonly #send: (status: HostStatus) => void
  #timer: Timer | undefined
  #last: HostStatus | undefined

  constructor(clock: Clock, read: () => HostStatus | undefined, send: (status: HostStatus) => void) {
    this.#clock = clock
    this.#read = read
    this.#send = send
  }

  start(): void {
    this.#timer ??= this.#clock.setTimer(EVERY_MS, () => {
      this.#timer = undefined
      this.tell()
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Now, if there is something new. */
  tell(): void {
    const status = this.#read()
    if (status === this.#last) return
    this.#last = status
    if (status !== undefined) this.#send(status)
  }
}
