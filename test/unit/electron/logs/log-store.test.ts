/** How many lines are kept, how they are told, and that none comes in unscrubbed. */
import { describe, expect, it } from 'vitest'
import type { LogLine } from '../../../../electron/ipc/contract.ts'
import { LogStore, MAX_LINES, MAX_LINES_A_READ } from '../../../../electron/logs/log-store.ts'
import { createScrub } from '../../../../electron/logs/scrub.ts'
import { manualClock } from '../../../support/manual-clock.ts'

function setUp() {
  const clock = manualClock()
  const batches: (readonly LogLine[])[] = []
  const scrub = createScrub({ homeFolder: '/home/marisol', userName: 'marisol', hostName: 'laptop' })
  const store = new LogStore({ clock, scrub, tell: (lines) => batches.push(lines) })
  return { clock, batches, store }
}

function lines(count: number): Omit<LogLine, 'id'>[] {
  return Array.from({ length: count }, (_, index) => ({
    atMs: index,
    level: 'info' as const,
    domain: 'net',
    text: `line ${index}`,
  }))
}

describe('the log store', () => {
  it('numbers the lines and gives those after a number, the oldest first', () => {
    const { store } = setUp()
    expect(store.add(lines(3)).map(({ id }) => id)).toEqual([1, 2, 3])
    expect(store.readAfter(1).map(({ text }) => text)).toEqual(['line 1', 'line 2'])
    expect(store.readAfter(3)).toEqual([])
  })

  it('scrubs whatever comes in, also a domain that is none', () => {
    const { store } = setUp()
    store.log('warn', 'cannot reach 203.0.113.5:443 from /home/marisol/x')
    store.add([{ atMs: 0, level: 'info', domain: 'example.com', text: 'x' }])
    expect(store.readAfter(0)).toMatchObject([
      { domain: 'app', level: 'warn', text: 'cannot reach [address] from ~/x' },
      { domain: 'general' },
    ])
  })

  it('keeps the newest lines only, and gives a part of them at a time', () => {
    const { store } = setUp()
    for (let round = 0; round < 8; round++) store.add(lines(1_000))
    const first = store.readAfter(0)
    expect(first).toHaveLength(MAX_LINES_A_READ)
    expect(first[0]?.id).toBe(8_000 - MAX_LINES + 1)
    let read = 0
    let afterId = 0
    for (let page = store.readAfter(afterId); page.length > 0; page = store.readAfter(afterId)) {
      read += page.length
      afterId = page.at(-1)?.id ?? Number.POSITIVE_INFINITY
    }
    expect(read).toBe(MAX_LINES)
  })

  it('tells lines in batches, four times a second at most, each line once', () => {
    const { clock, batches, store } = setUp()
    for (let ms = 0; ms < 1_000; ms += 10) {
      store.add(lines(1))
      clock.advance(10)
    }
    clock.advance(1_000)
    expect(batches.length).toBeLessThanOrEqual(5)
    expect(batches.flat().map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  })

  it('tells no more than a page at once, however many lines came', () => {
    const { clock, batches, store } = setUp()
    store.add(lines(4_000))
    clock.advance(300)
    expect(batches).toHaveLength(1)
    expect(batches[0]).toHaveLength(MAX_LINES_A_READ)
    expect(batches[0]?.at(-1)?.id).toBe(4_000)
  })

  it('tells nothing after its end', () => {
    const { clock, batches, store } = setUp()
    store.add(lines(1))
    store.close()
    store.add(lines(1))
    clock.advance(1_000)
    expect(batches).toEqual([])
  })
})
