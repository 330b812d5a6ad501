/** Messages that came before their turn on another leg, in the order of their numbers. */
import { CELL_BODY_BYTES } from '../../../../core/cell/commands.ts'
import type { RelayMessage } from '../../../../core/cell/relay-message.ts'

export interface NumberedMessage {
  readonly sequence: number
  readonly streamId: number
  readonly message: RelayMessage
}

/** Twice what the windows of two legs let a client send before the slower one must have arrived. */
const MOST_BYTES = 4 * 1000 * CELL_BODY_BYTES

export class ReorderQueue {
  readonly #waiting = new Map<number, NumberedMessage>()

  /** False when it is full, or somebody else has the number. */
  add(entry: NumberedMessage): boolean {
    if ((this.#waiting.size + 1) * CELL_BODY_BYTES > MOST_BYTES) return false
    if (this.#waiting.has(entry.sequence)) return false
    this.#waiting.set(entry.sequence, entry)
    return true
  }

  take(sequence: number): NumberedMessage | undefined {
    const entry = this.#waiting.get(sequence)
    this.#waiting.delete(sequence)
    return entry
  }

  clear(): void {
    this.#waiting.clear()
  }
}
