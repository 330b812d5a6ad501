import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTime } from '../../../core/netdoc/times.ts'
import { TorError } from '../../../core/util/errors.ts'

describe('times in documents', () => {
  it('agree with the calendar of the platform', () => {
    const seconds = fc.integer({ min: 0, max: 253_402_300_799 })
    fc.assert(
      fc.property(seconds, (since1970) => {
        const text = new Date(since1970 * 1000).toISOString()
        const [date, time] = [text.slice(0, 10), text.slice(11, 19)]
        expect(parseTime(date, time, 'time')).toBe(since1970 * 1000)
      }),
    )
  })

  it.each([
    ['2026-02-29', '00:00:00'],
    ['2026-13-01', '00:00:00'],
    ['2026-00-01', '00:00:00'],
    ['2026-01-32', '00:00:00'],
    ['2026-04-31', '00:00:00'],
    ['1969-12-31', '00:00:00'],
    ['2026-01-01', '24:00:00'],
    ['2026-01-01', '00:60:00'],
    ['2026-01-01', '00:00:61'],
    ['2026-1-1', '00:00:00'],
    ['20260101', '000000'],
    [undefined, undefined],
  ])('refuse %s %s', (date, time) => {
    expect(() => parseTime(date, time, 'time')).toThrow(TorError)
  })
})
