/**
 * What an application has written and the network has not taken yet, in pooled blocks. Its owner stops the application at
 * the high mark, so it stays small whatever the upload.
 */
import { BLOCK_BYTES, giveBlock, takeBlock } from '../util/block-pool.ts'

interface Block {
  readonly bytes: Buffer
  readonly sinceMs: number
  start: number
  end: number
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
      const part = Math.min(bytes.length - from, BLOCK_BYTES - tail.end)
      tail.bytes.set(bytes.subarray(from, from + part), tail.end)
      tail.end += part
      from += part
    }
    this.#length += bytes.length
  }

  /** Moves the first `length` bytes, which must be there, to `target` at `at`. */
  take(length: number, target: Buffer, at: number): void {
    let to = at
    for (let left = length; left > 0; ) {
      const head = this.#blocks[0]
      if (head === undefined) throw new RangeError(`${left} bytes more than there are`)
      const part = Math.min(left, head.end - head.start)
      target.set(head.bytes.subarray(head.start, head.start + part), to)
      to += part
      left -= part
      this.#consume(head, part)
    }
  }

  clear(): void {
    for (const block of this.#blocks.splice(0)) giveBlock(block.bytes)
    this.#length = 0
  }

  #consume(head: Block, length: number): void {
    head.start += length
    this.#length -= length
    if (head.start < head.end) return
    this.#blocks.shift()
    giveBlock(head.bytes)
  }

  #tail(nowMs: number): Block {
    const last = this.#blocks.at(-1)
    if (last !== undefined && last.end < BLOCK_BYTES) return last
    const block = { bytes: takeBlock(), start: 0, end: 0, sinceMs: nowMs }
    this.#blocks.push(block)
    return block
  }
}
