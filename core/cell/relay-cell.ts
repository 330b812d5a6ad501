/**
 * Relay cells of format 0 in place: packing one into a batch, and reading header fields of a decrypted one. This is
 * the hot path, so everything works on a Buffer and an offset and makes no object for a cell (tor-spec 6.1).
 */
import type { Random } from '../util/random.ts'
import {
  CELL_BODY_BYTES,
  RELAY_COMMAND_OFFSET,
  RELAY_DATA_MAX_BYTES,
  RELAY_HEADER_BYTES,
  RELAY_LENGTH_OFFSET,
  RELAY_RECOGNIZED_OFFSET,
  RELAY_STREAM_ID_OFFSET,
} from './commands.ts'

/** Zero bytes between a relay cell's body and its random padding (tor-spec 6.1). */
const ZERO_GAP_BYTES = 4

/** So many random bytes nobody guesses (proposal 289). */
const UNFORESEEABLE_BYTES = 16

/** The longest body that leaves a cell unforeseeable. */
export const RELAY_DATA_PADDED_BYTES = RELAY_DATA_MAX_BYTES - ZERO_GAP_BYTES - UNFORESEEABLE_BYTES

/**
 * Writes one relay cell body of 509 bytes at `offset` of `target`: `bodyLength` bytes of `body` from `bodyOffset` in
 * what `frameRelayBody` puts around them. Throws `RangeError` when the body or the target is too small or the body
 * does not fit.
 */
export function packRelayCell(
  target: Buffer,
  offset: number,
  command: number,
  streamId: number,
  body: Uint8Array,
  bodyOffset: number,
  bodyLength: number,
  random: Random,
): void {
  if (bodyOffset < 0 || bodyOffset + bodyLength > body.length)
    throw new RangeError('relay cell body outside its array')
  frameRelayBody(target, offset, command, streamId, bodyLength, random)
  target.set(
    bodyLength === body.length ? body : body.subarray(bodyOffset, bodyOffset + bodyLength),
    relayBodyOffset(offset),
  )
}

/**
 * Writes a relay cell around `bodyLength` bytes that lie, or will lie, at `relayBodyOffset(offset)`: the header before
 * them, 4 zero bytes behind them, then random ones, so that a peer cannot foresee the digest that a SENDME must quote.
 * The digest field is left zero for the relay crypto.
 */
export function frameRelayBody(
  target: Buffer,
  offset: number,
  command: number,
  streamId: number,
  bodyLength: number,
  random: Random,
): void {
  if (bodyLength < 0 || bodyLength > RELAY_DATA_MAX_BYTES)
    throw new RangeError(`relay cell body of ${bodyLength} bytes`)
  const end = offset + CELL_BODY_BYTES
  if (offset < 0 || end > target.length) throw new RangeError('relay cell outside its batch')
  // Plain stores: for eleven bytes, fill() and writeUInt16BE() cost more than copying the whole body.
  for (let at = offset + RELAY_RECOGNIZED_OFFSET; at < offset + RELAY_LENGTH_OFFSET; at++) target[at] = 0
  target[offset + RELAY_COMMAND_OFFSET] = command
  target[offset + RELAY_STREAM_ID_OFFSET] = streamId >>> 8
  target[offset + RELAY_STREAM_ID_OFFSET + 1] = streamId
  target[offset + RELAY_LENGTH_OFFSET] = bodyLength >>> 8
  target[offset + RELAY_LENGTH_OFFSET + 1] = bodyLength
  // DATA cells are mostly full: the padding below costs them nothing.
  const gapAt = relayBodyOffset(offset) + bodyLength
  if (gapAt === end) return
  const randomAt = Math.min(gapAt + ZERO_GAP_BYTES, end)
  target.fill(0, gapAt, randomAt)
  if (randomAt < end) random.fill(target.subarray(randomAt, end))
}

/** The relay command of the cell body at `offset`. */
export function relayCommandAt(buffer: Buffer, offset: number): number {
  return buffer.readUInt8(offset + RELAY_COMMAND_OFFSET)
}

/** The stream id of the cell body at `offset`; 0 for messages of the circuit itself. */
export function relayStreamIdAt(buffer: Buffer, offset: number): number {
  return buffer.readUInt16BE(offset + RELAY_STREAM_ID_OFFSET)
}

/** The length field of the cell body at `offset`: hostile, so compare it with `RELAY_DATA_MAX_BYTES` before use. */
export function relayLengthAt(buffer: Buffer, offset: number): number {
  return buffer.readUInt16BE(offset + RELAY_LENGTH_OFFSET)
}

/** Where the message body begins for the cell body at `offset`. */
export function relayBodyOffset(offset: number): number {
  return offset + RELAY_HEADER_BYTES
}
