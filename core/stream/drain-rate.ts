/**
 * How fast an application takes what waits for it: what an XON tells the other end, so that it sends about so fast and
 * need not be stopped again (proposal 324, 4.1.2).
 */
import { smooth } from '../circuit/round-trips.ts'
import type { StreamFlowParams } from '../circuit/congestion-params.ts'

/** The largest rate that anybody says. */
const MOST_KILOBYTES = 0x7fff_ffff

export class DrainRate {
  readonly #params: StreamFlowParams
  #takenBytes = 0
  /** Since when something waits without a break; undefined while nothing does. */
  #sinceMs: number | undefined
  /** Kilobytes of 1000 bytes per second; 0 while it is not known. */
  #rate = 0
  #saidRate = 0

  constructor(params: StreamFlowParams) {
    this.#params = params
  }

  /** The rate to say now; 0, without limit, while it is not known. */
  say(): number {
    this.#saidRate = this.#rate
    return this.#rate
  }

  /** Whether what was said last is so wrong that another XON is worth its cell. */
  get hasChanged(): boolean {
    if (this.#saidRate === 0) return false
    const { xonChangePercent } = this.#params
    const change = Math.abs(this.#rate - this.#saidRate)
    return change * 100 > this.#saidRate * xonChangePercent
  }

  /** It was so wrong that the other end had to be stopped. */
  forget(): void {
    this.#rate = 0
  }

  /** Something waits. */
  noteWaiting(nowMs: number): void {
    if (this.#sinceMs !== undefined) return
    this.#sinceMs = nowMs
    this.#takenBytes = 0
  }

  /** The application took some. */
  noteTaken(bytes: number, isAnythingLeft: boolean, nowMs: number): void {
    const { xonRateBytes, xonSmoothing } = this.#params
    this.#takenBytes += bytes
    if (this.#sinceMs !== undefined && this.#takenBytes > xonRateBytes) {
      const elapsedMs = Math.max(nowMs - this.#sinceMs, Number.EPSILON)
      const rate = Math.max(Math.floor(this.#takenBytes / elapsedMs), 1)
      this.#rate = smooth(Math.min(rate, MOST_KILOBYTES), this.#rate, xonSmoothing)
      this.#takenBytes = 0
      this.#sinceMs = isAnythingLeft ? nowMs : undefined
    }
    if (isAnythingLeft) return
    this.#sinceMs = undefined
    // Nothing was left waiting for so long: it could take more than it was ever given.
    if (this.#takenBytes >= xonRateBytes && this.#saidRate > 0) {
      this.#rate = Math.min(2 * this.#rate, MOST_KILOBYTES)
      this.#takenBytes = 0
    }
  }
}
