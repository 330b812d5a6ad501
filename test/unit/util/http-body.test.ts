import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BodyDecoder,
  type BodyFraming,
  encodeChunk,
  LAST_CHUNK,
  requestFraming,
  responseFraming,
} from '../../../core/util/http-body.ts'
import { parseRequestHead, parseResponseHead } from '../../../core/util/http-head.ts'
import { isTorError } from '../../../core/util/errors.ts'

const isMalformed = (thrown: unknown): boolean => isTorError(thrown, 'malformed')

const request = (...headers: string[]): BodyFraming =>
  requestFraming(parseRequestHead(['POST http://a/ HTTP/1.1', ...headers]))
const response = (method: string, status: number, ...headers: string[]): BodyFraming =>
  responseFraming(parseResponseHead([`HTTP/1.1 ${status} X`, ...headers]), method)

describe('the length of a request', () => {
  test.each([
    [[], { kind: 'none' }],
    [['Content-Length: 12'], { kind: 'length', bytes: 12 }],
    [['transfer-encoding: Chunked'], { kind: 'chunked' }],
  ])('%j', (headers, expected) => {
    expect(request(...headers)).toEqual(expected)
  })

  test.each([
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['the same length twice', ['Content-Length: 5', 'content-length: 5']],
    ['a list of lengths', ['Content-Length: 5, 5']],
    ['a signed length', ['Content-Length: +5']],
    ['a negative length', ['Content-Length: -5']],
    ['a hexadecimal length', ['Content-Length: 0x5']],
    ['an exponent', ['Content-Length: 1e3']],
    ['an empty length', ['Content-Length: ']],
    ['a length past every integer', ['Content-Length: 99999999999999999999']],
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['a length and an unknown encoding', ['Transfer-Encoding: xchunked', 'Content-Length: 5']],
    ['an encoding before chunks', ['Transfer-Encoding: gzip, chunked']],
    ['chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['identity', ['Transfer-Encoding: identity']],
    ['an empty encoding', ['Transfer-Encoding: ']],
    ['an encoding behind a strange space', ['Transfer-Encoding: \x0bchunked']],
  ])('that is in doubt is refused: %s', (_what, headers) => {
    expect(() => request(...headers)).toThrow(expect.toSatisfy(isMalformed))
  })

  test('HTTP/1.0 has no chunks', () => {
    const head = parseRequestHead(['POST http://a/ HTTP/1.0', 'Transfer-Encoding: chunked'])
    expect(() => requestFraming(head)).toThrow(expect.toSatisfy(isMalformed))
  })
})

test.each([
  ['GET', 200, ['Content-Length: 5'], { kind: 'length', bytes: 5 }],
  ['GET', 200, ['Transfer-Encoding: chunked'], { kind: 'chunked' }],
  ['GET', 200, [], { kind: 'until-close' }],
  ['HEAD', 200, ['Content-Length: 5'], { kind: 'none' }],
  ['GET', 304, ['Content-Length: 5'], { kind: 'none' }],
  ['GET', 204, [], { kind: 'none' }],
  ['GET', 100, [], { kind: 'none' }],
] as const)('the answer to %s with status %i and %j', (method, status, headers, expected) => {
  expect(response(method, status, ...headers)).toEqual(expected)
})

interface Decoded {
  readonly content: string
  readonly taken: number
  readonly isComplete: boolean
  readonly isMalformed: boolean
}

function decode(framing: BodyFraming, text: string, sizes: readonly number[] = [text.length || 1]): Decoded {
  const decoder = new BodyDecoder(framing)
  const bytes = Buffer.from(text, 'latin1')
  const pieces: Buffer[] = []
  let taken = 0
  try {
    for (let at = 0, turn = 0; at < bytes.length && !decoder.isComplete; turn++) {
      const chunk = bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1))
      taken += decoder.push(chunk, (piece) => pieces.push(piece))
      at += chunk.length
    }
  } catch {
    return { content: '', taken: 0, isComplete: false, isMalformed: true }
  }
  const content = Buffer.concat(pieces).toString('latin1')
  return { content, taken, isComplete: decoder.isComplete, isMalformed: false }
}

describe('the body decoder', () => {
  test.each<[string, BodyFraming, string, Partial<Decoded>]>([
    ['no body', { kind: 'none' }, 'next', { content: '', taken: 0, isComplete: true }],
    ['a length', { kind: 'length', bytes: 3 }, 'abcnext', { content: 'abc', taken: 3, isComplete: true }],
    ['a part of a length', { kind: 'length', bytes: 9 }, 'abc', { content: 'abc', isComplete: false }],
    ['until the end', { kind: 'until-close' }, 'abc', { content: 'abc', isComplete: false }],
    ['chunks', { kind: 'chunked' }, '3\r\nabc\r\n1\r\nd\r\n0\r\n\r\nnext', { content: 'abcd', taken: 19 }],
    ['extensions', { kind: 'chunked' }, '3;a=b\r\nabc\r\n0;x\r\n\r\n', { content: 'abc', isComplete: true }],
    ['trailers', { kind: 'chunked' }, '0\r\nA: b\r\nC: d\r\n\r\n', { content: '', isComplete: true }],
    ['capitals and zeros', { kind: 'chunked' }, '00A\r\n0123456789\r\n0\r\n\r\n', { content: '0123456789' }],
  ])('reads %s', (_what, framing, text, expected) => {
    expect(decode(framing, text)).toMatchObject(expected)
  })

  test.each([
    ['a bare line feed behind a size', '3\nabc\r\n0\r\n\r\n'],
    ['a bare line feed behind a chunk', '3\r\nabc\n0\r\n\r\n'],
    ['a chunk that is longer than its size', '3\r\nabcd\r\n0\r\n\r\n'],
    ['a negative size', '-3\r\nabc\r\n'],
    ['a size with a prefix', '0x3\r\nabc\r\n'],
    ['a size past every integer', 'ffffffffffffffff\r\n'],
    ['an empty size', '\r\n'],
    ['a NUL in an extension', '3;\0\r\nabc\r\n'],
    ['an endless size line', '3;'.padEnd(5_000, 'a')],
    ['endless trailers', `0\r\n${'A: bbbbbbbbbbbbbb\r\n'.repeat(2_000)}`],
  ])('refuses %s', (_what, text) => {
    expect(decode({ kind: 'chunked' }, text).isMalformed).toBe(true)
  })

  test('gives the same whatever the chunks are', () => {
    const piece = fc.constantFrom('3\r\nabc\r\n', '1;x\r\n', 'd', '\r\n', '\n', '0\r\n', 'A: b\r\n', 'ff\r\n')
    const framing = fc.constantFrom<BodyFraming>(
      { kind: 'chunked' },
      { kind: 'length', bytes: 9 },
      { kind: 'until-close' },
    )
    fc.assert(
      fc.property(
        framing,
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        (kind, pieces, sizes) => {
          expect(decode(kind, pieces.join(''), sizes)).toEqual(decode(kind, pieces.join('')))
        },
      ),
    )
  })

  test('reads back whatever was written in chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }), (parts) => {
        const encoded = Buffer.concat([...parts.map(encodeChunk), LAST_CHUNK, Buffer.from('rest')])
        const decoded = decode({ kind: 'chunked' }, encoded.toString('latin1'), [7])
        expect(decoded.content).toBe(Buffer.concat(parts).toString('latin1'))
        expect(decoded).toMatchObject({ isComplete: true, taken: encoded.length - 4 })
      }),
    )
  })

  test('says when a body ended before its end', () => {
    for (const framing of [{ kind: 'length', bytes: 1 }, { kind: 'chunked' }] as const) {
      expect(() => new BodyDecoder(framing).end()).toThrow(expect.toSatisfy(isMalformed))
    }
    const decoder = new BodyDecoder({ kind: 'until-close' })
    decoder.end()
    expect(decoder.isComplete).toBe(true)
  })
})
