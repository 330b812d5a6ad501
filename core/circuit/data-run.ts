/**
 * Reads a decrypted batch in place: message bodies as views, and runs of DATA cells of one stream pushed together into
 * one chunk. The length field is the peer's word and is checked here, before any byte is touched.
 */
import { CELL_BODY_BYTES, RELAY_DATA_MAX_BYTES, RELAY_HEADER_BYTES, RelayCommand } from '../cell/commands.ts'
import { relayCommandAt, relayLengthAt, relayStreamIdAt } from '../cell/relay-cell.ts'
import { malformed, protocolViolation } from '../util/errors.ts'

/** The index after the last of the DATA cells from `start` on that are for the same stream. */
export function endOfDataRun(cells: Buffer, start: number, count: number): number {
  const streamId = relayStreamIdAt(cells, start * CELL_BODY_BYTES)
  let end = start + 1
  while (end < count) {
    const at = end * CELL_BODY_BYTES
    if (relayCommandAt(cells, at) !== RelayCommand.DATA || relayStreamIdAt(cells, at) !== streamId) break
    end++
  }
  return end
}

/** A view of a relay cell's message body. Throws when the length field does not fit the cell. */
export function messageBodyAt(cells: Buffer, at: number): Buffer {
  const length = checkedLength(cells, at)
  const start = at + RELAY_HEADER_BYTES
  return cells.subarray(start, start + length)
}

function checkedLength(cells: Buffer, at: number): number {
  const length = relayLengthAt(cells, at)
  if (length > RELAY_DATA_MAX_BYTES) malformed('relay cell', `at most ${RELAY_DATA_MAX_BYTES} bytes`, length)
  return length
}

/** No honest end sends DATA without data: it would be a mark that no application notices (TROVE-2024-001). */
function checkedDataLength(cells: Buffer, at: number): number {
  const length = checkedLength(cells, at)
  if (length === 0) throw protocolViolation('DATA without data')
  return length
}

/** Moves the payloads of DATA cells `[start, end)` together in place and returns them as one view. */
export function compactPayloads(cells: Buffer, start: number, end: number): Buffer {
  const first = start * CELL_BODY_BYTES + RELAY_HEADER_BYTES
  let to = first + checkedDataLength(cells, start * CELL_BODY_BYTES)
  for (let index = start + 1; index < end; index++) {
    const at = index * CELL_BODY_BYTES
    const length = checkedDataLength(cells, at)
    cells.copyWithin(to, at + RELAY_HEADER_BYTES, at + RELAY_HEADER_BYTES + length)
    to += length
  }
  return cells.subarray(first, to)
}
