/**
 * What an application sends before it has an answer (optimistic data, proposal 174): it leaves right behind BEGIN, or as
 * it comes while the exit connects, and a copy is kept for the next exit while the first may still fail.
 */
import type { ByteStream } from '../util/byte-stream.ts'

/** More than a stream's window of 500 cells could not leave before CONNECTED anyway. */
export const MAX_INITIAL_DATA_BYTES = 249_000

export class InitialData {
  readonly #kept: Buffer[] = []
  #length = 0
  #isDropped = false
  /** On which it leaves, once BEGIN was sent. */
  #stream: Pick<ByteStream, 'write'> | undefined

  /** The bytes are copied, here and in `append`. */
  constructor(bytes: Uint8Array = Buffer.alloc(0)) {
    this.append(bytes)
  }

  /** How much there was in all. */
  get length(): number {
    return this.#length
  }

  /** The application sends more. Whoever reads the application sees to it that this has an end. */
  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#length += bytes.length
    if (!this.#isDropped) this.#kept.push(Buffer.from(bytes))
    this.#stream?.write(bytes)
  }

  /** One more try has begun: all of it leaves there, and what is still to come. */
  leaveOn(stream: Pick<ByteStream, 'write'>): void {
    this.#stream = stream
    for (const bytes of this.#kept) stream.write(bytes)
  }

  /** An exit has connected, or none will: no copy is needed any more. What is still added goes on to where it left. */
  drop(): void {
    this.#isDropped = true
    this.#kept.length = 0
  }
}
