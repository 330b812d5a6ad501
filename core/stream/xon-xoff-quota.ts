/**
 * How many XOFFs and XONs of the other end the bytes explain that we sent on a stream (proposal 324, section 10): it says
 * XOFF only when so much has piled up, and XON not more often than for so much passed on. More of them would be marks for
 * somebody who watches the circuit (proposal 344).
 */
import type { StreamFlowParams } from '../circuit/congestion-params.ts'
import { protocolViolation } from '../util/errors.ts'

/**
 * What is sent earns no more than this: a long stream must not save up the right to be marked. It is more than what can
 * lie at the exit unread, so that an honest one never runs out.
 */
const MOST_BYTES = 10 * 1024 * 1024

export class XonXoffQuota {
  readonly #bytesPerXoff: number
  readonly #bytesPerXon: number
  #forXoffs = 0
  #forXons = 0

  constructor({ xoffExitBytes, xonRateBytes }: StreamFlowParams) {
    this.#bytesPerXoff = xoffExitBytes
    this.#bytesPerXon = Math.min(xoffExitBytes, xonRateBytes)
  }

  /** How many more may come. */
  get xoffsLeft(): number {
    return Math.floor(this.#forXoffs / this.#bytesPerXoff)
  }

  get xonsLeft(): number {
    return Math.floor(this.#forXons / this.#bytesPerXon)
  }

  noteSent(bytes: number): void {
    this.#forXoffs = Math.min(this.#forXoffs + bytes, MOST_BYTES)
    this.#forXons = Math.min(this.#forXons + bytes, MOST_BYTES)
  }

  /** Throws `protocol-violation` when there are too many. */
  noteXoff(): void {
    if (this.xoffsLeft === 0) throw protocolViolation('an XOFF before so much was sent')
    this.#forXoffs -= this.#bytesPerXoff
  }

  /** Throws `protocol-violation` when there are too many. */
  noteXon(): void {
    if (this.xonsLeft === 0) throw protocolViolation('an XON before so much was sent')
    this.#forXons -= this.#bytesPerXon
  }
}
