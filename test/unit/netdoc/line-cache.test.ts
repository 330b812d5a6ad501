import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineCache } from '../../../core/netdoc/line-cache.ts'

describe('the cache of lines', () => {
  it('gives every line the value that its text has, however lines collide', () => {
    const line = fc.array(fc.constantFrom('a', 'b'), { maxLength: 12 }).map((letters) => letters.join(''))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.constantFrom(0, 3, 100), (lines, maxLines) => {
        const bytes = Buffer.from(lines.join('\n'), 'latin1')
        const cache = new LineCache(
          (text) => Number.parseInt(`1${text.replaceAll('a', '0').replaceAll('b', '1')}`, 2),
          maxLines,
        )
        let start = 0
        for (const text of lines) {
          const expected = Number.parseInt(`1${text.replaceAll('a', '0').replaceAll('b', '1')}`, 2)
          expect(cache.get(bytes, start, start + text.length)).toBe(expected)
          start += text.length + 1
        }
      }),
    )
  })

  it('parses a line once', () => {
    let parsed = 0
    const cache = new LineCache(() => parsed++, 10)
    const bytes = Buffer.from('same same same', 'latin1')
    expect([cache.get(bytes, 0, 4), cache.get(bytes, 5, 9), cache.get(bytes, 10, 14)]).toEqual([0, 0, 0])
    expect(parsed).toBe(1)
  })

  it('remembers nothing of a line that cannot be parsed', () => {
    const cache = new LineCache(() => {
      throw new Error('bad line')
    }, 10)
    const bytes = Buffer.from('bad', 'latin1')
    expect(() => cache.get(bytes, 0, 3)).toThrow('bad line')
    expect(() => cache.get(bytes, 0, 3)).toThrow('bad line')
  })
})
