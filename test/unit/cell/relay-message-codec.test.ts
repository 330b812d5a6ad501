import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RELAY_DATA_MAX_BYTES, RelayCommand } from '../../../core/cell/commands.ts'
import { BeginFlag, type RelayMessage } from '../../../core/cell/relay-message.ts'
import { decodeRelayMessage, encodeRelayMessage } from '../../../core/cell/relay-message-codec.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { isTorError } from '../../../core/util/errors.ts'
import vectors from '../../vectors/cells.json' with { type: 'json' }
import live from '../../vectors/xon_xoff_live_tor_0_4_9_11.json' with { type: 'json' }

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** The nth captured body of a command, as hex. */
function captured(command: number, nth = 0): string {
  const found = vectors.relay_messages.filter((message) => message.cmd === command)[nth]
  if (found === undefined) throw new Error(`no captured message ${command}`)
  return found.body
}

interface Row {
  readonly name: string
  readonly command: number
  readonly body: string
  readonly message: RelayMessage
}

const NO_ADDRESS = { address: undefined, ttlSeconds: undefined }
const EXTEND2 = captured(14)
const NONCE = 'ab'.repeat(32)

const STREAM_ROWS: readonly Row[] = [
  {
    name: 'BEGIN of an IPv4 address',
    command: 1,
    body: captured(1, 0),
    message: { kind: 'begin', host: '127.0.0.1', port: 7003, flags: 0 },
  },
  {
    name: 'BEGIN of a name with flags',
    command: 1,
    body: captured(1, 1),
    message: {
      kind: 'begin',
      host: 'www.xkcd.com',
      port: 443,
      flags: BeginFlag.IPV6_OK | BeginFlag.IPV4_NOT_OK,
    },
  },
  {
    name: 'BEGIN of an IPv6 address',
    command: 1,
    body: captured(1, 2),
    message: { kind: 'begin', host: '2001:db8::1', port: 22, flags: 0 },
  },
  {
    name: 'BEGIN to an onion service',
    command: 1,
    body: '3a383000',
    message: { kind: 'begin', host: '', port: 80, flags: 0 },
  },
  { name: 'BEGIN_DIR', command: 13, body: '', message: { kind: 'begin-dir' } },
  { name: 'DATA', command: 2, body: '0102', message: { kind: 'data', data: Buffer.of(1, 2) } },
  { name: 'empty CONNECTED', command: 4, body: '', message: { kind: 'connected', ...NO_ADDRESS } },
  {
    name: 'CONNECTED to IPv4',
    command: 4,
    body: captured(4, 1),
    message: { kind: 'connected', address: '127.0.0.1', ttlSeconds: 3600 },
  },
  {
    name: 'CONNECTED to IPv6',
    command: 4,
    body: captured(4, 2),
    message: { kind: 'connected', address: '2001:db8::1122', ttlSeconds: 3600 },
  },
  {
    name: 'CONNECTED to 0.0.0.0',
    command: 4,
    body: '0000000000000e10',
    message: { kind: 'connected', address: '0.0.0.0', ttlSeconds: 3600 },
  },
  { name: 'END', command: 3, body: captured(3, 0), message: { kind: 'end', reason: 1, ...NO_ADDRESS } },
  { name: 'END with reason 0', command: 3, body: '00', message: { kind: 'end', reason: 0, ...NO_ADDRESS } },
  {
    name: 'END by policy with IPv4',
    command: 3,
    body: captured(3, 2),
    message: { kind: 'end', reason: 4, address: '127.0.0.7', ttlSeconds: 256 },
  },
  {
    name: 'END by policy with IPv6',
    command: 3,
    body: captured(3, 3),
    message: { kind: 'end', reason: 4, address: '2001:db8::f00b', ttlSeconds: 512 },
  },
  {
    name: 'END by policy without TTL',
    command: 3,
    body: captured(3, 5),
    message: { kind: 'end', reason: 4, address: '127.0.0.7', ttlSeconds: undefined },
  },
  {
    name: 'RESOLVE',
    command: 11,
    body: captured(11, 0),
    message: { kind: 'resolve', name: 'www.torproject.org' },
  },
  {
    name: 'RESOLVE of an address',
    command: 11,
    body: captured(11, 1),
    message: { kind: 'resolve', name: '1.0.0.127.in-addr.arpa' },
  },
  { name: 'RESOLVED without answers', command: 12, body: '', message: { kind: 'resolved', answers: [] } },
  {
    name: 'RESOLVED, try again',
    command: 12,
    body: captured(12, 1),
    message: { kind: 'resolved', answers: [{ kind: 'transient-error', ttlSeconds: 3600 }] },
  },
  {
    name: 'RESOLVED, no such name',
    command: 12,
    body: captured(12, 2),
    message: { kind: 'resolved', answers: [{ kind: 'fatal-error', ttlSeconds: 3600 }] },
  },
  {
    name: 'RESOLVED with two addresses',
    command: 12,
    body: captured(12, 3),
    message: {
      kind: 'resolved',
      answers: [
        { kind: 'address', address: '127.0.0.1', ttlSeconds: 3600 },
        { kind: 'address', address: '127.0.0.2', ttlSeconds: 7200 },
      ],
    },
  },
  {
    name: 'RESOLVED with IPv6',
    command: 12,
    body: captured(12, 4),
    message: { kind: 'resolved', answers: [{ kind: 'address', address: '1234::5678', ttlSeconds: 128 }] },
  },
  {
    name: 'RESOLVED with a name',
    command: 12,
    body: captured(12, 5),
    message: { kind: 'resolved', answers: [{ kind: 'name', name: 'www.torproject.org', ttlSeconds: 600 }] },
  },
  {
    name: 'RESOLVED with an unknown answer',
    command: 12,
    body: captured(12, 6),
    message: {
      kind: 'resolved',
      answers: [{ kind: 'unknown', type: 99, value: Buffer.from('www.torproject.org'), ttlSeconds: 600 }],
    },
  },
  // As C tor's exits say them.
  {
    name: 'XON',
    command: 44,
    body: live.run_fast_reader_advisory_xons[0]?.body ?? '',
    message: { kind: 'xon', kilobytesPerSecond: 1312 },
  },
  { name: 'XOFF', command: 43, body: live.run_slow_reader[0]?.body ?? '', message: { kind: 'xoff' } },
]

const CIRCUIT_ROWS: readonly Row[] = [
  { name: 'DROP', command: 10, body: '', message: { kind: 'drop' } },
  {
    name: 'EXTEND2',
    command: 14,
    body: EXTEND2,
    message: {
      kind: 'extend2',
      specifiers: [
        { kind: 'ipv4', host: '127.0.0.1', port: 5000 },
        { kind: 'rsa', id: parseRsaIdentity(EXTEND2.slice(22, 62)) },
      ],
      handshakeType: 2,
      request: hex(EXTEND2.slice(70)),
    },
  },
  {
    name: 'EXTENDED2',
    command: 15,
    body: captured(15),
    message: { kind: 'extended2', reply: hex(captured(15).slice(4)) },
  },
  { name: 'TRUNCATE', command: 8, body: '', message: { kind: 'truncate' } },
  { name: 'TRUNCATED', command: 9, body: '08', message: { kind: 'truncated', reason: 8 } },
  { name: 'SENDME without tag', command: 5, body: '', message: { kind: 'sendme', tag: undefined } },
  {
    name: 'SENDME with tag',
    command: 5,
    body: captured(5, 1),
    message: { kind: 'sendme', tag: hex(captured(5, 1).slice(6)) },
  },
  {
    name: 'conflux LINK',
    command: 19,
    body: `01${NONCE}0000000000000000000000000000000003`,
    message: {
      kind: 'conflux-link',
      nonce: hex(NONCE),
      lastSentSequence: 0n,
      lastReceivedSequence: 0n,
      desiredUx: 3,
    },
  },
  {
    name: 'conflux LINKED',
    command: 20,
    body: `01${NONCE}00000000000001000000000000000002ff`,
    message: {
      kind: 'conflux-linked',
      nonce: hex(NONCE),
      lastSentSequence: 256n,
      lastReceivedSequence: 2n,
      desiredUx: 255,
    },
  },
  { name: 'conflux LINKED_ACK', command: 21, body: '', message: { kind: 'conflux-linked-ack' } },
  {
    name: 'conflux SWITCH',
    command: 22,
    body: '0000007d',
    message: { kind: 'conflux-switch', relativeSequence: 125 },
  },
  {
    name: 'circuit PADDING_NEGOTIATE',
    command: 41,
    body: captured(41),
    message: { kind: 'padding-negotiate', action: 'start', machine: 0, machineCounter: 1 },
  },
  {
    name: 'circuit PADDING_NEGOTIATED STOP',
    command: 42,
    body: captured(42, 0),
    message: { kind: 'padding-negotiated', action: 'stop', isAccepted: true, machine: 0, machineCounter: 1 },
  },
  {
    name: 'circuit PADDING_NEGOTIATED START, refused',
    command: 42,
    body: '0002020500000001',
    message: {
      kind: 'padding-negotiated',
      action: 'start',
      isAccepted: false,
      machine: 5,
      machineCounter: 1,
    },
  },
  {
    name: 'a message of onion services',
    command: 37,
    body: captured(37),
    message: { kind: 'other', command: RelayCommand.RENDEZVOUS2, body: hex(captured(37)) },
  },
]

const decode = (command: number, body: string): RelayMessage => decodeRelayMessage(command, hex(body))

describe('relay messages', () => {
  it.each([...STREAM_ROWS, ...CIRCUIT_ROWS])('$name reads and writes the same bytes', (row) => {
    expect(decode(row.command, row.body)).toEqual(row.message)
    const written = encodeRelayMessage(row.message)
    expect([written.command, written.body.toString('hex')]).toEqual([row.command, row.body])
  })

  it('every captured message reads, or is refused where it should be', () => {
    for (const vector of vectors.relay_messages) {
      if (vector.cmd === null || vector.cmd >= 32) continue
      const attempt = (): RelayMessage => decode(vector.cmd, vector.body)
      // The vector shows how an END without a reason may be read; since TROVE-2026-011 it is refused.
      const isEmptyEnd = vector.cmd === 3 && vector.body === ''
      if ('error' in vector || isEmptyEnd)
        expect(attempt, vector.error).toThrow(expect.objectContaining({ kind: 'malformed' }))
      else expect(attempt().kind).not.toBe('other')
    }
  })

  it('TROVE-2026-011: an END without a reason is malformed, and an empty TRUNCATED gives no reason', () => {
    expect(() => decode(3, '')).toThrow(expect.objectContaining({ kind: 'malformed' }))
    expect(decode(9, '')).toEqual({ kind: 'truncated', reason: 0 })
  })

  it('an END whose address has the wrong length is taken without it', () => {
    expect(decode(3, '047f0000')).toEqual({ kind: 'end', reason: 4, ...NO_ADDRESS })
    expect(decode(3, '067f000001')).toEqual({ kind: 'end', reason: 6, ...NO_ADDRESS })
  })

  it('what follows the number of a SWITCH is ignored', () => {
    expect(decode(22, `0000007d${'00'.repeat(494)}`)).toEqual({
      kind: 'conflux-switch',
      relativeSequence: 125,
    })
  })

  it('a name with odd bytes in RESOLVED costs the answer and not the circuit', () => {
    expect(decode(12, '000261000000003c')).toEqual({
      kind: 'resolved',
      answers: [{ kind: 'unknown', type: 0, value: hex('6100'), ttlSeconds: 60 }],
    })
  })

  it.each([
    ['BEGIN with port 0', 1, Buffer.from('a:0\0').toString('hex')],
    ['BEGIN with port 65536', 1, Buffer.from('a:65536\0').toString('hex')],
    ['BEGIN without NUL', 1, Buffer.from('a:80').toString('hex')],
    ['CONNECTED of five bytes', 4, '7f00000100'],
    ['SENDME of an unknown version', 5, '020000'],
    ['SENDME whose tag ends early', 5, '010014f0'],
    ['EXTENDED2 that ends early', 15, '004000'],
    ['XON that ends early', 44, '000000'],
    ['XON of an unknown version', 44, '0100000000'],
    ['empty XOFF', 43, ''],
    ['conflux LINK of an unknown version', 19, '02'.padEnd(100, '0')],
    ['RESOLVE without NUL', 11, '61'],
    ['RESOLVED that ends early', 12, '04047f000001'],
    ['PADDING_NEGOTIATED with an unknown response', 42, '0002030500000001'],
  ])('%s is refused', (_name, command, body) => {
    expect(() => decode(command, body)).toThrow(expect.objectContaining({ kind: 'malformed' }))
  })

  it.each(['a:b', 'caf\u00e9', 'a\0b', 'a b', 'a'.repeat(256), 'fe80::1%eth0'])(
    'BEGIN cannot ask for host %j',
    (host) => {
      const begin: RelayMessage = { kind: 'begin', host, port: 80, flags: 0 }
      expect(() => encodeRelayMessage(begin)).toThrow(expect.objectContaining({ kind: 'bad-target' }))
    },
  )

  it.each([0, 65_536, 1.5, -1, Number.NaN])('BEGIN cannot ask for port %d', (port) => {
    const begin: RelayMessage = { kind: 'begin', host: 'a', port, flags: 0 }
    expect(() => encodeRelayMessage(begin)).toThrow(expect.objectContaining({ kind: 'bad-target' }))
  })

  it('TROVE-2026-007: the longest BEGIN and RESOLVE that can be asked for fit into a cell, and no longer ones can', () => {
    const longest = 'a'.repeat(255)
    const begin: RelayMessage = { kind: 'begin', host: longest, port: 65_535, flags: 7 }
    expect(encodeRelayMessage(begin).body.length).toBe(255 + 1 + 5 + 1 + 4)
    const address = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'
    expect(encodeRelayMessage({ ...begin, host: address }).body.length).toBeLessThan(RELAY_DATA_MAX_BYTES)
    expect(encodeRelayMessage({ kind: 'resolve', name: longest }).body.length).toBe(256)
    for (const name of ['', `${longest}a`, 'a'.repeat(70_000)]) {
      expect(() => encodeRelayMessage({ kind: 'resolve', name })).toThrow(
        expect.objectContaining({ kind: 'bad-target' }),
      )
    }
  })

  it('TROVE-2026-004: an answer that is cut short anywhere is refused, never read past its end', () => {
    const whole = [
      [4, 'c00002010000003c'],
      [4, `00000000${'06'}${'20010db8'.padEnd(32, '0')}0000003c`],
      [12, '0404c00002010000003c'],
      [12, `0610${'20010db8'.padEnd(32, '0')}0000003c`],
      [12, '0003612e620000003c'],
    ] as const
    for (const [command, body] of whole) {
      expect(() => decode(command, body)).not.toThrow()
      for (let bytes = 1; bytes < body.length / 2; bytes++) {
        // The first half of the IPv6 form is 0.0.0.0 with a TTL, which the stream refuses.
        if (bytes === 8 && body.startsWith('00000000')) continue
        expect(() => decode(command, body.slice(0, bytes * 2)), body).toThrow(
          expect.objectContaining({ kind: 'malformed' }),
        )
      }
    }
  })

  it('the capitals of an application do not reach the exit', () => {
    const begin = encodeRelayMessage({ kind: 'begin', host: 'ExAmple.COM', port: 80, flags: 0 })
    expect(begin.body.toString('latin1')).toBe('example.com:80\0')
  })

  it('a message keeps no memory of the cell', () => {
    const body = hex('0102')
    const message = decodeRelayMessage(RelayCommand.DATA, body)
    body.fill(0xff)
    expect(message).toEqual({ kind: 'data', data: Buffer.of(1, 2) })
  })

  it('arbitrary bytes give a message that survives writing and reading, or the typed error', () => {
    const commands = fc.oneof(
      fc.constantFrom(...Object.values(RelayCommand)),
      fc.integer({ min: 0, max: 255 }),
    )
    fc.assert(
      fc.property(commands, fc.uint8Array({ maxLength: RELAY_DATA_MAX_BYTES }), (command, body) => {
        let message: RelayMessage
        try {
          message = decodeRelayMessage(command, body)
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
          return
        }
        if (message.kind === 'begin' || message.kind === 'resolve') return
        const written = encodeRelayMessage(message)
        expect(decodeRelayMessage(written.command, written.body)).toEqual(message)
      }),
      { numRuns: 1000 },
    )
  })
})
