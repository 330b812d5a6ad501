/** A strict reader of the DER that Tor uses: definite, minimal lengths, one-byte tags, nothing recursive. */
import { asBuffer } from '../util/bytes.ts'
import { malformed } from '../util/errors.ts'

export const DER_INTEGER = 0x02
export const DER_BIT_STRING = 0x03
export const DER_UTC_TIME = 0x17
export const DER_GENERALIZED_TIME = 0x18
export const DER_SEQUENCE = 0x30

/** All that Tor carries fits a length of two bytes; longer forms are refused. */
const MOST_LENGTH_BYTES = 2

/** Reads consecutive elements. Everything returned is a view of the input. Throws `malformed`. */
export class DerReader {
  readonly #bytes: Buffer
  readonly #what: string
  #at = 0

  /** `what` names the structure in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = asBuffer(bytes)
    this.#what = what
  }

  /** The tag of the next element, or undefined at the end. */
  peekTag(): number | undefined {
    return this.#bytes[this.#at]
  }

  /** The content of the next element, which must have this tag. */
  read(tag: number): Buffer {
    return this.#next(tag).content
  }

  /** The next element with its header. */
  readWhole(tag: number): Buffer {
    return this.#next(tag).whole
  }

  /** A reader of the elements inside the next one. */
  readInside(tag: number): DerReader {
    return new DerReader(this.read(tag), this.#what)
  }

  /** The magnitude of a non-negative INTEGER, without its leading zero. */
  readUnsigned(): Buffer {
    const content = this.read(DER_INTEGER)
    const [first, second] = content
    if (first === undefined || first >= 0x80) this.#fail('a non-negative INTEGER')
    if (first === 0 && second !== undefined && second < 0x80) this.#fail('a minimal INTEGER')
    return first === 0 ? content.subarray(1) : content
  }

  /** The bytes of a BIT STRING of whole bytes. */
  readBitString(): Buffer {
    const content = this.read(DER_BIT_STRING)
    if (content[0] !== 0) this.#fail('a BIT STRING of whole bytes')
    return content.subarray(1)
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.#fail('no more elements')
  }

  #next(tag: number): { readonly content: Buffer; readonly whole: Buffer } {
    const start = this.#at
    if (this.#bytes[start] !== tag) this.#fail(`tag ${tag}`)
    const { length, headerLength } = this.#readLength(start + 1)
    const contentStart = start + 1 + headerLength
    const end = contentStart + length
    if (end > this.#bytes.length) this.#fail(`${length} bytes of content`)
    this.#at = end
    return { content: this.#bytes.subarray(contentStart, end), whole: this.#bytes.subarray(start, end) }
  }

  #readLength(at: number): { readonly length: number; readonly headerLength: number } {
    const first = this.#bytes[at]
    if (first === undefined) this.#fail('a length')
    if (first < 0x80) return { length: first, headerLength: 1 }
    const count = first & 0x7f
    if (count === 0 || count > MOST_LENGTH_BYTES || at + 1 + count > this.#bytes.length) {
      this.#fail('a definite length below 65536')
    }
    const length = this.#bytes.readUIntBE(at + 1, count)
    if (length < (count === 1 ? 0x80 : 0x100)) this.#fail('a minimal length')
    return { length, headerLength: 1 + count }
  }

  #fail(expected: string): never {
    malformed(this.#what, `${expected} at byte ${this.#at}`)
  }
}
