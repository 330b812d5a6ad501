/**
 * Shares a channel's outgoing link among its circuits: control cells first, then the circuits in turn, each a bounded
 * burst. Bytes stay with their owners until the link has room, so nothing waits behind a bulk upload that has
 * already been encrypted (the upload queue that makes C tor's pings wait for seconds does not exist here).
 */
import type { CircuitEndpoint } from './circuit-endpoint.ts'

/** One circuit's turn: two TLS records' worth, so that a ping on another circuit waits for 32 KB at most. */
const BURST_CELLS = 62

/** What may go to the link in one flush before it is asked whether it has room: four bursts. */
const FLUSH_CELLS = 4 * BURST_CELLS

/** A circuit that has the channel for itself sends in bigger pieces, which cost less. */
const LONE_BURST_CELLS = 2 * BURST_CELLS

const CELL_BYTES = 514

export class OutboundQueue {
  #control: Buffer[] = []
  /** Insertion order is the order of turns. */
  readonly #waiting = new Set<CircuitEndpoint>()

  get isEmpty(): boolean {
    return this.#control.length === 0 && this.#waiting.size === 0
  }

  pushControl(cell: Buffer): void {
    this.#control.push(cell)
  }

  request(circuit: CircuitEndpoint): void {
    this.#waiting.add(circuit)
  }

  forget(circuit: CircuitEndpoint): void {
    this.#waiting.delete(circuit)
  }

  /** The next buffers for the link, fairly taken; empty when nobody has anything to send. */
  take(): Buffer[] {
    const buffers = this.#control
    this.#control = []
    const burst = this.#waiting.size === 1 ? LONE_BURST_CELLS : BURST_CELLS
    let budget = FLUSH_CELLS
    for (const circuit of this.#waiting) {
      if (budget <= 0) break
      this.#waiting.delete(circuit)
      const cells = circuit.pullCells(Math.min(burst, budget))
      if (cells === undefined) continue
      buffers.push(cells)
      budget -= cells.length / CELL_BYTES
      // To the end of the line: a Set's iteration comes to it again after the others.
      this.#waiting.add(circuit)
    }
    return buffers
  }

  clear(): void {
    this.#control = []
    this.#waiting.clear()
  }
}
