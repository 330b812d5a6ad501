/**
 * The relay cells of one circuit that lie one behind the other in a read of the link: they are counted here and handed to
 * their circuit in one go, while the read's buffer still holds them. A cell costs two comparisons and no object.
 */
import { CELL_BYTES } from '../cell/commands.ts'
import type { CircuitEndpoint } from './circuit-endpoint.ts'

export class CellRun {
  readonly #onDelivered: (circuit: CircuitEndpoint, cells: number) => void
  /** The buffer of the read under way. */
  #read: Buffer | undefined
  #circuit: CircuitEndpoint | undefined
  #circuitId = 0
  #bodyOffset = 0
  #count = 0

  /** `onDelivered` is called when a circuit has taken its cells over. */
  constructor(onDelivered: (circuit: CircuitEndpoint, cells: number) => void) {
    this.#onDelivered = onDelivered
  }

  /** The cells that follow come from this buffer, or from the framer's own when they straddle two reads. */
  startRead(buffer: Buffer): void {
    this.#read = buffer
  }

  /** Takes a relay cell in when it goes on where the run ends, and says whether it did. */
  extend(circuitId: number, buffer: Buffer, bodyOffset: number): boolean {
    const isNext =
      circuitId === this.#circuitId &&
      this.#circuit !== undefined &&
      bodyOffset === this.#bodyOffset + this.#count * CELL_BYTES &&
      buffer === this.#read
    if (isNext) this.#count++
    return isNext
  }

  /** Hands over the run that was, and begins another with this cell. */
  begin(circuit: CircuitEndpoint, circuitId: number, buffer: Buffer, bodyOffset: number): void {
    this.deliver()
    if (buffer !== this.#read) {
      // It straddled two reads and lies in the framer's own buffer, which the end of this read overwrites.
      this.#handOver(circuit, buffer, bodyOffset, 1)
      return
    }
    this.#circuit = circuit
    this.#circuitId = circuitId
    this.#bodyOffset = bodyOffset
    this.#count = 1
  }

  /** Hands the run over, if there is one: before the read's buffer is given back, and before anything that came later. */
  deliver(): void {
    const circuit = this.#circuit
    if (circuit === undefined || this.#read === undefined) return
    this.#circuit = undefined
    this.#handOver(circuit, this.#read, this.#bodyOffset, this.#count)
  }

  #handOver(circuit: CircuitEndpoint, buffer: Buffer, bodyOffset: number, cells: number): void {
    circuit.onRelayCells(buffer, bodyOffset, cells)
    this.#onDelivered(circuit, cells)
  }
}
