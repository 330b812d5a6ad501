/** KCP's receiving half: puts segments in order, and knows what to acknowledge. */
import { type KcpSegment, kcpDistance } from './kcp-segment.ts'

/** What we say that we take, in segments; the reference client says it, too. */
export const KCP_WINDOW = 65_535

/**
 * What is kept of segments that came before their turn. Nothing on one path does; at a change of proxies it is what was
 * on its way, which the stream's own window bounds to one megabyte. More is ignored, as if it had been lost.
 */
const MAX_HELD_BYTES = 2 * 2 ** 20
/** What a segment costs beside its data, so that empty ones are counted as well. */
const HELD_OVERHEAD_BYTES = 256
/** Acknowledgements that wait. What is not acknowledged comes again, and is acknowledged then. */
const MAX_PENDING = 1_024

export interface Acknowledgement {
  readonly number: number
  /** As the segment had it: the sender measures the round trip by it. */
  readonly sentMs: number
}

export class KcpReceiver {
  readonly #onData: (bytes: Buffer) => void
  readonly #held = new Map<number, Buffer>()
  #heldBytes = 0
  #pending: Acknowledgement[] = []
  #next = 0

  /** `bytes` are in order, and valid during the call. */
  constructor(onData: (bytes: Buffer) => void) {
    this.#onData = onData
  }

  /** All before this number have arrived. */
  get next(): number {
    return this.#next
  }

  get pendingCount(): number {
    return this.#pending.length
  }

  /** Of segments before their turn, what they cost beside their data included. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  onSegment({ number, sentMs, data }: KcpSegment): void {
    const ahead = kcpDistance(number, this.#next)
    if (ahead >= KCP_WINDOW) return
    if (ahead > 0 && !this.#hold(number, data)) return
    if (this.#pending.length < MAX_PENDING) this.#pending.push({ number, sentMs })
    if (ahead !== 0) return
    this.#deliver(data)
    this.#deliverHeld()
  }

  /**
   * What is to be told: segments before their turn, and the latest of all, whose time is of use; the others are covered
   * by `next`. Nothing is pending afterwards.
   */
  takeAcknowledgements(): readonly Acknowledgement[] {
    const last = this.#pending.length - 1
    const taken = this.#pending.filter(
      ({ number }, index) => index === last || kcpDistance(number, this.#next) >= 0,
    )
    this.#pending = []
    return taken
  }

  /** Whether it is kept, now or already. */
  #hold(number: number, data: Buffer): boolean {
    if (this.#held.has(number)) return true
    const cost = data.length + HELD_OVERHEAD_BYTES
    if (this.#heldBytes + cost > MAX_HELD_BYTES) return false
    this.#heldBytes += cost
    // A copy: a view would keep the whole message that it came in.
    this.#held.set(number, Buffer.from(data))
    return true
  }

  #deliver(data: Buffer): void {
    this.#next = (this.#next + 1) >>> 0
    if (data.length > 0) this.#onData(data)
  }

  #deliverHeld(): void {
    for (let data = this.#held.get(this.#next); data !== undefined; data = this.#held.get(this.#next)) {
      this.#held.delete(this.#next)
      this.#heldBytes -= data.length + HELD_OVERHEAD_BYTES
      this.#deliver(data)
    }
  }
}
