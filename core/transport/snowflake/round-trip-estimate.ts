/** How long to wait for an acknowledgement, from how long the last ones took (RFC 6298). */

/** Before the first acknowledgement. */
const INITIAL_TIMEOUT_MS = 1_000
/**
 * KCP's own is 100 ms. A volunteer's connection is slower than that as soon as anything else uses it, and on a path that
 * neither loses nor reorders, which is what one proxy is, a late acknowledgement is nearly always just late.
 */
const MIN_TIMEOUT_MS = 500
const MAX_TIMEOUT_MS = 60_000
/** The other side collects acknowledgements for up to 100 ms. */
const MIN_VARIANCE_MS = 100

export class RoundTripEstimate {
  #smoothedMs: number | undefined
  #deviationMs = 0

  get timeoutMs(): number {
    if (this.#smoothedMs === undefined) return INITIAL_TIMEOUT_MS
    const timeoutMs = this.#smoothedMs + Math.max(MIN_VARIANCE_MS, 4 * this.#deviationMs)
    return Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, timeoutMs))
  }

  /** What is out of all bounds was made up by somebody and is not counted. */
  addSample(sampleMs: number): void {
    if (sampleMs < 0 || sampleMs > MAX_TIMEOUT_MS) return
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = sampleMs
      this.#deviationMs = sampleMs / 2
      return
    }
    const difference = sampleMs - this.#smoothedMs
    this.#smoothedMs += difference / 8
    this.#deviationMs += (Math.abs(difference) - this.#deviationMs) / 4
  }
}
