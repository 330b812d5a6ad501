/** A set's way in: numbers what its legs bring, and hands it to the streams in the order in which the exit sent it. */
import { CELL_BODY_BYTES, RelayCommand } from '../cell/commands.ts'
import { relayStreamIdAt } from '../cell/relay-cell.ts'
import { compactPayloads } from '../circuit/data-run.ts'
import type { TunnelStreams } from '../circuit/tunnel-streams.ts'
import { protocolViolation } from '../util/errors.ts'
import type { QueueAccount } from '../util/queue-account.ts'
import type { Leg } from './leg.ts'
import { type NumberedMessages, ReorderQueue } from './reorder-queue.ts'

export interface SetInboundParts {
  readonly streams: TunnelStreams
  readonly legs: () => readonly Leg[]
  /** Messages may come: all legs are linked, and none has ended the set. */
  readonly isOpen: () => boolean
  readonly mostQueuedBytes: number
  readonly queues: QueueAccount
}

export class SetInbound {
  readonly #parts: SetInboundParts
  readonly #queue: ReorderQueue<Leg>
  #isUntouched = true

  constructor(parts: SetInboundParts) {
    this.#parts = parts
    this.#queue = new ReorderQueue(parts.mostQueuedBytes, parts.queues)
  }

  get queuedBytes(): number {
    return this.#queue.queuedBytes
  }

  onSwitch(leg: Leg, relative: number): void {
    this.#checkOpen()
    leg.sequence.onSwitch(relative, this.#queue.delivered, this.#isUntouched)
    this.#isUntouched = false
    this.checkGap()
  }

  /** DATA cells `[start, end)` for one stream. In order they cost no copy more than on a circuit that stands alone. */
  onData(leg: Leg, cells: Buffer, start: number, end: number): void {
    const streamId = relayStreamIdAt(cells, start * CELL_BODY_BYTES)
    const body = compactPayloads(cells, start, end)
    this.#accept(leg, { command: RelayCommand.DATA, streamId, body, count: end - start })
  }

  onMessage(leg: Leg, command: number, streamId: number, body: Buffer): void {
    this.#accept(leg, { command, streamId, body, count: 1 })
  }

  /** To be called as well when a leg is gone. */
  checkGap(): void {
    this.#queue.checkGap(this.#parts.legs().map(({ sequence }) => sequence.received))
  }

  clear(): void {
    this.#queue.clear()
  }

  #accept(leg: Leg, messages: Omit<NumberedMessages, 'first'>): void {
    this.#checkOpen()
    this.#isUntouched = false
    const first = leg.sequence.receive(messages.count)
    if (!this.#queue.takeTurn(first, messages.count)) {
      this.#queue.push(leg, { first, ...messages })
      this.checkGap()
      return
    }
    this.#deliver(messages)
    // Whoever reads may have closed the set meanwhile.
    while (this.#parts.isOpen()) {
      const next = this.#queue.takeNext()
      if (next === undefined) break
      this.#deliver(next)
    }
  }

  #deliver({ command, streamId, body, count }: Omit<NumberedMessages, 'first'>): void {
    const { streams } = this.#parts
    if (command === RelayCommand.DATA) streams.deliverData(streamId, body, count)
    else streams.deliverMessage(command, streamId, body)
  }

  #checkOpen(): void {
    if (!this.#parts.isOpen()) throw protocolViolation('a message on a conflux set that is not linked')
  }
}
