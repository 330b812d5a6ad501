/** Builds big-endian structures. For control messages; the data path writes into its slabs directly. */
import { TorError } from './errors.ts'

export class ByteWriter {
  readonly #parts: Uint8Array[] = []

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
    const part = Buffer.alloc(8)
    part.writeBigUInt64BE(value)
    this.#parts.push(part)
    return this
  }

  bytes(value: Uint8Array): this {
    this.#parts.push(value)
    return this
  }

  /** ASCII or latin1 text, one byte a character. */
  text(value: string): this {
    this.#parts.push(Buffer.from(value, 'latin1'))
    return this
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #number(value: number, size: 1 | 2 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
      throw new TorError('internal', `a ${size}-byte field cannot hold ${value}`)
    }
    const part = Buffer.alloc(size)
    part.writeUIntBE(value, 0, size)
    this.#parts.push(part)
    return this
  }
}
