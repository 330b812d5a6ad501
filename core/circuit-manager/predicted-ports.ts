/** Which ports will be wanted soon: those of the last hour (path-spec 2.1.1). */
import type { ExitUsage } from './pool-entry.ts'

/** path-spec 2.1.1. A client that nobody uses for so long builds nothing ahead of need. */
const RELEVANT_MS = 3_600_000

/** A program that tries all ports must not have us prepare for all of them; the least recent is forgotten. */
const MAX_PREDICTIONS = 16

/** The web's ports: what nearly every first request is for. */
const FIRST_PORTS = [443, 80]

export type PredictedUse = Pick<ExitUsage, 'port' | 'family' | 'needsStable'>

interface Prediction {
  readonly use: PredictedUse
  lastMs: number
}

export class PredictedPorts {
  readonly #predictions = new Map<string, Prediction>()

  /** What is expected of a client that has just started. */
  reset(nowMs: number): void {
    this.#predictions.clear()
    for (const port of FIRST_PORTS) this.note({ port, family: undefined }, nowMs)
  }

  clear(): void {
    this.#predictions.clear()
  }

  /** A request came; returns whether its like was not expected. Names and IPv4 addresses are one kind: the same exits. */
  note({ port, family, needsStable = false }: PredictedUse, nowMs: number): boolean {
    const isIpv6 = family === 'ipv6'
    const key = `${port ?? 'resolve'} ${isIpv6} ${needsStable}`
    // Back to the end: the map's order is that of use.
    const wasExpected = this.#predictions.delete(key)
    const use = { port, family: isIpv6 ? family : undefined, needsStable }
    this.#predictions.set(key, { use, lastMs: nowMs })
    const [leastRecent] = this.#predictions.keys()
    if (this.#predictions.size > MAX_PREDICTIONS && leastRecent !== undefined) {
      this.#predictions.delete(leastRecent)
    }
    return !wasExpected
  }

  /** The most recent first. */
  current(nowMs: number): PredictedUse[] {
    for (const [key, { lastMs }] of this.#predictions) {
      if (nowMs - lastMs > RELEVANT_MS) this.#predictions.delete(key)
    }
    return [...this.#predictions.values()].map(({ use }) => use).reverse()
  }
}
