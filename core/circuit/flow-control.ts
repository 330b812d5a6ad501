/**
 * Circuit-level flow control behind one interface: fixed windows (tor-spec 7.3) today, congestion control (proposal
 * 324) in the same place later. Counts cells; who sends or reads them is not its business.
 */
import type { TagPlan } from '../crypto/relay-crypto.ts'
import { protocolViolation } from '../util/errors.ts'

export interface CircuitFlowControl {
  /** How many DATA cells may be sent now. */
  readonly sendableCells: number
  /** Counts one DATA cell sent. True when it fills an increment: its tag must be kept for the SENDME to come. */
  onDataSent(): boolean
  /** A SENDME with the right tag came. */
  onSendmeReceived(): void
  /** Which of the next DATA cells received will call for a SENDME, for the relay crypto. */
  readonly receivePlan: TagPlan
  /** Counts one DATA cell received. True when a SENDME with this cell's tag is due now. */
  onDataReceived(): boolean
}

/** tor-spec 7.3: a circuit's window starts at 1000 cells and a SENDME opens it by 100. */
export const CIRCUIT_WINDOW_CELLS = 1000
export const CIRCUIT_INCREMENT_CELLS = 100

export class FixedCircuitWindows implements CircuitFlowControl {
  #sendWindow = CIRCUIT_WINDOW_CELLS
  #receivedSinceSendme = 0

  get sendableCells(): number {
    return this.#sendWindow
  }

  get receivePlan(): TagPlan {
    return { first: CIRCUIT_INCREMENT_CELLS - this.#receivedSinceSendme, every: CIRCUIT_INCREMENT_CELLS }
  }

  onDataSent(): boolean {
    this.#sendWindow--
    return this.#sendWindow % CIRCUIT_INCREMENT_CELLS === 0
  }

  onSendmeReceived(): void {
    this.#sendWindow += CIRCUIT_INCREMENT_CELLS
    if (this.#sendWindow > CIRCUIT_WINDOW_CELLS)
      throw protocolViolation('a SENDME for cells that were not sent')
  }

  onDataReceived(): boolean {
    this.#receivedSinceSendme++
    if (this.#receivedSinceSendme < CIRCUIT_INCREMENT_CELLS) return false
    this.#receivedSinceSendme = 0
    return true
  }
}
