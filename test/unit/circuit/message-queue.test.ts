import { describe, expect, it } from 'vitest'
import { MessageQueue } from '../../../core/circuit/message-queue.ts'
import type { CellBatch } from '../../../core/circuit/stream-side.ts'
import { ampleQueues } from '../../support/ample-queues.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const CELL_BODY_BYTES = 509
const MOST_CELLS = 124
const SENDME = { kind: 'sendme', tag: undefined } as const

function setUp() {
  const memory = ampleQueues()
  const account = memory.open({ close() {} })
  const queue = new MessageQueue<'exit'>(seededRandom(1), account)
  const push = (count: number): void => {
    for (let index = 0; index < count; index++) queue.push(1, SENDME, 'exit')
  }
  const pack = (max: number): number => {
    const batch: CellBatch = { cells: Buffer.alloc(MOST_CELLS * CELL_BODY_BYTES), count: 0, tagAt: [] }
    queue.pack(batch, max, () => true)
    return batch.count
  }
  return { memory, queue, push, pack }
}

describe('messages that wait for a link', () => {
  it('count once they pile up, and no longer when few are left', () => {
    const { memory, queue, push, pack } = setUp()
    push(64)
    expect(memory.totalBytes).toBe(0)
    push(936)
    expect(memory.totalBytes).toBe(256_000)
    for (let left = 1000; left > 64; left -= pack(MOST_CELLS)) expect(memory.totalBytes).toBeGreaterThan(0)
    expect([memory.totalBytes, queue.isEmpty]).toEqual([0, false])
  })

  it('count for nothing when they are dropped', () => {
    const { memory, queue, push } = setUp()
    push(500)
    queue.dropQueued()
    expect([memory.totalBytes, queue.isEmpty]).toEqual([0, true])
  })

  it('are let go of as they leave, also from a queue that is never empty', () => {
    const { memory, push, pack } = setUp()
    push(100)
    for (let round = 0; round < 1_000; round++) {
      push(50)
      expect(pack(50)).toBe(50)
      expect(memory.totalBytes).toBeLessThan(2 * 150 * 256)
    }
  })

  it('are no more than so many: a link that takes nothing ends the circuit', () => {
    const { push } = setUp()
    expect(() => push(5_000)).toThrow(expect.objectContaining({ kind: 'limit' }))
  })
})
