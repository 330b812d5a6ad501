/** Answers of web servers, whole, in pieces, and wrong in each way of their own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HttpAnswer, HttpAnswerReader } from '../../../../core/transport/web/http-answer.ts'
import { TorError } from '../../../../core/util/errors.ts'

const LIMIT = 100_000

function read(text: string | Buffer, limit = LIMIT, method = 'POST'): HttpAnswer | undefined {
  return new HttpAnswerReader(method, limit).push(Buffer.from(text))
}

function readToEnd(text: string): HttpAnswer {
  const reader = new HttpAnswerReader('POST', LIMIT)
  return reader.push(Buffer.from(text)) ?? reader.end()
}

function words(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof TorError) return `${error.kind}: ${error.message}`
    throw error
  }
  throw new Error('it did not fail')
}

test('a byte of a body does not keep the block that it came in, which extensions of chunks make a thousand times as large', () => {
  const reader = new HttpAnswerReader('POST', LIMIT)
  const extension = 'x'.repeat(4_000)
  const blocks = ['a', 'b', 'c'].map((byte) => Buffer.from(`1;${extension}\r\n${byte}\r\n`))
  reader.push(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'))
  for (const block of blocks) {
    reader.push(block)
    block.fill('-')
  }
  expect(reader.push(Buffer.from('0\r\n\r\n'))?.body.toString()).toBe('abc')
})

describe('an answer is whole', () => {
  test.each([
    ['by its length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 200, 'hello', true],
    ['with no body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, '', true],
    [
      'by chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      200,
      'hello',
      true,
    ],
    ['with a status that has no body', 'HTTP/1.1 204 No\r\n\r\n', 204, '', true],
    [
      'when the connection is to be closed',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi',
      200,
      'hi',
      false,
    ],
    ['in the old version', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi', 200, 'hi', false],
    ['with something behind it', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!', 200, 'hi', false],
    [
      'after hints',
      'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno',
      404,
      'no',
      true,
    ],
    [
      'when it leads elsewhere',
      'HTTP/1.1 302 Found\r\nLocation: https://a.example/\r\nContent-Length: 0\r\n\r\n',
      302,
      '',
      true,
    ],
  ])('%s', (_, text, status, body, mayReuse) => {
    expect(read(text)).toEqual({ status, body: Buffer.from(body), mayReuse })
  })

  test('by the end of the connection', () => {
    expect(readToEnd('HTTP/1.1 200 OK\r\n\r\nhello')).toEqual({
      status: 200,
      body: Buffer.from('hello'),
      mayReuse: false,
    })
  })
})

describe('what is no answer is refused in words', () => {
  test.each([
    ['a page of another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', /cannot be read/],
    ['a status that is none', 'HTTP/1.1 20 OK\r\n\r\n', /cannot be read/],
    ['another version', 'HTTP/2 200 OK\r\n\r\n', /cannot be read/],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nbroken\r\n\r\n', /cannot be read/],
    ['a folded header', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n', /cannot be read/],
    ['lines without CR', 'HTTP/1.1 200 OK\n\n', /cannot be read/],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', /cannot be read/],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', /cannot be read/],
    [
      'a length beside chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      /cannot be read/,
    ],
    [
      'an encoding that nobody asked for',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
      /cannot be read/,
    ],
    [
      'a chunk size that is none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
      /cannot be read/,
    ],
    ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', /changes the protocol/],
    [
      'a length beyond the limit',
      'HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n',
      /longer than is allowed/,
    ],
  ])('%s', (_, text, pattern) => {
    const said = words(() => read(text))
    expect(said).toMatch(/^channel-failed: the web server/)
    expect(said).toMatch(pattern)
  })

  test.each([
    ['nothing', '', /closed the connection without an answer/],
    ['half a head', 'HTTP/1.1 200 OK\r\nConte', /in the middle of its answer/],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', /cannot be read/],
    [
      'half the chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      /cannot be read/,
    ],
  ])('%s and the end', (_, text, pattern) => {
    expect(words(() => readToEnd(text))).toMatch(pattern)
  })

  test('hints without end', () => {
    expect(words(() => read('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(9)))).toMatch(/without end/)
  })

  test('a head without end, and a body without end', () => {
    const reader = new HttpAnswerReader('POST', LIMIT)
    reader.push(Buffer.from('HTTP/1.1 200 OK\r\n'))
    const line = Buffer.from(`a: ${'b'.repeat(10_000)}\r\n`)
    expect(words(() => Array.from({ length: 7 }, () => reader.push(line)))).toMatch(/too long/)
    const chunked = new HttpAnswerReader('POST', 10)
    chunked.push(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'))
    expect(words(() => chunked.push(Buffer.from('b\r\n01234567890\r\n')))).toMatch(/longer than is allowed/)
  })
})

describe('whatever pieces it comes in', () => {
  const bodies = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))

  function chunked(body: Buffer, sizes: readonly number[]): Buffer {
    const parts: Buffer[] = [Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')]
    let at = 0
    for (let n = 0; at < body.length; n++) {
      const piece = body.subarray(at, at + Math.max(1, sizes[n % sizes.length] ?? 1))
      at += piece.length
      parts.push(Buffer.from(`${piece.length.toString(16)};x=y\r\n`), piece, Buffer.from('\r\n'))
    }
    return Buffer.concat([...parts, Buffer.from('0\r\nTrailer: x\r\n\r\n')])
  }

  test('the same answer is read', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(bodies, sizes, sizes, fc.boolean(), (body, cuts, chunks, byLength) => {
        const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`
        const bytes = byLength ? Buffer.concat([Buffer.from(head), body]) : chunked(body, chunks)
        const reader = new HttpAnswerReader('POST', LIMIT)
        let answer: HttpAnswer | undefined
        for (let at = 0, n = 0; at < bytes.length; n++) {
          expect(answer).toBeUndefined()
          const cut = cuts[n % cuts.length] ?? 1
          answer = reader.push(Buffer.from(bytes.subarray(at, at + cut)))
          at += cut
        }
        expect(answer).toEqual({ status: 200, body, mayReuse: true })
      }),
      { numRuns: 200 },
    )
  })

  test('noise is an answer or an error in words, and nothing else', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc
        .uint8Array({ maxLength: 200 })
        .map((bytes) =>
          Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), bytes]),
        ),
      fc.string({ maxLength: 80 }).map((text) => Buffer.from(`HTTP/1.1 200 OK\r\n${text}\r\n\r\n`)),
    )
    fc.assert(
      fc.property(noise, (bytes) => {
        const reader = new HttpAnswerReader('GET', 1000)
        try {
          const answer = reader.push(bytes) ?? reader.end()
          expect(answer.body.length).toBeLessThanOrEqual(1000)
        } catch (error) {
          expect(String(error)).toMatch(/^TorError: the web server/)
        }
      }),
      { numRuns: 300 },
    )
  })
})
