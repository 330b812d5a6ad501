/** Reads typed fields out of parsed JSON that may hold anything: each accessor checks or throws `malformed`. */
import { malformed } from '../util/errors.ts'

export class JsonFields {
  readonly #what: string
  readonly #fields: ReadonlyMap<string, unknown>

  /** `what` names the object in errors. Arrays and bare values are refused. */
  constructor(what: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) malformed(what, 'a JSON object')
    this.#what = what
    // A Map: keys such as "__proto__" mean nothing here.
    this.#fields = new Map(Object.entries(value))
  }

  has(key: string): boolean {
    return this.#fields.has(key)
  }

  value(key: string): unknown {
    return this.#fields.get(key)
  }

  /** All fields but the known ones, unchecked: to write back what a newer version added. */
  others(known: ReadonlySet<string>): Record<string, unknown> {
    return Object.fromEntries([...this.#fields].filter(([key]) => !known.has(key)))
  }

  string(key: string, maxChars = 1000): string {
    const value = this.#fields.get(key)
    if (typeof value !== 'string' || value.length > maxChars) {
      malformed(`${this.#what}, ${key}`, `text of at most ${maxChars} characters`)
    }
    return value
  }

  /** Inclusive bounds. */
  integer(key: string, min: number, max: number): number {
    const value = this.#fields.get(key)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      malformed(`${this.#what}, ${key}`, `an integer from ${min} to ${max}`)
    }
    return value
  }

  list<T>(key: string, maxItems: number, parseItem: (item: unknown) => T): T[] {
    const value = this.#fields.get(key)
    if (!Array.isArray(value) || value.length > maxItems) {
      malformed(`${this.#what}, ${key}`, `a list of at most ${maxItems} items`)
    }
    return value.map((item: unknown) => parseItem(item))
  }
}
