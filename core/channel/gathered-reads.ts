/**
 * What a link has brought in one turn of the event loop, read behind read. A relay's TLS records end in the middle of a
 * cell and are small: framed one by one, each would leave a cell in two pieces and hand its circuit two short runs.
 */
import { BLOCK_BYTES, giveBlock, takeBlock } from '../util/block-pool.ts'

export class GatheredReads {
  #block: Buffer | undefined
  #bytes = 0

  /** Nothing more finds room: it must be framed now. */
  get isFull(): boolean {
    return this.#bytes === BLOCK_BYTES
  }

  /** Copies what has room out of the borrowed `buffer[from, to)`; returns how much it was. */
  add(buffer: Buffer, from: number, to: number): number {
    this.#block ??= takeBlock()
    const took = Math.min(to - from, BLOCK_BYTES - this.#bytes)
    this.#block.set(buffer.subarray(from, from + took), this.#bytes)
    this.#bytes += took
    return took
  }

  /** Hands over what was gathered, for the length of the call, and begins again. What `frame` throws passes through. */
  release(frame: (buffer: Buffer, length: number) => void): void {
    const block = this.#block
    if (block === undefined) return
    const length = this.#bytes
    this.#block = undefined
    this.#bytes = 0
    try {
      frame(block, length)
    } finally {
      giveBlock(block)
    }
  }
}
