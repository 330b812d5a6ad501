import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heldBy, WaitingData } from '../../../core/stream/waiting-data.ts'

const CELL_PAYLOAD = 498

/** A view of a part of a batch, as a stream gets it. */
function viewOf(bytes: Buffer, batchBytes: number): Buffer {
  const batch = Buffer.allocUnsafeSlow(Math.max(batchBytes, bytes.length))
  batch.set(bytes)
  return batch.subarray(0, bytes.length)
}

function takeAll(waiting: WaitingData): { bytes: Buffer; cells: number; chunks: number } {
  const chunks: Buffer[] = []
  let cells = 0
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    chunks.push(next.chunk)
    cells += next.cells
  }
  return { bytes: Buffer.concat(chunks), cells, chunks: chunks.length }
}

describe('data that waits for its application', () => {
  it('comes out as it went in, with its cells, and its memory is counted exactly', () => {
    const push = fc.record({
      length: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20_000 })),
      batch: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30_000 })),
      cells: fc.integer({ min: 1, max: 128 }),
    })
    const step = fc.oneof(
      { weight: 3, arbitrary: push },
      { weight: 1, arbitrary: fc.constant('shift' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const waiting = new WaitingData()
        const pushed: Buffer[] = []
        const taken: Buffer[] = []
        let cells = 0
        let value = 0
        for (const next of steps) {
          if (next === 'shift') {
            const chunk = waiting.shift()
            if (chunk !== undefined) taken.push(Buffer.from(chunk.chunk))
            cells -= chunk?.cells ?? 0
            continue
          }
          const bytes = Buffer.alloc(next.length, ++value)
          pushed.push(bytes)
          waiting.push(viewOf(bytes, next.batch), next.cells, value)
          cells += next.cells
          expect(waiting.memoryBytes).toBeGreaterThanOrEqual(waiting.bytes)
        }
        const waitingBytes = waiting.bytes
        const rest = takeAll(waiting)
        expect(rest.bytes.length).toBe(waitingBytes)
        expect(Buffer.concat([...taken, rest.bytes]).equals(Buffer.concat(pushed))).toBe(true)
        expect(rest.cells).toBe(cells)
        expect([waiting.bytes, waiting.memoryBytes, waiting.isEmpty]).toEqual([0, 0, true])
      }),
    )
  })

  it('costs little more than its bytes, also when it comes a byte a cell, or as cells of nothing', () => {
    const waiting = new WaitingData()
    const batch = Buffer.allocUnsafeSlow(128 * CELL_PAYLOAD)
    for (let cell = 0; cell < 100_000; cell++) waiting.push(batch.subarray(0, cell % 2), 1, 0)
    expect(waiting.bytes).toBe(50_000)
    expect(waiting.memoryBytes).toBeLessThan(2 * waiting.bytes)
    expect(takeAll(waiting)).toMatchObject({ cells: 100_000 })
  })

  it('holds no batch for a small part of it, and copies no large part', () => {
    const waiting = new WaitingData()
    const large = viewOf(Buffer.alloc(40_000), 65_536)
    waiting.push(viewOf(Buffer.from('small'), 65_536), 1, 0)
    waiting.push(large, 81, 0)
    const [first, second] = [waiting.shift(), waiting.shift()]
    expect(first === undefined ? undefined : heldBy(first.chunk)).toBeLessThan(1000)
    expect(second?.chunk.buffer === large.buffer).toBe(true)
  })

  it('knows since when its oldest part waits', () => {
    const waiting = new WaitingData()
    expect(waiting.oldestMs).toBe(Number.POSITIVE_INFINITY)
    waiting.push(Buffer.allocUnsafeSlow(10), 1, 5)
    waiting.push(Buffer.allocUnsafeSlow(10), 1, 7)
    expect(waiting.oldestMs).toBe(5)
    waiting.shift()
    expect(waiting.oldestMs).toBe(7)
    waiting.clear()
    expect([waiting.oldestMs, waiting.bytes, waiting.memoryBytes]).toEqual([Number.POSITIVE_INFINITY, 0, 0])
  })

  it('gives away what it hands out: nothing is written into it afterwards', () => {
    const waiting = new WaitingData()
    for (let index = 0; index < 3; index++) waiting.push(viewOf(Buffer.from('before'), 4096), 1, 0)
    const handedOut: (Buffer | undefined)[] = []
    handedOut.push(waiting.shift()?.chunk, waiting.shift()?.chunk)
    const copies = handedOut.map((chunk) => Buffer.from(chunk ?? []))
    for (let index = 0; index < 3; index++) waiting.push(viewOf(Buffer.from('after'), 4096), 1, 0)
    expect(handedOut).toEqual(copies)
  })
})
