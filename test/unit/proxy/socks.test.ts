import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type SocksDetectOptions, SocksParser } from '../../../core/proxy/socks-detect.ts'
import { isTorError, TorError } from '../../../core/util/errors.ts'
import { hex, runParser } from './support.ts'

const OPTIONS: SocksDetectOptions = { extendedErrors: false, prefersNoAuth: false, httpEndpoint: undefined }
const socksParser = (limit?: number, changes: Partial<SocksDetectOptions> = {}) =>
  new SocksParser({ ...OPTIONS, ...changes }, limit)
const NAME = Buffer.from('example.com').toString('hex')
const ascii = (text: string): string => Buffer.from(text).toString('hex')
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
    what: 'SOCKS5 RESOLVE_PTR',
    input: '05 01 00  05 f1 00 01 c0000207 0000',
    replies: ['0500'],
    ...{ command: 'resolve-address', host: '192.0.2.7', port: 0, credentials: { kind: 'none' } },
  },
  {
    what: 'SOCKS5 RESOLVE_PTR with the address as text',
    input: `05 01 00  05 f1 00 03 09 ${Buffer.from('192.0.2.7').toString('hex')} 0000`,
    replies: ['0500'],
    ...{ command: 'resolve-address', host: '192.0.2.7', port: 0, credentials: { kind: 'none' } },
  },
  {
    what: 'SOCKS5 with a user and password that nobody asked for',
    input: `05 01 00  01 01 61 02 6263  05 01 00 03 0b ${NAME} 0050`,
    replies: ['0500', '0100'],
    ...{
      command: 'connect',
      host: 'example.com',
      port: 80,
      credentials: { kind: 'socks5', username: 'a', password: 'bc' },
    },
  },
  {
    what: 'the extended user name of format 0, whose password isolates (proposal 351)',
    input: `05 01 02  01 09 ${ascii('<torS0X>0')} 02 6263  05 01 00 03 0b ${NAME} 0050`,
    replies: ['0502', '0100'],
    ...{
      command: 'connect',
      host: 'example.com',
      port: 80,
      credentials: { kind: 'socks5-extended', isolation: 'bc' },
    },
  },
  {
    what: 'a user name that only resembles an extended one',
    input: `05 01 02  01 09 ${ascii('<tors0x>1')} 00  05 01 00 03 0b ${NAME} 0050`,
    replies: ['0502', '0100'],
    ...{
      command: 'connect',
      host: 'example.com',
      port: 80,
      credentials: { kind: 'socks5', username: '<tors0x>1', password: '' },
    },
  },
  {
    what: 'the user name __proto__ as a name like any other',
    input: `05 01 02  01 09 ${ascii('__proto__')} 00  05 01 00 03 0b ${NAME} 0050`,
    replies: ['0502', '0100'],
    ...{
      command: 'connect',
      host: 'example.com',
      port: 80,
      credentials: { kind: 'socks5', username: '__proto__', password: '' },
    },
  },
  {
    what: 'SOCKS4 with an extended user name, which is a user id like any other there',
    input: `04 01 0050 c0000207 ${ascii('<torS0X>1x')}00`,
    replies: [],
    ...{
      command: 'connect',
      host: '192.0.2.7',
      port: 80,
      credentials: { kind: 'socks4', userId: '<torS0X>1x' },
    },
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
    const result = runParser(socksParser(), hex(input))
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
          const result = runParser(socksParser(), hex(input), sizes)
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
        expect(runParser(socksParser(), bytes.subarray(0, length)).last.kind).toBe('need-more')
      }
    }
  })
})

const GENERAL = '05 01 00 01 00000000 0000'
const REFUSED: readonly { what: string; input: string; replies?: readonly string[]; answer: string }[] = [
  { what: 'SOCKS5 methods without one of ours', input: '05 02 01 03', answer: '05ff' },
  { what: 'SOCKS5 without any method', input: '05 00', answer: '' },
  {
    what: 'an unknown version of user and password',
    input: '05 01 02 05',
    replies: ['0502'],
    answer: GENERAL,
  },
  ...['<torS0X>', '<torS0X>0x', '<torS0X>1', '<torS0X>1object', '<torS0X>2'].map((name) => ({
    what: `the extended user name ${name} (proposal 351)`,
    input: `05 01 02 01 ${name.length.toString(16).padStart(2, '0')} ${ascii(name)} 00`,
    replies: ['0502'],
    answer: GENERAL,
  })),
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
    what: 'RESOLVE_PTR of a name',
    input: '05 01 00 05 f1 00 03 01 61 0000',
    replies: ['0500'],
    answer: '05 08 00 01 00000000 0000',
  },
  {
    what: 'the old command of directory connections',
    input: '05 01 00 05 f2 00 01 c0000207 0050',
    replies: ['0500'],
    answer: GENERAL,
  },
  {
    what: 'an unknown address type',
    input: '05 01 00 05 01 00 02 c0000207 0050',
    replies: ['0500'],
    answer: GENERAL,
  },
  { what: 'SOCKS4 CONNECT to port 0', input: '04 01 0000 c0000207 00', answer: '00 5b 0000 00000000' },
  { what: 'SOCKS4 CONNECT to address 0', input: '04 01 0050 00000000 00', answer: '00 5b 0000 00000000' },
  { what: 'SOCKS4 RESOLVE_PTR', input: '04 f1 0000 c0000207 00', answer: '00 5b 0000 00000000' },
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
    const result = runParser(socksParser(), hex(input))
    expect(result.replies).toEqual(replies)
    expect(result.last).toMatchObject({ kind: 'refused', bytes: hex(answer) })
  })

  test.each([
    ['an HTTP proxy', 'GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\n\r\n'],
    ['a web site of this machine', 'GET / HTTP/1.1\r\nHost: localhost:9050\r\n\r\n'],
    ['a web site of this machine, by address', 'POST / HTTP/1.1\r\nHost: 127.0.0.1:9050\r\n\r\n'],
  ])('an application that takes it for %s gets a page that says what this is', (_what, head) => {
    const { last } = runParser(socksParser(undefined, { httpEndpoint: '127.0.0.1:8118' }), Buffer.from(head))
    const page = last.kind === 'refused' ? last.bytes.toString() : ''
    expect(page).toMatch(/^HTTP\/1\.1 501 This is a SOCKS proxy\r\n/)
    expect(page).toContain('For HTTP, use 127.0.0.1:8118 instead.')
    expect(page).not.toContain('example.com')
  })

  test.each([
    ['was rebound to us', 'GET / HTTP/1.1\r\nHost: evil.example:9050\r\n\r\n'],
    ['names no host', 'GET / HTTP/1.0\r\n\r\n'],
    ['names two', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n'],
    [
      'looks whether Tor is here',
      'GET / HTTP/1.1\r\nHost: localhost:9050\r\nSec-Fetch-Site: cross-site\r\n\r\n',
    ],
    ['posts SOCKS bytes', 'POST / HTTP/1.1\r\nHost: evil.example\r\n\r\n\x05\x01\x00'],
    ['has an endless head', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n`],
  ])('a page of a web site that %s learns nothing', (_what, text) => {
    const { last } = runParser(socksParser(), Buffer.from(text))
    expect(last).toMatchObject({ kind: 'refused', bytes: Buffer.alloc(0) })
  })

  test('TLS is refused with advice for the user', () => {
    const { last } = runParser(socksParser(), hex('16 03 01 02 00 01'))
    expect(last).toMatchObject({ kind: 'refused', bytes: Buffer.alloc(0) })
    expect(last.kind === 'refused' && last.advice).toMatch(/speaks TLS/)
  })

  test('PreferSOCKSNoAuth asks for no user name where both are offered', () => {
    const prefers = { prefersNoAuth: true }
    expect(runParser(socksParser(undefined, prefers), hex('05 02 00 02')).replies).toEqual(['0500'])
    expect(runParser(socksParser(undefined, prefers), hex('05 01 02')).replies).toEqual(['0502'])
  })
})

test('arbitrary bytes in arbitrary chunks never crash the SOCKS parser', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 5, 71, 0),
      fc.uint8Array({ maxLength: 600 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }),
      (first, tail, sizes) => {
        const { last } = runParser(socksParser(), Buffer.concat([Buffer.from([first]), tail]), sizes)
        expect(['need-more', 'request', 'refused']).toContain(last.kind)
      },
    ),
  )
})

test('a handshake that grows past its limit is the typed error', () => {
  const parser = socksParser(100)
  parser.push(Buffer.from([5]))
  expect(() => parser.push(Buffer.alloc(100))).toThrow(
    expect.toSatisfy((thrown: unknown) => isTorError(thrown, 'limit')),
  )
})

describe('the replies of a request', () => {
  const request = (input: string, changes: Partial<SocksDetectOptions> = {}) => {
    const { last } = runParser(socksParser(undefined, changes), hex(input))
    if (last.kind !== 'request') throw new Error('no request')
    return last.request.replies
  }
  const socks5 = request('05 01 00  05 01 00 01 c0000207 0050')
  const socks4 = request('04 01 0050 c0000207 00')
  const resolve = request(`05 01 00  05 f0 00 03 0b ${NAME} 0000`)
  const onion = `05 01 00  05 01 00 03 09 ${ascii('bad.onion')} 0050`
  const badTarget = new TorError('bad-target', '')
  const v4 = { address: '192.0.2.7', family: 'ipv4', ttlSeconds: 1 } as const
  const v6 = { address: '2001:db8::1', family: 'ipv6', ttlSeconds: 1 } as const

  test.each([
    ['SOCKS5 connected', socks5.connected(), '05 00 00 01 00000000 0000'],
    ['SOCKS5 resolved to IPv4', socks5.resolved([v4, v6]), '05 00 00 01 c0000207 0000'],
    ['SOCKS5 resolved to IPv6', socks5.resolved([v6]), '05 00 00 04 20010db8000000000000000000000001 0000'],
    ['SOCKS5 failed', socks5.failed(new TorError('connection-refused', '')), '05 05 00 01 00000000 0000'],
    ['SOCKS5 look-up failed', resolve.failed(new TorError('timeout', '')), '05 04 00 00 00000000 0000'],
    [
      'SOCKS5 names of an address',
      socks5.named([{ name: 'a.example', ttlSeconds: 1 }]),
      `05 00 00 03 09 ${ascii('a.example')} 0000`,
    ],
    [
      'SOCKS5 names of an address, of which the first that fits counts',
      socks5.named([
        { name: 'a'.repeat(256), ttlSeconds: 1 },
        { name: 'b', ttlSeconds: 1 },
      ]),
      '05 00 00 03 01 62 0000',
    ],
    ['SOCKS5 bad onion address', request(onion).failed(badTarget), '05 01 00 01 00000000 0000'],
    [
      'SOCKS5 bad onion address with ExtendedErrors',
      request(onion, { extendedErrors: true }).failed(badTarget),
      '05 f6 00 01 00000000 0000',
    ],
    ['SOCKS4 connected', socks4.connected(), '00 5a 0000 00000000'],
    ['SOCKS4 resolved takes the IPv4 address', socks4.resolved([v6, v4]), '00 5a 0000 c0000207'],
    ['SOCKS4 failed', socks4.failed(new TorError('resolve-failed', '')), '00 5b 0000 00000000'],
  ])('%s', (_what, bytes, expected) => {
    expect(bytes?.toString('hex')).toBe(expected.replaceAll(' ', ''))
  })

  test('SOCKS4 cannot carry an IPv6 answer', () => {
    expect(socks4.resolved([v6])).toBeUndefined()
  })
})
