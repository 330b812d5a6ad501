import { describe, expect, it } from 'vitest'
import type { CircuitEndpoint } from '../../../core/channel/circuit-endpoint.ts'
import { CircuitTable } from '../../../core/channel/circuit-table.ts'
import { OutboundQueue } from '../../../core/channel/outbound-queue.ts'
import { fixedRandom } from '../../support/fixed-random.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const CELL_BYTES = 514

/** A circuit with so many cells left, each marked with its letter. */
function circuitWith(letter: string, cells: number): CircuitEndpoint {
  let left = cells
  return {
    onRelayCells() {},
    onOtherCell() {},
    drain() {},
    onChannelClosed() {},
    pullCells(maxCells) {
      const count = Math.min(maxCells, left)
      left -= count
      return count === 0 ? undefined : Buffer.alloc(count * CELL_BYTES, letter)
    },
  }
}

/** Who sends how many cells, in the order of the wire. */
function describeWire(buffers: readonly Buffer[]): string {
  return buffers.map((buffer) => `${buffer.toString('latin1', 0, 1)}${buffer.length / CELL_BYTES}`).join(' ')
}

describe('the way out of a channel', () => {
  it('gives circuits their turns, so that a bulk upload does not starve another', () => {
    const queue = new OutboundQueue()
    queue.request(circuitWith('a', 1000))
    queue.request(circuitWith('b', 1))
    queue.request(circuitWith('c', 100))
    expect(describeWire(queue.take())).toBe('a62 b1 c62 a62 c38 a23')
    expect(describeWire(queue.take())).toBe('a62 a62 a62 a62')
  })

  it('begins the next flush with the circuit whose turn it is', () => {
    const queue = new OutboundQueue()
    for (const letter of ['a', 'b', 'c', 'd', 'e']) queue.request(circuitWith(letter, 1000))
    expect(describeWire(queue.take())).toBe('a62 b62 c62 d62')
    expect(describeWire(queue.take())).toBe('e62 a62 b62 c62')
  })

  it('sends control cells before all relay cells, and bigger bursts of a circuit that is alone', () => {
    const queue = new OutboundQueue()
    queue.request(circuitWith('a', 1000))
    queue.take()
    queue.pushControl(Buffer.alloc(CELL_BYTES, 'D'))
    expect(describeWire(queue.take())).toBe('D1 a124 a124')
  })

  it('forgets a circuit that is gone, and everything at the end', () => {
    const queue = new OutboundQueue()
    const gone = circuitWith('a', 10)
    queue.request(gone)
    queue.forget(gone)
    expect(queue.isEmpty).toBe(true)
    queue.request(gone)
    queue.pushControl(Buffer.alloc(CELL_BYTES))
    queue.clear()
    expect(queue.take()).toEqual([])
  })
})

describe('circuit ids of a channel', () => {
  const id = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }

  it('have the top bit set and stay positive numbers', () => {
    const table = new CircuitTable(fixedRandom(id(0), id(0x7fff_ffff), id(0xffff_fffe)))
    const ids = ['a', 'b', 'c'].map((letter) => table.add(circuitWith(letter, 0)))
    expect(ids).toEqual([0x8000_0000, 0xffff_ffff, 0xffff_fffe])
  })

  it('are not used again before the DESTROY of their last owner has left', () => {
    const table = new CircuitTable(fixedRandom(id(1), id(1), id(2), id(1)))
    const first = table.add(circuitWith('a', 0))
    expect(table.remove(first)).toBe(true)
    expect(table.remove(first)).toBe(false)
    expect(table.add(circuitWith('b', 0))).toBe(0x8000_0002)
    table.releaseDying()
    expect(table.add(circuitWith('c', 0))).toBe(0x8000_0001)
  })

  it('run out after 64 draws that are all taken', () => {
    const table = new CircuitTable({ fill: (bytes) => bytes.fill(1) })
    table.add(circuitWith('a', 0))
    expect(() => table.add(circuitWith('b', 0))).toThrow(expect.objectContaining({ kind: 'limit' }))
  })

  it('are forgotten together', () => {
    const table = new CircuitTable(seededRandom(1))
    const circuits = ['a', 'b'].map((letter) => circuitWith(letter, 0))
    for (const circuit of circuits) table.add(circuit)
    expect(table.takeAll()).toEqual(circuits)
    expect(table.size).toBe(0)
  })
})
