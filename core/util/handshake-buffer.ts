/** Collects the first bytes of the other side until what they begin is complete, and never more than a named limit. */
import { asBuffer } from './bytes.ts'
import { TorError } from './errors.ts'

const NOTHING = Buffer.alloc(0)

export class HandshakeBuffer {
  readonly #limitBytes: number
  #bytes: Buffer = NOTHING

  /** `limitBytes` bounds what may wait unread; bytes behind the request count too. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** A view of everything that has not been consumed. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Copies. Throws `limit`. */
  push(bytes: Uint8Array): void {
    if (this.#bytes.length + bytes.length > this.#limitBytes) {
      throw new TorError('limit', `more than ${this.#limitBytes} bytes came and were not complete`)
    }
    this.#bytes =
      this.#bytes.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#bytes, asBuffer(bytes)])
  }

  /** Drops the first `count` bytes and returns them as a view. */
  consume(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count)
    this.#bytes = this.#bytes.subarray(count)
    return taken
  }

  /** Everything that is left, as a copy; the buffer is empty afterwards. */
  takeRest(): Buffer {
    const rest = this.#bytes.length === 0 ? NOTHING : Buffer.from(this.#bytes)
    this.#bytes = NOTHING
    return rest
  }
}
