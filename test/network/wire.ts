/** Cells as a relay reads and writes them, written apart from the client's codecs (tor-spec 3). */

const VERSIONS = 7
const FIXED_BODY_BYTES = 509

export interface WireCell {
  readonly circuitId: number
  readonly command: number
  /** With its padding; a copy. */
  readonly body: Buffer
}

/** A fixed-length cell with a 4-byte circuit id; the body is padded with zeros. */
export function fixedCell(circuitId: number, command: number, body: Uint8Array): Buffer {
  const cell = Buffer.alloc(5 + FIXED_BODY_BYTES)
  cell.writeUInt32BE(circuitId, 0)
  cell[4] = command
  cell.set(body, 5)
  return cell
}

/** A variable-length cell; VERSIONS gets its 2-byte circuit id. */
export function variableCell(circuitId: number, command: number, body: Uint8Array): Buffer {
  const idBytes = command === VERSIONS ? 2 : 4
  const header = Buffer.alloc(idBytes + 3)
  header.writeUIntBE(circuitId, 0, idBytes)
  header[idBytes] = command
  header.writeUInt16BE(body.length, idBytes + 1)
  return Buffer.concat([header, body])
}

/** Cuts a client's bytes into cells. The first one, VERSIONS, has a 2-byte circuit id. */
export class CellSplitter {
  #pending = Buffer.alloc(0)
  #isFirst = true

  push(bytes: Buffer): WireCell[] {
    this.#pending = Buffer.concat([this.#pending, bytes])
    const cells: WireCell[] = []
    for (let cell = this.#next(); cell !== undefined; cell = this.#next()) cells.push(cell)
    return cells
  }

  #next(): WireCell | undefined {
    const idBytes = this.#isFirst ? 2 : 4
    const pending = this.#pending
    if (pending.length < idBytes + 3) return undefined
    const circuitId = pending.readUIntBE(0, idBytes)
    const command = pending.readUInt8(idBytes)
    const isVariable = command === VERSIONS || command >= 128
    const bodyAt = idBytes + (isVariable ? 3 : 1)
    const end = bodyAt + (isVariable ? pending.readUInt16BE(idBytes + 1) : FIXED_BODY_BYTES)
    if (pending.length < end) return undefined
    this.#isFirst = false
    this.#pending = pending.subarray(end)
    return { circuitId, command, body: Buffer.from(pending.subarray(bodyAt, end)) }
  }
}
