/** Which ports will be wanted soon: those of the last half hour to hour (path-spec 2.1.1). */
import type { ExitUsage } from './pool-entry.ts'

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
  readonly #drawLifetimeMs: () => number
  #lifetimeMs = 0

  /**
   * A client that nobody uses for a lifetime builds nothing ahead of need. Drawn anew whenever nothing is expected any
   * more, as in C tor: after a fixed time the guard would know from the last circuit when its client was last used.
   */
  constructor(drawLifetimeMs: () => number) {
    this.#drawLifetimeMs = drawLifetimeMs
  }

  /** What is expected of a client that has just started. */
  reset(nowMs: number): void {
    this.#predictions.clear()
    for (const port of FIRST_PORTS) this.note({ port, family: undefined }, nowMs)
  }

  /** A request came; returns whether its like was not expected. Names and IPv4 addresses are one kind: the same exits. */
  note({ port, family, needsStable = false }: PredictedUse, nowMs: number): boolean {
    this.#forgetOld(nowMs)
    if (this.#predictions.size === 0) this.#lifetimeMs = this.#drawLifetimeMs()
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
    this.#forgetOld(nowMs)
    return [...this.#predictions.values()].map(({ use }) => use).reverse()
  }

  #forgetOld(nowMs: number): void {
    for (const [key, { lastMs }] of this.#predictions) {
      if (nowMs - lastMs > this.#lifetimeMs) this.#predictions.delete(key)
    }
  }
}
