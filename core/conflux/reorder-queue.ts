/**
 * Puts the messages of all legs in one order: those whose turn it is pass at once, those ahead of it wait here, bounded in
 * bytes (proposal 329, 4.1). Each leg delivers its own in order, so a line for each leg is all the sorting there is.
 */
import { CELL_BODY_BYTES } from '../cell/commands.ts'
import { protocolViolation, TorError } from '../util/errors.ts'
import type { QueueAccount, QueueHolder } from '../util/queue-account.ts'

/** Consecutive messages: one of any kind, or several of DATA for one stream with their payloads in one piece. */
export interface NumberedMessages {
  readonly first: number
  readonly count: number
  readonly command: number
  readonly streamId: number
  readonly body: Buffer
}

/** A view of less than this part of its buffer is copied out, or a queue of small ones would hold many whole batches. */
const COPY_BELOW_SHARE = 2

/** A line is moved up when so many entries at its head are gone, and they are half of it. */
const COMPACT_FROM = 1024

class Line {
  #entries: NumberedMessages[] = []
  #taken = 0

  get head(): NumberedMessages | undefined {
    return this.#entries[this.#taken]
  }

  push(messages: NumberedMessages): void {
    this.#entries.push(messages)
  }

  shift(): void {
    this.#taken++
    if (this.#taken === this.#entries.length) this.clear()
    else if (this.#taken >= COMPACT_FROM && this.#taken * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#taken)
      this.#taken = 0
    }
  }

  clear(): void {
    this.#entries = []
    this.#taken = 0
  }
}

export class ReorderQueue<Leg> implements QueueHolder {
  readonly #mostBytes: number
  readonly #queues: QueueAccount
  readonly #lines = new Map<Leg, Line>()
  #delivered = 0
  #queuedMessages = 0
  #sinceMs = 0

  /** `queues` counts what waits with all else of the set. */
  constructor(mostBytes: number, queues: QueueAccount) {
    this.#mostBytes = mostBytes
    this.#queues = queues
  }

  /** When something began to wait. */
  get oldestMs(): number {
    return this.#sinceMs
  }

  dropQueued(): void {
    this.clear()
  }

  /** The number of the last message that was passed on. */
  get delivered(): number {
    return this.#delivered
  }

  /** Each message counts as a whole cell: what one of a byte costs here is not much less. */
  get queuedBytes(): number {
    return this.#queuedMessages * CELL_BODY_BYTES
  }

  /**
   * Whether it is these messages' turn; they count as passed on then. Throws `protocol-violation` when one of them was
   * passed on before.
   */
  takeTurn(first: number, count: number): boolean {
    if (first <= this.#delivered) throw protocolViolation('a message with the number of an earlier one')
    if (first > this.#delivered + 1) return false
    this.#delivered += count
    return true
  }

  /** Keeps what came on the leg ahead of its turn. Throws `limit` when that is more than the consensus allows. */
  push(leg: Leg, messages: NumberedMessages): void {
    if (this.#queuedMessages === 0) this.#sinceMs = this.#queues.nowMs()
    this.#queuedMessages += messages.count
    if (this.queuedBytes > this.#mostBytes) {
      throw new TorError('limit', 'too much came on one leg of a conflux set ahead of the others', {
        retry: 'elsewhere',
      })
    }
    let line = this.#lines.get(leg)
    if (line === undefined) {
      line = new Line()
      this.#lines.set(leg, line)
    }
    line.push({ ...messages, body: ownBytes(messages.body) })
    this.#queues.hold(this, this.queuedBytes)
  }

  /** The messages whose turn it is now, which count as passed on then; undefined when they have not come yet. */
  takeNext(): NumberedMessages | undefined {
    if (this.#queuedMessages === 0) return undefined
    for (const line of this.#lines.values()) {
      const { head } = line
      if (head === undefined || !this.takeTurn(head.first, head.count)) continue
      line.shift()
      this.#queuedMessages -= head.count
      this.#queues.hold(this, this.queuedBytes)
      return head
    }
    return undefined
  }

  /**
   * Throws `protocol-violation` when something waits for a message that can come on no leg any more, all of them being
   * ahead of it: a gap that somebody made on purpose, or that went down with a leg.
   */
  checkGap(received: Iterable<number>): void {
    if (this.#queuedMessages === 0) return
    for (const number of received) if (number <= this.#delivered) return
    throw protocolViolation('a message of a conflux set is missing on all of its legs')
  }

  clear(): void {
    this.#lines.clear()
    this.#queuedMessages = 0
    this.#queues.hold(this, 0)
  }
}

function ownBytes(body: Buffer): Buffer {
  if (body.length * COPY_BELOW_SHARE >= body.buffer.byteLength) return body
  const copy = Buffer.allocUnsafeSlow(body.length)
  copy.set(body)
  return copy
}
