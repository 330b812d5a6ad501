/**
 * What an application has written and the network has not taken yet, in pooled blocks cut on cell borders. Its owner
 * stops the application at the high mark, so it stays small whatever the upload.
 */
import { RELAY_DATA_MAX_BYTES } from '../cell/commands.ts'
import { BLOCK_BYTES, giveBlock, takeBlock } from '../util/block-pool.ts'

/** A block is used up to a whole number of full cells, so that only the last cell of a burst is ever partly filled. */
const USED_BLOCK_BYTES = BLOCK_BYTES - (BLOCK_BYTES % RELAY_DATA_MAX_BYTES)

interface Block {
  readonly bytes: Buffer
  readonly sinceMs: number
  start: number
  end: number
}

/** A piece of the buffer, to be copied at once. */
export interface BufferSlice {
  readonly bytes: Buffer
  readonly start: number
  readonly length: number
}

export class SendBuffer {
  readonly #blocks: Block[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Of memory that is held for it. */
  get memoryBytes(): number {
    return this.#blocks.length * BLOCK_BYTES
  }

  /** When the oldest of it came; never, when there is none. */
  get oldestMs(): number {
    return this.#blocks[0]?.sinceMs ?? Number.POSITIVE_INFINITY
  }

  /** Copies the bytes in, which come now. */
  append(bytes: Uint8Array, nowMs: number): void {
    let from = 0
    while (from < bytes.length) {
      const tail = this.#tail(nowMs)
      const part = Math.min(bytes.length - from, USED_BLOCK_BYTES - tail.end)
      tail.bytes.set(bytes.subarray(from, from + part), tail.end)
      tail.end += part
      from += part
    }
    this.#length += bytes.length
  }

  /** Up to `maxBytes` from the front, or undefined when empty; the view is good until `consume`. */
  peek(maxBytes: number): BufferSlice | undefined {
    const head = this.#blocks[0]
    if (head === undefined) return undefined
    return { bytes: head.bytes, start: head.start, length: Math.min(maxBytes, head.end - head.start) }
  }

  consume(length: number): void {
    const head = this.#blocks[0]
    if (head === undefined) return
    head.start += length
    this.#length -= length
    if (head.start === head.end) {
      this.#blocks.shift()
      giveBlock(head.bytes)
    }
  }

  clear(): void {
    for (const block of this.#blocks.splice(0)) giveBlock(block.bytes)
    this.#length = 0
  }

  #tail(nowMs: number): Block {
    const last = this.#blocks.at(-1)
    if (last !== undefined && last.end < USED_BLOCK_BYTES) return last
    const block = { bytes: takeBlock(), start: 0, end: 0, sinceMs: nowMs }
    this.#blocks.push(block)
    return block
  }
}
