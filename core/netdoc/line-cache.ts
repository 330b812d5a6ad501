/**
 * Values of lines that many relays share (flags, protocols, exit policies, families), found by comparing bytes: a
 * string is made of a line only when it is new, which is what makes thousands of them cheap.
 */

const SLOTS = 1024

export class LineCache {
  readonly #parse: (text: string) => number
  readonly #byText = new Map<string, number>()
  readonly #maxLines: number
  /** A slot's line in the document, and its value. Two lines that meet in a slot only take turns. */
  readonly #starts = new Uint32Array(SLOTS)
  readonly #lengths = new Int32Array(SLOTS).fill(-1)
  readonly #values = new Int32Array(SLOTS)

  /** `parse` makes the value of a new line and may throw; more than `maxLines` distinct ones are not remembered. */
  constructor(parse: (text: string) => number, maxLines: number) {
    this.#parse = parse
    this.#maxLines = maxLines
  }

  /** The value of the line in `bytes[start, end)`; `bytes` are the same document in every call. */
  get(bytes: Buffer, start: number, end: number): number {
    const length = Math.max(0, end - start)
    const slot = slotOf(bytes, start, length)
    if (this.#lengths[slot] === length && isSame(bytes, start, this.#starts[slot] ?? 0, length)) {
      return this.#values[slot] ?? 0
    }
    const value = this.#getByText(bytes.toString('latin1', start, start + length))
    this.#starts[slot] = start
    this.#lengths[slot] = length
    this.#values[slot] = value
    return value
  }

  #getByText(text: string): number {
    const known = this.#byText.get(text)
    if (known !== undefined) return known
    const value = this.#parse(text)
    if (this.#byText.size < this.#maxLines) this.#byText.set(text, value)
    return value
  }
}

/** Eight bytes spread over the line tell most lines apart. */
function slotOf(bytes: Buffer, start: number, length: number): number {
  let hash = length
  const step = Math.max(1, length >>> 3)
  for (let at = start + length - 1; at >= start; at -= step)
    hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0
  return (hash ^ (hash >>> 10)) & (SLOTS - 1)
}

function isSame(bytes: Buffer, a: number, b: number, length: number): boolean {
  // The whole line in native code: it is some hundred bytes, and nearly always the same.
  return bytes.compare(bytes, b, b + length, a, a + length) === 0
}
