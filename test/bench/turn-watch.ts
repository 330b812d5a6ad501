/**
 * How long the turns of this process's event loop last: on the clock, and in CPU time of its main thread. Beside other
 * programs the first says more of them than of us; the second is what a turn takes on a machine that is free.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface LongestTurn {
  readonly wallMs: number
  /** From one look to the next, which is a millisecond later or, where that is longer, one turn. */
  readonly cpuMs: number
}

const LOOK_MS = 1
const NANOSECONDS_PER_MS = 1e6

/** Watches until stopped; `reset` begins anew. Linux only, like the whole harness. */
export class TurnWatch {
  readonly #delays = monitorEventLoopDelay({ resolution: LOOK_MS })
  /** The first field is the nanoseconds that the thread has run. */
  readonly #schedule = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
  readonly #line = Buffer.alloc(64)
  readonly #timer = setInterval(() => this.#look(), LOOK_MS)
  #lastCpuMs = this.#cpuMs()
  #longestCpuMs = 0

  constructor() {
    this.#delays.enable()
  }

  get longest(): LongestTurn {
    return { wallMs: this.#delays.max / NANOSECONDS_PER_MS, cpuMs: this.#longestCpuMs }
  }

  reset(): void {
    this.#delays.reset()
    this.#lastCpuMs = this.#cpuMs()
    this.#longestCpuMs = 0
  }

  stop(): LongestTurn {
    this.#delays.disable()
    clearInterval(this.#timer)
    closeSync(this.#schedule)
    return this.longest
  }

  #look(): void {
    const cpuMs = this.#cpuMs()
    this.#longestCpuMs = Math.max(this.#longestCpuMs, cpuMs - this.#lastCpuMs)
    this.#lastCpuMs = cpuMs
  }

  #cpuMs(): number {
    const length = readSync(this.#schedule, this.#line, 0, this.#line.length, 0)
    return Number.parseInt(this.#line.toString('latin1', 0, length), 10) / NANOSECONDS_PER_MS
  }
}
