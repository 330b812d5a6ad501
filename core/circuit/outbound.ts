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
import { type CellBatch, MAX_BATCH_CELLS, type StreamSide } from './stream-side.ts'

/** Which hop a message is for, and in which kind of cell it travels. */
interface Destination {
  readonly hop: number
  readonly cellCommand: number
}

/** Where batches are packed; used within one call only, as everything runs on one thread. */
const packed = Buffer.allocUnsafeSlow(MAX_BATCH_CELLS * CELL_BODY_BYTES)

export interface OutboundParts {
  readonly random: Random
  readonly hops: readonly Hop[]
  readonly windows: CircuitWindows
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
  push(hop: number, message: RelayMessage, cellCommand: number = ChannelCommand.RELAY): void {
    this.#control.push(0, message, { hop, cellCommand })
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
    const { hop, cellCommand } = this.#control.next ?? { hop: lastHop, cellCommand: ChannelCommand.RELAY }
    const batch: CellBatch = { cells: packed, count: 0, tagAt: [] }
    this.#control.pack(batch, max, (to) => to.hop === hop && to.cellCommand === cellCommand)
    if (hop === lastHop && cellCommand === ChannelCommand.RELAY && this.#control.isEmpty) {
      streams.pack(batch, max, what, this.#parts.windows)
    }
    return batch.count === 0 ? undefined : this.#encrypt(circuitId, hop, cellCommand, batch)
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
