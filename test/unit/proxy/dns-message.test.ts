import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DnsAnswer,
  type DnsQuery,
  DnsReplyCode,
  encodeDnsReply,
  parseDnsQuery,
} from '../../../core/proxy/dns-message.ts'
import { lookUp, replyCodeFor, subjectOf } from '../../../core/proxy/dns-lookup.ts'
import { TorError } from '../../../core/util/errors.ts'
import { FakeOpener } from './fake-opener.ts'

const RECURSION_DESIRED = 0x100

function ask(changes: Partial<Packet> = {}): Buffer {
  return encode({
    type: 'query',
    id: 4_711,
    flags: RECURSION_DESIRED,
    questions: [{ type: 'A', name: 'Example.com', class: 'IN' }],
    ...changes,
  })
}

function parse(packet: Buffer): DnsQuery {
  const query = parseDnsQuery(packet)
  if (query === undefined) throw new Error('the packet was dropped')
  return query
}

function reply(
  packet: Buffer,
  code = 0,
  answers: readonly DnsAnswer[] = [],
): DecodedPacket & { rcode?: string } {
  return decode(encodeDnsReply(parse(packet), code as 0, answers))
}

const opt = (udpPayloadSize: number, ednsVersion = 0): Packet['additionals'] => [
  {
    type: 'OPT',
    name: '.',
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion,
    flags: 0,
    flag_do: false,
    options: [],
  },
]

const address = (last: number): DnsAnswer => ({ kind: 'address', address: `192.0.2.${last}`, ttlSeconds: 60 })

describe('a DNS question', () => {
  it('is read with its name as it was spelled', () => {
    const query = parse(ask())
    expect([query.id, query.name, query.type, query.fault]).toEqual([4_711, 'Example.com', 1, undefined])
    expect([query.hasEdns, query.maxReplyBytes]).toEqual([false, 512])
  })

  it('says by EDNS how long the answer may be, within our own bound', () => {
    for (const [said, taken] of [
      [511, 512],
      [900, 900],
      [1_232, 1_232],
      [65_535, 1_232],
    ] as const) {
      expect(parse(ask({ additionals: opt(said) })).maxReplyBytes).toBe(taken)
    }
  })

  for (const [what, packet, fault] of [
    ['another type', ask({ questions: [{ type: 'MX', name: 'a.example' }] }), DnsReplyCode.NOTIMP],
    [
      'another class',
      ask({ questions: [{ type: 'A', name: 'a.example', class: 'CH' }] }),
      DnsReplyCode.NOTIMP,
    ],
    ['another operation', ask({ flags: 5 << 11 }), DnsReplyCode.NOTIMP],
    ['a later version of EDNS', ask({ additionals: opt(1_232, 1) }), DnsReplyCode.BADVERS],
    ['EDNS twice', ask({ additionals: [...(opt(512) ?? []), ...(opt(512) ?? [])] }), DnsReplyCode.FORMERR],
    ['answers in it', ask({ answers: [{ type: 'A', name: 'a', data: '192.0.2.1' }] }), DnsReplyCode.FORMERR],
    [
      'several questions',
      ask({
        questions: [
          { type: 'A', name: 'a.example' },
          { type: 'AAAA', name: 'a.example' },
        ],
      }),
      DnsReplyCode.FORMERR,
    ],
    [
      'a cut record behind it',
      Buffer.concat([countAdditional(ask()), Buffer.of(0, 0, 41)]),
      DnsReplyCode.FORMERR,
    ],
  ] as const) {
    it(`with ${what} gets reply code ${fault}`, () => {
      expect(parse(packet).fault).toBe(fault)
      expect(encodeDnsReply(parse(packet), fault).readUInt16BE(2) & 0xf).toBe(fault & 0xf)
    })
  }

  for (const [what, packet] of [
    ['nothing', Buffer.alloc(0)],
    ['half a header', ask().subarray(0, 11)],
    ['a header alone', ask().subarray(0, 12)],
    ['no question', ask({ questions: [] })],
    ['a name cut short', ask().subarray(0, 20)],
    ['a question without class', ask().subarray(0, -2)],
    ['an answer', ask({ type: 'response' })],
    ['a pointer in the question', Buffer.concat([ask().subarray(0, 12), Buffer.of(0xc0, 12, 0, 1, 0, 1)])],
    ['a pointer to itself', Buffer.concat([ask().subarray(0, 12), Buffer.of(1, 97, 0xc0, 14, 0, 1, 0, 1)])],
    ['far too much', Buffer.concat([ask(), Buffer.alloc(4_096)])],
    ['a name of 256 bytes', longName()],
  ] as const) {
    it(`is not ${what}: dropped`, () => {
      expect(parseDnsQuery(packet)).toBeUndefined()
    })
  }

  it('is no reason to fail, whatever bytes came', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const query = parseDnsQuery(Buffer.from(bytes))
        if (query === undefined) return
        subjectOf(query)
        expect(encodeDnsReply(query, query.fault ?? 0, [address(1)]).length).toBeLessThanOrEqual(1_232)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is no reason to fail, however a good one was damaged', () => {
    const good = ask({ additionals: opt(1_232) })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, length) => {
        const packet = Buffer.from(good)
        packet[at] = value
        const query = parseDnsQuery(packet.subarray(0, length))
        if (query === undefined) return
        subjectOf(query)
        encodeDnsReply(query, query.fault ?? 0, [address(1)])
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a DNS reply', () => {
  it('repeats the question byte for byte, with its capitals', () => {
    const packet = ask({ questions: [{ type: 'A', name: 'eXaMpLe.CoM' }] })
    const bytes = encodeDnsReply(parse(packet), 0, [address(1)])
    expect(bytes.subarray(12, packet.length)).toEqual(packet.subarray(12))
    const { id, flag_qr, flag_rd, flag_ra, flag_aa, flag_tc, answers } = decode(bytes)
    expect([id, flag_qr, flag_rd, flag_ra, flag_aa, flag_tc]).toEqual([4_711, true, true, true, false, false])
    expect(answers).toMatchObject([
      { type: 'A', name: 'eXaMpLe.CoM', ttl: 60, data: '192.0.2.1', class: 'IN' },
    ])
  })

  it('carries IPv6 addresses and names', () => {
    const { answers } = reply(ask(), 0, [
      { kind: 'address', address: '2001:db8::1', ttlSeconds: 300 },
      { kind: 'name', name: 'host.example', ttlSeconds: 60 },
    ])
    expect(answers).toMatchObject([
      { type: 'AAAA', data: '2001:db8::1', ttl: 300 },
      { type: 'PTR', data: 'host.example' },
    ])
  })

  it('leaves out what does not fit, and says that it is cut', () => {
    const many = Array.from({ length: 60 }, (_, index) => address(index + 1))
    const plain = encodeDnsReply(parse(ask()), 0, many)
    expect(plain.length).toBeLessThanOrEqual(512)
    expect(decode(plain).flag_tc).toBe(true)
    expect(decode(plain).answers?.length).toBe(30)
    const wide = decode(encodeDnsReply(parse(ask({ additionals: opt(1_232) })), 0, many))
    expect([wide.flag_tc, wide.answers?.length]).toEqual([false, 60])
  })

  it('answers EDNS with EDNS, and its long codes', () => {
    expect(reply(ask({ additionals: opt(4_096) })).additionals).toMatchObject([
      { type: 'OPT', udpPayloadSize: 1_232, extendedRcode: 0 },
    ])
    const refusal = reply(ask({ additionals: opt(4_096, 1) }), DnsReplyCode.BADVERS)
    expect(refusal.additionals).toMatchObject([{ extendedRcode: 1, ednsVersion: 0 }])
    expect(reply(ask()).additionals).toEqual([])
  })

  it('is never made of a name that the DNS cannot carry', () => {
    const build = (name: string) => (): Buffer =>
      encodeDnsReply(parse(ask()), 0, [{ kind: 'name', name, ttlSeconds: 60 }])
    expect(build('a'.repeat(64))).toThrow(expect.objectContaining({ kind: 'malformed' }))
    expect(build('a..b')).toThrow(expect.objectContaining({ kind: 'malformed' }))
  })
})

describe('what a question is about', () => {
  const subject = (type: 'A' | 'AAAA' | 'PTR', name: string): unknown =>
    subjectOf(parse(ask({ questions: [{ type, name }] })))

  it('is a host in lower case, or the address in a reverse name', () => {
    expect(subject('A', 'WWW.Example.com')).toEqual({ kind: 'name', host: 'www.example.com' })
    expect(subject('PTR', '1.2.0.192.IN-ADDR.ARPA')).toEqual({ kind: 'address', host: '192.0.2.1' })
  })

  for (const [type, name] of [
    ['A', '.'],
    ['A', '192.0.2.1'],
    ['A', 'colon:80'],
    ['A', 'a b.example'],
    ['A', 'ünïcode.example'],
    ['PTR', 'example.com'],
    ['PTR', 'b._dns-sd._udp.0.0.168.192.in-addr.arpa'],
  ] as const) {
    it(`is nothing for ${type} ${name}`, () => {
      expect(subject(type, name)).toBeUndefined()
    })
  }
})

describe('looking up for a question', () => {
  const ofType = (type: number): DnsQuery => ({ ...parse(ask()), type })

  it('gives the addresses of the family that was asked for, or both for ANY', async () => {
    const opener = new FakeOpener()
    opener.addresses = [
      { address: '192.0.2.7', family: 'ipv4', ttlSeconds: 60 },
      { address: '2001:db8::7', family: 'ipv6', ttlSeconds: 60 },
    ]
    const found = async (type: number): Promise<unknown[]> => {
      const answers = await lookUp(opener, ofType(type), { kind: 'name', host: 'a.example' }, {})
      return answers.map((answer) => (answer.kind === 'address' ? answer.address : answer.name))
    }
    expect(await found(1)).toEqual(['192.0.2.7'])
    expect(await found(28)).toEqual(['2001:db8::7'])
    expect(await found(255)).toEqual(['192.0.2.7', '2001:db8::7'])
    opener.addresses = opener.addresses.slice(0, 1)
    expect(await found(28)).toEqual([])
  })

  it('says that there is no such name only when that is sure', () => {
    expect(replyCodeFor(new TorError('resolve-failed', 'no', { retry: 'never' }))).toBe(DnsReplyCode.NXDOMAIN)
    expect(replyCodeFor(new TorError('bad-target', 'onion'))).toBe(DnsReplyCode.NXDOMAIN)
    for (const kind of ['resolve-failed', 'timeout', 'no-path', 'limit', 'internal'] as const) {
      expect(replyCodeFor(new TorError(kind, 'not now', { retry: 'elsewhere' }))).toBe(DnsReplyCode.SERVFAIL)
    }
  })
})

function countAdditional(packet: Buffer): Buffer {
  packet.writeUInt16BE(1, 10)
  return packet
}

function longName(): Buffer {
  const labels = Array.from({ length: 4 }, () => Buffer.concat([Buffer.of(63), Buffer.alloc(63, 97)]))
  return Buffer.concat([ask().subarray(0, 12), ...labels, Buffer.of(0, 0, 1, 0, 1)])
}
