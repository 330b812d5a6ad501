import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CellRun } from '../../../core/channel/cell-run.ts'
import type { CircuitEndpoint } from '../../../core/channel/circuit-endpoint.ts'

const CELL_BYTES = 514
const HEADER_BYTES = 5

interface Delivery {
  readonly circuit: string
  readonly buffer: Buffer
  readonly bodyOffset: number
  readonly count: number
}

function recorder() {
  const deliveries: Delivery[] = []
  const told: [CircuitEndpoint, number][] = []
  const run = new CellRun((circuit, cells) => told.push([circuit, cells]))
  const endpoint = (circuit: string): CircuitEndpoint => ({
    onRelayCells: (buffer, bodyOffset, count) => void deliveries.push({ circuit, buffer, bodyOffset, count }),
    onOtherCell() {},
    drain() {},
    pullCells: () => undefined,
    onChannelClosed() {},
  })
  /** What the channel does with a relay cell. */
  const take = (circuit: CircuitEndpoint, circuitId: number, buffer: Buffer, bodyOffset: number): void => {
    if (!run.extend(circuitId, buffer, bodyOffset)) run.begin(circuit, circuitId, buffer, bodyOffset)
  }
  return { run, deliveries, told, endpoint, take }
}

const offsetOf = (cell: number): number => HEADER_BYTES + cell * CELL_BYTES

describe('a run of relay cells', () => {
  it('is what lies one behind the other, and is handed over in one go', () => {
    const { run, deliveries, told, endpoint, take } = recorder()
    const read = Buffer.alloc(4 * CELL_BYTES)
    const circuit = endpoint('a')
    run.startRead(read)
    for (let cell = 0; cell < 4; cell++) take(circuit, 7, read, offsetOf(cell))
    expect(deliveries).toEqual([])
    run.deliver()
    run.deliver()
    expect(deliveries).toEqual([{ circuit: 'a', buffer: read, bodyOffset: HEADER_BYTES, count: 4 }])
    expect(told).toEqual([[circuit, 4]])
  })

  it('ends where another circuit’s begins, which is handed over after it', () => {
    const { run, deliveries, endpoint, take } = recorder()
    const read = Buffer.alloc(3 * CELL_BYTES)
    run.startRead(read)
    take(endpoint('a'), 7, read, offsetOf(0))
    take(endpoint('b'), 8, read, offsetOf(1))
    take(endpoint('a'), 7, read, offsetOf(2))
    run.deliver()
    expect(deliveries.map(({ circuit, count }) => [circuit, count])).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 1],
    ])
  })

  it('ends where something else lies between two cells of its circuit', () => {
    const { run, deliveries, endpoint, take } = recorder()
    const read = Buffer.alloc(3 * CELL_BYTES)
    run.startRead(read)
    take(endpoint('a'), 7, read, offsetOf(0))
    take(endpoint('a'), 7, read, offsetOf(2))
    run.deliver()
    expect(deliveries.map(({ bodyOffset, count }) => [bodyOffset, count])).toEqual([
      [offsetOf(0), 1],
      [offsetOf(2), 1],
    ])
  })

  it('never holds a cell that straddled two reads: its place is overwritten before the read ends', () => {
    const { run, deliveries, endpoint, take } = recorder()
    const spare = Buffer.alloc(CELL_BYTES)
    const read = Buffer.alloc(2 * CELL_BYTES)
    run.startRead(read)
    take(endpoint('a'), 7, spare, HEADER_BYTES)
    expect(deliveries).toMatchObject([{ buffer: spare, bodyOffset: HEADER_BYTES, count: 1 }])
    // The cell that lies where the next one of the spare buffer would.
    take(endpoint('a'), 7, read, HEADER_BYTES + CELL_BYTES)
    run.deliver()
    expect(deliveries).toMatchObject([{ buffer: spare }, { buffer: read, count: 1 }])
  })

  it('does not go on in the next read, though its buffer is the same', () => {
    const { run, endpoint, take } = recorder()
    const read = Buffer.alloc(2 * CELL_BYTES)
    run.startRead(read)
    take(endpoint('a'), 7, read, offsetOf(0))
    run.deliver()
    run.startRead(read)
    expect(run.extend(7, read, offsetOf(1))).toBe(false)
  })

  it('goes on with nothing when its circuit ends the run from within', () => {
    const { run, deliveries, endpoint } = recorder()
    const read = Buffer.alloc(2 * CELL_BYTES)
    const circuit: CircuitEndpoint = {
      ...endpoint('a'),
      onRelayCells: (buffer, bodyOffset, count) => {
        deliveries.push({ circuit: 'a', buffer, bodyOffset, count })
        run.deliver()
      },
    }
    run.startRead(read)
    run.begin(circuit, 7, read, offsetOf(0))
    run.deliver()
    expect(deliveries).toHaveLength(1)
  })

  it('whatever comes, each cell reaches its circuit once and in order', () => {
    const cells = fc.array(fc.record({ circuitId: fc.integer({ min: 1, max: 3 }), isStray: fc.boolean() }), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(cells, (wanted) => {
        const { run, deliveries, endpoint, take } = recorder()
        const circuits = new Map([1, 2, 3].map((id) => [id, endpoint(String(id))]))
        const read = Buffer.alloc(wanted.length * CELL_BYTES)
        run.startRead(read)
        const expected: [string, number][] = []
        wanted.forEach(({ circuitId, isStray }, cell) => {
          const circuit = circuits.get(circuitId)
          if (isStray || circuit === undefined) return run.deliver()
          expected.push([String(circuitId), offsetOf(cell)])
          take(circuit, circuitId, read, offsetOf(cell))
        })
        run.deliver()
        const seen = deliveries.flatMap(({ circuit, bodyOffset, count }) =>
          Array.from({ length: count }, (_, at): [string, number] => [circuit, bodyOffset + at * CELL_BYTES]),
        )
        expect(seen).toEqual(expected)
      }),
    )
  })
})
