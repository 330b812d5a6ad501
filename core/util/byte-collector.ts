/**
 * Gathers bytes that come in pieces, in memory of its own. Kept as they come, pieces hold the blocks that they are views
 * of: a relay that puts one byte into each cell would have us keep every cell, five hundred times what it is worth.
 */

const LEAST_BYTES = 4_096

export class ByteCollector {
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Copies. How much may come in all is the caller's to say. */
  push(piece: Uint8Array): void {
    const end = this.#length + piece.length
    if (end > this.#bytes.length) this.#grow(end)
    this.#bytes.set(piece, this.#length)
    this.#length = end
  }

  /** Everything so far; the collector is empty afterwards. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = Buffer.alloc(0)
    this.#length = 0
    return taken
  }

  #grow(leastBytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(leastBytes, this.#bytes.length * 2, LEAST_BYTES))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
