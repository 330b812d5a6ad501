/** The log that the window holds: order, overlap, bounds, filters. */
import { describe, expect, it } from 'vitest'
import type { LogLevelName, LogLine } from '../../../electron/ipc/contract.ts'
import {
  chunkLines,
  filterLines,
  linesToText,
  MAX_LINES,
  mergeLines,
} from '../../../renderer/views/logs/log-lines.ts'

const line = (id: number, text = `line ${id}`, level: LogLevelName = 'notice', domain = 'app'): LogLine => ({
  id,
  atMs: Date.UTC(2026, 10, 22, 10, 0, 0) + id,
  level,
  domain,
  text,
})
const lines = (from: number, to: number): LogLine[] =>
  Array.from({ length: to - from }, (_, n) => line(from + n))
const idsOf = (some: readonly LogLine[]): number[] => some.map(({ id }) => id)

describe('lines of the log', () => {
  it('are appended in order', () => {
    expect(idsOf(mergeLines(lines(1, 3), lines(3, 6)))).toEqual([1, 2, 3, 4, 5])
  })

  it('are taken once where what was read and what was pushed overlap', () => {
    expect(idsOf(mergeLines(lines(1, 5), lines(3, 8)))).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('are put where they belong when older ones are read after newer ones were pushed', () => {
    expect(idsOf(mergeLines(lines(10, 12), lines(1, 4)))).toEqual([1, 2, 3, 10, 11])
  })

  it('stay the same value when nothing is new, so that nothing is drawn again', () => {
    const held = lines(1, 5)
    expect(mergeLines(held, lines(2, 4))).toBe(held)
    expect(mergeLines(held, [])).toBe(held)
  })

  it('are bounded: the oldest go first', () => {
    const held = mergeLines(lines(0, MAX_LINES), lines(MAX_LINES, MAX_LINES + 10))
    expect(held).toHaveLength(MAX_LINES)
    expect(held[0]?.id).toBe(10)
    expect(idsOf(mergeLines(held, lines(0, 5)))[0]).toBe(10)
  })

  it('are filtered by level, by every word of a text in any case, and by domain', () => {
    const some = [
      line(1, 'Guard is down', 'warn', 'guard'),
      line(2, 'circuit built', 'info', 'circuit'),
      line(3, 'guard chosen', 'debug', 'path'),
    ]
    expect(idsOf(filterLines(some, { level: 'warn', text: '' }))).toEqual([1])
    expect(idsOf(filterLines(some, { level: 'debug', text: 'GUARD' }))).toEqual([1, 3])
    expect(idsOf(filterLines(some, { level: 'debug', text: 'is guard' }))).toEqual([1])
    expect(idsOf(filterLines(some, { level: 'debug', text: 'circuit' }))).toEqual([2])
    expect(filterLines(some, { level: 'debug', text: ' ' })).toBe(some)
  })

  it('are copied with their time in UTC, level and domain', () => {
    expect(linesToText([line(1, 'hello', 'err', 'net'), line(2, 'there')])).toEqual({
      text: '2026-11-22T10:00:00.001Z [err] net: hello\n2026-11-22T10:00:00.002Z [notice] app: there',
      count: 2,
    })
  })

  it('are copied as far as the clipboard takes them, the newest first of all', () => {
    const long = Array.from({ length: 5 }, (_, n) => line(n, String(n).repeat(500_000)))
    const { text, count } = linesToText(long)
    expect(count).toBe(3)
    expect(text.length).toBeLessThan(2_000_000)
    expect(text).toContain('app: 22')
    expect(text).not.toContain('app: 11')
  })

  it('are cut into chunks that stay the same while lines come and go', () => {
    const before = chunkLines(lines(150, 420))
    const after = chunkLines(lines(160, 450))
    expect(before.map(({ key }) => key)).toEqual([1, 2, 3, 4])
    expect(before.flatMap((chunk) => idsOf(chunk.lines))).toEqual(idsOf(lines(150, 420)))
    expect(idsOf(after[1]?.lines ?? [])).toEqual(idsOf(before[1]?.lines ?? []))
  })
})
