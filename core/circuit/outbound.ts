/**
 * A circuit's way out: its own messages first, then those of its streams and their DATA, packed side by side, encrypted as
 * one batch for each layer and framed for the wire. Nothing is encrypted before the channel asks for it.
 */
import { CELL_BODY_BYTES, CELL_BYTES, CELL_HEADER_BYTES, ChannelCommand } from '../cell/commands.ts'
import type { RelayMessage } from '../cell/relay-message.ts'
import { TorError } from '../util/errors.ts'
import type { QueueAccount } from '../util/queue-account.ts'
import type { Random } from '../util/random.ts'
import type { CircuitWindows } from './circuit-windows.ts'
import type { Hop } from './hop.ts'
import { MessageQueue } from './message-queue.ts'
import type { RelayEarlyBudget } from './relay-early.ts'
import { type CellBatch, MAX_BATCH_CELLS, type StreamSide } from './stream-side.ts'

/** Which hop a message is for, and whether a RELAY_EARLY cell was set aside for it. */
interface Destination {
  readonly hop: number
  readonly isExtend: boolean
}

/** Where batches are packed; used within one call only, as everything runs on one thread. */
const packed = Buffer.allocUnsafeSlow(MAX_BATCH_CELLS * CELL_BODY_BYTES)

export interface OutboundParts {
  readonly random: Random
  readonly hops: readonly Hop[]
  readonly windows: CircuitWindows
  readonly relayEarly: RelayEarlyBudget
  readonly queues: QueueAccount
}

export class OutboundCells {
  readonly #parts: OutboundParts
  readonly #control: MessageQueue<Destination>

  constructor(parts: OutboundParts) {
    this.#parts = parts
    this.#control = new MessageQueue(parts.random, parts.queues)
  }

  /** Queues a message about the circuit itself to a hop. Throws `limit` when far too many are waiting. */
  push(hop: number, message: RelayMessage): void {
    this.#control.push(0, message, { hop, isExtend: message.kind === 'extend2' })
  }

  clear(): void {
    this.#control.clear()
  }

  /**
   * About `maxCells` cells for the wire, of the circuit's own and of its streams, or undefined when nothing of what is
   * asked for may be sent now.
   */
  pull(
    circuitId: number,
    maxCells: number,
    what: 'control' | 'all',
    streams: StreamSide,
  ): Buffer | undefined {
    const max = Math.min(maxCells, MAX_BATCH_CELLS)
    const lastHop = this.#parts.hops.length - 1
    const { hop, isExtend } = this.#control.next ?? { hop: lastHop, isExtend: false }
    const batch: CellBatch = { cells: packed, count: 0, tagAt: [] }
    this.#control.pack(batch, max, (to) => to.hop === hop && to.isExtend === isExtend)
    if (hop === lastHop && !isExtend && this.#control.isEmpty) {
      streams.pack(batch, max, what, this.#parts.windows)
    }
    if (batch.count === 0) return undefined
    return this.#frame(circuitId, hop, batch, isExtend ? batch.count : this.#earlyCells(hop, batch.count))
  }

  /** As C tor: what is said to the first hop, which sees how near it is, takes none. */
  #earlyCells(hop: number, count: number): number {
    return hop === 0 ? 0 : this.#parts.relayEarly.take(count)
  }

  /** The first `early` cells as RELAY_EARLY, which crypto other than tor1 covers, and the others as RELAY. */
  #frame(circuitId: number, hop: number, batch: CellBatch, early: number): Buffer {
    if (early === 0) return this.#encrypt(circuitId, hop, ChannelCommand.RELAY, batch)
    if (early === batch.count) return this.#encrypt(circuitId, hop, ChannelCommand.RELAY_EARLY, batch)
    const { cells, count, tagAt } = batch
    const first = { cells, count: early, tagAt: tagAt.filter((at) => at < early) }
    const others = {
      cells: cells.subarray(early * CELL_BODY_BYTES),
      count: count - early,
      tagAt: tagAt.filter((at) => at >= early).map((at) => at - early),
    }
    return Buffer.concat([
      this.#encrypt(circuitId, hop, ChannelCommand.RELAY_EARLY, first),
      this.#encrypt(circuitId, hop, ChannelCommand.RELAY, others),
    ])
  }

  #encrypt(circuitId: number, hop: number, cellCommand: number, batch: CellBatch): Buffer {
    const { hops, windows } = this.#parts
    const { count, tagAt } = batch
    const target = hops[hop]
    if (target === undefined) throw new TorError('internal', `the circuit has no hop ${hop}`)
    const bodies = batch.cells.subarray(0, count * CELL_BODY_BYTES)
    const originated = target.crypto.originate(bodies, count, cellCommand, tagAt)
    let cells = originated.cells
    for (let inner = hop - 1; inner >= 0; inner--) {
      cells = hops[inner]?.crypto.encrypt(cells, count, cellCommand) ?? cells
    }
    windows.expectSendmes(originated.tags)
    return frameCells(circuitId, cellCommand, cells, count)
  }
}

function frameCells(circuitId: number, cellCommand: number, bodies: Buffer, count: number): Buffer {
  const framed = Buffer.allocUnsafeSlow(count * CELL_BYTES)
  // One copy to the end, then each body moves to its place: never onto one that has not moved yet.
  const source = count * CELL_HEADER_BYTES
  framed.set(bodies.subarray(0, count * CELL_BODY_BYTES), source)
  for (let index = 0; index < count; index++) {
    const at = index * CELL_BYTES
    const from = source + index * CELL_BODY_BYTES
    framed.copyWithin(at + CELL_HEADER_BYTES, from, from + CELL_BODY_BYTES)
    framed.writeUInt32BE(circuitId, at)
    framed[at + 4] = cellCommand
  }
  return framed
}
