/** What a channel needs of a circuit. The circuit layer implements it; the channel owns the interface. */
import type { TorError } from '../util/errors.ts'

export interface CircuitEndpoint {
  /**
   * A RELAY cell: its 509-byte body starts at `bodyOffset`. The buffer is borrowed: copy it out before returning.
   * Nothing may be decrypted here; that waits for `drain`, when a whole batch is together.
   */
  onRelayCell(buffer: Buffer, bodyOffset: number): void
  /** Any other cell of this circuit (CREATED2, DESTROY, an inbound RELAY_EARLY, …). The buffer is borrowed too. */
  onOtherCell(command: number, buffer: Buffer, bodyOffset: number): void
  /** The turn of the event loop ends: process what has been gathered. */
  drain(): void
  /**
   * The channel has room. Returns whole cells ready for the wire, at most `maxCells` of them, or undefined when there
   * is nothing that may be sent now; then ask again through `Channel.requestSend`.
   */
  pullCells(maxCells: number): Buffer | undefined
  /** The channel is gone, and with it every circuit on it. */
  onChannelClosed(error: TorError): void
}
