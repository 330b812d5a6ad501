import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FixedCircuitWindows } from '../../../core/circuit/flow-control.ts'
import { OwedSendmes } from '../../../core/circuit/owed-sendmes.ts'
import { FixedStreamWindows } from '../../../core/stream/stream-flow-control.ts'

const violation: unknown = expect.objectContaining({ kind: 'protocol-violation' })

describe('the windows of a stream', () => {
  it('keep what the other end may send at 500 less what waits for the reader', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 60 }), (steps) => {
        const flow = new FixedStreamWindows()
        let waiting = 0
        let received = 0
        let sendmes = 0
        for (const [index, step] of steps.entries()) {
          if (index % 2 === 0) {
            const cells = Math.min(step, flow.receivableCells)
            flow.onDataReceived(cells)
            received += cells
            waiting += cells
          } else {
            const cells = Math.min(step, waiting)
            sendmes += flow.onDataConsumed(cells)
            waiting -= cells
          }
          expect(flow.receivableCells).toBe(500 - received + sendmes * 50)
          expect(sendmes).toBe(Math.floor((received - waiting) / 50))
        }
      }),
    )
  })

  it('refuse the cell after the last', () => {
    const flow = new FixedStreamWindows()
    flow.onDataReceived(500)
    expect(() => flow.onDataReceived(1)).toThrow(violation)
  })

  it('know how many SENDMEs the other end owes', () => {
    const flow = new FixedStreamWindows()
    flow.onDataSent(149)
    expect([flow.sendableCells, flow.owedSendmes]).toEqual([351, 2])
    flow.onSendmeReceived()
    expect([flow.sendableCells, flow.owedSendmes]).toEqual([401, 1])
    flow.onSendmeReceived()
    expect(() => flow.onSendmeReceived()).toThrow(violation)
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

  it('refuse a SENDME when all was acknowledged', () => {
    const flow = new FixedCircuitWindows()
    expect(() => flow.onSendmeReceived()).toThrow(violation)
  })

  it('plan for the tag of each hundredth cell received', () => {
    const flow = new FixedCircuitWindows()
    const due: number[] = []
    for (let cell = 1; cell <= 350; cell++) {
      expect(flow.receivePlan).toEqual({ first: 100 - ((cell - 1) % 100), every: 100 })
      if (flow.onDataReceived()) due.push(cell)
    }
    expect(due).toEqual([100, 200, 300])
  })

  it('settle SENDMEs in the order of the cells', () => {
    const owed = new OwedSendmes()
    owed.expect(Buffer.alloc(20, 1))
    owed.expect(Buffer.alloc(20, 2))
    owed.settle(Buffer.alloc(20, 1))
    expect(() => owed.settle(Buffer.alloc(20, 1))).toThrow(violation)
    expect(() => owed.settle(Buffer.alloc(20, 2))).toThrow(violation)
  })
})
