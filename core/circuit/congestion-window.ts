/**
 * How many DATA cells may be under way at once: Tor's Vegas (proposal 324, 3.3). It takes what the round trip is longer
 * than the shortest one for time spent in relays' queues, and holds the number of cells in them between thresholds. Pure
 * arithmetic: who sends, and what time it is, is not its business.
 */
import type { WindowParams } from './congestion-params.ts'

export interface WindowSignals {
  /** Microseconds; 0 while there is no measurement at all. */
  readonly smoothedUs: number
  readonly leastUs: number
  /** Whether this SENDME brought a measurement. */
  readonly isMeasured: boolean
  /** Cells under way, with those that the SENDME acknowledges. */
  readonly inFlight: number
  /** Whether cells pile up before the channel, and how many. */
  readonly isChannelBlocked: boolean
  readonly channelCells: number
}

export class CongestionWindow {
  readonly #params: WindowParams
  readonly #increment: number
  #cells: number
  #isInSlowStart = true
  #isFull = false
  #isBlocked = false
  /** SENDMEs until the window may change again, and until it was acknowledged once over. */
  #untilStep = 1
  #untilOver = 0

  /** `increment` is the number of cells that a SENDME acknowledges. */
  constructor(params: WindowParams, increment: number) {
    this.#params = params
    this.#increment = increment
    this.#cells = params.initial
  }

  get cells(): number {
    return this.#cells
  }

  get isInSlowStart(): boolean {
    return this.#isInSlowStart
  }

  get isFull(): boolean {
    return this.#isFull
  }

  get isBlocked(): boolean {
    return this.#isBlocked
  }

  get isLeast(): boolean {
    return this.#cells === this.#params.least
  }

  /** How many SENDMEs come between two changes of the window. */
  get sendmesPerStep(): number {
    if (this.#isInSlowStart) return 1
    const cellsPerStep = this.#params.stepRate * this.#increment
    return Math.floor((this.#cells + cellsPerStep / 2) / cellsPerStep)
  }

  /** A SENDME came. */
  update(signals: WindowSignals): void {
    this.#untilStep = Math.max(this.#untilStep - 1, 0)
    this.#untilOver = Math.max(this.#untilOver - 1, 0)
    const bandwidthDelay = this.#bandwidthDelay(signals)
    this.#noteBlocked(signals)
    // Without a measurement only a blocked channel says anything.
    if (!signals.isMeasured && !signals.isChannelBlocked) return
    const queued = Math.max(this.#cells - bandwidthDelay, 0)
    this.#noteFullness(signals.inFlight)
    if (this.#isInSlowStart) this.#slowStart(queued, bandwidthDelay)
    else if (this.#untilStep === 0) this.#step(queued, bandwidthDelay)
    this.#cells = Math.min(this.#cells, this.#params.most)
    this.#restartCounts()
  }

  /** How many cells would be under way with nothing in any queue. */
  #bandwidthDelay({ smoothedUs, leastUs, isChannelBlocked, channelCells }: WindowSignals): number {
    if (smoothedUs > 0) return Math.floor((this.#cells * leastUs) / smoothedUs)
    return isChannelBlocked ? Math.max(this.#cells - channelCells, this.#params.least) : this.#cells
  }

  /** A channel that blocks, or does no longer, is news that need not wait for the next step. */
  #noteBlocked({ isChannelBlocked, smoothedUs }: WindowSignals): void {
    if (smoothedUs > 0 && isChannelBlocked !== this.#isBlocked) this.#untilStep = 0
    this.#isBlocked = isChannelBlocked
  }

  /** A window that is not used tells nothing of whether a larger one would do. */
  #noteFullness(inFlight: number): void {
    const { fullGap, fullLeastPercent } = this.#params
    if (inFlight + this.#increment * fullGap >= this.#cells) this.#isFull = true
    else if (100 * inFlight < fullLeastPercent * this.#cells) this.#isFull = false
  }

  #slowStart(queued: number, bandwidthDelay: number): void {
    const { gamma, slowStartMost, step, stepRate } = this.#params
    if (queued >= gamma || this.#isBlocked) {
      this.#cells = bandwidthDelay + gamma
      this.#isInSlowStart = false
    } else if (this.#isFull) {
      const growth = this.#slowStartGrowth()
      this.#cells += growth
      // No faster than the steady state would.
      if (growth * this.#sendmesPerWindow <= step * stepRate) this.#isInSlowStart = false
    }
    if (this.#cells >= slowStartMost) {
      this.#cells = slowStartMost
      this.#isInSlowStart = false
    }
  }

  /** RFC 3742: doubling with each round trip up to a cap, and ever more slowly beyond it. */
  #slowStartGrowth(): number {
    const { slowStartCap, slowStartPercent } = this.#params
    if (this.#cells <= slowStartCap) return Math.floor((slowStartPercent * this.#increment + 50) / 100)
    return Math.max(Math.floor((this.#increment * slowStartCap + this.#cells) / (2 * this.#cells)), 1)
  }

  #step(queued: number, bandwidthDelay: number): void {
    const { alpha, beta, delta, step, least } = this.#params
    if (queued > delta) this.#cells = bandwidthDelay + delta - step
    else if (queued > beta || this.#isBlocked) this.#cells -= step
    else if (this.#isFull && queued < alpha) this.#cells += step
    this.#cells = Math.max(this.#cells, least)
  }

  #restartCounts(): void {
    const isStepOver = this.#untilStep === 0
    const isWindowOver = this.#untilOver === 0
    if (isStepOver) this.#untilStep = this.sendmesPerStep
    if (isWindowOver) this.#untilOver = this.#sendmesPerWindow
    const isOver = this.#params.isFullPerWindow
      ? this.#untilOver === this.#sendmesPerWindow
      : this.#untilStep === this.sendmesPerStep
    if (isOver) this.#isFull = false
  }

  get #sendmesPerWindow(): number {
    return Math.floor((this.#cells + Math.floor(this.#increment / 2)) / this.#increment)
  }
}
