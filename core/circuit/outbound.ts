/**
 * A circuit's way out: control messages first, then DATA of its streams in turn, packed side by side, encrypted as one
 * batch for each layer and framed for the wire. Nothing is encrypted before the channel asks for it.
 */
import { CELL_BODY_BYTES, CELL_BYTES, CELL_HEADER_BYTES, ChannelCommand } from '../cell/commands.ts'
import { packRelayCell } from '../cell/relay-cell.ts'
import type { RelayMessage } from '../cell/relay-message.ts'
import { encodeRelayMessage } from '../cell/relay-message-codec.ts'
import { TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import type { CircuitWindows } from './circuit-windows.ts'
import type { Hop } from './hop.ts'
import type { StreamTable } from './stream-table.ts'

/** The largest batch that `pull` makes; more only adds latency for the others on the channel. */
const MAX_BATCH_CELLS = 124

/** A stream's turn within its circuit, so that a small write never waits for more than this of each other stream. */
const STREAM_BURST_CELLS = 31

/**
 * Control messages that wait because the channel's link is stuck. An honest peer causes at most one SENDME for 30 DATA
 * cells of its windows and we one BEGIN and END a stream; a peer that piles up more is cut off.
 */
const MAX_CONTROL_MESSAGES = 4096

interface ControlMessage {
  readonly hop: number
  readonly streamId: number
  readonly command: number
  readonly body: Buffer
  readonly cellCommand: number
}

/** Where batches are packed; used within one call only, as everything runs on one thread. */
const batch = Buffer.allocUnsafeSlow(MAX_BATCH_CELLS * CELL_BODY_BYTES)

export interface OutboundParts {
  readonly random: Random
  readonly hops: readonly Hop[]
  readonly windows: CircuitWindows
  readonly streams: StreamTable
}

export class OutboundCells {
  readonly #parts: OutboundParts
  readonly #readyStreams = new Set<number>()
  #control: ControlMessage[] = []
  #taken = 0

  constructor(parts: OutboundParts) {
    this.#parts = parts
  }

  /** Queues a message to a hop. Throws `limit` when far too many are waiting. */
  push(
    hop: number,
    streamId: number,
    message: RelayMessage,
    cellCommand: number = ChannelCommand.RELAY,
  ): void {
    if (this.#control.length - this.#taken >= MAX_CONTROL_MESSAGES) {
      throw new TorError('limit', 'too many messages wait to be sent on the circuit')
    }
    const { command, body } = encodeRelayMessage(message)
    this.#control.push({ hop, streamId, command, body, cellCommand })
  }

  requestSend(streamId: number): void {
    this.#readyStreams.add(streamId)
  }

  forgetStream(streamId: number): void {
    this.#readyStreams.delete(streamId)
  }

  clear(): void {
    this.#control = []
    this.#taken = 0
    this.#readyStreams.clear()
  }

  /** DATA cells that could leave now, were they asked for. */
  get waitingCells(): number {
    const { windows, streams } = this.#parts
    let cells = 0
    for (const streamId of this.#readyStreams) cells += streams.get(streamId)?.cellsToSend ?? 0
    return Math.min(cells, windows.sendableCells)
  }

  /** Up to `maxCells` cells for the wire, or undefined when nothing of what is asked for may be sent now. */
  pull(circuitId: number, maxCells: number, what: 'control' | 'all'): Buffer | undefined {
    const max = Math.min(maxCells, MAX_BATCH_CELLS)
    const first = this.#control[this.#taken]
    if (first === undefined && what === 'control') return undefined
    const lastHop = this.#parts.hops.length - 1
    const hop = first?.hop ?? lastHop
    const cellCommand = first?.cellCommand ?? ChannelCommand.RELAY
    let count = first === undefined ? 0 : this.#packControl(hop, cellCommand, max)
    const tagAt: number[] = []
    const isDataNext = hop === lastHop && cellCommand === ChannelCommand.RELAY && this.#control.length === 0
    if (what === 'all' && isDataNext) {
      count = this.#packData(count, max, tagAt)
    }
    if (count === 0) return undefined
    return this.#encrypt(circuitId, hop, cellCommand, count, tagAt)
  }

  /** Packs the control messages at the head of the queue that go to the same hop in the same kind of cell. */
  #packControl(hop: number, cellCommand: number, max: number): number {
    let count = 0
    while (count < max) {
      const next = this.#control[this.#taken]
      if (next === undefined || next.hop !== hop || next.cellCommand !== cellCommand) break
      const { command, streamId, body } = next
      packRelayCell(
        batch,
        count * CELL_BODY_BYTES,
        command,
        streamId,
        body,
        0,
        body.length,
        this.#parts.random,
      )
      count++
      this.#taken++
    }
    if (this.#taken === this.#control.length) {
      this.#control = []
      this.#taken = 0
    }
    return count
  }

  #packData(packed: number, max: number, tagAt: number[]): number {
    const { windows, streams } = this.#parts
    let count = packed
    for (const streamId of this.#readyStreams) {
      const room = Math.min(max - count, windows.sendableCells)
      if (room <= 0) break
      this.#readyStreams.delete(streamId)
      const stream = streams.get(streamId)
      if (stream === undefined || stream.cellsToSend === 0) continue
      const cells = stream.packCells(batch, count * CELL_BODY_BYTES, Math.min(room, STREAM_BURST_CELLS))
      for (let index = 0; index < cells; index++) {
        if (windows.onDataSent()) tagAt.push(count + index)
      }
      count += cells
      // To the end of the line: a Set's iteration comes to it again after the others.
      if (cells > 0 && stream.cellsToSend > 0) this.#readyStreams.add(streamId)
    }
    return count
  }

  #encrypt(
    circuitId: number,
    hop: number,
    cellCommand: number,
    count: number,
    tagAt: readonly number[],
  ): Buffer {
    const { hops, windows } = this.#parts
    const target = hops[hop]
    if (target === undefined) throw new TorError('internal', `the circuit has no hop ${hop}`)
    const originated = target.crypto.originate(
      batch.subarray(0, count * CELL_BODY_BYTES),
      count,
      cellCommand,
      tagAt,
    )
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
