/**
 * The streams of a tunnel and their ways in and out: the table by id, messages that wait to be sent, and those streams
 * that have DATA, in the order of their turns. A circuit has one of these, and so has a conflux set.
 */
import { CELL_BODY_BYTES, RelayCommand } from '../cell/commands.ts'
import type { RelayMessage } from '../cell/relay-message.ts'
import { decodeRelayMessage } from '../cell/relay-message-codec.ts'
import type { SendUrgency } from '../channel/outbound-link.ts'
import type { TorError } from '../util/errors.ts'
import type { QueueAccount } from '../util/queue-account.ts'
import type { Random } from '../util/random.ts'
import type { CircuitStream } from './circuit-stream.ts'
import type { CircuitWindows } from './circuit-windows.ts'
import { MessageQueue } from './message-queue.ts'
import type { CellBatch } from './stream-side.ts'
import { StreamTable } from './stream-table.ts'

/** A stream's turn within its tunnel, so that a small write never waits for more than this of each other stream. */
const STREAM_BURST_CELLS = 31

/** What the streams need of their tunnel. */
export interface StreamsHost {
  /** What waits is counted there. */
  readonly queues: QueueAccount
  /** Something waits to be packed. */
  requestSend(urgency: SendUrgency): void
}

export class TunnelStreams {
  readonly #host: StreamsHost
  readonly #table: StreamTable
  readonly #ready = new Set<number>()
  readonly #messages: MessageQueue<'exit'>

  constructor(random: Random, host: StreamsHost) {
    this.#host = host
    this.#table = new StreamTable(random)
    this.#messages = new MessageQueue(random, host.queues)
  }

  get size(): number {
    return this.#table.size
  }

  /** Whether no stream was ever on it. */
  get isUnused(): boolean {
    return this.#table.isUnused && this.#messages.isEmpty
  }

  get hasMessages(): boolean {
    return !this.#messages.isEmpty
  }

  /** Whether a stream has DATA that may be sent. */
  get hasData(): boolean {
    for (const streamId of this.#ready) {
      if ((this.#table.get(streamId)?.cellsToSend ?? 0) > 0) return true
    }
    return false
  }

  /** Throws `limit` when there are too many. */
  add(stream: CircuitStream): number {
    return this.#table.add(stream)
  }

  /** Queues a message of a stream, ahead of all DATA. Throws `limit` when far too many are waiting. */
  push(streamId: number, message: RelayMessage, urgency: SendUrgency): void {
    this.#messages.push(streamId, message, 'exit')
    this.#host.requestSend(urgency)
  }

  requestSend(streamId: number): void {
    this.#ready.add(streamId)
    this.#host.requestSend('data')
  }

  end(streamId: number, reason: number): void {
    this.#ready.delete(streamId)
    this.#table.halfClose(streamId)
    this.push(streamId, { kind: 'end', reason, address: undefined, ttlSeconds: undefined }, 'soon')
  }

  /** `count` DATA cells' payload in one piece, in the order in which they were sent. */
  deliverData(streamId: number, chunk: Buffer, count: number): void {
    const stream = this.#table.get(streamId)
    if (stream === undefined) {
      this.#table.checkStraggler(streamId, RelayCommand.DATA, count)
    } else {
      stream.onData(chunk, count)
    }
  }

  /** Any other message of a stream, in the order in which they were sent. */
  deliverMessage(command: number, streamId: number, body: Buffer): void {
    const stream = this.#table.get(streamId)
    // A straggler must be as well formed as any other.
    const message = decodeRelayMessage(command, body)
    this.#table.noteAnswer(streamId)
    if (stream === undefined) {
      this.#table.checkStraggler(streamId, command)
    } else if (stream.onMessage(message) === 'ended') {
      this.#ready.delete(streamId)
      this.#table.remove(streamId)
    }
  }

  packMessages(batch: CellBatch, max: number): void {
    this.#messages.pack(batch, max, () => true)
  }

  /** Packs DATA of the streams in turn, as much as the windows allow. */
  packData(batch: CellBatch, max: number, windows: CircuitWindows): void {
    for (const streamId of this.#ready) {
      const room = Math.min(max - batch.count, windows.sendableCells)
      if (room <= 0) break
      this.#ready.delete(streamId)
      const stream = this.#table.get(streamId)
      if (stream === undefined || stream.cellsToSend === 0) continue
      const first = batch.count
      const most = Math.min(room, STREAM_BURST_CELLS)
      const cells = stream.packCells(batch.cells, first * CELL_BODY_BYTES, most, windows.dataLengths)
      for (let index = 0; index < cells; index++) {
        if (windows.onDataSent()) batch.tagAt.push(first + index)
      }
      batch.count += cells
      // To the end of the line: a Set's iteration comes to it again after the others.
      if (cells > 0 && stream.cellsToSend > 0) this.#ready.add(streamId)
    }
  }

  /** DATA cells that could leave now, were they asked for. */
  waitingCells(windows: CircuitWindows): number {
    let cells = 0
    for (const streamId of this.#ready) cells += this.#table.get(streamId)?.cellsToSend ?? 0
    return Math.min(cells, windows.sendableCells)
  }

  close(error: TorError): void {
    this.#messages.clear()
    this.#ready.clear()
    for (const stream of this.#table.takeAll()) stream.onCircuitClosed(error)
  }
}
