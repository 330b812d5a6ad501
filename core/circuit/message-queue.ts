/** Messages that wait to be packed into relay cells, in order and bounded. `To` says where each of them goes. */
import { CELL_BODY_BYTES } from '../cell/commands.ts'
import { packRelayCell } from '../cell/relay-cell.ts'
import type { RelayMessage } from '../cell/relay-message.ts'
import { encodeRelayMessage } from '../cell/relay-message-codec.ts'
import { TorError } from '../util/errors.ts'
import type { QueueAccount, QueueHolder } from '../util/queue-account.ts'
import type { Random } from '../util/random.ts'
import type { CellBatch } from './stream-side.ts'

/**
 * Messages that wait because the channel's link is stuck. An honest peer causes at most one SENDME for 30 DATA cells of
 * its windows and we one BEGIN and END a stream; a peer that piles up more is cut off.
 */
const MAX_MESSAGES = 4096

/** Those that wait for the end of the turn are not worth counting; more wait because the link is stuck. */
const UNCOUNTED_MESSAGES = 64

/** What a SENDME, XON or END costs in memory while it waits, with all that is around it; longer ones are few. */
const MESSAGE_BYTES = 256

interface Waiting<To> {
  readonly streamId: number
  readonly command: number
  readonly body: Buffer
  readonly to: To
}

export class MessageQueue<To> implements QueueHolder {
  readonly #random: Random
  readonly #queues: QueueAccount
  #waiting: Waiting<To>[] = []
  #taken = 0
  /** So many wait that they count, and since when. */
  #isCounted = false
  #crowdedMs = 0

  /** `queues` counts them with all that waits on the circuit or the set. */
  constructor(random: Random, queues: QueueAccount) {
    this.#random = random
    this.#queues = queues
  }

  /** When they began to pile up. */
  get oldestMs(): number {
    return this.#crowdedMs
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Where the next message goes. */
  get next(): To | undefined {
    return this.#waiting[this.#taken]?.to
  }

  /** Throws `limit` when far too many are waiting. */
  push(streamId: number, message: RelayMessage, to: To): void {
    if (this.#waiting.length - this.#taken >= MAX_MESSAGES) {
      throw new TorError('limit', 'too many messages wait to be sent on the circuit')
    }
    const { command, body } = encodeRelayMessage(message)
    this.#waiting.push({ streamId, command, body, to })
    if (this.#waiting.length > UNCOUNTED_MESSAGES) this.#count()
  }

  /** Packs those at the head that `goes` accepts, until the batch has `max` cells. */
  pack(batch: CellBatch, max: number, goes: (to: To) => boolean): void {
    while (batch.count < max) {
      const next = this.#waiting[this.#taken]
      if (next === undefined || !goes(next.to)) break
      const { command, streamId, body } = next
      packRelayCell(
        batch.cells,
        batch.count * CELL_BODY_BYTES,
        command,
        streamId,
        body,
        0,
        body.length,
        this.#random,
      )
      batch.count++
      this.#taken++
    }
    // What was taken is let go of, also where there is always more.
    if (this.#taken > 0 && this.#taken * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#taken)
      this.#taken = 0
      if (this.#isCounted) this.#count()
    }
  }

  dropQueued(): void {
    this.clear()
  }

  clear(): void {
    this.#waiting = []
    this.#taken = 0
    if (this.#isCounted) this.#count()
  }

  #count(): void {
    const wasCounted = this.#isCounted
    this.#isCounted = this.#waiting.length > UNCOUNTED_MESSAGES
    if (this.#isCounted && !wasCounted) this.#crowdedMs = this.#queues.nowMs()
    this.#queues.hold(this, this.#isCounted ? this.#waiting.length * MESSAGE_BYTES : 0)
  }
}
