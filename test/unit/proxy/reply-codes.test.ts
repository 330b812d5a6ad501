import { expect, test } from 'vitest'
import { httpStatusFor, socks5ReplyFor } from '../../../core/proxy/reply-codes.ts'
import type { ErrorKind } from '../../../core/util/errors.ts'

const EXPECTED: Record<ErrorKind, readonly [socks5: number, http: number]> = {
  malformed: [1, 500],
  'protocol-violation': [1, 502],
  'wrong-identity': [1, 502],
  'channel-failed': [3, 502],
  'proxy-failed': [3, 502],
  'circuit-failed': [1, 502],
  timeout: [6, 504],
  aborted: [1, 500],
  closed: [5, 502],
  'exit-policy': [2, 403],
  'resolve-failed': [4, 404],
  'connection-refused': [5, 403],
  'connection-reset': [5, 403],
  'connect-failed': [1, 502],
  'host-unreachable': [4, 404],
  'connect-timeout': [6, 504],
  'exit-overloaded': [1, 502],
  'bad-target': [1, 400],
  'no-path': [1, 502],
  'bad-directory': [1, 500],
  'directory-refused': [1, 500],
  'obsolete-client': [1, 500],
  'bad-config': [1, 500],
  state: [1, 500],
  limit: [1, 503],
  internal: [1, 500],
}

test.each(Object.entries(EXPECTED) as [ErrorKind, readonly [number, number]][])(
  'an application learns of %s by its own protocol',
  (kind, [socks5, http]) => {
    expect(socks5ReplyFor(kind)).toBe(socks5)
    expect(httpStatusFor(kind).code).toBe(http)
  },
)
