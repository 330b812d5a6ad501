/**
 * Stream-level flow control behind one interface: fixed windows (tor-spec 7.4) today; XON and XOFF (proposal 324) take
 * the same place once congestion control is negotiated.
 */
import { protocolViolation } from '../util/errors.ts'

export interface StreamFlowControl {
  /** How many DATA cells the stream may send now. */
  readonly sendableCells: number
  onDataSent(cells: number): void
  onSendmeReceived(): void
  /** Counts DATA cells as they arrive. Throws `protocol-violation` when the other end overran the window. */
  onDataReceived(cells: number): void
  /** The application has taken cells. Returns how many SENDMEs are due now. */
  onDataConsumed(cells: number): number
  /** What the other end may still send, and acknowledge, after we have ended the stream. */
  readonly receivableCells: number
  readonly owedSendmes: number
}

/** tor-spec 7.4: a stream's window starts at 500 cells and a SENDME opens it by 50. */
export const STREAM_WINDOW_CELLS = 500
export const STREAM_INCREMENT_CELLS = 50

export class FixedStreamWindows implements StreamFlowControl {
  #sendWindow = STREAM_WINDOW_CELLS
  #receiveWindow = STREAM_WINDOW_CELLS
  #consumedSinceSendme = 0

  get sendableCells(): number {
    return this.#sendWindow
  }

  get receivableCells(): number {
    return this.#receiveWindow
  }

  get owedSendmes(): number {
    return Math.floor((STREAM_WINDOW_CELLS - this.#sendWindow) / STREAM_INCREMENT_CELLS)
  }

  onDataSent(cells: number): void {
    this.#sendWindow -= cells
  }

  onSendmeReceived(): void {
    this.#sendWindow += STREAM_INCREMENT_CELLS
    if (this.#sendWindow > STREAM_WINDOW_CELLS) throw protocolViolation('a stream SENDME for cells not sent')
  }

  onDataReceived(cells: number): void {
    this.#receiveWindow -= cells
    if (this.#receiveWindow < 0) throw protocolViolation('more DATA than the stream window allows')
  }

  onDataConsumed(cells: number): number {
    this.#consumedSinceSendme += cells
    const sendmes = Math.floor(this.#consumedSinceSendme / STREAM_INCREMENT_CELLS)
    this.#consumedSinceSendme -= sendmes * STREAM_INCREMENT_CELLS
    this.#receiveWindow += sendmes * STREAM_INCREMENT_CELLS
    return sendmes
  }
}
