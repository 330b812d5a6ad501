/**
 * How long a circuit takes there and back, from the times between DATA cells that draw a SENDME and those SENDMEs
 * (proposal 324, 2.1). Whole microseconds throughout, divided as integers: so the numbers are those of the specification.
 */
import type { RoundTripParams } from './congestion-params.ts'

/** A time that differs so many times from the average comes of a clock that stood still or leapt (2.1.1). */
const LEAP_RATIO = 5000

const LEAST_SMOOTHING = 2

/** What must be known of the window. */
export interface WindowView {
  readonly isInSlowStart: boolean
  /** SENDMEs between two steps of the window. */
  readonly sendmesPerStep: number
  /** Whether it cannot shrink any more. */
  readonly isLeast: boolean
}

/** Whether the clock stood still or leapt (2.1.1): such a time must not be taken for the network's. */
export class ClockDoubt {
  /** It was last seen to stand still, and has shown nothing better since. */
  #isStalled = false

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** `smoothedUs` is 0 while there is no average. Slow start has none that is worth anything. */
  isDoubtful(smoothedUs: number, roundTripUs: number, isInSlowStart: boolean): boolean {
    if (roundTripUs <= 0) {
      this.#isStalled = true
      return true
    }
    if (isInSlowStart || smoothedUs === 0) return false
    // As likely a network that has become so much better: believed unless the clock was seen to stand still.
    if (smoothedUs > roundTripUs * LEAP_RATIO) return this.#isStalled
    // Whoever holds a SENDME back could cause this one: it must not be remembered.
    if (roundTripUs > smoothedUs * LEAP_RATIO) return true
    this.#isStalled = false
    return false
  }
}

export class RoundTrips {
  readonly #params: RoundTripParams
  #smoothedUs = 0
  #leastUs = 0
  readonly #clock = new ClockDoubt()

  constructor(params: RoundTripParams) {
    this.#params = params
  }

  /** The average of late; 0 until there is a measurement. */
  get smoothedUs(): number {
    return this.#smoothedUs
  }

  /** The least that the average ever was; 0 until there is a measurement. */
  get leastUs(): number {
    return this.#leastUs
  }

  /** Takes one measurement. Returns false when the clock cannot be trusted and nothing was learned. */
  note(roundTripUs: number, window: WindowView): boolean {
    if (this.#clock.isDoubtful(this.#smoothedUs, roundTripUs, window.isInSlowStart)) return false
    this.#smoothedUs = smooth(roundTripUs, this.#smoothedUs, this.#smoothing(window))
    if (this.#leastUs === 0) this.#leastUs = this.#smoothedUs
    else if (window.isLeast && !window.isInSlowStart) this.#leastUs = this.#reset()
    else this.#leastUs = Math.min(this.#leastUs, this.#smoothedUs)
    return true
  }

  #smoothing({ isInSlowStart, sendmesPerStep }: WindowView): number {
    const { smoothingPercent, smoothingMost, smoothingInSlowStart } = this.#params
    const count = isInSlowStart
      ? smoothingInSlowStart
      : Math.min(Math.floor((sendmesPerStep * smoothingPercent) / 100), smoothingMost)
    return Math.max(count, LEAST_SMOOTHING)
  }

  /** A round trip that was once too short, and never comes again, would keep the window at its least for ever. */
  #reset(): number {
    const { resetPercent } = this.#params
    const more = Math.max(this.#smoothedUs, this.#leastUs)
    const less = Math.min(this.#smoothedUs, this.#leastUs)
    return Math.floor((resetPercent * more) / 100) + Math.floor(((100 - resetPercent) * less) / 100)
  }
}

/** The N-EWMA of 2.1.2: about the last `count` values. A value of 0 before means that there was none. */
export function smooth(value: number, before: number, count: number): number {
  return before === 0 ? value : Math.floor((2 * value + (count - 1) * before) / (count + 1))
}
