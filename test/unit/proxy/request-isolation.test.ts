import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Credentials,
  DEFAULT_ISOLATION,
  isolateRequest,
  type ListenerIsolation,
  mapScopeOf,
  NO_CREDENTIALS,
  type RequestOrigin,
} from '../../../core/proxy/request-isolation.ts'

const isolating: ListenerIsolation = {
  sessionGroup: '1',
  isolateSocksAuth: true,
  isolateClientAddr: true,
  isolateClientProtocol: true,
  isolateDestPort: true,
  isolateDestAddr: true,
  isolateSite: true,
  keepAliveIsolateSocksAuth: false,
}
const sharing: ListenerIsolation = {
  sessionGroup: '1',
  isolateSocksAuth: false,
  isolateClientAddr: false,
  isolateClientProtocol: false,
  isolateDestPort: false,
  isolateDestAddr: false,
  isolateSite: false,
  keepAliveIsolateSocksAuth: false,
}
const PLAIN: RequestOrigin = {
  clientAddress: '127.0.0.1',
  protocol: 'socks5',
  credentials: NO_CREDENTIALS,
  host: 'www.example.com',
  port: 443,
}

const DIFFERENT_CREDENTIALS: readonly Credentials[] = [
  NO_CREDENTIALS,
  { kind: 'socks4', userId: 'ab' },
  { kind: 'socks5', username: 'ab', password: '' },
  { kind: 'socks5', username: '', password: 'ab' },
  { kind: 'socks5', username: 'a', password: 'b' },
  { kind: 'socks5', username: '', password: '' },
  { kind: 'socks5', username: 'a,1:b', password: '' },
  { kind: 'socks5', username: 'ab', password: 'c' },
  { kind: 'socks5', username: 'a', password: 'bc' },
  { kind: 'socks5', username: '__proto__', password: 'constructor' },
  { kind: 'socks5-extended', isolation: 'ab' },
  { kind: 'socks5-extended', isolation: '' },
  { kind: 'http', authorization: 'ab', streamIsolation: undefined, legacyIsolation: undefined },
  { kind: 'http', authorization: undefined, streamIsolation: 'ab', legacyIsolation: undefined },
  { kind: 'http', authorization: undefined, streamIsolation: undefined, legacyIsolation: 'ab' },
  { kind: 'http', authorization: '', streamIsolation: 'ab', legacyIsolation: undefined },
]

const DIFFERENT: readonly RequestOrigin[] = [
  ...DIFFERENT_CREDENTIALS.map((credentials) => ({ ...PLAIN, credentials })),
  { ...PLAIN, clientAddress: '127.0.0.2' },
  { ...PLAIN, protocol: 'socks4' },
  { ...PLAIN, protocol: 'http' },
  { ...PLAIN, protocol: 'dns' },
  { ...PLAIN, port: 80 },
  { ...PLAIN, host: 'mail.example.com' },
  { ...PLAIN, host: 'example.org' },
]

const keyOf = (listener: ListenerIsolation, origin: RequestOrigin): string =>
  isolateRequest(listener, origin).key

describe('the isolation key of a request', () => {
  test('differs for every two that differ in credentials, application, protocol or destination', () => {
    const keys = DIFFERENT.map((origin) => keyOf(isolating, origin))
    expect(new Set(keys).size).toBe(DIFFERENT.length)
  })

  test('is the same for the same', () => {
    for (const origin of DIFFERENT) {
      expect(keyOf(isolating, structuredClone(origin))).toBe(keyOf(isolating, origin))
    }
  })

  test('looks at none of them when the flags say so', () => {
    expect(new Set(DIFFERENT.map((origin) => keyOf(sharing, origin))).size).toBe(1)
  })

  test('differs between listeners', () => {
    const other = { ...sharing, sessionGroup: '2' }
    expect(keyOf(other, PLAIN)).not.toBe(keyOf(sharing, PLAIN))
  })

  test.each([
    ['isolateDestPort', { port: 80 }],
    ['isolateDestAddr', { host: 'mail.example.com' }],
    ['isolateSite', { host: 'example.org' }],
    ['isolateClientAddr', { clientAddress: '::1' }],
    ['isolateClientProtocol', { protocol: 'socks4' }],
    ['isolateSocksAuth', { credentials: { kind: 'socks4', userId: 'a' } }],
  ] as const)('with %s alone keeps apart what differs in that, and only that', (flag, change) => {
    const one = { ...sharing, [flag]: true }
    expect(keyOf(one, { ...PLAIN, ...change })).not.toBe(keyOf(one, PLAIN))
    const others = { ...isolating, [flag]: false, isolateDestAddr: false, isolateSite: false }
    if (flag !== 'isolateDestAddr' && flag !== 'isolateSite') {
      expect(keyOf(others, { ...PLAIN, ...change })).toBe(keyOf(others, PLAIN))
    }
  })

  test('is by default one for the hosts of a site and another for every other site', () => {
    const listener = { ...DEFAULT_ISOLATION, sessionGroup: '1' }
    const key = (host: string): string => keyOf(listener, { ...PLAIN, host })
    expect(key('cdn.example.com')).toBe(key('www.example.com'))
    const sites = [
      'example.com',
      'example.org',
      'a.github.io',
      'b.github.io',
      '192.0.2.1',
      '192.0.2.2',
      'x.onion',
    ]
    expect(new Set(sites.map(key)).size).toBe(sites.length)
  })

  test('cannot be made equal by moving text between user name, password and the rest', () => {
    const text = fc.string({ maxLength: 4 })
    fc.assert(
      fc.property(text, text, text, text, (username, password, otherName, otherPassword) => {
        fc.pre(username !== otherName || password !== otherPassword)
        const one = keyOf(isolating, { ...PLAIN, credentials: { kind: 'socks5', username, password } })
        const other = { kind: 'socks5', username: otherName, password: otherPassword } as const
        expect(keyOf(isolating, { ...PLAIN, credentials: other })).not.toBe(one)
      }),
    )
  })
})

describe('KeepAliveIsolateSOCKSAuth', () => {
  const keeping = { ...isolating, keepAliveIsolateSocksAuth: true }
  const named = { ...PLAIN, credentials: { kind: 'socks5', username: 'a', password: '' } } as const

  test('keeps circuits alive by their last use where there are credentials, and nowhere else', () => {
    expect(isolateRequest(keeping, named).keepsAlive).toBe(true)
    expect(isolateRequest(keeping, PLAIN).keepsAlive).toBe(false)
    expect(isolateRequest(isolating, named).keepsAlive).toBe(false)
    expect(isolateRequest({ ...keeping, isolateSocksAuth: false }, named).keepsAlive).toBe(false)
  })
})

describe('who shares the addresses made up for names', () => {
  const credentials: Credentials = { kind: 'socks5', username: 'a', password: 'b' }

  test('is one program, at whatever door, port and site it asks', () => {
    const first = mapScopeOf(isolating, PLAIN)
    const otherGroup: ListenerIsolation = { ...isolating, sessionGroup: '2' }
    const atDnsPort: RequestOrigin = { ...PLAIN, protocol: 'dns', host: '127.192.0.1', port: 0 }
    expect(mapScopeOf(otherGroup, PLAIN)).toBe(first)
    expect(mapScopeOf(isolating, atDnsPort)).toBe(first)
  })

  test('is nobody with another address or other credentials', () => {
    const first = mapScopeOf(isolating, PLAIN)
    expect(mapScopeOf(isolating, { ...PLAIN, clientAddress: '127.0.0.2' })).not.toBe(first)
    expect(mapScopeOf(isolating, { ...PLAIN, credentials })).not.toBe(first)
  })

  test('may have any credentials where they do not isolate', () => {
    expect(mapScopeOf(sharing, { ...PLAIN, credentials })).toBe(mapScopeOf(sharing, PLAIN))
  })
})
