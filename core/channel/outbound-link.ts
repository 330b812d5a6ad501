/** The sending half of a channel: what waits, when it goes, and how much of it the socket is given at a time. */
import type { Clock, Timer } from '../util/clock.ts'
import type { QueueAccount, QueueHolder } from '../util/queue-account.ts'
import type { CircuitEndpoint } from './circuit-endpoint.ts'
import { FlushBudget } from './flush-budget.ts'
import { OutboundQueue } from './outbound-queue.ts'
import type { TlsLink } from './tls-link.ts'

/**
 * How long END waits for company: an application that closes a stream and opens the next needs a millisecond or two for
 * it, and END and BEGIN in one record travel together. Alone in front, END makes BEGIN wait for its acknowledgement at
 * every relay on the way (Nagle), 40 ms and more. See docs/adr/0008.
 */
const HOLD_MS = 5

/**
 * How often a turn of the event loop gives the socket something. What is given is encrypted for that, two milliseconds'
 * worth at a time, and a fast link asks for more in the same turn, as long as it has room: a megabyte for each of many
 * circuits would keep everybody else waiting until all of it was sent.
 */
const WRITES_PER_TURN = 4

/** Where the code is cold, or others have the processor, two milliseconds' worth takes five: then one is enough. */
const WRITING_MS = 3

/** When something is sent: before all data, with the data, or with whatever goes next within a few milliseconds. */
export type SendUrgency = 'control' | 'data' | 'soon'

export interface OutboundLinkParts {
  readonly clock: Clock
  /** The channel's. */
  readonly queues: QueueAccount
  /** Asks for a call of `flush` at the end of the turn. */
  readonly scheduleFlush: () => void
  readonly onSent: (nowMs: number) => void
}

export class OutboundLink implements QueueHolder {
  readonly #parts: OutboundLinkParts
  readonly #queue = new OutboundQueue()
  readonly #budget = new FlushBudget()
  #link: TlsLink | undefined
  #isFull = false
  /** What was too much for the socket, which keeps it, and since when. */
  #givenBytes = 0
  #fullMs = 0
  #writesLeft = WRITES_PER_TURN
  /** When the first write of this turn began. */
  #writingSinceMs = 0
  #holdTimer: Timer | undefined

  constructor(parts: OutboundLinkParts) {
    this.#parts = parts
  }

  /** Whether nothing waits but what is held for company. */
  get isEmpty(): boolean {
    return this.#queue.isEmpty
  }

  /** Whether the link takes nothing more for now. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** The handshake is over: cells may leave by this link. */
  attach(link: TlsLink): void {
    this.#link = link
  }

  /** Queues one whole cell of the channel's own, ahead of all relay cells. Throws `limit` when far too many wait. */
  push(cell: Buffer): void {
    this.#queue.pushChannelCell(cell)
    if (this.#isFull) this.#noteHeld()
    this.#parts.scheduleFlush()
  }

  request(circuit: CircuitEndpoint, urgency: SendUrgency): void {
    if (urgency === 'soon') {
      this.#queue.hold(circuit)
      this.#holdTimer ??= this.#parts.clock.setTimer(HOLD_MS, () => this.#onHoldOver())
      return
    }
    if (urgency === 'control') this.#queue.requestControl(circuit)
    else this.#queue.requestData(circuit)
    this.#parts.scheduleFlush()
  }

  forget(circuit: CircuitEndpoint): void {
    this.#queue.forget(circuit)
  }

  /** A turn of the event loop is at its end: the socket may be given something again. */
  beginTurn(): void {
    this.#writesLeft = WRITES_PER_TURN
  }

  /** Sends what the link has room for, and this turn. Returns whether everything has left that could. */
  flush(): boolean {
    const { clock, onSent } = this.#parts
    while (!this.#isFull && this.#link !== undefined) {
      const nowMs = clock.monotonicMs()
      const isFirst = this.#writesLeft === WRITES_PER_TURN
      if (!isFirst && nowMs - this.#writingSinceMs >= WRITING_MS) this.#writesLeft = 0
      if (this.#writesLeft === 0) return this.#waitForTurn()
      const buffers = this.#queue.take(this.#budget.cells, nowMs)
      if (buffers.length === 0) break
      if (isFirst) this.#writingSinceMs = nowMs
      this.#writesLeft--
      onSent(nowMs)
      this.#isFull = !this.#link.write(buffers)
      if (this.#isFull) this.#noteFull(buffers, nowMs)
    }
    return !this.#isFull
  }

  onDrain(): void {
    this.#isFull = false
    this.#noteHeld()
    this.#budget.noteDrained(this.#parts.clock.monotonicMs())
  }

  get oldestMs(): number {
    return this.#fullMs
  }

  dropQueued(): void {
    this.close()
  }

  close(): void {
    this.#holdTimer?.cancel()
    this.#queue.clear()
    this.#link = undefined
    this.#isFull = false
    this.#noteHeld()
  }

  #noteFull(buffers: readonly Buffer[], nowMs: number): void {
    this.#budget.noteFull(nowMs)
    this.#fullMs = nowMs
    this.#givenBytes = buffers.reduce((sum, { length }) => sum + length, 0)
    this.#noteHeld()
  }

  /** A link that takes what it is given keeps nothing worth counting. */
  #noteHeld(): void {
    this.#parts.queues.hold(this, this.#isFull ? this.#givenBytes + this.#queue.channelBytes : 0)
  }

  /** Returns whether nothing waits for it. */
  #waitForTurn(): boolean {
    if (!this.#queue.isEmpty) this.#parts.scheduleFlush()
    return this.#queue.isEmpty
  }

  #onHoldOver(): void {
    this.#holdTimer = undefined
    this.#queue.releaseHeld()
    if (!this.#queue.isEmpty) this.#parts.scheduleFlush()
  }
}
