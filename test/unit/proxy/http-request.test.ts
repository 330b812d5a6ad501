import { describe, expect, test } from 'vitest'
import { encodeForwardHead, encodeInterim, forwardResponse } from '../../../core/proxy/http-forward.ts'
import { parseRequestHead, parseResponseHead } from '../../../core/util/http-head.ts'
import { type ForwardRequest, type HttpRequest, readHttpRequest } from '../../../core/proxy/http-request.ts'
import { isTorError } from '../../../core/util/errors.ts'

const read = (...lines: string[]): HttpRequest => readHttpRequest(parseRequestHead(lines))
const NONE = { kind: 'none' }

function forward(...lines: string[]): ForwardRequest {
  const request = read(...lines)
  if (request.kind !== 'forward') throw new Error('not to be forwarded')
  return request
}

describe('CONNECT', () => {
  test.each([
    ['CONNECT example.com:443 HTTP/1.1', 'example.com', 443],
    ['CONNECT 192.0.2.7:80 HTTP/1.0', '192.0.2.7', 80],
    ['CONNECT [2001:db8::1]:80 HTTP/1.1', '2001:db8::1', 80],
  ])('%s', (line, host, port) => {
    expect(read(line)).toMatchObject({ kind: 'tunnel', host, port, credentials: NONE, families: undefined })
  })

  test('isolates by the triple of its headers, each in its place', () => {
    const all = read(
      'CONNECT a.b:1 HTTP/1.1',
      'proxy-authorization:  Basic YTpi ',
      'Tor-Stream-Isolation: new',
      'X-Tor-Stream-Isolation: old',
    )
    expect(all).toMatchObject({
      credentials: {
        kind: 'http',
        authorization: 'Basic YTpi',
        streamIsolation: 'new',
        legacyIsolation: 'old',
      },
    })
  })

  test.each([
    ['ipv4-preferred', true, true, false],
    ['IPv6-Preferred', true, true, true],
    ['ipv4-only', true, false, false],
    ['ipv6-only', false, true, true],
    ['nonsense', true, true, false],
  ])('Tor-Family-Preference: %s', (value, allowsIpv4, allowsIpv6, prefersIpv6) => {
    expect(read('CONNECT a:1 HTTP/1.1', `Tor-Family-Preference: ${value}`)).toMatchObject({
      families: { allowsIpv4, allowsIpv6, prefersIpv6 },
    })
  })

  test('with Tor-RPC-Target is refused: there are no RPC objects', () => {
    expect(read('CONNECT a:1 HTTP/1.1', 'Tor-RPC-Target: x')).toEqual({ kind: 'rpc' })
  })

  test.each([
    ['no port', ['CONNECT example.com HTTP/1.1']],
    ['an empty port', ['CONNECT example.com: HTTP/1.1']],
    ['a port out of range', ['CONNECT example.com:65536 HTTP/1.1']],
    ['a port that is not decimal', ['CONNECT example.com:0x50 HTTP/1.1']],
    ['a port with a zero before it', ['CONNECT example.com:080 HTTP/1.1']],
    ['an IPv6 address without brackets', ['CONNECT 2001:db8::1:80 HTTP/1.1']],
    ['a name in brackets', ['CONNECT [example.com]:80 HTTP/1.1']],
    ['a URL', ['CONNECT https://example.com/ HTTP/1.1']],
    ['no host', ['CONNECT :80 HTTP/1.1']],
    ['two isolations', ['CONNECT a:1 HTTP/1.1', 'Tor-Stream-Isolation: a', 'tor-stream-isolation: b']],
    ['two authorizations', ['CONNECT a:1 HTTP/1.1', 'Proxy-Authorization: a', 'Proxy-Authorization: a']],
    ['a long isolation', ['CONNECT a:1 HTTP/1.1', `Tor-Stream-Isolation: ${'a'.repeat(1025)}`]],
  ])('with %s is malformed', (_what, lines) => {
    expect(() => read(...lines)).toThrow(expect.toSatisfy((error: unknown) => isTorError(error, 'malformed')))
  })
})

describe('a request in origin form', () => {
  test.each([
    ['OPTIONS *', 'localhost', { kind: 'capabilities', keepsAlive: true }],
    ['OPTIONS /', '127.0.0.1:8118', { kind: 'capabilities', keepsAlive: true }],
    ['OPTIONS /', '[::1]:8118', { kind: 'capabilities', keepsAlive: true }],
    ['GET /', 'LOCALHOST:8118', { kind: 'visit' }],
    ['GET /', '127.0.0.2', { kind: 'rebound' }],
    ['GET /', 'localhost.evil.example', { kind: 'rebound' }],
    ['GET /', 'evil.example:8118', { kind: 'rebound' }],
    ['OPTIONS *', 'evil.example', { kind: 'rebound' }],
    ['POST /', 'localhost@evil.example', { kind: 'rebound' }],
    ['POST /', '', { kind: 'rebound' }],
  ])('%s for %s (Arti 1.8: Host header check)', (line, host, expected) => {
    expect(read(`${line} HTTP/1.1`, `Host: ${host}`)).toEqual(expected)
  })

  test('without a host, or with two, gets no answer either', () => {
    expect(read('OPTIONS * HTTP/1.1')).toEqual({ kind: 'rebound' })
    expect(read('GET / HTTP/1.1', 'Host: localhost', 'Host: evil.example')).toEqual({ kind: 'rebound' })
  })

  test('with a body is not answered as OPTIONS, whose body would be read as a request', () => {
    expect(read('OPTIONS * HTTP/1.1', 'Host: localhost', 'Content-Length: 40')).toEqual({ kind: 'visit' })
  })
})

describe('a plain request goes out in origin form', () => {
  test.each([
    ['http://example.com/a?b=c', 'example.com', 80, 'GET /a?b=c', 'example.com'],
    ['HTTP://Example.COM', 'Example.COM', 80, 'GET /', 'example.com'],
    ['http://example.com?q', 'example.com', 80, 'GET /?q', 'example.com'],
    ['http://example.com:80/', 'example.com', 80, 'GET /', 'example.com'],
    ['http://example.com:/', 'example.com', 80, 'GET /', 'example.com'],
    ['http://example.com:8080//x', 'example.com', 8080, 'GET //x', 'example.com:8080'],
    ['http://[2001:db8::1]/', '2001:db8::1', 80, 'GET /', '[2001:db8::1]'],
    ['http://[2001:db8::1]:81/', '2001:db8::1', 81, 'GET /', '[2001:db8::1]:81'],
  ])('%s', (url, host, port, line, hostHeader) => {
    const request = forward(`GET ${url} HTTP/1.1`, 'Host: other.example')
    expect(request).toMatchObject({ host, port, credentials: NONE })
    expect(encodeForwardHead(request).toString('latin1')).toBe(
      `${line} HTTP/1.1\r\nHost: ${hostHeader}\r\nConnection: close\r\n\r\n`,
    )
  })

  test('OPTIONS of a server as a whole becomes the asterisk', () => {
    const head = encodeForwardHead(forward('OPTIONS http://a.example HTTP/1.1', 'Host: a.example'))
    expect(head.toString('latin1')).toMatch(/^OPTIONS \* HTTP\/1\.1\r\n/)
  })

  test('without what is for one connection, tells of proxies or is for us', () => {
    const request = forward(
      'POST http://a.example/ HTTP/1.1',
      'User-Agent: x',
      'Host: a.example',
      'Connection: keep-alive, X-Private, Content-Length, Host',
      'X-Private: 1',
      'Keep-Alive: 5',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic secret',
      'Tor-Of-Tomorrow: secret',
      'X-Tor-Of-Yesterday: secret',
      'TE: trailers',
      'Trailer: A',
      'Upgrade: h2c',
      'HTTP2-Settings: x',
      'Via: 1.1 my-laptop',
      'Forwarded: for=192.168.0.7',
      'X-Forwarded-For: 192.168.0.7',
      'X-Real-IP: 192.168.0.7',
      'Expect: 100-continue',
      'Cookie: a=b',
      'Content-Length: 3',
    )
    expect(encodeForwardHead(request).toString('latin1')).toBe(
      [
        'POST / HTTP/1.1',
        'User-Agent: x',
        'Host: a.example',
        'Expect: 100-continue',
        'Cookie: a=b',
        'Content-Length: 3',
        'Connection: close',
        '',
        '',
      ].join('\r\n'),
    )
  })

  test('isolates by Proxy-Authorization, which no script of a web page can set', () => {
    const request = forward('GET http://a/ HTTP/1.1', 'Host: a', 'Proxy-Authorization: Basic YTpi')
    expect(request).toMatchObject({
      credentials: { kind: 'http', authorization: 'Basic YTpi' },
      families: undefined,
    })
  })

  test.each([
    'Tor-Stream-Isolation: 7f3a',
    'X-Tor-Stream-Isolation: 7f3a',
    'tor-family-preference: ipv6-only',
  ])('but not with %s, by which the script of a page would choose circuits', (header) => {
    expect(() => read('GET http://a/ HTTP/1.1', 'Host: a', header)).toThrow(
      expect.toSatisfy((error: unknown) => isTorError(error, 'not-allowed')),
    )
  })

  test('in chunks when it came so', () => {
    const request = forward('POST http://a/ HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked')
    expect(encodeForwardHead(request).toString()).toContain('\r\nTransfer-Encoding: chunked\r\n')
  })

  test.each([
    ['https', 'GET https://example.com/ HTTP/1.1', 'bad-target'],
    ['ftp', 'GET ftp://example.com/ HTTP/1.1', 'bad-target'],
    ['file', 'GET file:///etc/passwd HTTP/1.1', 'bad-target'],
    ['a URL without a host', 'GET http:///x HTTP/1.1', 'malformed'],
    ['a URL without slashes', 'GET http:example.com HTTP/1.1', 'malformed'],
    ['a user name in the URL', 'GET http://good.example@evil.example/ HTTP/1.1', 'malformed'],
    ['a fragment', 'GET http://example.com/#a HTTP/1.1', 'malformed'],
    ['a bad port', 'GET http://example.com:99999/ HTTP/1.1', 'malformed'],
  ] as const)('but not for %s', (_what, line, kind) => {
    expect(() => read(line, 'Host: example.com')).toThrow(
      expect.toSatisfy((error: unknown) => isTorError(error, kind)),
    )
  })

  test('but not with two Host headers, or with none in HTTP/1.1', () => {
    expect(() => read('GET http://a/ HTTP/1.1', 'Host: a', 'Host: b')).toThrow('at most one host header')
    expect(() => read('GET http://a/ HTTP/1.1')).toThrow('a Host header')
    expect(forward('GET http://a/ HTTP/1.0').keepsAlive).toBe(false)
  })
})

describe('a response goes on', () => {
  const answer = (request: ForwardRequest, ...lines: string[]) => {
    const forwarded = forwardResponse(parseResponseHead(lines), request)
    return { ...forwarded, text: forwarded.head.toString('latin1') }
  }
  const get = forward('GET http://a/ HTTP/1.1', 'Host: a')
  const old = forward('GET http://a/ HTTP/1.0')

  test('with its length, and the connection stays', () => {
    const { text, closes } = answer(get, 'HTTP/1.1 200 OK', 'Content-Length: 5', 'Connection: close', 'A: b')
    expect(text).toBe('HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\n')
    expect(closes).toBe(false)
  })

  test.each(['Transfer-Encoding: chunked', 'A: b'])('in chunks when it came with %s', (header) => {
    const { text, closes, isChunked } = answer(get, 'HTTP/1.1 200 OK', header)
    expect(text).toContain('\r\nTransfer-Encoding: chunked\r\n')
    expect({ closes, isChunked }).toEqual({ closes: false, isChunked: true })
  })

  test('to HTTP/1.0 without chunks, until the connection closes', () => {
    const { text, closes, isChunked } = answer(old, 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
    expect(text).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')
    expect({ closes, isChunked }).toEqual({ closes: true, isChunked: false })
  })

  test('with the length that a HEAD asked for, and no body', () => {
    const head = forward('HEAD http://a/ HTTP/1.1', 'Host: a')
    const { text, framing } = answer(head, 'HTTP/1.1 200 OK', 'Content-Length: 5')
    expect(text).toContain('Content-Length: 5')
    expect(framing).toEqual({ kind: 'none' })
  })

  test('without headers that could be taken for ours', () => {
    const { text } = answer(
      get,
      ...['HTTP/1.1 200 OK', 'Content-Length: 0', 'Tor-Request-Failed: end/MISC', 'Via: x'],
      ...['Proxy-Authenticate: Basic', 'Upgrade: h2c', 'Keep-Alive: 1', 'Connection: B', 'B: c'],
    )
    expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })

  test.each([
    ['101', ['HTTP/1.1 101 Switching Protocols', 'Upgrade: x'], 'protocol-violation'],
    ['407', ['HTTP/1.1 407 Proxy Authentication Required'], 'protocol-violation'],
    ['two lengths', ['HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2'], 'malformed'],
    [
      'a length and chunks',
      ['HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
      'malformed',
    ],
  ] as const)('but not one with %s', (_what, lines, kind) => {
    expect(() => answer(get, ...lines)).toThrow(expect.toSatisfy((error: unknown) => isTorError(error, kind)))
  })

  test('as an interim one only to who can read it', () => {
    const interim = parseResponseHead(['HTTP/1.1 103 Early Hints', 'Link: x', 'Tor-X: y'])
    expect(encodeInterim(interim, get)?.toString()).toBe('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n')
    expect(encodeInterim(interim, old)).toBeUndefined()
  })
})
