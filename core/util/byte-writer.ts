/** Builds big-endian structures. For control messages; the data path writes into its slabs directly. */
import { TorError } from './errors.ts'

/** Most messages fit; a buffer for every field would cost more than all that is written. */
const FIRST_BYTES = 128

export class ByteWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  u8(value: number): this {
    return this.#number(value, 1)
  }

  u16(value: number): this {
    return this.#number(value, 2)
  }

  u32(value: number): this {
    return this.#number(value, 4)
  }

  u64(value: bigint): this {
    const at = this.#advance(8)
    this.#buffer.writeBigUInt64BE(value, at)
    return this
  }

  /** Copies them. */
  bytes(value: Uint8Array): this {
    const at = this.#advance(value.length)
    this.#buffer.set(value, at)
    return this
  }

  /** ASCII or latin1 text, one byte a character. */
  text(value: string): this {
    const at = this.#advance(value.length)
    this.#buffer.write(value, at, 'latin1')
    return this
  }

  /** What was written, the caller's from now on. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #number(value: number, size: 1 | 2 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
      throw new TorError('internal', `a ${size}-byte field cannot hold ${value}`)
    }
    const at = this.#advance(size)
    this.#buffer.writeUIntBE(value, at, size)
    return this
  }

  /** Makes room; returns where it begins. */
  #advance(bytes: number): number {
    const at = this.#length
    this.#length += bytes
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, 2 * this.#buffer.length))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }
}
