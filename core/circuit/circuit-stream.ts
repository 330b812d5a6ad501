/** What a circuit and a stream on it need of each other; the stream layer implements `CircuitStream`. */
import type { RelayMessage } from '../cell/relay-message.ts'
import type { TorError } from '../util/errors.ts'

/** What may still arrive for a stream after our END, because it left before ours arrived (proposal 344). */
export interface HalfClosedAllowance {
  /** DATA cells within the window that the other end still had, or may have had. */
  dataCells: number
  /** Stream SENDMEs for cells that we sent. */
  sendmes: number
  /** A CONNECTED for a BEGIN that was not answered yet. */
  connected: number
  /** A RESOLVED for a RESOLVE that was not answered yet; it ends the stream as END does. */
  resolved: number
  /** As many as the bytes that we sent can explain; none without congestion control. */
  xons: number
  xoffs: number
}

/** How much each DATA cell of a circuit carries. */
export interface DataLengths {
  /** The length of the next cell's body where so many bytes wait. To be asked once for each cell, in order. */
  next(waitingBytes: number): number
}

export interface CircuitStream {
  /** `cells` DATA cells' payload in one piece, which the stream owns from now on. Throws on a window overrun. */
  onData(chunk: Buffer, cells: number): void
  /**
   * Any other message of this stream. Returns 'ended' when it was the last: the circuit forgets the stream then.
   * Throws `protocol-violation` for a message that the stream's state does not explain.
   */
  onMessage(message: RelayMessage): 'open' | 'ended'
  /** How many cells `packCells` would give now if it might. */
  readonly cellsToSend: number
  /** Packs up to `maxCells` DATA cells of these lengths into the batch at `offset` and returns how many. */
  packCells(batch: Buffer, offset: number, maxCells: number, lengths: DataLengths): number
  /** What may still come after the stream has been ended by us. */
  halfClosedAllowance(): HalfClosedAllowance
  /** The circuit is gone. */
  onCircuitClosed(error: TorError): void
}

/** The circuit, as a stream sees it. */
export interface StreamCarrier {
  /** Queues a message of this stream, ahead of all DATA. */
  sendMessage(streamId: number, message: RelayMessage): void
  /** The stream has DATA to pack. */
  requestSend(streamId: number): void
  /** Ends the stream from our side: END is sent with the reason, and stragglers are accounted for. */
  endStream(streamId: number, reason: number): void
}
