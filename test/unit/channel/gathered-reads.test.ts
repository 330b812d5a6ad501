import { describe, expect, it } from 'vitest'
import { GatheredReads } from '../../../core/channel/gathered-reads.ts'
import { BLOCK_BYTES } from '../../../core/util/block-pool.ts'

/** What a release hands over, copied, as the block goes back afterwards. */
function released(reads: GatheredReads): Buffer[] {
  const out: Buffer[] = []
  reads.release((buffer, length) => out.push(Buffer.from(buffer.subarray(0, length))))
  return out
}

describe('the reads of a turn', () => {
  it('lie one behind the other, whatever becomes of the buffer that they came in', () => {
    const reads = new GatheredReads()
    const lent = Buffer.from('one two ')
    expect(reads.add(lent, 0, 4)).toBe(4)
    lent.fill('x', 0, 4)
    expect(reads.add(lent, 4, 8)).toBe(4)
    lent.fill('y')
    expect(released(reads)).toEqual([Buffer.from('one two ')])
  })

  it('are handed over once, and nothing is when nothing came', () => {
    const reads = new GatheredReads()
    expect(released(reads)).toEqual([])
    reads.add(Buffer.from('once'), 0, 4)
    expect(released(reads)).toHaveLength(1)
    expect(released(reads)).toEqual([])
  })

  it('are full at the end of the block, and what had no room goes on in the next', () => {
    const reads = new GatheredReads()
    const read = Buffer.alloc(BLOCK_BYTES, 'a')
    reads.add(Buffer.from('b'), 0, 1)
    expect(reads.isFull).toBe(false)
    expect(reads.add(read, 0, read.length)).toBe(BLOCK_BYTES - 1)
    expect(reads.isFull).toBe(true)
    expect(reads.add(read, 0, 1)).toBe(0)
    const [block] = released(reads)
    expect([block?.length, block?.toString('latin1', 0, 2)]).toEqual([BLOCK_BYTES, 'ba'])
    expect(reads.isFull).toBe(false)
    expect(reads.add(read, BLOCK_BYTES - 1, BLOCK_BYTES)).toBe(1)
    expect(released(reads)).toEqual([Buffer.from('a')])
  })

  it('are gone when whoever frames them throws', () => {
    const reads = new GatheredReads()
    reads.add(Buffer.from('bad'), 0, 3)
    expect(() =>
      reads.release(() => {
        throw new Error('no cell')
      }),
    ).toThrow('no cell')
    expect(released(reads)).toEqual([])
  })

  it('may be added to while those before are framed', () => {
    const reads = new GatheredReads()
    reads.add(Buffer.from('first'), 0, 5)
    reads.release((buffer, length) => {
      reads.add(Buffer.from('second'), 0, 6)
      expect(buffer.toString('latin1', 0, length)).toBe('first')
    })
    expect(released(reads)).toEqual([Buffer.from('second')])
  })
})
