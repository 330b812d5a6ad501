import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FixedCircuitWindows } from '../../../core/circuit/flow-control.ts'
import { OwedSendmes } from '../../../core/circuit/owed-sendmes.ts'
import { CircuitWindows } from '../../../core/circuit/circuit-windows.ts'
import { FixedStreamWindows } from '../../../core/stream/stream-flow-control.ts'
import { RecordedOwner } from '../../network/recorded-owner.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const violation: unknown = expect.objectContaining({ kind: 'protocol-violation' })

describe('the windows of a stream', () => {
  it('keep what the other end may send at 500 less what waits for the reader', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 60 }), (steps) => {
        const owner = new RecordedOwner()
        const flow = new FixedStreamWindows(owner)
        let waiting = 0
        let received = 0
        for (const [index, step] of steps.entries()) {
          if (index % 2 === 0) {
            const cells = Math.min(step, flow.stragglers().dataCells)
            flow.onDataReceived(cells)
            received += cells
            waiting += cells
          } else {
            const cells = Math.min(step, waiting)
            flow.onDataTaken(cells)
            waiting -= cells
          }
          const sendmes = owner.said.length
          expect(flow.stragglers().dataCells).toBe(500 - received + sendmes * 50)
          expect(sendmes).toBe(Math.floor((received - waiting) / 50))
        }
      }),
    )
  })

  it('refuse the cell after the last', () => {
    const flow = new FixedStreamWindows(new RecordedOwner())
    flow.onDataReceived(500)
    expect(() => flow.onDataReceived(1)).toThrow(violation)
  })

  it('know how many SENDMEs the other end owes', () => {
    const flow = new FixedStreamWindows(new RecordedOwner())
    flow.onDataSent(149)
    expect([flow.sendableCells, flow.stragglers().sendmes]).toEqual([351, 2])
    flow.onSendme()
    expect([flow.sendableCells, flow.stragglers().sendmes]).toEqual([401, 1])
    flow.onSendme()
    expect(() => flow.onSendme()).toThrow(violation)
  })

  it('have no use for XON and XOFF', () => {
    const flow = new FixedStreamWindows(new RecordedOwner())
    expect(() => flow.onXon()).toThrow(violation)
    expect(() => flow.onXoff()).toThrow(violation)
  })
})

describe('the windows of a circuit', () => {
  it('want a tag for each hundredth cell sent', () => {
    const flow = new FixedCircuitWindows()
    const tagged: number[] = []
    for (let cell = 1; cell <= 1000; cell++) if (flow.onDataSent()) tagged.push(cell)
    expect(tagged).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
    expect(flow.sendableCells).toBe(0)
    flow.onSendmeReceived()
    expect(flow.sendableCells).toBe(100)
  })

  it('begin with what the consensus says, and want their tags for the same cells all the same', () => {
    const flow = new FixedCircuitWindows(250)
    const tagged: number[] = []
    for (let cell = 1; cell <= 250; cell++) if (flow.onDataSent()) tagged.push(cell)
    expect([flow.sendableCells, tagged]).toEqual([0, [100, 200]])
    flow.onSendmeReceived()
    flow.onSendmeReceived()
    expect(flow.sendableCells).toBe(200)
    expect(() => flow.onSendmeReceived()).toThrow(violation)
  })

  it('refuse a SENDME when all was acknowledged', () => {
    const flow = new FixedCircuitWindows()
    expect(() => flow.onSendmeReceived()).toThrow(violation)
  })

  it('plan for the tag of each hundredth cell received, in runs of any length', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 250 }), { maxLength: 20 }), (runs) => {
        const windows = new CircuitWindows(seededRandom(1))
        let received = 0
        for (const cells of runs) {
          expect(windows.receivePlan).toEqual({ first: 100 - (received % 100), every: 100 })
          received += cells
          const due = Math.floor(received / 100) - Math.floor((received - cells) / 100)
          const tags = Array.from({ length: due }, (_, index) => Buffer.of(index))
          const quoted: Buffer[] = []
          expect(windows.acknowledge(cells, tags, 0, (tag) => void quoted.push(tag))).toBe(due)
          expect(quoted).toEqual(tags)
        }
      }),
    )
  })

  it('settle SENDMEs in the order of the cells', () => {
    const owed = new OwedSendmes()
    owed.expect(Buffer.alloc(20, 1), 40)
    owed.expect(Buffer.alloc(20, 2), 50)
    expect(owed.settle(Buffer.alloc(20, 1))).toBe(40)
    expect(() => owed.settle(Buffer.alloc(20, 1))).toThrow(violation)
    expect(() => owed.settle(Buffer.alloc(20, 2))).toThrow(violation)
  })
})
