/** Sizes, times and names as people read them. */
import { describe, expect, it } from 'vitest'
import { createFormat } from '../../../renderer/words/format.ts'

const format = createFormat('en')
/** ICU writes a narrow or a plain no-break space, by its version. */
const spaced = (text: string): string => text.replace(/\s/g, ' ')

describe('format', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1_000, '1 kB'],
    [1_250, '1.3 kB'],
    [99_400, '99 kB'],
    [5_100_000, '5.1 MB'],
    [7_300_000_000, '7.3 GB'],
    [3e15, '3,000 TB'],
  ])('writes %d bytes as "%s"', (count, text) => {
    expect(spaced(format.bytes(count))).toBe(text)
  })

  it('keeps the unit of a rate that is small, so that a quiet line does not jump', () => {
    expect(spaced(format.rate(0))).toBe('0 kB/s')
    expect(spaced(format.rate(240))).toBe('0.2 kB/s')
    expect(spaced(format.rate(2_500_000))).toBe('2.5 MB/s')
  })

  it.each([
    [0, '0:00'],
    [65_000, '1:05'],
    [3_599_999, '59:59'],
    [3_600_000, '1:00:00'],
    [-5, '0:00'],
  ])('counts %d ms as "%s"', (ms, text) => {
    expect(format.elapsed(ms)).toBe(text)
  })

  it('says how wrong a clock is in the largest unit that fits', () => {
    expect(format.span(3 * 3_600_000)).toBe('3 hours')
    expect(format.span(60_000)).toBe('1 minute')
    expect(format.span(400 * 86_400_000)).toBe('400 days')
  })

  it('names countries, and leaves what is no country as it is', () => {
    expect(format.country('de')).toBe('Germany')
    expect(format.country('??')).toBe('??')
    expect(format.country('')).toBe('')
  })

  it('shows a day that cannot be read as it was written', () => {
    expect(format.day('2026-11-22')).toBe('Nov 22, 2026')
    expect(format.day('unknown')).toBe('unknown')
  })

  it('writes numbers in the digits and with the marks of the language', () => {
    expect(createFormat('de').number(3_120)).toBe('3.120')
    expect(createFormat('fa').number(12)).toBe('۱۲')
  })
})
