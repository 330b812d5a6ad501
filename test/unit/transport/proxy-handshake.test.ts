import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ProxyStep, startProxyHandshake } from '../../../core/transport/proxy-handshake.ts'
import type { UpstreamProxy } from '../../../core/transport/upstream-proxy.ts'
import { TorError } from '../../../core/util/errors.ts'

const endpoint = { host: '192.0.2.9', port: 1080 }
const IPV4 = { host: '198.51.100.1', port: 9001 }
const IPV6 = { host: '2001:db8::1', port: 443 }
const LOGIN = { username: 'alice', password: 's3cret' }
const SOCKS4: UpstreamProxy = { kind: 'socks4', endpoint }
const SOCKS5: UpstreamProxy = { kind: 'socks5', endpoint, credentials: undefined }
const SOCKS5_LOGIN: UpstreamProxy = { kind: 'socks5', endpoint, credentials: LOGIN }
const HTTP: UpstreamProxy = { kind: 'http', endpoint, credentials: undefined }
const HTTP_LOGIN: UpstreamProxy = { kind: 'http', endpoint, credentials: LOGIN }

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

/** Answers one by one; the last step. */
function play(proxy: UpstreamProxy, relay: typeof IPV4, answers: readonly Buffer[]): ProxyStep[] {
  const handshake = startProxyHandshake(proxy, relay)
  return answers.map((answer) => handshake.onAnswer(answer))
}

function failure(work: () => unknown): TorError {
  try {
    work()
  } catch (error) {
    if (error instanceof TorError) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('a SOCKS4 proxy', () => {
  it('is asked by address, without a user id', () => {
    expect(startProxyHandshake(SOCKS4, IPV4).firstBytes).toEqual(hex('04 01 2329 c6336401 00'))
  })

  it('leads to the relay when it grants', () => {
    const answer = hex('00 5a 0000 00000000')
    expect(play(SOCKS4, IPV4, [answer])).toEqual([{ kind: 'done', usedBytes: 8 }])
    expect(play(SOCKS4, IPV4, [answer.subarray(0, 7)])).toEqual([{ kind: 'incomplete' }])
  })

  it.each([
    ['00 5b 0000 00000000', 'channel-failed', 'rejected or failed'],
    ['00 5c 0000 00000000', 'proxy-failed', 'answer 92'],
    ['00 00 0000 00000000', 'proxy-failed', 'answer 0'],
    ['05 00', 'proxy-failed', 'does not speak SOCKS4'],
    ['48', 'proxy-failed', 'does not speak SOCKS4'],
  ])('fails in words after %s', (answer, kind, words) => {
    const error = failure(() => play(SOCKS4, IPV4, [hex(answer)]))
    expect([error.kind, error.message]).toEqual([kind, expect.stringContaining(words)])
  })

  it('says that it cannot reach IPv6', () => {
    const error = failure(() => startProxyHandshake(SOCKS4, IPV6))
    expect([error.kind, error.message]).toEqual(['channel-failed', expect.stringContaining('IPv6')])
  })
})

describe('a SOCKS5 proxy', () => {
  it('is asked by address of either family', () => {
    expect(startProxyHandshake(SOCKS5, IPV4).firstBytes).toEqual(hex('05 01 00'))
    expect(play(SOCKS5, IPV4, [hex('0500')])).toEqual([
      { kind: 'send', bytes: hex('05 01 00 01 c6336401 2329'), usedBytes: 2 },
    ])
    expect(play(SOCKS5, IPV6, [hex('0500')])).toEqual([
      { kind: 'send', bytes: hex('05 01 00 04 20010db8000000000000000000000001 01bb'), usedBytes: 2 },
    ])
  })

  it('gets the user name and password only when it asks (RFC 1929)', () => {
    const handshake = startProxyHandshake(SOCKS5_LOGIN, IPV4)
    expect(handshake.firstBytes).toEqual(hex('05 02 00 02'))
    const login = Buffer.concat([Buffer.of(1, 5), Buffer.from('alice'), Buffer.of(6), Buffer.from('s3cret')])
    expect(handshake.onAnswer(hex('0502'))).toEqual({ kind: 'send', bytes: login, usedBytes: 2 })
    expect(handshake.onAnswer(hex('0100'))).toMatchObject({ kind: 'send' })
    const unasked = startProxyHandshake(SOCKS5_LOGIN, IPV4).onAnswer(hex('0500'))
    expect(unasked.kind === 'send' && unasked.bytes.includes('alice')).toBe(false)
  })

  it.each([
    ['an IPv4 address', '05 00 00 01 00000000 0000', 10],
    ['an IPv6 address', `05 00 00 04 ${'00'.repeat(16)} 0000`, 22],
    ['a name', '05 00 00 03 02 6162 0000', 9],
    ['an empty name', '05 00 00 03 00 0000', 7],
  ])('leads to the relay with %s of its own', (_what, answer, usedBytes) => {
    const bytes = hex(answer)
    for (let length = 0; length < bytes.length; length++) {
      expect(play(SOCKS5, IPV4, [hex('0500'), bytes.subarray(0, length)])[1]).toEqual({ kind: 'incomplete' })
    }
    expect(play(SOCKS5, IPV4, [hex('0500'), bytes])[1]).toEqual({ kind: 'done', usedBytes })
  })

  it.each([
    [SOCKS5, ['05ff'], 'proxy-failed', 'wants a user name'],
    [SOCKS5_LOGIN, ['05ff'], 'proxy-failed', 'accepts neither'],
    [SOCKS5, ['0502'], 'proxy-failed', 'not offered'],
    [SOCKS5, ['0501'], 'proxy-failed', 'not offered'],
    [SOCKS5_LOGIN, ['0502', '0101'], 'proxy-failed', 'does not accept the user name'],
    [SOCKS5_LOGIN, ['0502', '0500'], 'proxy-failed', 'does not speak SOCKS5'],
    [SOCKS5, ['48'], 'proxy-failed', 'does not speak SOCKS5'],
    [SOCKS5, ['0400'], 'proxy-failed', 'does not speak SOCKS5'],
    [SOCKS5, ['0500', '0501'], 'channel-failed', 'connection to the relay failed'],
    [SOCKS5, ['0500', '0502'], 'channel-failed', 'not allowed'],
    [SOCKS5, ['0500', '0503'], 'channel-failed', 'network is unreachable'],
    [SOCKS5, ['0500', '0504'], 'channel-failed', 'relay is unreachable'],
    [SOCKS5, ['0500', '0505'], 'channel-failed', 'refused'],
    [SOCKS5, ['0500', '0506'], 'channel-failed', 'in time'],
    [SOCKS5, ['0500', '0507'], 'proxy-failed', 'answer 7'],
    [SOCKS5, ['0500', '0400'], 'proxy-failed', 'does not speak SOCKS5'],
    [SOCKS5, ['0500', '05000009'], 'proxy-failed', 'does not speak SOCKS5'],
  ] as const)('%j fails in words after %j', (proxy, answers, kind, words) => {
    const error = failure(() => play(proxy, IPV4, answers.map(hex)))
    expect([error.kind, error.message]).toEqual([kind, expect.stringContaining(words)])
  })
})

describe('an HTTP proxy', () => {
  it('is asked by address, with Basic credentials if there are any', () => {
    expect(startProxyHandshake(HTTP, IPV6).firstBytes.toString()).toBe(
      'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n',
    )
    expect(startProxyHandshake(HTTP_LOGIN, IPV4).firstBytes.toString()).toBe(
      'CONNECT 198.51.100.1:9001 HTTP/1.1\r\nHost: 198.51.100.1:9001\r\n' +
        'Proxy-Authorization: Basic YWxpY2U6czNjcmV0\r\n\r\n',
    )
  })

  it('leads to the relay after its whole header', () => {
    const header = 'HTTP/1.1 200 Connection established\r\nVia: squid\r\n\r\n'
    expect(play(HTTP, IPV4, [Buffer.from(header)])).toEqual([{ kind: 'done', usedBytes: header.length }])
    expect(play(HTTP, IPV4, [Buffer.from(header.slice(0, -1))])).toEqual([{ kind: 'incomplete' }])
  })

  it.each([
    [HTTP, 'HTTP/1.1 407 Proxy Authentication Required', 'proxy-failed', 'wants a user name'],
    [HTTP_LOGIN, 'HTTP/1.1 407 No', 'proxy-failed', 'does not accept the user name'],
    [HTTP, 'HTTP/1.0 405 Method Not Allowed', 'proxy-failed', 'CONNECT with 405'],
    [HTTP, 'HTTP/1.1 301 Elsewhere', 'proxy-failed', 'CONNECT with 301'],
    [HTTP, 'HTTP/1.1 403 Forbidden', 'channel-failed', 'not allowed'],
    [HTTP, 'HTTP/1.1 502 Bad Gateway', 'channel-failed', 'failed'],
    [HTTP, 'HTTP/1.1 504 Gateway Timeout', 'channel-failed', 'in time'],
    [HTTP, 'HTTP/1.1 2000 OK', 'proxy-failed', 'does not speak HTTP'],
    [HTTP, 'HTTP/1.1 2e2 OK', 'proxy-failed', 'does not speak HTTP'],
    [HTTP, 'HTTP/2 200', 'proxy-failed', 'does not speak HTTP'],
    [HTTP, 'SSH-2.0-OpenSSH', 'proxy-failed', 'does not speak HTTP'],
  ] as const)('%j fails in words after %s', (proxy, line, kind, words) => {
    const error = failure(() => play(proxy, IPV4, [Buffer.from(`${line}\r\n\r\n`)]))
    expect([error.kind, error.message]).toEqual([kind, expect.stringContaining(words)])
  })
})

describe('any proxy', () => {
  it('never makes an error that holds the credentials, whatever it answers', () => {
    const proxies = [SOCKS4, SOCKS5_LOGIN, HTTP_LOGIN]
    const answers = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 })
    fc.assert(
      fc.property(fc.constantFrom(...proxies), answers, (proxy, chunks) => {
        const handshake = startProxyHandshake(proxy, IPV4)
        try {
          for (const chunk of chunks) handshake.onAnswer(Buffer.from(chunk))
        } catch (error) {
          if (!(error instanceof TorError)) throw error
          expect(['proxy-failed', 'channel-failed']).toContain(error.kind)
          expect(error.message).not.toMatch(/alice|s3cret|YWxpY2U6/)
        }
      }),
    )
  })
})
