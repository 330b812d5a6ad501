/**
 * Stream-level flow control behind one interface: fixed windows (tor-spec 7.4), or XON and XOFF (proposal 324) where
 * congestion control was agreed on.
 */
import type { RelayMessage } from '../cell/relay-message.ts'
import type { HalfClosedAllowance } from '../circuit/circuit-stream.ts'
import { protocolViolation } from '../util/errors.ts'

/** The stream whose flow it is. */
export interface FlowOwner {
  /** Sends SENDME, XON or XOFF; nothing once the stream is closed. */
  sendFlowMessage(message: RelayMessage): void
  /** More may be sent than before. */
  resumeSending(): void
}

export interface StreamFlowControl {
  /** How many DATA cells the stream may send now. */
  readonly sendableCells: number
  onDataSent(cells: number, bytes: number): void
  /** The other end says something about our sending. Throws `protocol-violation` for what nothing explains. */
  onSendme(): void
  onXoff(): void
  onXon(kilobytesPerSecond: number): void
  /** Counts DATA cells as they arrive. Throws `protocol-violation` when the other end overran the window. */
  onDataReceived(cells: number): void
  /** DATA came that the application does not take; with all that waited before it is so many bytes. Throws as above. */
  onDataWaiting(waitingBytes: number): void
  /** The application has taken some, and so many bytes still wait for it. */
  onDataTaken(cells: number, bytes: number, waitingBytes: number): void
  /** What may still come after we have ended the stream. */
  stragglers(): Pick<HalfClosedAllowance, 'dataCells' | 'sendmes' | 'xons' | 'xoffs'>
  /** Leaves no timer behind. */
  close(): void
}

/** tor-spec 7.4: a stream's window starts at 500 cells and a SENDME opens it by 50. */
export const STREAM_WINDOW_CELLS = 500
export const STREAM_INCREMENT_CELLS = 50

export class FixedStreamWindows implements StreamFlowControl {
  readonly #owner: FlowOwner
  #sendWindow = STREAM_WINDOW_CELLS
  #receiveWindow = STREAM_WINDOW_CELLS
  #takenSinceSendme = 0

  constructor(owner: FlowOwner) {
    this.#owner = owner
  }

  get sendableCells(): number {
    return this.#sendWindow
  }

  onDataSent(cells: number): void {
    this.#sendWindow -= cells
  }

  onSendme(): void {
    this.#sendWindow += STREAM_INCREMENT_CELLS
    if (this.#sendWindow > STREAM_WINDOW_CELLS) throw protocolViolation('a stream SENDME for cells not sent')
    this.#owner.resumeSending()
  }

  onXoff(): void {
    throw protocolViolation('XOFF for a stream with windows')
  }

  onXon(): void {
    throw protocolViolation('XON for a stream with windows')
  }

  onDataReceived(cells: number): void {
    this.#receiveWindow -= cells
    if (this.#receiveWindow < 0) throw protocolViolation('more DATA than the stream window allows')
  }

  onDataWaiting(): void {}

  onDataTaken(cells: number): void {
    this.#takenSinceSendme += cells
    while (this.#takenSinceSendme >= STREAM_INCREMENT_CELLS) {
      this.#takenSinceSendme -= STREAM_INCREMENT_CELLS
      this.#receiveWindow += STREAM_INCREMENT_CELLS
      this.#owner.sendFlowMessage({ kind: 'sendme', tag: undefined })
    }
  }

  stragglers(): Pick<HalfClosedAllowance, 'dataCells' | 'sendmes' | 'xons' | 'xoffs'> {
    const sendmes = Math.floor((STREAM_WINDOW_CELLS - this.#sendWindow) / STREAM_INCREMENT_CELLS)
    return { dataCells: this.#receiveWindow, sendmes, xons: 0, xoffs: 0 }
  }

  close(): void {}
}
