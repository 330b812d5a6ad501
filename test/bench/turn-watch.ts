/**
 * How long the turns of this process's event loop last: on the clock, and in CPU time of its main thread. Beside other
 * programs the first says more of them than of us, and how much more is told: for how long of it the thread could have run
 * and had no processor. The second is what a turn takes on a machine that is free.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface LongestTurn {
  readonly wallMs: number
  /** How much of the turn that was longest on the clock its thread waited for a processor that others had. */
  readonly waitedMs: number
  /** Of the turn that took most. From one look to the next, which is a millisecond later or, where that is longer, one turn. */
  readonly cpuMs: number
}

interface Look {
  readonly atMs: number
  readonly ranMs: number
  readonly waitedMs: number
}

const LOOK_MS = 1
const NANOSECONDS_PER_MS = 1e6

/** Watches until stopped; `reset` begins anew. Linux only, like the whole harness. */
export class TurnWatch {
  readonly #delays = monitorEventLoopDelay({ resolution: LOOK_MS })
  /** The first two fields are the nanoseconds that the thread has run, and those that it has waited to run. */
  readonly #schedule = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
  readonly #line = Buffer.alloc(64)
  readonly #timer = setInterval(() => this.#look(), LOOK_MS)
  #last = this.#now()
  #longestCpuMs = 0
  #longestLookMs = 0
  #waitedMs = 0

  constructor() {
    this.#delays.enable()
  }

  get longest(): LongestTurn {
    return {
      wallMs: this.#delays.max / NANOSECONDS_PER_MS,
      waitedMs: this.#waitedMs,
      cpuMs: this.#longestCpuMs,
    }
  }

  reset(): void {
    this.#delays.reset()
    this.#last = this.#now()
    this.#longestCpuMs = 0
    this.#longestLookMs = 0
    this.#waitedMs = 0
  }

  stop(): LongestTurn {
    this.#delays.disable()
    clearInterval(this.#timer)
    closeSync(this.#schedule)
    return this.longest
  }

  #look(): void {
    const now = this.#now()
    const last = this.#last
    this.#last = now
    this.#longestCpuMs = Math.max(this.#longestCpuMs, now.ranMs - last.ranMs)
    if (now.atMs - last.atMs <= this.#longestLookMs) return
    this.#longestLookMs = now.atMs - last.atMs
    this.#waitedMs = now.waitedMs - last.waitedMs
  }

  #now(): Look {
    const length = readSync(this.#schedule, this.#line, 0, this.#line.length, 0)
    const [ran = '', waited = ''] = this.#line.toString('latin1', 0, length).split(' ')
    return {
      atMs: performance.now(),
      ranMs: Number(ran) / NANOSECONDS_PER_MS,
      waitedMs: Number(waited) / NANOSECONDS_PER_MS,
    }
  }
}
