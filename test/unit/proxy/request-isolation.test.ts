import { describe, expect, test } from 'vitest'
import {
  type Credentials,
  isolateRequest,
  NO_CREDENTIALS,
  type RequestOrigin,
} from '../../../core/proxy/request-isolation.ts'

const isolating = {
  sessionGroup: '1',
  isolateSocksAuth: true,
  isolateClientAddr: true,
  isolateClientProtocol: true,
}
const sharing = {
  sessionGroup: '1',
  isolateSocksAuth: false,
  isolateClientAddr: false,
  isolateClientProtocol: false,
}
const PLAIN: RequestOrigin = { clientAddress: '127.0.0.1', protocol: 'socks5', credentials: NO_CREDENTIALS }

const DIFFERENT_CREDENTIALS: readonly Credentials[] = [
  NO_CREDENTIALS,
  { kind: 'socks4', userId: 'ab' },
  { kind: 'socks5', username: 'ab', password: '' },
  { kind: 'socks5', username: '', password: 'ab' },
  { kind: 'socks5', username: 'a', password: 'b' },
  { kind: 'socks5', username: '', password: '' },
  { kind: 'socks5', username: 'a,1:b', password: '' },
  { kind: 'http', authorization: 'ab', streamIsolation: undefined },
  { kind: 'http', authorization: undefined, streamIsolation: 'ab' },
  { kind: 'http', authorization: '', streamIsolation: 'ab' },
]

const DIFFERENT: readonly RequestOrigin[] = [
  ...DIFFERENT_CREDENTIALS.map((credentials) => ({ ...PLAIN, credentials })),
  { ...PLAIN, clientAddress: '127.0.0.2' },
  { ...PLAIN, protocol: 'socks4' },
  { ...PLAIN, protocol: 'http-connect' },
]

describe('the isolation key of a request', () => {
  test('differs for every two that differ in credentials, address of the application or protocol', () => {
    const keys = DIFFERENT.map((origin) => isolateRequest(isolating, origin))
    expect(new Set(keys).size).toBe(DIFFERENT.length)
  })

  test('is the same for the same', () => {
    for (const origin of DIFFERENT) {
      expect(isolateRequest(isolating, structuredClone(origin))).toBe(isolateRequest(isolating, origin))
    }
  })

  test('looks at none of them when the flags say so', () => {
    expect(new Set(DIFFERENT.map((origin) => isolateRequest(sharing, origin))).size).toBe(1)
  })

  test('differs between listeners', () => {
    const other = { ...sharing, sessionGroup: '2' }
    expect(isolateRequest(other, PLAIN)).not.toBe(isolateRequest(sharing, PLAIN))
  })
})
