import { describe, expect, test } from 'vitest'
import { type Credentials, NO_CREDENTIALS, isolateRequest } from '../../../core/proxy/request-isolation.ts'

const isolating = { sessionGroup: '1', isolateSocksAuth: true, isolateClientAddr: true }
const sharing = { sessionGroup: '1', isolateSocksAuth: false, isolateClientAddr: false }

const DIFFERENT: readonly Credentials[] = [
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

describe('the isolation key of a request', () => {
  test('differs for every two different credentials', () => {
    const keys = DIFFERENT.map((credentials) => isolateRequest(isolating, '127.0.0.1', credentials))
    expect(new Set(keys).size).toBe(DIFFERENT.length)
  })

  test('is the same for the same credentials', () => {
    for (const credentials of DIFFERENT) {
      expect(isolateRequest(isolating, '127.0.0.1', { ...credentials })).toBe(
        isolateRequest(isolating, '127.0.0.1', credentials),
      )
    }
  })

  test('does not look at credentials with NoIsolateSOCKSAuth', () => {
    expect(
      new Set(DIFFERENT.map((credentials) => isolateRequest(sharing, '127.0.0.1', credentials))).size,
    ).toBe(1)
  })

  test('differs between listeners', () => {
    const other = { ...isolating, sessionGroup: '2' }
    expect(isolateRequest(other, '127.0.0.1', NO_CREDENTIALS)).not.toBe(
      isolateRequest(isolating, '127.0.0.1', NO_CREDENTIALS),
    )
  })

  test('differs between the addresses of applications unless NoIsolateClientAddr says otherwise', () => {
    const other = '127.0.0.2'
    expect(isolateRequest(isolating, other, NO_CREDENTIALS)).not.toBe(
      isolateRequest(isolating, '127.0.0.1', NO_CREDENTIALS),
    )
    expect(isolateRequest(sharing, other, NO_CREDENTIALS)).toBe(
      isolateRequest(sharing, '127.0.0.1', NO_CREDENTIALS),
    )
  })
})
