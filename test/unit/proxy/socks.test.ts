import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SOCKS_IS_NOT_HTTP_PAGE, SocksParser } from '../../../core/proxy/socks-detect.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { hex, runParser } from './support.ts'

const LIMIT = 70_000
const NAME = Buffer.from('example.com').toString('hex')
const LONG_NAME = 'a'.repeat(255)

interface Accepted {
  readonly what: string
  readonly input: string
  readonly replies: readonly string[]
  readonly command: string
  readonly host: string
  readonly port: number
  readonly credentials: object
  readonly rest?: string
}

const ACCEPTED: readonly Accepted[] = [
  {
    what: 'SOCKS5 CONNECT to a name without authentication',
    input: `05 01 00  05 01 00 03 0b ${NAME} 01bb`,
    replies: ['0500'],
    ...{ command: 'connect', host: 'example.com', port: 443, credentials: { kind: 'none' } },
  },
  {
    what: 'SOCKS5 CONNECT to an IPv4 address with data behind it',
    input: '05 01 00  05 01 00 01 c0000207 0050 474554',
    replies: ['0500'],
    ...{ command: 'connect', host: '192.0.2.7', port: 80, credentials: { kind: 'none' }, rest: '474554' },
  },
  {
    what: 'SOCKS5 CONNECT to an IPv6 address',
    input: '05 02 00 01  05 01 00 04 20010db8000000000000000000000001 0050',
    replies: ['0500'],
    ...{ command: 'connect', host: '2001:db8::1', port: 80, credentials: { kind: 'none' } },
  },
  {
    what: 'SOCKS5 with a user and password, which are preferred to no authentication',
    input: `05 02 00 02  01 01 61 02 6263  05 01 00 03 0b ${NAME} 0050`,
    replies: ['0502', '0100'],
    ...{
      command: 'connect',
      host: 'example.com',
      port: 80,
      credentials: { kind: 'socks5', username: 'a', password: 'bc' },
    },
  },
  {
    what: 'SOCKS5 with an empty user and password',
    input: `05 01 02  01 00 00  05 01 00 03 0b ${NAME} 0050`,
    replies: ['0502', '0100'],
    ...{
      command: 'connect',
      host: 'example.com',
      port: 80,
      credentials: { kind: 'socks5', username: '', password: '' },
    },
  },
  {
    what: 'SOCKS5 RESOLVE',
    input: `05 01 00  05 f0 00 03 0b ${NAME} 0000`,
    replies: ['0500'],
    ...{ command: 'resolve', host: 'example.com', port: 0, credentials: { kind: 'none' } },
  },
  {
    what: 'SOCKS5 with a name of 255 characters, which the next door judges',
    input: `05 01 00  05 01 00 03 ff ${Buffer.from(LONG_NAME).toString('hex')} 0050`,
    replies: ['0500'],
    ...{ command: 'connect', host: LONG_NAME, port: 80, credentials: { kind: 'none' } },
  },
  {
    what: 'SOCKS4a CONNECT with a user id and data behind it',
    input: `04 01 01bb 00000001 626f6200 ${NAME}00 ff`,
    replies: [],
    ...{
      command: 'connect',
      host: 'example.com',
      port: 443,
      credentials: { kind: 'socks4', userId: 'bob' },
      rest: 'ff',
    },
  },
  {
    what: 'plain SOCKS4 CONNECT to an address',
    input: '04 01 0050 c0000207 00',
    replies: [],
    ...{ command: 'connect', host: '192.0.2.7', port: 80, credentials: { kind: 'none' } },
  },
  {
    what: 'SOCKS4a RESOLVE',
    input: `04 f0 0000 00000001 00 ${NAME}00`,
    replies: [],
    ...{ command: 'resolve', host: 'example.com', port: 0, credentials: { kind: 'none' } },
  },
]

describe('a complete SOCKS handshake becomes a request', () => {
  test.each(ACCEPTED)('$what', ({ input, replies, command, host, port, credentials, rest = '' }) => {
    const result = runParser(new SocksParser(LIMIT), hex(input))
    expect(result.replies).toEqual(replies)
    expect(result.last).toMatchObject({ kind: 'request', request: { command, host, port, credentials } })
    expect(result.last.kind === 'request' && result.last.rest.toString('hex')).toBe(rest)
  })

  test('it is the same request in whatever chunks it comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ACCEPTED),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        ({ input, replies, host, port, credentials, rest = '' }, sizes) => {
          const result = runParser(new SocksParser(LIMIT), hex(input), sizes)
          expect(result.replies).toEqual(replies)
          expect(result.last).toMatchObject({ kind: 'request', request: { host, port, credentials } })
          expect(result.last.kind === 'request' && result.last.rest.toString('hex')).toBe(rest)
        },
      ),
    )
  })

  test('every proper prefix of a handshake needs more and says nothing final', () => {
    for (const { input, rest = '' } of ACCEPTED) {
      const bytes = hex(input)
      for (let length = 1; length < bytes.length - rest.length / 2; length++) {
        expect(runParser(new SocksParser(LIMIT), bytes.subarray(0, length)).last.kind).toBe('need-more')
      }
    }
  })
})

const GENERAL = '05 01 00 01 00000000 0000'
const REFUSED: readonly { what: string; input: string; replies?: readonly string[]; answer: string }[] = [
  { what: 'SOCKS5 methods without one of ours', input: '05 02 01 03', answer: '05ff' },
  { what: 'SOCKS5 without any method', input: '05 00', answer: '05ff' },
  {
    what: 'an unknown version of user and password',
    input: '05 01 02 05',
    replies: ['0502'],
    answer: '0101',
  },
  {
    what: 'an extended user name that is not supported',
    input: `05 01 02 01 09 ${Buffer.from('<torS0X>0').toString('hex')} 00`,
    replies: ['0502'],
    answer: '0101',
  },
  { what: 'a request with another version', input: '05 01 00 04', replies: ['0500'], answer: GENERAL },
  {
    what: 'BIND',
    input: '05 01 00 05 02 00 01 c0000207 0050',
    replies: ['0500'],
    answer: '05 07 00 01 00000000 0000',
  },
  {
    what: 'UDP ASSOCIATE',
    input: '05 01 00 05 03 00 01 c0000207 0050',
    replies: ['0500'],
    answer: '05 07 00 01 00000000 0000',
  },
  {
    what: 'RESOLVE_PTR',
    input: '05 01 00 05 f1 00 01 c0000207 0000',
    replies: ['0500'],
    answer: '05 07 00 01 00000000 0000',
  },
  {
    what: 'an unknown address type',
    input: '05 01 00 05 01 00 02 c0000207 0050',
    replies: ['0500'],
    answer: '05 08 00 01 00000000 0000',
  },
  { what: 'SOCKS4 BIND', input: '04 02', answer: '00 5b 0000 00000000' },
  {
    what: 'a SOCKS4 user id without an end',
    input: `04 01 0050 c0000207 ${'61'.repeat(256)}`,
    answer: '00 5b 0000 00000000',
  },
  {
    what: 'a SOCKS4a name without an end',
    input: `04 01 0050 00000001 00 ${'61'.repeat(256)}`,
    answer: '00 5b 0000 00000000',
  },
  { what: 'an unknown first byte', input: '16 03 01', answer: '' },
]

describe('a SOCKS handshake that is refused is answered in its own protocol', () => {
  test.each(REFUSED)('$what', ({ input, replies = [], answer }) => {
    const result = runParser(new SocksParser(LIMIT), hex(input))
    expect(result.replies).toEqual(replies)
    expect(result.last).toMatchObject({ kind: 'refused', bytes: hex(answer) })
  })

  test.each(['GET / HTTP/1.1', 'HEAD', 'POST', 'PUT', 'CONNECT a:1', 'OPTIONS', 'DELETE', 'TRACE'])(
    'an application that says %s gets a page that says what this is',
    (line) => {
      const { last } = runParser(new SocksParser(LIMIT), Buffer.from(line))
      expect(last).toMatchObject({ kind: 'refused', bytes: SOCKS_IS_NOT_HTTP_PAGE })
      expect(SOCKS_IS_NOT_HTTP_PAGE.toString()).toMatch(/^HTTP\/1\.1 501 .*\r\n/)
      expect(SOCKS_IS_NOT_HTTP_PAGE.toString()).toContain('SOCKS proxy')
    },
  )
})

test('arbitrary bytes in arbitrary chunks never crash the SOCKS parser', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 5, 71, 0),
      fc.uint8Array({ maxLength: 600 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }),
      (first, tail, sizes) => {
        const { last } = runParser(new SocksParser(LIMIT), Buffer.concat([Buffer.from([first]), tail]), sizes)
        expect(['need-more', 'request', 'refused']).toContain(last.kind)
      },
    ),
  )
})

test('a handshake that grows past its limit is the typed error', () => {
  const parser = new SocksParser(100)
  parser.push(Buffer.from([5]))
  expect(() => parser.push(Buffer.alloc(100))).toThrow(
    expect.toSatisfy((thrown: unknown) => isTorError(thrown, 'limit')),
  )
})

describe('the replies of a request', () => {
  const request = (input: string) => {
    const { last } = runParser(new SocksParser(LIMIT), hex(input))
    if (last.kind !== 'request') throw new Error('no request')
    return last.request.replies
  }
  const socks5 = request('05 01 00  05 01 00 01 c0000207 0050')
  const socks4 = request('04 01 0050 c0000207 00')
  const v4 = { address: '192.0.2.7', family: 'ipv4', ttlSeconds: 1 } as const
  const v6 = { address: '2001:db8::1', family: 'ipv6', ttlSeconds: 1 } as const

  test.each([
    ['SOCKS5 connected', socks5.connected(), '05 00 00 01 00000000 0000'],
    ['SOCKS5 resolved to IPv4', socks5.resolved([v4, v6]), '05 00 00 01 c0000207 0000'],
    ['SOCKS5 resolved to IPv6', socks5.resolved([v6]), '05 00 00 04 20010db8000000000000000000000001 0000'],
    ['SOCKS5 failed', socks5.failed('connection-refused'), '05 05 00 01 00000000 0000'],
    ['SOCKS4 connected', socks4.connected(), '00 5a 0000 00000000'],
    ['SOCKS4 resolved takes the IPv4 address', socks4.resolved([v6, v4]), '00 5a 0000 c0000207'],
    ['SOCKS4 failed', socks4.failed('resolve-failed'), '00 5b 0000 00000000'],
  ])('%s', (_what, bytes, expected) => {
    expect(bytes?.toString('hex')).toBe(expected.replaceAll(' ', ''))
  })

  test('SOCKS4 cannot carry an IPv6 answer', () => {
    expect(socks4.resolved([v6])).toBeUndefined()
  })
})
