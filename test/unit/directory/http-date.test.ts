import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../../core/directory/http-date.ts'

describe('dates of HTTP headers', () => {
  it('are written and read as RFC 9110 shows them', () => {
    expect(formatHttpDate(Date.UTC(1994, 10, 6, 8, 49, 37))).toBe('Sun, 06 Nov 1994 08:49:37 GMT')
    expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(Date.UTC(1994, 10, 6, 8, 49, 37))
  })

  it('are what the runtime says for any second up to the year 9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        const text = formatHttpDate(seconds * 1000)
        expect(text).toBe(new Date(seconds * 1000).toUTCString())
        expect(parseHttpDate(text)).toBe(seconds * 1000)
      }),
    )
  })

  it.each(['', 'yesterday', 'Sun, 32 Nov 1994 08:49:37 GMT', 'Sun, 06 Foo 1994 08:49:37 GMT', '1994-11-06'])(
    'that are none are nothing: %j',
    (text) => {
      expect(parseHttpDate(text)).toBeUndefined()
    },
  )
})
