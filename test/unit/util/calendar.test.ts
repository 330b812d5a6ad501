import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utcToMs } from '../../../core/util/calendar.ts'
import { isTorError } from '../../../core/util/errors.ts'

test('every moment from year 1000 to 9999 is what the platform says', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
      (date) => {
        const whole = Math.floor(date.getTime() / 1000) * 1000
        expect(
          utcToMs(
            date.getUTCFullYear(),
            date.getUTCMonth() + 1,
            date.getUTCDate(),
            date.getUTCHours(),
            date.getUTCMinutes(),
            date.getUTCSeconds(),
          ),
        ).toBe(whole)
      },
    ),
  )
})

test.each([
  [2024, 2, 29, true],
  [2023, 2, 29, false],
  [2000, 2, 29, true],
  [1900, 2, 29, false],
  [2026, 4, 31, false],
  [2026, 13, 1, false],
  [2026, 0, 1, false],
  [2026, 1, 0, false],
])('whether %i-%i-%i is a date: %s', (year, month, day, isDate) => {
  try {
    utcToMs(year, month, day, 0, 0, 0)
    expect(isDate).toBe(true)
  } catch (error) {
    expect(isDate).toBe(false)
    expect(isTorError(error, 'malformed')).toBe(true)
  }
})

test.each([
  [24, 0, 0],
  [0, 60, 0],
  [0, 0, 60],
  [-1, 0, 0],
  [0, 0.5, 0],
  [Number.NaN, 0, 0],
])('%s:%s:%s is no time', (hour, minute, second) => {
  expect(() => utcToMs(2026, 1, 1, hour, minute, second)).toThrow('date')
})
