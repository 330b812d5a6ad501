import { describe, expect, it } from 'vitest'
import { ByteCollector } from '../../../core/util/byte-collector.ts'

describe('bytes that come in pieces', () => {
  it('are put together', () => {
    const collector = new ByteCollector()
    const whole = Buffer.from(Array.from({ length: 20_000 }, (_, at) => at % 251))
    for (let at = 0; at < whole.length; at += 333) collector.push(whole.subarray(at, at + 333))
    expect(collector.length).toBe(whole.length)
    expect(collector.take().equals(whole)).toBe(true)
    expect(collector.length).toBe(0)
    expect(collector.take()).toHaveLength(0)
  })

  it('hold nothing of the large blocks that small pieces are views of', () => {
    const collector = new ByteCollector()
    const block = Buffer.alloc(65_536, 'a')
    for (let at = 0; at < 10_000; at++) collector.push(block.subarray(at, at + 1))
    block.fill('b')
    const taken = collector.take()
    expect(taken.equals(Buffer.alloc(10_000, 'a'))).toBe(true)
    expect(taken.buffer).not.toBe(block.buffer)
    expect(taken.buffer.byteLength).toBeLessThanOrEqual(2 * taken.length)
  })
})
