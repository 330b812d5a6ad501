/**
 * Shares a channel's outgoing link among its circuits. First what belongs to the channel (CREATE, DESTROY, padding), then
 * the circuits' control messages (BEGIN, SENDME, END), then data: circuits that sent little lately before the others,
 * and each in turn a bounded burst. Bytes stay with their owners until the link has room, so nothing waits behind a bulk
 * upload that has already been encrypted (the upload queue that makes C tor's pings wait for seconds does not exist
 * here).
 */
import { TorError } from '../util/errors.ts'
import type { CircuitEndpoint } from './circuit-endpoint.ts'

/** One circuit's turn: two TLS records' worth, so that a ping on another circuit waits for 32 KB at most. */
const BURST_CELLS = 62

/** A circuit that has the channel for itself sends in bigger pieces, which cost less. */
const LONE_BURST_CELLS = 2 * BURST_CELLS

/** One circuit's turn for control messages, so that hundreds of BEGINs on one circuit leave room for another's. */
const CONTROL_BURST_CELLS = 31

/** A circuit that sent less than half a burst in about a second is somebody who types or asks: it need not wait in line. */
const QUIET_CELLS = BURST_CELLS / 2
const HALF_LIFE_MS = 1_000

/**
 * CREATE and DESTROY cells that wait for a link that takes nothing: two for each of a thousand circuits and more than
 * an honest link leaves waiting. The channel is given up beyond that.
 */
const MAX_CHANNEL_CELLS = 4096

const CELL_BYTES = 514

type Pull = (circuit: CircuitEndpoint, maxCells: number) => Buffer | undefined

interface Activity {
  cells: number
  atMs: number
}

export class OutboundQueue {
  #channelCells: Buffer[] = []
  /** Circuits with control messages, and with data; insertion order is the order of turns. */
  readonly #withControl = new Set<CircuitEndpoint>()
  readonly #withData = new Set<CircuitEndpoint>()
  /** Circuits whose control message may wait for company. */
  readonly #held = new Set<CircuitEndpoint>()
  readonly #activity = new Map<CircuitEndpoint, Activity>()

  get isEmpty(): boolean {
    return this.#channelCells.length === 0 && this.#withControl.size === 0 && this.#withData.size === 0
  }

  /** What the channel's own cells take; the circuits count what is theirs. */
  get channelBytes(): number {
    return this.#channelCells.length * CELL_BYTES
  }

  get hasHeld(): boolean {
    return this.#held.size > 0
  }

  /** Queues one whole cell of the channel's own. Throws `limit` when far too many wait. */
  pushChannelCell(cell: Buffer): void {
    if (this.#channelCells.length >= MAX_CHANNEL_CELLS) {
      throw new TorError('limit', 'the link to the relay takes nothing', { retry: 'elsewhere' })
    }
    this.#channelCells.push(cell)
  }

  requestControl(circuit: CircuitEndpoint): void {
    this.#withControl.add(circuit)
  }

  requestData(circuit: CircuitEndpoint): void {
    this.#withData.add(circuit)
  }

  /** The circuit has a control message that leaves with whatever leaves next, or after `releaseHeld`. */
  hold(circuit: CircuitEndpoint): void {
    this.#held.add(circuit)
  }

  releaseHeld(): void {
    for (const circuit of this.#held) this.#withControl.add(circuit)
    this.#held.clear()
  }

  forget(circuit: CircuitEndpoint): void {
    this.#withControl.delete(circuit)
    this.#withData.delete(circuit)
    this.#held.delete(circuit)
    this.#activity.delete(circuit)
  }

  /** The next buffers for the link: the channel's own cells and about `maxCells` of circuits; empty when there are none. */
  take(maxCells: number, nowMs: number): Buffer[] {
    if (this.isEmpty) return []
    this.releaseHeld()
    const buffers = this.#channelCells
    this.#channelCells = []
    const burst = this.#withControl.size === 1 ? LONE_BURST_CELLS : CONTROL_BURST_CELLS
    const left = this.#takeTurns(this.#withControl, burst, maxCells, buffers, (circuit, most) =>
      circuit.pullCells(most, 'control'),
    )
    this.#takeData(buffers, left, nowMs)
    return buffers
  }

  clear(): void {
    this.#channelCells = []
    this.#withControl.clear()
    this.#withData.clear()
    this.#held.clear()
    this.#activity.clear()
  }

  #takeData(buffers: Buffer[], maxCells: number, nowMs: number): void {
    const pull: Pull = (circuit, most) => {
      const cells = circuit.pullCells(most, 'all')
      if (cells !== undefined) this.#noteSent(circuit, cells.length / CELL_BYTES, nowMs)
      return cells
    }
    if (this.#withData.size === 1) {
      this.#takeTurns(this.#withData, LONE_BURST_CELLS, maxCells, buffers, pull)
      return
    }
    let left = maxCells
    for (const circuit of [...this.#withData]) {
      if (left <= 0) return
      if (this.#sentLately(circuit, nowMs) >= QUIET_CELLS) continue
      left -= this.#takeTurn(this.#withData, circuit, Math.min(BURST_CELLS, left), buffers, pull)
    }
    this.#takeTurns(this.#withData, BURST_CELLS, left, buffers, pull)
  }

  /** Each circuit's turn, again and again, until none has anything or `maxCells` are taken; returns what is left of them. */
  #takeTurns(
    line: Set<CircuitEndpoint>,
    burst: number,
    maxCells: number,
    buffers: Buffer[],
    pull: Pull,
  ): number {
    let left = maxCells
    for (const circuit of line) {
      if (left <= 0) break
      left -= this.#takeTurn(line, circuit, Math.min(burst, left), buffers, pull)
    }
    return left
  }

  /** Returns how many cells were taken. */
  #takeTurn(
    line: Set<CircuitEndpoint>,
    circuit: CircuitEndpoint,
    maxCells: number,
    buffers: Buffer[],
    pull: Pull,
  ): number {
    line.delete(circuit)
    const cells = pull(circuit, maxCells)
    if (cells === undefined) return 0
    buffers.push(cells)
    // To the end of the line: a Set's iteration comes to it again after the others.
    line.add(circuit)
    return cells.length / CELL_BYTES
  }

  #sentLately(circuit: CircuitEndpoint, nowMs: number): number {
    const activity = this.#activity.get(circuit)
    return activity === undefined ? 0 : activity.cells * 2 ** ((activity.atMs - nowMs) / HALF_LIFE_MS)
  }

  #noteSent(circuit: CircuitEndpoint, cells: number, nowMs: number): void {
    this.#activity.set(circuit, { cells: this.#sentLately(circuit, nowMs) + cells, atMs: nowMs })
  }
}
