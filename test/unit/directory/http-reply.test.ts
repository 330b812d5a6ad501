import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findBodyStart, MAX_HEAD_BYTES, parseHttpHead } from '../../../core/directory/http-reply.ts'
import { isTorError } from '../../../core/util/errors.ts'

const head = (...lines: string[]): Buffer => Buffer.from([...lines, '', ''].join('\r\n'))

describe('the head of a directory reply', () => {
  it.each([
    [head('HTTP/1.0 200 OK'), { status: 200, encoding: undefined, contentLengthBytes: undefined }],
    [head('HTTP/1.1 404'), { status: 404, encoding: undefined, contentLengthBytes: undefined }],
    [
      head('HTTP/1.0 200 OK', 'Content-Length: 12', 'content-encoding: X-Zstd', 'Date: never'),
      { status: 200, encoding: 'x-zstd', contentLengthBytes: 12 },
    ],
    [
      head('HTTP/1.0 503 Directory busy, try again later', 'Content-Encoding:deflate'),
      { status: 503, encoding: 'deflate', contentLengthBytes: undefined },
    ],
  ])('is read: %s', (bytes, expected) => {
    expect(parseHttpHead(bytes)).toEqual(expected)
  })

  it.each([
    ['another protocol', head('SSH-2.0-OpenSSH')],
    ['no status', head('HTTP/1.0 OK')],
    ['a status of four digits', head('HTTP/1.0 2000 OK')],
    ['a status outside 1xx to 5xx', head('HTTP/1.0 999 OK')],
    ['a header without a colon', head('HTTP/1.0 200 OK', 'nonsense')],
    ['a negative length', head('HTTP/1.0 200 OK', 'Content-Length: -1')],
    ['a length in exponent form', head('HTTP/1.0 200 OK', 'Content-Length: 1e3')],
    ['two lengths that differ', head('HTTP/1.0 200 OK', 'Content-Length: 1', 'Content-Length: 2')],
    ['an encoding that was not offered', head('HTTP/1.0 200 OK', 'Content-Encoding: br')],
    ['two encodings', head('HTTP/1.0 200 OK', 'Content-Encoding: gzip', 'Content-Encoding: deflate')],
    ['too many bytes', head('HTTP/1.0 200 OK', `X: ${'x'.repeat(MAX_HEAD_BYTES)}`)],
  ])('is refused with %s', (_, bytes) => {
    expect(() => parseHttpHead(bytes)).toThrow(expect.objectContaining({ kind: 'malformed' }))
  })

  it('is found to end where the body starts, however it is cut into pieces', () => {
    const bytes = Buffer.from('HTTP/1.0 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n')
    const start = bytes.indexOf('body')
    for (let seen = 0; seen <= start; seen++) {
      const first = findBodyStart(bytes.subarray(0, seen))
      expect(first).toBe(seen >= start ? start : undefined)
      if (first === undefined) expect(findBodyStart(bytes, seen)).toBe(start)
    }
  })

  it('never breaks the parser otherwise than with the typed error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => head(`HTTP/1.0 200 ${text}`)),
        ),
        (bytes) => {
          try {
            parseHttpHead(Buffer.from(bytes))
          } catch (error) {
            expect(isTorError(error)).toBe(true)
          }
        },
      ),
    )
  })
})
