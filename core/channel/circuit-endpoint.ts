/** What a channel needs of a circuit. The circuit layer implements it; the channel owns the interface. */
import type { TorError } from '../util/errors.ts'

export interface CircuitEndpoint {
  /**
   * `count` RELAY cells that lie one behind the other, 514 bytes apart: the first one's 509-byte body starts at
   * `bodyOffset`. The buffer is borrowed: copy them out before returning. Nothing need be decrypted here; that waits for
   * `drain`, when a whole batch is together.
   */
  onRelayCells(buffer: Buffer, bodyOffset: number, count: number): void
  /** Any other cell of this circuit (CREATED2, DESTROY, an inbound RELAY_EARLY, …). The buffer is borrowed too. */
  onOtherCell(command: number, buffer: Buffer, bodyOffset: number): void
  /** The turn of the event loop ends: process what has been gathered. */
  drain(): void
  /**
   * The channel has room. Returns whole cells ready for the wire, at most `maxCells` of them and of control messages
   * only if so asked, or undefined when there is nothing that may be sent now; then ask again through
   * `Channel.requestSend`.
   */
  pullCells(maxCells: number, what: 'control' | 'all'): Buffer | undefined
  /** The channel is gone, and with it every circuit on it. */
  onChannelClosed(error: TorError): void
}
