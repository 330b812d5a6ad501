import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkAnswer,
  natTypeOf,
  withoutLocalCandidates,
} from '../../../../core/transport/snowflake/session-description.ts'

const HEAD = [
  'v=0',
  'o=- 1234 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 192.168.1.20',
  'a=ice-ufrag:abcd',
  'a=sctp-port:5000',
]
const PUBLIC = 'a=candidate:1 1 udp 2122260223 93.184.216.34 50001 typ host generation 0'
const REFLEXIVE =
  'a=candidate:2 1 udp 1686052607 93.184.216.34 50002 typ srflx raddr 192.168.1.20 rport 50002'
const LOCAL = [
  'a=candidate:3 1 udp 2122260223 192.168.1.20 50003 typ host',
  'a=candidate:4 1 udp 2122260223 10.0.0.4 50004 typ host',
  'a=candidate:5 1 UDP 2122260223 127.0.0.1 50005 typ host',
  'a=candidate:6 1 udp 2122260223 fe80::1 50006 typ host',
  'a=candidate:7 1 udp 2122260223 fd00::1 50007 typ host',
  'a=candidate:8 1 udp 2122260223 169.254.7.7 50008 typ host',
  'a=candidate:9 1 udp 2122260223 100.64.0.9 50009 typ host',
  'a=candidate:10 1 udp 2122260223 5f3b1c9e-6f6a-4b1e-8d0c-1f3a5b7c9d0e.local 50010 typ host',
  'a=candidate:11 1 udp 2122260223 ::ffff:192.168.1.20 50011 typ host',
  'a=candidate:12 1 udp 2122260223 fe80::1%eth0 50012 typ host',
  'a=candidate:13 1 udp 1686052607 192.168.7.1 50013 typ srflx raddr 0.0.0.0 rport 0',
  'A=CANDIDATE:14 1 udp 2122260223 192.168.1.20 50014 typ host',
  'a=candidate:15 1 udp 192.168.1.20',
]
/** No address of a private network by its looks, and yet sent to one, or to all of one. */
const LEADING_INTO_IT = [
  'a=candidate:16 1 udp 2122260223 239.255.255.250 1900 typ host',
  'a=candidate:17 1 udp 2122260223 255.255.255.255 50017 typ host',
  'a=candidate:18 1 udp 2122260223 ff02::1 50018 typ host',
  'a=candidate:19 1 udp 2122260223 ::192.168.1.20 50019 typ host',
  'a=candidate:20 1 udp 2122260223 64:ff9b::c0a8:101 50020 typ host',
  'a=candidate:21 1 udp 2122260223 2002:c0a8:101::1 50021 typ host',
]

function sdp(...candidates: readonly string[]): string {
  return `${[...HEAD, ...candidates].join('\r\n')}\r\n`
}

describe('an offer', () => {
  test("has no candidate of the user's own network, and no address of it anywhere", () => {
    const offer = withoutLocalCandidates(sdp(PUBLIC, ...LOCAL, REFLEXIVE))
    expect(offer.match(/^a=candidate.*$/gim)).toEqual([
      PUBLIC,
      REFLEXIVE.replace('raddr 192.168.1.20 rport 50002', 'raddr 0.0.0.0 rport 0'),
    ])
    expect(offer).not.toMatch(/192\.168|10\.0|\.local|fe80|fd00|169\.254|100\.64/)
    expect(offer).toContain('c=IN IP4 0.0.0.0\r\n')
    expect(offer).toContain('a=ice-ufrag:abcd\r\na=sctp-port:5000\r\n')
  })

  test('is cleaned however its lines end', () => {
    for (const end of ['\n', '\r']) {
      expect(withoutLocalCandidates(sdp(...LOCAL).replaceAll('\r\n', end))).not.toMatch(/192\.168|\.local/)
    }
  })

  test('whatever stands in it, no private address is left in a candidate', () => {
    const address = fc.constantFrom('192.168.0.1', '10.9.8.7', '8.8.8.8', 'x.local', '::1', '2606:4700::1111')
    const words = fc.array(
      fc.oneof(address, fc.constantFrom('typ', 'host', 'raddr', 'rport', 'udp', '1', '')),
      {
        maxLength: 12,
      },
    )
    fc.assert(
      fc.property(words, (parts) => {
        const cleaned = withoutLocalCandidates(sdp(`a=candidate:${parts.join(' ')}`))
        const [, , , , told] = /^a=candidate.*$/m.exec(cleaned)?.[0]?.split(' ') ?? []
        expect(['8.8.8.8', '2606:4700::1111', undefined]).toContain(told)
      }),
      { numRuns: 200 },
    )
  })
})

describe('what an offer says of our way to the Internet', () => {
  test('a public address of our own can be reached by all', () => {
    expect(natTypeOf(sdp(PUBLIC, REFLEXIVE))).toBe('unrestricted')
  })

  test('one address with two ports is another one to every peer', () => {
    expect(natTypeOf(sdp(REFLEXIVE, REFLEXIVE.replace('50002 typ', '50099 typ')))).toBe('restricted')
  })

  test.each([[[]], [LOCAL], [[REFLEXIVE]], [[PUBLIC.replace('udp', 'tcp')]]])(
    'everything else is unknown',
    (lines) => {
      expect(natTypeOf(sdp(...lines))).toBe('unknown')
    },
  )
})

describe("a proxy's answer", () => {
  test('cannot make us send into our own network, look a name up, or connect by TCP', () => {
    const tcp = 'a=candidate:30 1 tcp 1 93.184.216.34 80 typ host tcptype passive'
    const answer = checkAnswer(sdp(PUBLIC, ...LOCAL, ...LEADING_INTO_IT, tcp), false)
    expect(answer.match(/^a=candidate.*$/gim)).toEqual([PUBLIC])
  })

  test('on a network of our own may name it', () => {
    const answer = checkAnswer(sdp(...LOCAL), true)
    expect(answer).toContain('127.0.0.1')
    expect(answer).not.toContain('.local')
  })

  test('names no more than twenty candidates', () => {
    const many = Array.from({ length: 500 }, (_, at) => PUBLIC.replace('50001', String(20_000 + at)))
    expect(checkAnswer(sdp(...many), false).match(/^a=candidate/gm)).toHaveLength(20)
  })

  test.each([
    ['no candidate that may be used', sdp(...LOCAL), 'channel-failed'],
    ['no candidate at all', sdp(), 'channel-failed'],
    ['no data channel', sdp(PUBLIC).replace('m=application', 'm=audio'), 'malformed'],
    ['no description', 'hello', 'malformed'],
    ['a description without end', sdp(PUBLIC) + 'a=x\r\n'.repeat(20_000), 'malformed'],
  ])('%s is refused', (_, answer, kind) => {
    expect(() => checkAnswer(answer, false)).toThrow(expect.objectContaining({ kind }))
  })
})
