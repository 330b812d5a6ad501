import { describe, expect, it } from 'vitest'
import { type NumberedMessages, ReorderQueue } from '../../../core/conflux/reorder-queue.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { ampleAccount } from '../../support/ample-queues.ts'

const CELL_BYTES = 509
const END = 3

function messages(first: number, count = 1, body = Buffer.from(`message ${first}`)): NumberedMessages {
  return { first, count, command: END, streamId: 1, body }
}

function throwsKind(kind: string, work: () => void): void {
  expect(work).toThrow(expect.toSatisfy((error) => isTorError(error) && error.kind === kind))
}

describe('messages ahead of their turn', () => {
  it('wait for the ones before them, whichever leg brings those', () => {
    const queue = new ReorderQueue<string>(1_000_000, ampleAccount())
    expect(queue.takeTurn(1, 2)).toBe(true)
    expect(queue.takeTurn(5, 1)).toBe(false)
    queue.push('b', messages(5))
    expect(queue.takeNext()).toBeUndefined()
    expect(queue.takeTurn(3, 2)).toBe(true)
    expect(queue.takeNext()).toMatchObject({ first: 5 })
    expect(queue.takeNext()).toBeUndefined()
    expect(queue.delivered).toBe(5)
  })

  it('of several legs come out in one order', () => {
    const queue = new ReorderQueue<string>(1_000_000, ampleAccount())
    queue.push('b', messages(2, 2))
    queue.push('b', messages(6))
    queue.push('c', messages(4, 2))
    queue.takeTurn(1, 1)
    const order: number[] = []
    for (let next = queue.takeNext(); next !== undefined; next = queue.takeNext()) order.push(next.first)
    expect(order).toEqual([2, 4, 6])
  })

  it('are bounded by their number in whole cells, however small they are', () => {
    const queue = new ReorderQueue<string>(10 * CELL_BYTES, ampleAccount())
    for (let first = 2; first <= 11; first++) queue.push('b', messages(first, 1, Buffer.of(1)))
    expect(queue.queuedBytes).toBe(10 * CELL_BYTES)
    throwsKind('limit', () => queue.push('b', messages(12, 1, Buffer.alloc(0))))
  })

  it('TROVE-2026-010: are counted off when they leave, and when all are dropped', () => {
    const queue = new ReorderQueue<string>(10 * CELL_BYTES, ampleAccount())
    queue.push('b', messages(2, 4))
    queue.push('b', messages(7, 2))
    queue.takeTurn(1, 1)
    queue.takeNext()
    expect(queue.queuedBytes).toBe(2 * CELL_BYTES)
    queue.clear()
    expect(queue.queuedBytes).toBe(0)
    queue.push('b', messages(8, 10))
    expect(queue.queuedBytes).toBe(10 * CELL_BYTES)
  })

  it('hold no whole batch for a small part of it', () => {
    const batch = Buffer.allocUnsafeSlow(60_000)
    const small = batch.subarray(100, 600)
    const large = batch.subarray(0, 50_000)
    const queue = new ReorderQueue<string>(1_000_000, ampleAccount())
    queue.push('b', messages(2, 1, small))
    queue.push('b', messages(3, 100, large))
    queue.takeTurn(1, 1)
    const first = queue.takeNext()
    expect(first?.body).toEqual(small)
    expect(first?.body.buffer.byteLength).toBe(small.length)
    // Most of the batch anyway: it is not copied.
    expect(queue.takeNext()?.body).toBe(large)
  })

  it('come out in order when there are thousands', () => {
    const queue = new ReorderQueue<string>(100_000_000, ampleAccount())
    for (let first = 2; first < 20_000; first++) queue.push(first % 2 === 0 ? 'a' : 'b', messages(first))
    queue.takeTurn(1, 1)
    for (let first = 2; first < 20_000; first++) expect(queue.takeNext()?.first).toBe(first)
    expect(queue.queuedBytes).toBe(0)
  })
})

describe('the account of a set', () => {
  it('has what waits for its turn, and nothing when that came or was dropped', () => {
    const account = ampleAccount()
    const queue = new ReorderQueue<string>(1_000_000, account)
    queue.push('a', messages(3))
    queue.push('b', messages(4, 10))
    expect(account.bytes).toBe(11 * CELL_BYTES)
    queue.takeTurn(1, 2)
    queue.takeNext()
    expect(account.bytes).toBe(10 * CELL_BYTES)
    queue.takeNext()
    expect(account.bytes).toBe(0)
    queue.push('a', messages(20))
    queue.dropQueued()
    expect([account.bytes, queue.queuedBytes]).toEqual([0, 0])
  })

  it('has nothing of a set that ended for what came too far ahead (TROVE-2026-010)', () => {
    const account = ampleAccount()
    const queue = new ReorderQueue<string>(10 * CELL_BYTES, account)
    throwsKind('limit', () => queue.push('a', messages(3, 11)))
    queue.clear()
    expect([account.bytes, queue.queuedBytes]).toEqual([0, 0])
  })
})

describe('a number', () => {
  it('that came already ends it', () => {
    const queue = new ReorderQueue<string>(1_000_000, ampleAccount())
    queue.takeTurn(1, 5)
    throwsKind('protocol-violation', () => queue.takeTurn(5, 1))
  })

  it('that two legs claim ends it when its turn comes', () => {
    const queue = new ReorderQueue<string>(1_000_000, ampleAccount())
    queue.push('a', messages(3, 4))
    queue.push('b', messages(5))
    queue.takeTurn(1, 2)
    throwsKind('protocol-violation', () => {
      queue.takeNext()
      queue.takeNext()
    })
  })

  it('that is missing where all legs are ahead of it ends it at once', () => {
    const queue = new ReorderQueue<string>(1_000_000, ampleAccount())
    queue.takeTurn(1, 1)
    queue.push('a', messages(4))
    expect(() => queue.checkGap([4, 1])).not.toThrow()
    throwsKind('protocol-violation', () => queue.checkGap([4, 2]))
  })
})
