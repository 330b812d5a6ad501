import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  headerTokens,
  HttpHeadReader,
  parseRequestHead,
  parseResponseHead,
} from '../../../core/util/http-head.ts'
import { isTorError } from '../../../core/util/errors.ts'

const RULES = { maxHeadBytes: 1_000, maxHeldBytes: 10_000, allowsBareLf: false }

interface Read {
  readonly heads: readonly (readonly string[])[]
  readonly rest: string
  readonly error: string | undefined
}

/** Everything a reader finds when the text comes in chunks of these sizes. */
function readAll(text: string, sizes: readonly number[] = [text.length || 1], rules = RULES): Read {
  const reader = new HttpHeadReader(rules)
  const heads: (readonly string[])[] = []
  const bytes = Buffer.from(text, 'latin1')
  try {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1
      reader.push(bytes.subarray(at, at + size))
      at += size
      for (let lines = reader.next(); lines !== undefined; lines = reader.next()) heads.push(lines)
    }
    return { heads, rest: reader.takeRest().toString('latin1'), error: undefined }
  } catch (thrown) {
    return { heads, rest: '', error: isTorError(thrown) ? thrown.kind : 'not a TorError' }
  }
}

const isMalformed = (thrown: unknown): boolean => isTorError(thrown, 'malformed')

describe('the head reader', () => {
  test('finds one head after another, and what is behind them', () => {
    expect(readAll('GET / HTTP/1.1\r\nA: b\r\n\r\nHEAD / HTTP/1.1\r\n\r\nrest')).toEqual({
      heads: [['GET / HTTP/1.1', 'A: b'], ['HEAD / HTTP/1.1']],
      rest: 'rest',
      error: undefined,
    })
  })

  test('skips an empty line before a head (RFC 9112 2.2)', () => {
    expect(readAll('\r\nGET / HTTP/1.1\r\n\r\n').heads).toEqual([['GET / HTTP/1.1']])
  })

  test('takes a bare line feed for a line end only where that is allowed', () => {
    expect(readAll('GET / HTTP/1.1\nA: b\n\n').error).toBe('malformed')
    expect(readAll('GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n').error).toBe('malformed')
    const lenient = readAll('HTTP/1.1 200 OK\nA: b\n\n', [1], { ...RULES, allowsBareLf: true })
    expect(lenient.heads).toEqual([['HTTP/1.1 200 OK', 'A: b']])
  })

  test('gives up on a head that has no end', () => {
    expect(readAll('a'.repeat(1_001)).error).toBe('limit')
    expect(readAll('a: b\r\n'.repeat(200)).error).toBe('limit')
  })

  test('gives the same whatever the chunks are', () => {
    const piece = fc.constantFrom('GET / HTTP/1.1', 'A: b', '\r\n', '\r\n', '\n', '\r', 'x', '\0', '\xff')
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
        (pieces, sizes) => {
          const text = pieces.join('')
          expect(readAll(text, sizes)).toEqual(readAll(text))
        },
      ),
    )
  })
})

describe('the value of a header', () => {
  const valueOf = (line: string): string | undefined =>
    parseResponseHead(['HTTP/1.1 200 OK', line]).headers[0]?.value

  test('loses the spaces and tabs around it, and no other character that some take for a blank', () => {
    expect(valueOf('a: \t b c \t')).toBe('b c')
    expect(valueOf('a:')).toBe('')
    expect(valueOf('a: \t ')).toBe('')
    expect(valueOf('a:\xa0chunked\xa0')).toBe('\xa0chunked\xa0')
    const { headers } = parseResponseHead(['HTTP/1.1 200 OK', 'transfer-encoding: \xa0chunked, \tgzip'])
    expect(headerTokens(headers, 'transfer-encoding')).toEqual(['\xa0chunked', 'gzip'])
  })

  test('is refused at once when a long row of blanks ends in what no value has', () => {
    // Found by fuzzing: a web server could keep us busy for minutes with one line.
    expect(() => valueOf(`a:${' '.repeat(1_000_000)}\0`)).toThrow('HTTP header')
  }, 2_000)
})

describe('a request head', () => {
  test('keeps the spelling and order of its headers', () => {
    expect(parseRequestHead(['POST http://a/ HTTP/1.0', 'b:  c d \t', 'A: ', 'b: \xe4'])).toEqual({
      method: 'POST',
      target: 'http://a/',
      isHttp11: false,
      headers: [
        { name: 'b', value: 'c d' },
        { name: 'A', value: '' },
        { name: 'b', value: '\xe4' },
      ],
    })
  })

  test.each([
    ['no version', ['GET /']],
    ['another version', ['GET / HTTP/2.0']],
    ['two spaces', ['GET  / HTTP/1.1']],
    ['a space in the target', ['GET /a b HTTP/1.1']],
    ['a NUL in the target', ['GET /\0 HTTP/1.1']],
    ['a method that is no token', ['G(T / HTTP/1.1']],
    ['a header without a colon', ['GET / HTTP/1.1', 'nonsense']],
    ['a space before the colon', ['GET / HTTP/1.1', 'Content-Length : 5']],
    ['a folded header', ['GET / HTTP/1.1', 'A: b', ' c']],
    ['a NUL in a header', ['GET / HTTP/1.1', 'A: b\0c']],
    ['a bare CR in a header', ['GET / HTTP/1.1', 'A: b\rContent-Length: 5']],
    ['a header without a name', ['GET / HTTP/1.1', ': b']],
    ['too many headers', ['GET / HTTP/1.1', ...Array.from({ length: 101 }, () => 'A: b')]],
  ])('with %s is malformed', (_what, lines) => {
    expect(() => parseRequestHead(lines)).toThrow(expect.toSatisfy(isMalformed))
  })
})

describe('a response head', () => {
  test.each([
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.0 404 ', 404, ''],
    ['HTTP/1.1 204', 204, ''],
  ])('%s', (line, status, phrase) => {
    expect(parseResponseHead([line])).toEqual({ status, phrase, headers: [] })
  })

  test.each(['ICY 200 OK', 'HTTP/1.1 20 OK', 'HTTP/2 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1 200 O\rK', ''])(
    'is not %j',
    (line) => {
      expect(() => parseResponseHead([line])).toThrow(expect.toSatisfy(isMalformed))
    },
  )
})
