import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CellFramer,
  type CellSink,
  encodeFixedCell,
  encodeVariableCell,
  MAX_VARIABLE_BODY_BYTES,
} from '../../../core/cell/cell-codec.ts'
import { CELL_BODY_BYTES, CELL_BYTES, ChannelCommand } from '../../../core/cell/commands.ts'
import { isTorError } from '../../../core/util/errors.ts'

interface SeenCell {
  readonly circuitId: number
  readonly command: number
  readonly body: Buffer
}

/** Copies what it is shown, as a sink must. */
function recordInto(seen: SeenCell[], onVersions: () => void = () => undefined): CellSink {
  return {
    onFixedCell(circuitId, command, buffer, bodyOffset) {
      seen.push({
        circuitId,
        command,
        body: Buffer.from(buffer.subarray(bodyOffset, bodyOffset + CELL_BODY_BYTES)),
      })
    },
    onVariableCell(circuitId, command, body) {
      seen.push({ circuitId, command, body: Buffer.from(body) })
      if (command === ChannelCommand.VERSIONS) onVersions()
    },
  }
}

/** Pushes the bytes in pieces of the given sizes, each through a buffer that is overwritten after the call. */
function frameInPieces(bytes: Buffer, sizes: readonly number[], framer = new CellFramer()): SeenCell[] {
  const seen: SeenCell[] = []
  const sink = recordInto(seen, () => {
    framer.circuitIdBytes = 4
  })
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    const piece = Buffer.from(bytes.subarray(at, at + size))
    framer.push(piece, piece.length, sink)
    piece.fill(0xee)
    at += size
  }
  return seen
}

const wideFramer = (): CellFramer => {
  const framer = new CellFramer()
  framer.circuitIdBytes = 4
  return framer
}

const VERSIONS_CELL = encodeVariableCell(0, ChannelCommand.VERSIONS, Buffer.of(0, 4, 0, 5))

describe('encoding cells', () => {
  it('a fixed-length cell has 514 bytes: circuit id, command, body, zeros', () => {
    const cell = encodeFixedCell(0x80000001, ChannelCommand.DESTROY, Buffer.of(9))
    expect(cell.length).toBe(CELL_BYTES)
    expect(cell.toString('hex')).toBe(`800000010409${'00'.repeat(508)}`)
  })

  it('VERSIONS has a 2-byte circuit id always', () => {
    expect(VERSIONS_CELL.toString('hex')).toBe('000007000400040005')
  })

  it('other variable-length cells have the agreed circuit id', () => {
    expect(encodeVariableCell(0, ChannelCommand.VPADDING, Buffer.of(1, 2)).toString('hex')).toBe(
      '000000008000020102',
    )
    expect(encodeVariableCell(0, ChannelCommand.VPADDING, Buffer.of(1), 2).toString('hex')).toBe(
      '000080000101',
    )
  })

  it('a body that does not fit is a bug that is said', () => {
    expect(() => encodeFixedCell(1, 3, Buffer.alloc(510))).toThrow(
      expect.objectContaining({ kind: 'internal' }),
    )
  })
})

describe('framing cells', () => {
  it('circuit ids with the top bit set are positive numbers', () => {
    const cells = frameInPieces(
      encodeFixedCell(0xfffffffe, ChannelCommand.RELAY, Buffer.of(7)),
      [600],
      wideFramer(),
    )
    expect(cells).toHaveLength(1)
    expect(cells[0]?.circuitId).toBe(0xfffffffe)
  })

  it('the width of circuit ids changes for the very next cell when VERSIONS is delivered', () => {
    const bytes = Buffer.concat([
      VERSIONS_CELL,
      encodeFixedCell(0x80000005, ChannelCommand.NETINFO, Buffer.of(1)),
    ])
    for (const size of [1, 3, 9, 10, 11, 1000]) {
      const cells = frameInPieces(bytes, [size])
      expect(cells.map((cell) => [cell.circuitId, cell.command])).toEqual([
        [0, ChannelCommand.VERSIONS],
        [0x80000005, ChannelCommand.NETINFO],
      ])
    }
  })

  it('only the given length of the buffer is read', () => {
    const buffer = Buffer.concat([encodeFixedCell(1, 3, Buffer.of(1)), encodeFixedCell(2, 3, Buffer.of(2))])
    const seen: SeenCell[] = []
    wideFramer().push(buffer, CELL_BYTES, recordInto(seen))
    expect(seen.map((cell) => cell.circuitId)).toEqual([1])
  })

  it('a whole fixed-length cell is shown where it lies, a straddling one is copied', () => {
    const buffer = Buffer.concat([encodeFixedCell(1, 3, Buffer.of(1)), encodeFixedCell(2, 3, Buffer.of(2))])
    const shown: Buffer[] = []
    const sink: CellSink = {
      onFixedCell: (_id, _command, where) => shown.push(where),
      onVariableCell: () => undefined,
    }
    const framer = wideFramer()
    framer.push(buffer, CELL_BYTES + 20, sink)
    expect(framer.pendingBytes).toBe(20)
    framer.push(buffer.subarray(CELL_BYTES + 20), CELL_BYTES - 20, sink)
    expect(shown.map((where) => where === buffer)).toEqual([true, false])
    expect(framer.pendingBytes).toBe(0)
  })

  it.each([1, 6, 4000])('an over-long variable-length cell is refused, in pieces of %i bytes', (size) => {
    const bytes = encodeVariableCell(0, ChannelCommand.CERTS, Buffer.alloc(MAX_VARIABLE_BODY_BYTES + 1))
    expect(() => frameInPieces(bytes, [size], wideFramer())).toThrow(
      expect.objectContaining({ kind: 'protocol-violation' }),
    )
    const longest = encodeVariableCell(0, ChannelCommand.CERTS, Buffer.alloc(MAX_VARIABLE_BODY_BYTES))
    expect(frameInPieces(longest, [size], wideFramer())).toHaveLength(1)
  })

  it.each([1, 5, 7, 4000, 100_000])(
    'over-long VPADDING is skipped without being kept, in pieces of %i bytes',
    (size) => {
      const bytes = Buffer.concat([
        encodeVariableCell(0, ChannelCommand.VPADDING, Buffer.alloc(65_535, 3)),
        encodeFixedCell(9, ChannelCommand.RELAY, Buffer.of(1)),
      ])
      const cells = frameInPieces(bytes, [size], wideFramer())
      expect(cells.map((cell) => [cell.circuitId, cell.command, cell.body.length])).toEqual([
        [0, ChannelCommand.VPADDING, 0],
        [9, ChannelCommand.RELAY, CELL_BODY_BYTES],
      ])
    },
  )

  it('what is kept of an unfinished cell never exceeds the limit', () => {
    const framer = wideFramer()
    const bytes = encodeVariableCell(0, ChannelCommand.CERTS, Buffer.alloc(MAX_VARIABLE_BODY_BYTES))
    framer.push(bytes, bytes.length - 1, recordInto([]))
    expect(framer.pendingBytes).toBeLessThan(MAX_VARIABLE_BODY_BYTES + 10)
  })

  const anyCell = fc.oneof(
    fc
      .record({
        circuitId: fc.integer({ min: 0, max: 0xffffffff }),
        command: fc.integer({ min: 0, max: 127 }).filter((command) => command !== ChannelCommand.VERSIONS),
        body: fc.uint8Array({ maxLength: CELL_BODY_BYTES }),
      })
      .map((cell) => encodeFixedCell(cell.circuitId, cell.command, cell.body)),
    fc
      .record({
        circuitId: fc.integer({ min: 0, max: 0xffffffff }),
        command: fc.integer({ min: 128, max: 255 }),
        body: fc.uint8Array({ maxLength: 1200 }),
      })
      .map((cell) => encodeVariableCell(cell.circuitId, cell.command, cell.body)),
  )

  it('any way of cutting the bytes gives the same cells', () => {
    fc.assert(
      fc.property(
        fc.array(anyCell, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 1400 }), { minLength: 1, maxLength: 8 }),
        (cells, sizes) => {
          const bytes = Buffer.concat([VERSIONS_CELL, ...cells])
          const seen = frameInPieces(bytes, sizes)
          expect(seen).toEqual(frameInPieces(bytes, [bytes.length]))
          expect(seen).toHaveLength(cells.length + 1)
        },
      ),
    )
  })

  it('arbitrary bytes give cells or the typed error', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000, size: 'max' }),
        fc.integer({ min: 1, max: 700 }),
        (bytes, size) => {
          try {
            for (const cell of frameInPieces(Buffer.from(bytes), [size])) {
              expect(cell.body.length).toBeLessThanOrEqual(MAX_VARIABLE_BODY_BYTES)
            }
          } catch (error) {
            expect(isTorError(error, 'protocol-violation')).toBe(true)
          }
        },
      ),
    )
  })
})
