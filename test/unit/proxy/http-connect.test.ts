import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HttpConnectParser, MAX_HTTP_HEAD_BYTES } from '../../../core/proxy/http-connect.ts'
import { runParser } from './support.ts'

const LIMIT = MAX_HTTP_HEAD_BYTES + 65_536
const run = (text: string, sizes: readonly number[] = []) =>
  runParser(new HttpConnectParser(LIMIT), Buffer.from(text, 'latin1'), sizes).last

const ACCEPTED = [
  ['a name', 'CONNECT example.com:443 HTTP/1.1\r\n\r\n', 'example.com', 443, { kind: 'none' }, ''],
  ['an IPv4 address', 'CONNECT 192.0.2.7:80 HTTP/1.0\r\n\r\n', '192.0.2.7', 80, { kind: 'none' }, ''],
  ['an IPv6 address', 'CONNECT [2001:db8::1]:80 HTTP/1.1\r\n\r\n', '2001:db8::1', 80, { kind: 'none' }, ''],
  [
    'data behind the head',
    'CONNECT a.b:1 HTTP/1.1\r\nHost: a.b:1\r\nUser-Agent: x\r\n\r\nhello',
    ...(['a.b', 1, { kind: 'none' }, 'hello'] as const),
  ],
  [
    'proxy credentials',
    'CONNECT a.b:1 HTTP/1.1\r\nproxy-authorization:  Basic YTpi \r\n\r\n',
    ...(['a.b', 1, { kind: 'http', authorization: 'Basic YTpi', streamIsolation: undefined }, ''] as const),
  ],
  [
    'an isolation header',
    'CONNECT a.b:1 HTTP/1.1\r\nX-Tor-Stream-Isolation: tab 7\r\n\r\n',
    ...(['a.b', 1, { kind: 'http', authorization: undefined, streamIsolation: 'tab 7' }, ''] as const),
  ],
  [
    'both isolation headers, of which the newer counts',
    'CONNECT a.b:1 HTTP/1.1\r\nTor-Stream-Isolation: new\r\nX-Tor-Stream-Isolation: old\r\n\r\n',
    ...(['a.b', 1, { kind: 'http', authorization: undefined, streamIsolation: 'new' }, ''] as const),
  ],
] as const

describe('a CONNECT head becomes a request', () => {
  test.each(ACCEPTED)('%s', (_what, text, host, port, credentials, rest) => {
    const step = run(text)
    expect(step).toMatchObject({ kind: 'request', request: { command: 'connect', host, port, credentials } })
    expect(step.kind === 'request' && step.rest.toString()).toBe(rest)
  })

  test('it is the same request in whatever chunks it comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ACCEPTED),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        ([, text, host, port, credentials, rest], sizes) => {
          const step = run(text, sizes)
          expect(step).toMatchObject({ kind: 'request', request: { host, port, credentials } })
          expect(step.kind === 'request' && step.rest.toString()).toBe(rest)
        },
      ),
    )
  })
})

const tooManyHeaders = 'A: b\r\n'.repeat(101)

describe('what is not a CONNECT request is answered with a status', () => {
  test.each([
    ['no request line', 'hello\r\n\r\n', 400],
    ['another protocol version', 'CONNECT a.b:1 HTTP/2.0\r\n\r\n', 400],
    ['no port', 'CONNECT example.com HTTP/1.1\r\n\r\n', 400],
    ['a port out of range', 'CONNECT example.com:65536 HTTP/1.1\r\n\r\n', 400],
    ['a port that is not decimal', 'CONNECT example.com:0x50 HTTP/1.1\r\n\r\n', 400],
    ['an IPv6 address without brackets', 'CONNECT 2001:db8::1:80 HTTP/1.1\r\n\r\n', 400],
    ['a name in brackets', 'CONNECT [example.com]:80 HTTP/1.1\r\n\r\n', 400],
    ['a URL', 'CONNECT https://example.com/ HTTP/1.1\r\n\r\n', 400],
    ['a header without a colon', 'CONNECT a.b:1 HTTP/1.1\r\nnonsense\r\n\r\n', 400],
    ['a folded header', 'CONNECT a.b:1 HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 400],
    ['a header with a bare line feed', 'CONNECT a.b:1 HTTP/1.1\r\nA: b\nc\r\n\r\n', 400],
    [
      'two values to isolate by',
      'CONNECT a.b:1 HTTP/1.1\r\nTor-Stream-Isolation: a\r\ntor-stream-isolation: b\r\n\r\n',
      400,
    ],
    [
      'an isolation value that is too long',
      `CONNECT a.b:1 HTTP/1.1\r\nTor-Stream-Isolation: ${'a'.repeat(1025)}\r\n\r\n`,
      400,
    ],
    ['too many headers', `CONNECT a.b:1 HTTP/1.1\r\n${tooManyHeaders}\r\n`, 400],
    ['a head without an end', 'A'.repeat(MAX_HTTP_HEAD_BYTES + 1), 431],
    ['plain HTTP through the proxy', 'GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n', 405],
    ['a look with a browser', 'GET / HTTP/1.1\r\nHost: localhost:8118\r\n\r\n', 405],
    ['a look by address', 'GET / HTTP/1.1\r\nHost: 127.0.0.1:8118\r\n\r\n', 405],
    ['a web page whose name was rebound to us', 'GET / HTTP/1.1\r\nHost: evil.example:8118\r\n\r\n', 403],
    ['a rebound preflight', 'OPTIONS / HTTP/1.1\r\nHost: evil.example\r\n\r\n', 403],
    ['no host at all', 'GET / HTTP/1.0\r\n\r\n', 403],
  ])('%s', (_what, text, code) => {
    const step = run(text)
    expect(step.kind).toBe('refused')
    const answer = step.kind === 'refused' ? step.bytes.toString() : ''
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${code} [^\\r\\n]+\\r\\n`))
    expect(answer).toContain('Connection: close\r\n')
    expect(answer).not.toContain('example')
  })
})

test('arbitrary text in arbitrary chunks never crashes the CONNECT parser', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          'CONNECT ',
          'a',
          ':',
          '80',
          ' HTTP/1.1',
          '\r\n',
          'Host',
          '\n',
          '[',
          ']',
          '\0',
          '\xff',
        ),
        {
          maxLength: 40,
        },
      ),
      fc.integer({ min: 1, max: 20 }),
      (parts, size) => {
        expect(['need-more', 'request', 'refused']).toContain(run(parts.join(''), [size]).kind)
      },
    ),
  )
})

test('the answers of a tunnel are whole heads', () => {
  const step = run('CONNECT a.b:1 HTTP/1.1\r\n\r\n')
  if (step.kind !== 'request') throw new Error('no request')
  expect(step.request.replies.connected().toString()).toBe('HTTP/1.1 200 Connection established\r\n\r\n')
  expect(step.request.replies.failed('timeout').toString()).toBe(
    'HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  )
})
