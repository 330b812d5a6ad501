import { describe, expect, it } from 'vitest'
import type { CircuitEndpoint } from '../../../core/channel/circuit-endpoint.ts'
import { CircuitTable } from '../../../core/channel/circuit-table.ts'
import { FlushBudget } from '../../../core/channel/flush-budget.ts'
import { OutboundQueue } from '../../../core/channel/outbound-queue.ts'
import { fixedRandom } from '../../support/fixed-random.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const CELL_BYTES = 514
const FLUSH = 248

interface TestCircuit extends CircuitEndpoint {
  control: number
  data: number
}

/** A circuit with so many cells of data left, each marked with its letter, and so many control messages, in capitals. */
function circuitWith(letter: string, data: number, control = 0): TestCircuit {
  return {
    control,
    data,
    onRelayCells() {},
    onOtherCell() {},
    drain() {},
    onChannelClosed() {},
    pullCells(maxCells, what) {
      const controls = Math.min(maxCells, this.control)
      const cells = what === 'control' ? 0 : Math.min(maxCells - controls, this.data)
      this.control -= controls
      this.data -= cells
      if (controls + cells === 0) return undefined
      const mark = controls > 0 ? letter.toUpperCase() : letter
      return Buffer.alloc((controls + cells) * CELL_BYTES, mark)
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
    queue.requestData(circuitWith('a', 1000))
    queue.requestData(circuitWith('b', 1))
    queue.requestData(circuitWith('c', 100))
    expect(describeWire(queue.take(FLUSH, 0))).toBe('a62 b1 c62 a62 c38 a23')
    expect(describeWire(queue.take(FLUSH, 0))).toBe('a62 a62 a62 a62')
  })

  it('begins the next flush with the circuit whose turn it is', () => {
    const queue = new OutboundQueue()
    for (const letter of ['a', 'b', 'c', 'd', 'e']) queue.requestData(circuitWith(letter, 1000))
    expect(describeWire(queue.take(FLUSH, 0))).toBe('a62 b62 c62 d62')
    expect(describeWire(queue.take(FLUSH, 0))).toBe('e62 a62 b62 c62')
  })

  it('sends the channel’s own cells before all relay cells, and bigger bursts of a circuit that is alone', () => {
    const queue = new OutboundQueue()
    queue.requestData(circuitWith('a', 1000))
    queue.take(FLUSH, 0)
    queue.pushChannelCell(Buffer.alloc(CELL_BYTES, '#'))
    expect(describeWire(queue.take(FLUSH, 0))).toBe('#1 a124 a124')
  })

  it('never lets a DESTROY, a SENDME or a BEGIN wait behind data', () => {
    const queue = new OutboundQueue()
    const bulk = ['a', 'b', 'c'].map((letter) => circuitWith(letter, 10_000))
    for (const circuit of bulk) queue.requestData(circuit)
    queue.take(FLUSH, 0)
    const quiet = circuitWith('q', 0, 1)
    queue.requestControl(quiet)
    const busy = bulk[1]
    if (busy === undefined) throw new Error('no circuit')
    busy.control = 2
    queue.requestControl(busy)
    queue.pushChannelCell(Buffer.alloc(CELL_BYTES, '#'))
    expect(describeWire(queue.take(31, 1)).startsWith('#1 Q1 B2 ')).toBe(true)
  })

  it('lets a flood of control messages of one circuit leave room for those of another', () => {
    const queue = new OutboundQueue()
    queue.requestControl(circuitWith('a', 0, 4000))
    queue.requestControl(circuitWith('b', 0, 3))
    expect(describeWire(queue.take(62, 0))).toBe('A31 B3 A28')
    expect(describeWire(queue.take(62, 0))).toBe('A31 A31')
    expect(describeWire(queue.take(FLUSH, 0))).toBe('A124 A124')
  })

  it('sends the few cells of a circuit that was quiet before the next of those that upload', () => {
    const queue = new OutboundQueue()
    for (const letter of ['a', 'b', 'c', 'd']) queue.requestData(circuitWith(letter, 10_000))
    queue.take(FLUSH, 0)
    queue.requestData(circuitWith('p', 1))
    expect(describeWire(queue.take(62, 5)).startsWith('p1 a61')).toBe(true)
  })

  it('forgets that a circuit was busy within seconds, and never starves the old for the new', () => {
    const queue = new OutboundQueue()
    const old = circuitWith('a', 100_000)
    queue.requestData(old)
    for (let turn = 0; turn < 20; turn++) queue.take(FLUSH, 0)
    queue.requestData(circuitWith('n', 100_000))
    const sent = { a: 0, n: 0 }
    for (let turn = 0; turn < 20; turn++) {
      for (const buffer of queue.take(FLUSH, 0)) {
        sent[buffer.toString('latin1', 0, 1) === 'a' ? 'a' : 'n'] += buffer.length / CELL_BYTES
      }
    }
    expect(Math.abs(sent.a - sent.n)).toBeLessThanOrEqual(124)
    expect(describeWire(queue.take(62, 60_000))).toMatch(/^[an]62$/)
  })

  it('holds what can wait until anything else leaves, in one piece with it', () => {
    const queue = new OutboundQueue()
    const closing = circuitWith('e', 0, 1)
    queue.hold(closing)
    expect([queue.isEmpty, queue.hasHeld]).toEqual([true, true])
    expect(queue.take(FLUSH, 0)).toEqual([])
    queue.requestControl(circuitWith('b', 0, 1))
    expect(describeWire(queue.take(FLUSH, 0))).toBe('B1 E1')
    queue.hold(circuitWith('f', 0, 1))
    queue.releaseHeld()
    expect(describeWire(queue.take(FLUSH, 0))).toBe('F1')
  })

  it('forgets a circuit that is gone, and everything at the end', () => {
    const queue = new OutboundQueue()
    const gone = circuitWith('a', 10, 10)
    queue.requestData(gone)
    queue.requestControl(gone)
    queue.hold(gone)
    queue.forget(gone)
    expect([queue.isEmpty, queue.hasHeld]).toEqual([true, false])
    queue.requestData(gone)
    queue.pushChannelCell(Buffer.alloc(CELL_BYTES))
    queue.clear()
    expect(queue.take(FLUSH, 0)).toEqual([])
  })

  it('bounds the DESTROYs that wait for a link that takes nothing', () => {
    const queue = new OutboundQueue()
    const cell = Buffer.alloc(CELL_BYTES)
    for (let count = 0; count < 4096; count++) queue.pushChannelCell(cell)
    expect(() => queue.pushChannelCell(cell)).toThrow(expect.objectContaining({ kind: 'limit' }))
  })
})

describe('what a socket is given at a time', () => {
  function drained(budget: FlushBudget, tookMs: number): number {
    budget.noteFull(0)
    budget.noteDrained(tookMs)
    return budget.cells
  }

  it('shrinks to one TLS record on a slow link, and grows again on a fast one', () => {
    const budget = new FlushBudget()
    const slow = Array.from({ length: 4 }, () => drained(budget, 100))
    const even = drained(budget, 10)
    const fast = Array.from({ length: 4 }, () => drained(budget, 1))
    expect([slow, even, fast]).toEqual([[124, 62, 31, 31], 31, [62, 124, 248, 248]])
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
