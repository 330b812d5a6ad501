/** Reads big-endian fields off a byte array; every read past the end is the typed error, never `undefined`. */
import { asBuffer } from './bytes.ts'
import { malformed } from './errors.ts'

export class ByteReader {
  readonly #bytes: Buffer
  readonly #what: string
  #at = 0

  /** `what` names the structure in errors, e.g. "CERTS message". */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = asBuffer(bytes)
    this.#what = what
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2))
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8))
  }

  /** A view (shared memory): copy it if it must outlive the input. */
  view(length: number): Buffer {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** A copy that the caller owns. */
  take(length: number): Buffer {
    return Buffer.from(this.view(length))
  }

  rest(): Buffer {
    return this.view(this.remaining)
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.remaining !== 0) malformed(this.#what, 'no bytes after the end', `${this.remaining} more`)
  }

  fail(expected: string, got?: string | number): never {
    malformed(this.#what, expected, got)
  }

  #advance(length: number): number {
    if (this.remaining < length) malformed(this.#what, `${length} more bytes`, this.remaining)
    const start = this.#at
    this.#at += length
    return start
  }
}
