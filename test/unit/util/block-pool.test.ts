import { describe, expect, it } from 'vitest'
import { BLOCK_BYTES, giveBlock, takeBlock } from '../../../core/util/block-pool.ts'

describe('the pool of blocks', () => {
  it('gives out one block to one owner at a time', () => {
    const blocks = Array.from({ length: 100 }, () => takeBlock())
    expect(new Set(blocks).size).toBe(100)
    expect(blocks.every(({ length }) => length === BLOCK_BYTES)).toBe(true)
    expect(new Set(blocks.map(({ buffer }) => buffer)).size).toBe(100)
    for (const block of blocks) giveBlock(block)
  })

  it('gives out again what was given back, and keeps only so many', () => {
    const blocks = Array.from({ length: 100 }, () => takeBlock())
    for (const block of blocks) giveBlock(block)
    const again = Array.from({ length: 100 }, () => takeBlock())
    const reused = again.filter((block) => blocks.includes(block)).length
    expect(reused).toBeGreaterThan(0)
    expect(reused).toBeLessThanOrEqual(32)
    expect(new Set(again).size).toBe(100)
  })
})
