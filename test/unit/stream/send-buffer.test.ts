import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SendBuffer } from '../../../core/stream/send-buffer.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const CELL_PAYLOAD = 498

function take(buffer: SendBuffer, mostBytes: number): Buffer {
  const piece = Buffer.alloc(Math.min(mostBytes, buffer.length) + 2, 0xff)
  buffer.take(piece.length - 2, piece, 1)
  expect([piece[0], piece.at(-1)]).toEqual([0xff, 0xff])
  return piece.subarray(1, -1)
}

/** Takes everything in pieces of at most one cell. */
function drain(buffer: SendBuffer): Buffer[] {
  const pieces: Buffer[] = []
  while (buffer.length > 0) pieces.push(take(buffer, CELL_PAYLOAD))
  return pieces
}

describe('the buffer of a stream’s way out', () => {
  it('gives out what was put in, in order, whatever the sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { maxLength: 12 }), fc.nat(20), (sizes, takes) => {
        const buffer = new SendBuffer()
        const random = seededRandom(sizes.length)
        const input: Buffer[] = []
        const output: Buffer[] = []
        for (const size of sizes) {
          const bytes = random.fill(Buffer.alloc(size))
          input.push(Buffer.from(bytes))
          buffer.append(bytes, 0)
          bytes.fill(0)
          for (let round = 0; round < takes; round++) output.push(take(buffer, CELL_PAYLOAD - (round % 3)))
        }
        output.push(...drain(buffer))
        expect(buffer.length).toBe(0)
        expect(Buffer.concat(output).equals(Buffer.concat(input))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('fills every cell of one long write but the last', () => {
    const buffer = new SendBuffer()
    buffer.append(Buffer.alloc(1000 * CELL_PAYLOAD + 3), 0)
    const pieces = drain(buffer).map(({ length }) => length)
    expect(pieces.slice(0, -1).every((length) => length === CELL_PAYLOAD)).toBe(true)
    expect(pieces.at(-1)).toBe(3)
  })

  it('is empty when it was cleared, and useful after it', () => {
    const buffer = new SendBuffer()
    buffer.append(Buffer.alloc(100_000), 0)
    buffer.clear()
    expect([buffer.length, buffer.memoryBytes]).toEqual([0, 0])
    expect(() => buffer.take(1, Buffer.alloc(1), 0)).toThrow(RangeError)
    buffer.append(Buffer.from('again'), 0)
    expect(Buffer.concat(drain(buffer)).toString()).toBe('again')
  })
})
