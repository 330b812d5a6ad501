/**
 * What worked on which network, on the disk: a hash of each network, its way, and how its bridges fared there. A small
 * file of its own, private to the user; a broken one is thrown away, for it costs no more than some waiting.
 */
import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { privateTextFile, type TextStore } from '../private-text-file.ts'
import type { WorkedWay } from './plan.ts'

/** Home, work, school, some cafés; the one that was not used for the longest time is forgotten. */
const MAX_NETWORKS = 30
const MAX_LINES = 100
const MAX_LINE_CHARS = 4_096
const SECRET_BYTES = 32
const MAX_FILE_CHARS = 4_000_000
/** A way that works shows it all the time: that is no reason to write a file. */
const WORTH_WRITING_MS = 60 * 60 * 1000

const line = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_LINE_CHARS))
const date = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15))
const networkSchema = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  workedMs: date,
  /** Not there: directly. */
  lines: v.optional(v.pipe(v.array(line), v.minLength(1), v.maxLength(MAX_LINES))),
  /** Only ever written when it is so. */
  hasDirectFailed: v.optional(v.literal(true)),
})
const memorySchema = v.strictObject({
  version: v.literal(1),
  secret: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  networks: v.pipe(v.array(networkSchema), v.maxLength(MAX_NETWORKS)),
})
type Memory = v.InferOutput<typeof memorySchema>

export class NetworkMemory {
  readonly #store: TextStore
  #memory: Memory
  #lastWrite: Promise<unknown> = Promise.resolve()

  private constructor(store: TextStore, memory: Memory) {
    this.#store = store
    this.#memory = memory
  }

  /** Never rejects. */
  static async open(store: TextStore): Promise<NetworkMemory> {
    const text = await store.read().catch(() => undefined)
    return new NetworkMemory(store, parse(text) ?? newMemory())
  }

  /** For `identifyNetwork`; of this computer alone, and new when all networks are forgotten. */
  get secret(): Buffer {
    return Buffer.from(this.#memory.secret, 'hex')
  }

  get count(): number {
    return this.#memory.networks.length
  }

  workedOn(id: string | undefined): WorkedWay | undefined {
    const found = this.#memory.networks.find((network) => network.id === id)
    if (found === undefined) return undefined
    const { lines, workedMs, hasDirectFailed = false } = found
    return { lines, workedMs, hasDirectFailed }
  }

  async note(id: string, { lines, workedMs, hasDirectFailed }: WorkedWay): Promise<void> {
    const before = this.workedOn(id)
    const isSame =
      before !== undefined &&
      before.hasDirectFailed === hasDirectFailed &&
      JSON.stringify(before.lines) === JSON.stringify(lines)
    if (isSame && workedMs - before.workedMs < WORTH_WRITING_MS) return
    const others = this.#memory.networks.filter((network) => network.id !== id)
    const kept = lines?.slice(0, MAX_LINES)
    const network = {
      id,
      workedMs,
      ...(kept !== undefined && { lines: [...kept] }),
      ...(hasDirectFailed && { hasDirectFailed }),
    }
    await this.#write({ ...this.#memory, networks: [...others, network].slice(-MAX_NETWORKS) })
  }

  async forget(id: string | undefined): Promise<void> {
    const networks = this.#memory.networks.filter((network) => network.id !== id)
    if (networks.length !== this.count) await this.#write({ ...this.#memory, networks })
  }

  /** Where nothing is left of what worked, the network is forgotten. */
  async forgetLines(isForgotten: (line: string) => boolean): Promise<void> {
    const before = this.#memory.networks
    if (!before.some(({ lines }) => lines?.some(isForgotten))) return
    const networks = before.flatMap((network) => {
      if (network.lines === undefined) return [network]
      const lines = network.lines.filter((line) => !isForgotten(line))
      return lines.length === 0 ? [] : [{ ...network, lines }]
    })
    await this.#write({ ...this.#memory, networks })
  }

  /** The secret too, so that not even a copy of the old file could be told to belong to this computer's networks. */
  forgetAll(): Promise<void> {
    return this.#write(newMemory())
  }

  /** What is remembered holds for this run also where it cannot be written. */
  #write(memory: Memory): Promise<void> {
    this.#memory = memory
    const done = this.#lastWrite.then(() => this.#store.write(`${JSON.stringify(memory)}\n`))
    this.#lastWrite = done.catch(() => {})
    return done
  }
}

function newMemory(): Memory {
  return { version: 1, secret: randomBytes(SECRET_BYTES).toString('hex'), networks: [] }
}

function parse(text: string | undefined): Memory | undefined {
  if (text === undefined || text.length > MAX_FILE_CHARS) return undefined
  try {
    const parsed = v.safeParse(memorySchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

/** On the disk. */
export function networkMemoryFile(path: string): TextStore {
  return privateTextFile(path, MAX_FILE_CHARS)
}
