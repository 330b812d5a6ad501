/**
 * Cells to and from the bytes of a channel (tor-spec 3). `CellFramer` cuts a byte stream into cells as views, making
 * no object for a cell and copying only the one that straddles two reads.
 */
import { protocolViolation, TorError } from '../util/errors.ts'
import {
  CELL_BODY_BYTES,
  CELL_BYTES,
  ChannelCommand,
  channelCommandName,
  isVariableLength,
} from './commands.ts'

/**
 * The longest variable-length body that is kept. A relay's CERTS is about 1.5 kB; nothing else that a client needs
 * comes near this.
 */
export const MAX_VARIABLE_BODY_BYTES = 12_288

/** Receives cells. Every Buffer is a view that is good only until the call returns. */
export interface CellSink {
  /** The 509 bytes of the body begin at `bodyOffset`. */
  onFixedCell(circuitId: number, command: number, buffer: Buffer, bodyOffset: number): void
  onVariableCell(circuitId: number, command: number, body: Buffer): void
}

export type CircuitIdBytes = 2 | 4

const COMMAND_BYTES = 1
const LENGTH_BYTES = 2
const EMPTY = Buffer.alloc(0)

/** Cuts a byte stream into cells. After an error the stream is lost: close the channel. */
export class CellFramer {
  /** 2 until VERSIONS is agreed. Set it inside the call that delivers VERSIONS: the next cell may be in the same read. */
  circuitIdBytes: CircuitIdBytes = 2
  /** A variable-length cell with a longer body is an error, except VPADDING, which is skipped without being kept. */
  maxVariableBodyBytes = MAX_VARIABLE_BODY_BYTES

  /** The beginning of a cell whose end has not come: its header, or a fixed-length cell. */
  readonly #spare = Buffer.allocUnsafeSlow(CELL_BYTES)
  #spareBytes = 0
  /** The body of the variable-length cell that is being collected; its header is in `#spare`. */
  #body: Buffer | undefined
  #bodyBytes = 0
  /** Bytes of an over-long VPADDING that are still to be skipped. */
  #skipBytes = 0

  /** How many bytes of an unfinished cell are held. */
  get pendingBytes(): number {
    return this.#spareBytes + this.#bodyBytes
  }

  /**
   * Takes the first `length` bytes of `buffer` and calls the sink for each cell that they complete. `buffer` is the
   * caller's and may be reused as soon as this returns. An over-long VPADDING is reported with an empty body once it
   * is over. Throws `protocol-violation` for an over-long cell; what the sink throws passes through.
   */
  push(buffer: Buffer, length: number, sink: CellSink): void {
    let at = 0
    while (at < length) {
      if (this.#spareBytes === 0) at = this.#deliverWhole(buffer, at, length, sink)
      if (at < length) at = this.#collect(buffer, at, length, sink)
    }
  }

  /** Delivers cells as long as all of the next one is there; returns where the first unfinished one begins. */
  #deliverWhole(buffer: Buffer, start: number, end: number, sink: CellSink): number {
    let at = start
    while (at < end) {
      // Read again for each cell: the sink may have agreed on a version.
      const idBytes = this.circuitIdBytes
      const headerBytes = idBytes + COMMAND_BYTES
      if (end - at < headerBytes) return at
      const command = byteAt(buffer, at + idBytes)
      if (isVariableLength(command)) {
        const next = this.#deliverVariable(buffer, at, end, sink)
        if (next === at) return at
        at = next
      } else {
        if (end - at < headerBytes + CELL_BODY_BYTES) return at
        const bodyOffset = at + headerBytes
        sink.onFixedCell(readCircuitId(buffer, at, idBytes), command, buffer, bodyOffset)
        at = bodyOffset + CELL_BODY_BYTES
      }
    }
    return at
  }

  /** Returns the offset after the cell, or `at` when it is unfinished or longer than we keep. */
  #deliverVariable(buffer: Buffer, at: number, end: number, sink: CellSink): number {
    const idBytes = this.circuitIdBytes
    const bodyAt = at + idBytes + COMMAND_BYTES + LENGTH_BYTES
    if (end < bodyAt) return at
    const bodyLength = buffer.readUInt16BE(bodyAt - LENGTH_BYTES)
    if (bodyLength > this.maxVariableBodyBytes || end < bodyAt + bodyLength) return at
    const body = buffer.subarray(bodyAt, bodyAt + bodyLength)
    sink.onVariableCell(readCircuitId(buffer, at, idBytes), buffer.readUInt8(at + idBytes), body)
    return bodyAt + bodyLength
  }

  /** Takes what it can of the unfinished cell, delivers it when that finishes it, returns the offset after it. */
  #collect(buffer: Buffer, at: number, end: number, sink: CellSink): number {
    if (this.#skipBytes > 0) return this.#skip(at, end, sink)
    if (this.#body !== undefined) return this.#collectBody(this.#body, buffer, at, end, sink)
    const took = Math.min(this.#spareTarget() - this.#spareBytes, end - at)
    buffer.copy(this.#spare, this.#spareBytes, at, at + took)
    this.#spareBytes += took
    if (this.#spareBytes === this.#spareTarget()) this.#onSpareFull(sink)
    return at + took
  }

  /** How much belongs into the spare buffer, as far as what is there tells. */
  #spareTarget(): number {
    const headerBytes = this.circuitIdBytes + COMMAND_BYTES
    if (this.#spareBytes < headerBytes) return headerBytes
    return headerBytes + (isVariableLength(this.#spareCommand()) ? LENGTH_BYTES : CELL_BODY_BYTES)
  }

  #onSpareFull(sink: CellSink): void {
    const command = this.#spareCommand()
    const headerBytes = this.circuitIdBytes + COMMAND_BYTES
    if (!isVariableLength(command)) {
      this.#spareBytes = 0
      sink.onFixedCell(readCircuitId(this.#spare, 0, this.circuitIdBytes), command, this.#spare, headerBytes)
      return
    }
    const bodyLength = this.#spare.readUInt16BE(headerBytes)
    if (bodyLength === 0) return this.#finishVariable(EMPTY, sink)
    if (bodyLength <= this.maxVariableBodyBytes) {
      this.#body = Buffer.allocUnsafe(bodyLength)
    } else if (command === ChannelCommand.VPADDING) {
      this.#skipBytes = bodyLength
    } else {
      throw protocolViolation(
        `${channelCommandName(command)} cell of ${bodyLength} bytes, more than a client accepts`,
      )
    }
  }

  #collectBody(body: Buffer, buffer: Buffer, at: number, end: number, sink: CellSink): number {
    const took = Math.min(body.length - this.#bodyBytes, end - at)
    buffer.copy(body, this.#bodyBytes, at, at + took)
    this.#bodyBytes += took
    if (this.#bodyBytes === body.length) this.#finishVariable(body, sink)
    return at + took
  }

  #skip(at: number, end: number, sink: CellSink): number {
    const took = Math.min(this.#skipBytes, end - at)
    this.#skipBytes -= took
    if (this.#skipBytes === 0) this.#finishVariable(EMPTY, sink)
    return at + took
  }

  #finishVariable(body: Buffer, sink: CellSink): void {
    const circuitId = readCircuitId(this.#spare, 0, this.circuitIdBytes)
    const command = this.#spareCommand()
    this.#spareBytes = 0
    this.#body = undefined
    this.#bodyBytes = 0
    sink.onVariableCell(circuitId, command, body)
  }

  #spareCommand(): number {
    return this.#spare.readUInt8(this.circuitIdBytes)
  }
}

/**
 * A whole fixed-length cell with `body` padded with zeros to 509 bytes; the caller owns it. For control cells: relay
 * cells are laid out in batches by the circuit. Throws `internal` when the body is too long.
 */
export function encodeFixedCell(
  circuitId: number,
  command: number,
  body: Uint8Array,
  circuitIdBytes: CircuitIdBytes = 4,
): Buffer {
  if (body.length > CELL_BODY_BYTES) throw new TorError('internal', `cell body of ${body.length} bytes`)
  const headerBytes = circuitIdBytes + COMMAND_BYTES
  const cell = Buffer.alloc(headerBytes + CELL_BODY_BYTES)
  cell.writeUIntBE(circuitId, 0, circuitIdBytes)
  cell.writeUInt8(command, circuitIdBytes)
  cell.set(body, headerBytes)
  return cell
}

/** A whole variable-length cell; the caller owns it. VERSIONS has a 2-byte circuit id whatever was agreed. */
export function encodeVariableCell(
  circuitId: number,
  command: number,
  body: Uint8Array,
  circuitIdBytes: CircuitIdBytes = 4,
): Buffer {
  const idBytes = command === ChannelCommand.VERSIONS ? 2 : circuitIdBytes
  const cell = Buffer.alloc(idBytes + COMMAND_BYTES + LENGTH_BYTES + body.length)
  cell.writeUIntBE(circuitId, 0, idBytes)
  cell.writeUInt8(command, idBytes)
  cell.writeUInt16BE(body.length, idBytes + COMMAND_BYTES)
  cell.set(body, idBytes + COMMAND_BYTES + LENGTH_BYTES)
  return cell
}

/** Unsigned: the ids that a client picks have the top bit set. */
function readCircuitId(buffer: Buffer, at: number, idBytes: CircuitIdBytes): number {
  const high = (byteAt(buffer, at) << 8) | byteAt(buffer, at + 1)
  if (idBytes === 2) return high
  return ((high << 16) | (byteAt(buffer, at + 2) << 8) | byteAt(buffer, at + 3)) >>> 0
}

/** Plain indexing costs a tenth of `readUInt8` here; every caller has compared `at` with the length. */
function byteAt(buffer: Buffer, at: number): number {
  return buffer[at] as number
}
