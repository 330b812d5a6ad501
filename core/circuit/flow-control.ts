/**
 * Circuit-level flow control behind one interface: fixed windows (tor-spec 7.3) with relays that know nothing better,
 * congestion control (proposal 324) with all others. Counts cells; who sends or reads them is not its business.
 */
import { protocolViolation } from '../util/errors.ts'

export interface CircuitFlowControl {
  /** DATA cells for each SENDME, in both directions. */
  readonly increment: number
  /** How many DATA cells may be sent now. */
  readonly sendableCells: number
  /** Counts one DATA cell sent. True when it fills an increment: its tag must be kept for the SENDME to come. */
  onDataSent(): boolean
  /** A SENDME with the right tag came. */
  onSendmeReceived(acknowledgement: Acknowledgement): void
  /** The average round trip of late, in milliseconds; 0 without any. */
  readonly roundTripMs: number
}

/** What is known when a SENDME comes. */
export interface Acknowledgement {
  /** When the cell that it acknowledges was handed to the channel, and when it arrived: monotonic milliseconds. */
  readonly sentMs: number
  readonly arrivedMs: number
  /** Cells that could leave but for the channel, which takes no more; 0 while it takes everything. */
  readonly heldUpCells: number
}

/** tor-spec 7.3: a circuit's window starts at 1000 cells, or fewer by `circwindow`, and a SENDME opens it by 100. */
export const CIRCUIT_WINDOW_CELLS = 1000
export const CIRCUIT_INCREMENT_CELLS = 100

export class FixedCircuitWindows implements CircuitFlowControl {
  readonly increment = CIRCUIT_INCREMENT_CELLS
  readonly roundTripMs = 0
  readonly #mostCells: number
  #sendWindow: number
  #sentSinceMark = 0

  /** `cells` is what may be sent ahead of SENDMEs. */
  constructor(cells: number = CIRCUIT_WINDOW_CELLS) {
    this.#mostCells = cells
    this.#sendWindow = cells
  }

  get sendableCells(): number {
    return this.#sendWindow
  }

  onDataSent(): boolean {
    this.#sendWindow--
    // The other end counts what it receives, whatever the window began with.
    this.#sentSinceMark = (this.#sentSinceMark + 1) % CIRCUIT_INCREMENT_CELLS
    return this.#sentSinceMark === 0
  }

  onSendmeReceived(): void {
    this.#sendWindow += CIRCUIT_INCREMENT_CELLS
    if (this.#sendWindow > this.#mostCells) throw protocolViolation('a SENDME for cells that were not sent')
  }
}
