/**
 * What an instrumented bundle counts: how often each block of code ran, and how many steps are left before a run is
 * stopped. `scripts/fuzz/instrument.mjs` puts the counting in. In a build without it there are no counters, and every
 * input looks the same.
 */
export interface Probe {
  readonly counters: Uint8Array
  /** One number, which loops and functions count down; below zero the run is stopped by an exception. */
  readonly steps: Int32Array
}

const PROBE = '__alliumFuzz'
const WITHOUT_LIMIT = 0x7fffffff
/** Of runs of a block, only these differences matter: 1, 2, 3, 4, 8, 16, 32 and 128 times. */
const BUCKETS = Uint8Array.from({ length: 256 }, (_, count) =>
  count < 4
    ? ([0, 1, 2, 4][count] ?? 0)
    : count < 8
      ? 8
      : count < 16
        ? 16
        : count < 32
          ? 32
          : count < 128
            ? 64
            : 128,
)

export function findProbe(): Probe | undefined {
  const probe: unknown = Reflect.get(globalThis, PROBE)
  if (typeof probe !== 'object' || probe === null) return undefined
  const counters: unknown = Reflect.get(probe, 'counters')
  const steps: unknown = Reflect.get(probe, 'steps')
  return counters instanceof Uint8Array && steps instanceof Int32Array ? { counters, steps } : undefined
}

/** The counters of one module. */
export interface CounterRange {
  readonly first: number
  readonly end: number
}

/** How often it is asked whether modules have run that never did before: an import is executed once, a call can come late. */
const RUNS_BETWEEN_LOOKS = 256

/** Blocks by how often they ran, seen so far; knows whether a run has brought something new. */
export class Coverage {
  readonly #probe: Probe
  readonly #seen: Uint8Array
  /** Only what has run is looked at after each run: the others' counters are many. */
  #active: CounterRange[] = []
  #quiet: CounterRange[]
  #runsToLook = 0

  constructor(probe: Probe, modules: readonly CounterRange[]) {
    this.#probe = probe
    this.#seen = new Uint8Array(probe.counters.length)
    this.#quiet = [...modules]
    // What ran while the modules were loaded belongs to no input.
    probe.counters.fill(0)
  }

  /** Before each run. */
  begin(steps: number): void {
    const { counters } = this.#probe
    for (const { first, end } of this.#active) counters.fill(0, first, end)
    this.#probe.steps[0] = steps
  }

  /** Between runs nothing is stopped. */
  stopCounting(): void {
    this.#probe.steps[0] = WITHOUT_LIMIT
  }

  /** After it: whether it has done what none has done before. */
  addRun(): boolean {
    if (this.#runsToLook-- <= 0) this.#look()
    const { counters } = this.#probe
    const seen = this.#seen
    let isNew = false
    for (const { first, end } of this.#active) {
      for (let at = first; at < end; at++) {
        const count = counters[at] ?? 0
        if (count === 0) continue
        const bucket = BUCKETS[count] ?? 0
        const before = seen[at] ?? 0
        if ((bucket & ~before) === 0) continue
        seen[at] = before | bucket
        isNew = true
      }
    }
    return isNew
  }

  #look(): void {
    this.#runsToLook = this.#quiet.length > 0 ? RUNS_BETWEEN_LOOKS : Infinity
    const { counters } = this.#probe
    const hasRun = ({ first, end }: CounterRange): boolean =>
      counters.subarray(first, end).some((count) => count !== 0)
    this.#active = [...this.#active, ...this.#quiet.filter(hasRun)]
    this.#quiet = this.#quiet.filter((range) => !hasRun(range))
  }

  /** What the last run did, each block and bucket as one number. */
  lastRun(): number[] {
    const marks: number[] = []
    for (const { first, end } of this.#active) {
      for (let at = first; at < end; at++) {
        const count = this.#probe.counters[at] ?? 0
        if (count > 0) marks.push(at * 256 + (BUCKETS[count] ?? 0))
      }
    }
    return marks
  }

  /** Steps that the last run took, when it began with `steps`. */
  stepsTaken(steps: number): number {
    return steps - (this.#probe.steps[0] ?? 0)
  }

  /** Blocks that ever ran. */
  get blocks(): number {
    return this.#seen.reduce((sum, seen) => sum + (seen === 0 ? 0 : 1), 0)
  }

  hasRun(first: number, end: number): boolean {
    return this.#seen.subarray(first, end).some((seen) => seen !== 0)
  }
}
