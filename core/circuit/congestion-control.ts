/** Congestion control of a circuit (proposal 324): a window that follows the round trips which SENDMEs measure. */
import { protocolViolation } from '../util/errors.ts'
import type { CongestionParams } from './congestion-params.ts'
import { CongestionWindow } from './congestion-window.ts'
import type { Acknowledgement, CircuitFlowControl } from './flow-control.ts'
import { RoundTrips } from './round-trips.ts'

/**
 * A circuit is held up by its channel from so many cells on that it could send and does not, until hardly any are left:
 * C tor's limits for the queue of a circuit.
 */
const BLOCKED_CELLS = 256
const UNBLOCKED_CELLS = 10

const MICROSECONDS = 1000

export class CongestionControl implements CircuitFlowControl {
  readonly increment: number
  readonly #window: CongestionWindow
  readonly #roundTrips: RoundTrips
  #inFlight = 0
  #sentSinceMark = 0

  /** `increment` is what the relay answered. */
  constructor(params: CongestionParams, increment: number) {
    this.increment = increment
    this.#window = new CongestionWindow(params.window, increment)
    this.#roundTrips = new RoundTrips(params.roundTrip)
  }

  /** None for a while when the window has shrunk below what is under way. */
  get sendableCells(): number {
    return Math.max(this.#window.cells - this.#inFlight, 0)
  }

  get roundTripMs(): number {
    return this.#roundTrips.smoothedUs / MICROSECONDS
  }

  onDataSent(): boolean {
    this.#inFlight++
    this.#sentSinceMark++
    if (this.#sentSinceMark < this.increment) return false
    this.#sentSinceMark = 0
    return true
  }

  onSendmeReceived({ sentMs, arrivedMs, heldUpCells }: Acknowledgement): void {
    if (this.#inFlight < this.increment) throw protocolViolation('a SENDME for cells that were not sent')
    const roundTripUs = Math.round((arrivedMs - sentMs) * MICROSECONDS)
    const isMeasured = this.#roundTrips.note(roundTripUs, this.#window)
    const { smoothedUs, leastUs } = this.#roundTrips
    this.#window.update({
      smoothedUs,
      leastUs,
      isMeasured,
      inFlight: this.#inFlight,
      isChannelBlocked: heldUpCells > (this.#window.isBlocked ? UNBLOCKED_CELLS : BLOCKED_CELLS),
      channelCells: heldUpCells,
    })
    this.#inFlight -= this.increment
  }
}
