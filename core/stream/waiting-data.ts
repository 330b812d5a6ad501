/**
 * What has come for an application that does not take it now, in the order in which it came. Who sends decides in what
 * pieces: cells of one byte, or of none, must not cost us more memory than what is in them, so small ones are copied
 * together.
 */

export interface WaitingChunk {
  readonly chunk: Buffer
  /** The DATA cells that it came in. */
  readonly cells: number
}

interface Piece {
  readonly bytes: Buffer
  length: number
  cells: number
  /** Whether it is our copy, with room behind what is in it. */
  readonly isOurs: boolean
  /** When the first of it came, on the monotonic clock. */
  readonly sinceMs: number
}

/** A view of a batch that is less than this part of it would hold all of it: it is copied out. */
const COPY_BELOW_SHARE = 2

/** Pieces for small chunks grow with what waits already, up to this: one line of text does not cost a block. */
const MAX_PIECE_BYTES = 16_384

/** What a piece costs beside its bytes: three small objects, and what the allocator adds. */
const PIECE_COST_BYTES = 256

export class WaitingData {
  #pieces: Piece[] = []
  #bytes = 0
  #memoryBytes = 0

  get isEmpty(): boolean {
    return this.#pieces.length === 0
  }

  /** Of data. */
  get bytes(): number {
    return this.#bytes
  }

  /** Of memory that is held for it. */
  get memoryBytes(): number {
    return this.#memoryBytes
  }

  /** When the oldest of it came; never, when there is none. */
  get oldestMs(): number {
    return this.#pieces[0]?.sinceMs ?? Number.POSITIVE_INFINITY
  }

  /** Takes the chunk over. */
  push(chunk: Buffer, cells: number, nowMs: number): void {
    this.#bytes += chunk.length
    if (heldBy(chunk) <= chunk.length * COPY_BELOW_SHARE && chunk.length > 0) {
      this.#add({ bytes: chunk, length: chunk.length, cells, isOurs: false, sinceMs: nowMs })
      return
    }
    const last = this.#pieces.at(-1)
    const room = last?.isOurs === true ? last.bytes.length - last.length : 0
    const copied = Math.min(room, chunk.length)
    if (last !== undefined && (copied > 0 || chunk.length === 0)) {
      last.bytes.set(chunk.subarray(0, copied), last.length)
      last.length += copied
      last.cells += cells
      if (copied === chunk.length) return
    }
    const rest = chunk.subarray(copied)
    const bytes = Buffer.allocUnsafeSlow(Math.max(rest.length, Math.min(this.#bytes, MAX_PIECE_BYTES)))
    bytes.set(rest)
    const cellsOfRest = copied > 0 ? 0 : cells
    this.#add({ bytes, length: rest.length, cells: cellsOfRest, isOurs: true, sinceMs: nowMs })
  }

  /** The next in turn, which is the caller's from now on. */
  shift(): WaitingChunk | undefined {
    const piece = this.#pieces.shift()
    if (piece === undefined) return undefined
    this.#bytes -= piece.length
    this.#memoryBytes -= costOf(piece)
    return { chunk: piece.bytes.subarray(0, piece.length), cells: piece.cells }
  }

  clear(): void {
    this.#pieces = []
    this.#bytes = 0
    this.#memoryBytes = 0
  }

  #add(piece: Piece): void {
    this.#pieces.push(piece)
    this.#memoryBytes += costOf(piece)
  }
}

/** What a view keeps from being collected. */
export function heldBy(chunk: Buffer): number {
  return chunk.buffer.byteLength
}

function costOf(piece: Piece): number {
  return heldBy(piece.bytes) + PIECE_COST_BYTES
}
