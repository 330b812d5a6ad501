/** Bytes as a script: what a machine is told to do, and what its peer does, one small number after the other. */

export class Script {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isOver(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** 0 behind the end. */
  u8(): number {
    return this.#bytes[this.#at++] ?? 0
  }

  u16(): number {
    return (this.u8() << 8) | this.u8()
  }

  /** Less than `bound`. */
  below(bound: number): number {
    return this.u8() % bound
  }

  /** At most `length` bytes, as many as are left. */
  take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return taken
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.u8() % items.length]
  }
}

/** Promises that must settle, and what they may be rejected with. */
export class Promises {
  readonly #open = new Set<string>()
  readonly #wrong: string[] = []
  readonly #isAllowed: (error: unknown) => boolean
  #count = 0

  constructor(isAllowed: (error: unknown) => boolean) {
    this.#isAllowed = isAllowed
  }

  watch<T>(name: string, promise: Promise<T>): Promise<T | undefined> {
    const key = `${name} ${this.#count++}`
    this.#open.add(key)
    return promise.then(
      (value) => {
        this.#open.delete(key)
        return value
      },
      (error: unknown) => {
        this.#open.delete(key)
        if (!this.#isAllowed(error)) this.#wrong.push(`${name} was rejected with ${String(error)}`)
        return undefined
      },
    )
  }

  /** What is wrong when everything is over; undefined when nothing is. */
  complaint(): string | undefined {
    const [first] = this.#open
    return this.#wrong[0] ?? (first === undefined ? undefined : `never settled: ${first}`)
  }
}

/** Whatever is ready to run has run; nothing waits for the network or a timer. */
export async function settle(turns = 24): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve()
}
