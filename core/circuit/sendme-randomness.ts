/**
 * Keeps the tags that SENDMEs quote unforeseeable (proposal 289). A full DATA cell has no room for random padding: who
 * knows what is uploaded, and holds the exit's keys, could work out the tags of cells that it has not read, acknowledge
 * them ahead, and have them pile up in a relay's memory. So a cell of each increment carries a little less than it could.
 */
import { RELAY_DATA_MAX_BYTES } from '../cell/commands.ts'
import { RELAY_DATA_PADDED_BYTES } from '../cell/relay-cell.ts'
import { type Random, randomBelow } from '../util/random.ts'
import type { DataLengths } from './circuit-stream.ts'

export class SendmeRandomness implements DataLengths {
  readonly #random: Random
  readonly #increment: number
  /** DATA cells of this increment so far. */
  #cells = 0
  /** Before which the padded one must have been. */
  #latest = 0
  #hasPadded = false

  /** `increment` is the number of DATA cells that a SENDME acknowledges. */
  constructor(random: Random, increment: number) {
    this.#random = random
    this.#increment = increment
    this.#begin()
  }

  next(waitingBytes: number): number {
    const isDue = this.#cells === this.#latest && !this.#hasPadded
    const length = Math.min(waitingBytes, isDue ? RELAY_DATA_PADDED_BYTES : RELAY_DATA_MAX_BYTES)
    if (length <= RELAY_DATA_PADDED_BYTES) this.#hasPadded = true
    this.#cells++
    if (this.#cells === this.#increment) this.#begin()
    return length
  }

  /** In the second half, as in C tor: a cell that is short by itself mostly comes before. */
  #begin(): void {
    const half = Math.floor(this.#increment / 2)
    this.#cells = 0
    this.#hasPadded = false
    this.#latest = half + randomBelow(this.#random, this.#increment - half)
  }
}
