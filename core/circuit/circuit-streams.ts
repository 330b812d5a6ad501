/** The streams of a circuit that stands alone: what its last hop sends is theirs at once, in the order of its cells. */
import { relayStreamIdAt } from '../cell/relay-cell.ts'
import { CELL_BODY_BYTES } from '../cell/commands.ts'
import type { TorError } from '../util/errors.ts'
import type { CircuitWindows } from './circuit-windows.ts'
import { compactPayloads } from './data-run.ts'
import type { CellBatch, StreamSide } from './stream-side.ts'
import { TunnelStreams } from './tunnel-streams.ts'

export class CircuitStreams extends TunnelStreams implements StreamSide {
  onData(cells: Buffer, start: number, end: number): void {
    const streamId = relayStreamIdAt(cells, start * CELL_BODY_BYTES)
    this.deliverData(streamId, compactPayloads(cells, start, end), end - start)
  }

  onMessage(command: number, streamId: number, body: Buffer): void {
    this.deliverMessage(command, streamId, body)
  }

  pack(batch: CellBatch, max: number, what: 'control' | 'all', windows: CircuitWindows): void {
    this.packMessages(batch, max)
    if (what === 'all' && !this.hasMessages) this.packData(batch, max, windows)
  }

  onCircuitClosed(error: TorError): void {
    this.close(error)
  }
}
