/**
 * Where a circuit's stream messages come from and go to: streams of its own, or the conflux set that it is a leg of. The
 * circuit keeps what belongs to each circuit alone: keys, congestion control, SENDMEs.
 */
import type { RelayMessage } from '../cell/relay-message.ts'
import type { TorError } from '../util/errors.ts'
import type { CircuitWindows } from './circuit-windows.ts'

/** The largest batch that a circuit makes of cells; more only adds latency for the others on the channel. */
export const MAX_BATCH_CELLS = 124

/** A batch that is being packed. */
export interface CellBatch {
  /** Room for `MAX_BATCH_CELLS` relay cell bodies, side by side. */
  readonly cells: Buffer
  /** How many are packed. */
  count: number
  /** Which of them a SENDME will acknowledge: their tags are needed. */
  readonly tagAt: number[]
}

export interface StreamSide {
  /** Decrypted DATA cells `[start, end)` for one stream, counted by the windows already; the receiver owns the buffer. */
  onData(cells: Buffer, start: number, end: number): void
  /** Any other message with a stream id. The body lies in a buffer that the receiver owns. */
  onMessage(command: number, streamId: number, body: Buffer): void
  /** Appends messages, and DATA if so asked and as the windows allow; in all about `max` cells. */
  pack(batch: CellBatch, max: number, what: 'control' | 'all', windows: CircuitWindows): void
  /** DATA cells that could leave now, were they asked for. */
  waitingCells(windows: CircuitWindows): number
  /** The circuit is gone. */
  onCircuitClosed(error: TorError): void
}

/** The conflux set that a circuit is a leg of (proposal 329), as this circuit sees it. */
export interface SetOfLeg extends StreamSide {
  /** LINKED or SWITCH of the last hop, and when its cell came, in monotonic milliseconds. */
  onConfluxMessage(message: RelayMessage, arrivedMs: number): void
  /** A SENDME has changed the window and the round trip. */
  onWindowChanged(): void
}
