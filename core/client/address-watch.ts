/**
 * Notices that this computer came to another network, or lost its own: connections that were made from an address that
 * is gone say nothing any more, and nobody tells us. Looking at our own addresses costs nobody anything.
 */
import type { Clock, Timer } from '../util/clock.ts'

/** A person who changes networks waits about so long anyway. */
const LOOK_EVERY_MS = 5_000

export interface AddressWatchParts {
  readonly clock: Clock
  /** This computer's addresses beyond loopback, with spaces between them; empty when it has none. */
  readonly localAddresses: () => string
  /** An address that was there is gone. */
  readonly onLost: () => void
  /** There is one more, and none is gone. */
  readonly onGained: () => void
}

export class AddressWatch {
  readonly #parts: AddressWatchParts
  #known: ReadonlySet<string>
  #timer: Timer | undefined
  #isStopped = false

  /** Begins now. */
  constructor(parts: AddressWatchParts) {
    this.#parts = parts
    this.#known = this.#look()
    this.#start()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #start(): void {
    if (this.#isStopped) return
    this.#timer = this.#parts.clock.setTimer(LOOK_EVERY_MS, () => {
      this.#compare()
      this.#start()
    })
  }

  #compare(): void {
    const before = this.#known
    this.#known = this.#look()
    if ([...before].some((address) => !this.#known.has(address))) this.#parts.onLost()
    else if (this.#known.size > before.size) this.#parts.onGained()
  }

  #look(): ReadonlySet<string> {
    return new Set(
      this.#parts
        .localAddresses()
        .split(' ')
        .filter((address) => address !== ''),
    )
  }
}
