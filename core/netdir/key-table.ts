/**
 * A compact hash table from 32-byte keys to the rows of a column of them. The keys are hashes or public keys, so
 * their own first bytes are the hash.
 */

/** 32 bytes as 32-bit words: an eighth of the steps to compare. */
const KEY_WORDS = 8
const EMPTY = -1

export class KeyTable {
  /** The column: 32 bytes a row. Shared, and must not change for rows that were added. */
  readonly #keys: Uint32Array
  /** `EMPTY`, or the newest row with the slot's key; a power of two long, at most half full. */
  readonly #slots: Int32Array
  /** The row added before this one with the same key, or `EMPTY`. */
  readonly #earlier: Int32Array
  readonly #mask: number

  /** Room for `rows` rows of `keys`; add them one by one. */
  constructor(keys: Buffer, rows: number) {
    this.#keys = keyWords(keys)
    let size = 16
    while (size < rows * 2) size *= 2
    this.#slots = new Int32Array(size).fill(EMPTY)
    this.#earlier = new Int32Array(rows).fill(EMPTY)
    this.#mask = size - 1
  }

  /** Adds a row; returns the row that had the same key before, or -1. */
  add(row: number): number {
    const slot = this.#slotOf(this.#keys, row)
    const earlier = this.#slots[slot] ?? EMPTY
    this.#earlier[row] = earlier
    this.#slots[slot] = row
    return earlier
  }

  /** The newest row whose key is row `from` of the column `keys`, or -1; `earlierRow` leads to the others. */
  find(keys: Uint32Array, from: number): number {
    return this.#slots[this.#slotOf(keys, from)] ?? EMPTY
  }

  earlierRow(row: number): number {
    return this.#earlier[row] ?? EMPTY
  }

  /** The slot that holds this key, or the empty one where it belongs. */
  #slotOf(keys: Uint32Array, from: number): number {
    const at = from * KEY_WORDS
    let slot = (keys[at] ?? 0) & this.#mask
    for (;;) {
      const row = this.#slots[slot] ?? EMPTY
      if (row === EMPTY || this.#isKey(row, keys, at)) return slot
      slot = (slot + 1) & this.#mask
    }
  }

  #isKey(row: number, keys: Uint32Array, at: number): boolean {
    const mine = row * KEY_WORDS
    for (let offset = 0; offset < KEY_WORDS; offset++) {
      if (this.#keys[mine + offset] !== keys[at + offset]) return false
    }
    return true
  }
}

/** A column of 32-byte keys as words, shared when its memory is aligned, as the columns' is. */
export function keyWords(keys: Buffer): Uint32Array {
  const aligned = keys.byteOffset % 4 === 0 ? keys : new Uint8Array(keys)
  return new Uint32Array(aligned.buffer, aligned.byteOffset, keys.length >>> 2)
}
