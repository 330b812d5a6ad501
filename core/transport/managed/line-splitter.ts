/** Cuts what a plugin writes into lines of bounded length, however it comes. */

/** Far more than any line of the protocol; a log message that is longer helps nobody. */
export const MAX_PLUGIN_LINE_BYTES = 4096

const NEWLINE = 0x0a

export class LineSplitter {
  readonly #onLine: (line: string) => void
  readonly #onTooLong: () => void
  #rest: Buffer = Buffer.alloc(0)
  /** Until the end of a line that was too long. */
  #isSkipping = false

  /** Lines come without their ends. Of one that is too long nothing comes but the news of it, once. */
  constructor(onLine: (line: string) => void, onTooLong: () => void) {
    this.#onLine = onLine
    this.#onTooLong = onTooLong
  }

  push(bytes: Buffer): void {
    let start = 0
    for (;;) {
      const end = bytes.indexOf(NEWLINE, start)
      if (end === -1) break
      this.#take(bytes.subarray(start, end), true)
      start = end + 1
    }
    if (start < bytes.length) this.#take(bytes.subarray(start), false)
  }

  #take(piece: Buffer, isEnd: boolean): void {
    if (!this.#isSkipping && this.#rest.length + piece.length > MAX_PLUGIN_LINE_BYTES) {
      this.#isSkipping = true
      this.#rest = Buffer.alloc(0)
      this.#onTooLong()
    }
    if (this.#isSkipping) {
      this.#isSkipping = !isEnd
      return
    }
    // Copied: a piece is a view of a read that is much longer.
    this.#rest = Buffer.concat([this.#rest, piece])
    if (!isEnd) return
    const line = this.#rest.toString('utf8').replace(/\r$/, '')
    this.#rest = Buffer.alloc(0)
    this.#onLine(line)
  }
}
