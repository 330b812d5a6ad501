/**
 * Fuzzes one target for a number of runs or for a time. With an instrumented bundle an input that does something new
 * joins the pool that later ones are made of; without one the pool stays what it was.
 */
import type { Coverage } from './coverage.ts'
import { createDice, type Dice, seedFor } from './dice.ts'
import { cpuMsOf, execute, type Outcome, signatureOf } from './execute.ts'
import { mutate } from './mutate.ts'
import { DEFAULT_MAX_BYTES, type FuzzTarget } from './target.ts'

export interface Found {
  readonly signature: string
  readonly what: string
  readonly stack: string
  readonly input: Buffer
}

/** Any input may take so many steps, beside those for its length. */
const FREE_STEPS = 400_000
const STEPS_PER_BYTE = 400
const WITHOUT_LIMIT = 0x7fffffff
/** In a long run, the newest inputs are the most promising. */
const NEWEST = 32
/** So that what somebody awaits can settle, and the process can be stopped. */
const RUNS_BETWEEN_TURNS = 2_000

/** What takes so much longer than all before is measured. */
const NOTABLE_MS = 2

export class FuzzSession {
  readonly pool: Buffer[] = []
  readonly findings = new Map<string, Found>()
  readonly coverage: Coverage | undefined
  runs = 0
  accepted = 0
  mostSteps = 0
  slowestMs = 0
  slowest: Buffer = Buffer.alloc(0)
  words: Uint8Array[] = []
  readonly #target: FuzzTarget
  readonly #dice: Dice
  readonly #maxBytes: number
  readonly #onInput: (input: Buffer) => void

  constructor(
    target: FuzzTarget,
    seed: number,
    coverage?: Coverage,
    onInput: (input: Buffer) => void = () => {},
  ) {
    this.#target = target
    this.#dice = createDice(seedFor(target.name, seed))
    this.#maxBytes = target.maxBytes ?? DEFAULT_MAX_BYTES
    this.#onInput = onInput
    this.coverage = coverage
    this.words = (target.words ?? []).map(asBytes)
  }

  /** Runs what there is to begin with; all of it stays in the pool when nothing is counted. */
  async begin(inputs: readonly Uint8Array[]): Promise<void> {
    const all = [...this.#target.seeds().map(asBytes), ...inputs, Buffer.alloc(0)]
    for (const input of all) {
      if (input.length <= this.#maxBytes) await this.runOne(Buffer.from(input), this.coverage === undefined)
    }
    if (this.pool.length === 0) this.pool.push(Buffer.alloc(0))
  }

  /** Until `isOver` says so; asked every few runs. */
  async fuzz(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      for (let left = RUNS_BETWEEN_TURNS; left > 0 && !isOver(); left--) await this.#runMutation()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async runOne(input: Buffer, isKept = false): Promise<Outcome> {
    this.#onInput(input)
    const limit = this.#stepLimit(input)
    this.coverage?.begin(limit)
    const startedMs = performance.now()
    const result = execute(this.#target, input)
    const outcome = result instanceof Promise ? await result : result
    const tookMs = performance.now() - startedMs
    this.runs++
    if (outcome.kind === 'accepted') this.accepted++
    if (outcome.kind === 'finding') this.#note(outcome, input)
    if (this.#isNew(limit) || isKept) this.pool.push(input)
    if (tookMs > this.slowestMs + NOTABLE_MS) await this.#measure(input)
    return outcome
  }

  /** Again, by the processor's time: a busy machine makes everything slow at times. */
  async #measure(input: Buffer): Promise<void> {
    this.coverage?.stopCounting()
    const ms = await cpuMsOf(() => execute(this.#target, input))
    if (ms > this.slowestMs) [this.slowestMs, this.slowest] = [ms, input]
  }

  async #runMutation(): Promise<void> {
    const dice = this.#dice
    const isRecent = dice.oneIn(3)
    const from = isRecent ? Math.max(0, this.pool.length - NEWEST) : 0
    const base = this.pool[from + dice.below(this.pool.length - from)] ?? Buffer.alloc(0)
    const input = mutate(base, dice, {
      form: this.#target.form,
      maxBytes: this.#maxBytes,
      words: this.words,
      other: () => dice.pick(this.pool),
    })
    await this.runOne(input)
  }

  #isNew(limit: number): boolean {
    const { coverage } = this
    if (coverage === undefined) return false
    this.mostSteps = Math.max(this.mostSteps, coverage.stepsTaken(limit))
    coverage.stopCounting()
    return coverage.addRun()
  }

  #stepLimit(input: Buffer): number {
    const perByte = this.#target.stepsPerByte ?? STEPS_PER_BYTE
    return Math.min(WITHOUT_LIMIT, FREE_STEPS + perByte * (input.length + 1))
  }

  #note({ what, stack }: Extract<Outcome, { kind: 'finding' }>, input: Buffer): void {
    const signature = signatureOf({ kind: 'finding', what, stack })
    const known = this.findings.get(signature)
    // The shortest shows it best.
    if (known === undefined || input.length < known.input.length) {
      this.findings.set(signature, { signature, what, stack, input: Buffer.from(input) })
    }
  }
}

function asBytes(text: Uint8Array | string): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : text
}

/**
 * The fewest and shortest inputs that together do all that the pool does, each cut down as far as it goes without doing
 * something else. What does the most that no shorter one does comes first.
 */
export async function distil(session: FuzzSession, mostRuns: number, limitMs: number): Promise<Buffer[]> {
  const { coverage } = session
  if (coverage === undefined) return []
  const marks = async (input: Buffer): Promise<Set<number>> => {
    await session.runOne(input)
    return new Set(coverage.lastRun())
  }
  const covered = new Set<number>()
  const chosen: { readonly input: Buffer; readonly needed: readonly number[] }[] = []
  const byLength = [...session.pool].sort((a, b) => a.length - b.length)
  for (const input of byLength) {
    const needed = [...(await marks(input))].filter((mark) => !covered.has(mark))
    if (needed.length > 0) chosen.push({ input, needed })
    for (const mark of needed) covered.add(mark)
  }
  let left = mostRuns
  const endMs = performance.now() + limitMs
  const mayGoOn = (): boolean => left > 0 && performance.now() < endMs
  const results: { readonly input: Buffer; readonly worth: number }[] = []
  for (const { input, needed } of chosen) {
    let best = input
    for (
      let size = Math.ceil(best.length / 2);
      size >= 1 && mayGoOn();
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let at = 0; at < best.length && mayGoOn(); left--) {
        const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
        const does = await marks(shorter)
        if (needed.every((mark) => does.has(mark))) best = shorter
        else at += size
      }
    }
    results.push({ input: best, worth: needed.length })
  }
  return results.sort((a, b) => b.worth - a.worth).map(({ input }) => input)
}
