import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CELL_BODY_BYTES, RELAY_DATA_MAX_BYTES, RelayCommand } from '../../../core/cell/commands.ts'
import {
  packRelayCell,
  relayBodyOffset,
  relayCommandAt,
  relayLengthAt,
  relayStreamIdAt,
} from '../../../core/cell/relay-cell.ts'
import type { Random } from '../../../core/util/random.ts'

/** Every "random" byte is 0x5a, so that the padding can be told from zeros. */
const fixedRandom: Random = {
  fill(bytes) {
    bytes.fill(0x5a)
    return bytes
  },
}

function pack(body: Uint8Array, bodyOffset = 0, bodyLength = body.length): Buffer {
  const cell = Buffer.alloc(CELL_BODY_BYTES, 0xff)
  packRelayCell(cell, 0, RelayCommand.DATA, 0x1234, body, bodyOffset, bodyLength, fixedRandom)
  return cell
}

describe('packing relay cells', () => {
  it('the header is command, recognized, stream id, digest, length; then body, four zeros, random bytes', () => {
    expect(pack(Buffer.from('abc')).toString('hex')).toBe(
      `020000123400000000000361626300000000${'5a'.repeat(CELL_BODY_BYTES - 18)}`,
    )
  })

  it.each([
    [RELAY_DATA_MAX_BYTES, 0, 0],
    [RELAY_DATA_MAX_BYTES - 1, 1, 0],
    [RELAY_DATA_MAX_BYTES - 4, 4, 0],
    [RELAY_DATA_MAX_BYTES - 5, 4, 1],
    [0, 4, RELAY_DATA_MAX_BYTES - 4],
  ])('a body of %i bytes is followed by %i zeros and %i random bytes', (length, zeros, randoms) => {
    const tail = pack(Buffer.alloc(length, 1)).subarray(11 + length)
    expect(tail).toEqual(Buffer.concat([Buffer.alloc(zeros), Buffer.alloc(randoms, 0x5a)]))
  })

  it('the fields read back, the piece of the body that was asked for is there, and neighbours are untouched', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 65535 }),
        fc.uint8Array({ maxLength: RELAY_DATA_MAX_BYTES, size: 'max' }),
        fc.integer({ min: 0, max: 40 }),
        (command, streamId, body, offset) => {
          const bodyOffset = Math.floor(body.length / 3)
          const bodyLength = body.length - bodyOffset
          const target = Buffer.alloc(offset + CELL_BODY_BYTES + 7, 0xcc)
          packRelayCell(target, offset, command, streamId, body, bodyOffset, bodyLength, fixedRandom)
          expect(relayCommandAt(target, offset)).toBe(command)
          expect(relayStreamIdAt(target, offset)).toBe(streamId)
          expect(relayLengthAt(target, offset)).toBe(bodyLength)
          const at = relayBodyOffset(offset)
          expect(target.subarray(at, at + bodyLength)).toEqual(Buffer.from(body.subarray(bodyOffset)))
          expect(target.subarray(0, offset)).toEqual(Buffer.alloc(offset, 0xcc))
          expect(target.subarray(offset + CELL_BODY_BYTES)).toEqual(Buffer.alloc(7, 0xcc))
        },
      ),
    )
  })

  it.each([
    ['a body of 499 bytes', () => pack(Buffer.alloc(499))],
    ['a piece outside the body', () => pack(Buffer.alloc(10), 5, 6)],
    ['a negative length', () => pack(Buffer.alloc(10), 5, -1)],
    [
      'a batch that is too small',
      () => packRelayCell(Buffer.alloc(600), 100, 2, 1, Buffer.alloc(1), 0, 1, fixedRandom),
    ],
  ])('%s is refused', (_name, attempt) => {
    expect(attempt).toThrow(RangeError)
  })
})
