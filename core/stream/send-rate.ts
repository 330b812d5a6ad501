/** A limit for what a stream sends, as an XON advises (proposal 324, 4.1.2): a bucket that holds a second's worth. */
import { RELAY_DATA_MAX_BYTES } from '../cell/commands.ts'

/**
 * From here on a rate is none: so fast is no exit's reader, and C tor's exits, which double their estimate whenever their
 * buffer is empty, arrive there soon.
 */
const NO_LIMIT_KILOBYTES = 2_147_483

/** After running dry, the bucket is left to fill for so long, so that cells leave in bursts and timers are few. */
const REFILL_MS = 20

export class SendRate {
  readonly #bytesPerMs: number
  #bytes: number
  #filledMs: number

  /** Kilobytes of 1000 bytes: one for each millisecond and second. */
  private constructor(kilobytesPerSecond: number, bytes: number, nowMs: number) {
    this.#bytesPerMs = kilobytesPerSecond
    this.#bytes = bytes
    this.#filledMs = nowMs
  }

  /** Takes the place of the one before, if any. Undefined for a rate that limits nothing, as 0 does. */
  static of(kilobytesPerSecond: number, nowMs: number, before: SendRate | undefined): SendRate | undefined {
    if (kilobytesPerSecond === 0 || kilobytesPerSecond >= NO_LIMIT_KILOBYTES) return undefined
    const full = kilobytesPerSecond * 1000
    return new SendRate(
      kilobytesPerSecond,
      Math.min(before === undefined ? full : before.#bytes, full),
      nowMs,
    )
  }

  sendableCells(nowMs: number): number {
    const filled = this.#bytes + (nowMs - this.#filledMs) * this.#bytesPerMs
    this.#bytes = Math.min(filled, this.#bytesPerMs * 1000)
    this.#filledMs = nowMs
    return Math.max(Math.floor(this.#bytes / RELAY_DATA_MAX_BYTES), 0)
  }

  spend(bytes: number): void {
    this.#bytes -= bytes
  }

  /** How long until sending goes on: until there is a cell again, or a burst of them. */
  get refillMs(): number {
    const wanted = Math.max(RELAY_DATA_MAX_BYTES, this.#bytesPerMs * REFILL_MS)
    return Math.max((wanted - this.#bytes) / this.#bytesPerMs, 1)
  }
}
