import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atMostOne, exactlyOne, objectOf, tokenize } from '../../../core/netdoc/tokenizer.ts'
import { TorError, isTorError } from '../../../core/util/errors.ts'

const OBJECT = '-----BEGIN SIGNATURE-----\nAQID\n-----END SIGNATURE-----\n'

describe('the meta-format of directory documents', () => {
  it('splits keyword lines, arguments and objects', () => {
    const items = tokenize(`first 1\ttwo  three\n\nsecond\n${OBJECT}third \n`, 'document')
    expect(items.map(({ keyword, args }) => [keyword, ...args])).toEqual([
      ['first', '1', 'two', 'three'],
      ['second'],
      ['third'],
    ])
    expect(items[1]?.object).toEqual({ label: 'SIGNATURE', bytes: Buffer.from([1, 2, 3]) })
  })

  it.each([
    ['a NUL', 'a b\0c\n'],
    ['a carriage return', 'a b\r\n'],
    ['no final newline', 'a b'],
    ['a keyword of other characters', 'a_b\n'],
    ['a keyword that begins with a dash', '-a\n'],
    ['a line that begins with a space', ' a\n'],
    ['an object before any keyword', OBJECT],
    ['an object without end', 'a\n-----BEGIN X-----\nAQID\n'],
    ['an object with another label at its end', 'a\n-----BEGIN X-----\nAQID\n-----END Y-----\n'],
    ['an object that is not base64', 'a\n-----BEGIN X-----\nA*ID\n-----END X-----\n'],
    ['a BEGIN line that does not close', 'a\n-----BEGIN X---\nAQID\n-----END X-----\n'],
  ])('refuses %s', (_, text) => {
    expect(() => tokenize(text, 'document')).toThrow(TorError)
  })

  it('holds the rules of how often an item may come', () => {
    const items = tokenize(`once\n${OBJECT}twice\ntwice\n`, 'document')
    expect(exactlyOne(items, 'once', 'document').keyword).toBe('once')
    expect(atMostOne(items, 'never', 'document')).toBeUndefined()
    expect(() => exactlyOne(items, 'never', 'document')).toThrow(TorError)
    expect(() => atMostOne(items, 'twice', 'document')).toThrow(TorError)
    expect(objectOf(items, 'once', ['SIGNATURE'], 'document')).toEqual(Buffer.from([1, 2, 3]))
    expect(() => objectOf(items, 'once', ['RSA PUBLIC KEY'], 'document')).toThrow(TorError)
  })

  it('gives items or the typed error for any text', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom('a b', '-----BEGIN X-----', '-----END X-----', 'AQID'))
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          tokenize(`${lines.join('\n')}\n`, 'document')
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      }),
    )
  })
})
