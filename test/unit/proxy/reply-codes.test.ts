import { describe, expect, test } from 'vitest'
import {
  extendedReplyFor,
  httpFailureFor,
  SOCKS5_REPLY,
  socks5ReplyFor,
} from '../../../core/proxy/reply-codes.ts'
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
  'not-allowed': [2, 403],
  'resolve-failed': [4, 503],
  'connection-refused': [5, 403],
  'connection-reset': [5, 403],
  'connect-failed': [1, 500],
  'host-unreachable': [4, 503],
  'connect-timeout': [6, 504],
  'exit-overloaded': [1, 502],
  'bad-target': [1, 400],
  blocked: [2, 403],
  'no-path': [1, 502],
  'bad-directory': [1, 500],
  'directory-refused': [1, 500],
  'obsolete-client': [1, 500],
  'bad-config': [1, 500],
  state: [1, 500],
  'damaged-rules': [1, 500],
  'newer-guards': [1, 500],
  limit: [1, 503],
  internal: [1, 500],
}

test.each(Object.entries(EXPECTED) as [ErrorKind, readonly [number, number]][])(
  'an application learns of %s by its own protocol',
  (kind, [socks5, http]) => {
    expect(socks5ReplyFor(kind)).toBe(socks5)
    expect(httpFailureFor(kind).code).toBe(http)
  },
)

describe('ExtendedErrors (proposal 304)', () => {
  // An address of the specification's own example, and what is one character off.
  const VALID = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'

  test.each([
    ['an address that is too short', 'short.onion', SOCKS5_REPLY.onionAddressInvalid],
    ['a wrong checksum', VALID.replace('pg6', 'pg7'), SOCKS5_REPLY.onionAddressInvalid],
    ['a character that base32 does not have', VALID.replace('pg6', 'pg1'), SOCKS5_REPLY.onionAddressInvalid],
    ['no label at all', '.onion', SOCKS5_REPLY.onionAddressInvalid],
    ['an old address of version 2', 'expyuzz4wqqyqhjn.onion', SOCKS5_REPLY.onionAddressInvalid],
    ['a valid address', VALID, undefined],
    ['a valid address in capitals', VALID.toUpperCase(), undefined],
    ['a valid address with a label before it', `www.${VALID}`, undefined],
    ['a name of the ordinary web', 'example.com', undefined],
  ])('for %s', (_what, host, expected) => {
    expect(extendedReplyFor('bad-target', host)).toBe(expected)
  })

  test('say nothing more of other failures', () => {
    expect(extendedReplyFor('timeout', 'short.onion')).toBeUndefined()
  })
})
