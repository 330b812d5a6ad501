import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ChannelMessage,
  decodeChannelMessage,
  encodeChannelCell,
  encodeChannelMessage,
} from '../../../core/cell/channel-message-codec.ts'
import { CELL_BODY_BYTES, CELL_BYTES, ChannelCommand } from '../../../core/cell/commands.ts'
import { isTorError } from '../../../core/util/errors.ts'
import vectors from '../../vectors/cells.json' with { type: 'json' }
import live from '../../vectors/link_handshake_tor_0_4_9_11.json' with { type: 'json' }

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** The nth captured body of a command, as hex. */
function captured(command: number, nth = 0): string {
  const found = vectors.channel_cells.filter((cell) => cell.cmd === command)[nth]
  if (found === undefined) throw new Error(`no captured cell ${command}`)
  return found.body
}

const netinfo = (
  timestamp: number,
  otherAddress: string | undefined,
  ...myAddresses: string[]
): ChannelMessage => ({
  kind: 'netinfo',
  timestamp,
  otherAddress,
  myAddresses,
})

const TABLE: readonly { name: string; command: number; body: string; message: ChannelMessage }[] = [
  { name: 'VERSIONS', command: 7, body: captured(7), message: { kind: 'versions', versions: [3, 4, 5] } },
  {
    name: 'AUTH_CHALLENGE',
    command: 130,
    body: captured(130),
    message: { kind: 'auth-challenge', challenge: hex(captured(130).slice(0, 64)), methods: [1, 3] },
  },
  { name: 'a client NETINFO', command: 8, body: captured(8, 0), message: netinfo(0, '127.0.0.1') },
  {
    name: 'a relay NETINFO',
    command: 8,
    body: captured(8, 1),
    message: netinfo(0x5f6f80e1, '127.0.0.1', '127.0.0.1'),
  },
  {
    name: 'NETINFO with IPv6',
    command: 8,
    body: captured(8, 2),
    message: netinfo(0x5f6f859c, '::1', '127.0.0.1', '::1'),
  },
  { name: 'NETINFO without an address', command: 8, body: captured(8, 4), message: netinfo(0, undefined) },
  {
    name: 'CREATE2',
    command: 10,
    body: captured(10),
    message: { kind: 'create2', handshakeType: 2, request: hex(captured(10).slice(8)) },
  },
  {
    name: 'CREATED2',
    command: 11,
    body: captured(11),
    message: { kind: 'created2', reply: hex(captured(11).slice(4)) },
  },
  {
    name: 'CREATE_FAST',
    command: 5,
    body: captured(5),
    message: { kind: 'create-fast', request: hex(captured(5)) },
  },
  {
    name: 'CREATED_FAST',
    command: 6,
    body: captured(6),
    message: { kind: 'created-fast', reply: hex(captured(6)) },
  },
  { name: 'DESTROY', command: 4, body: captured(4), message: { kind: 'destroy', reason: 4 } },
  { name: 'PADDING', command: 0, body: '', message: { kind: 'padding' } },
  { name: 'VPADDING', command: 128, body: captured(128), message: { kind: 'vpadding', lengthBytes: 10 } },
  {
    name: 'PADDING_NEGOTIATE START',
    command: 12,
    body: captured(12, 0),
    message: { kind: 'padding-negotiate', action: 'start', lowMs: 256, highMs: 512 },
  },
  {
    name: 'PADDING_NEGOTIATE STOP',
    command: 12,
    body: captured(12, 1),
    message: { kind: 'padding-negotiate', action: 'stop', lowMs: 0, highMs: 0 },
  },
  {
    name: 'a command that a client has no use for',
    command: 131,
    body: captured(131),
    message: { kind: 'other', command: 131, body: hex(captured(131)) },
  },
]

describe('channel messages', () => {
  it.each(TABLE)('$name reads and writes the same bytes', ({ command, body, message }) => {
    expect(decodeChannelMessage(command, hex(body))).toEqual(message)
    const written = encodeChannelMessage(message)
    expect([written.command, written.body.toString('hex')]).toEqual([command, body])
  })

  it.each([
    ['an older capture', captured(129)],
    ['a live relay', live.cells[1]?.body ?? ''],
  ])('the certificates of %s read and write the same bytes', (_name, text) => {
    const body = hex(text)
    const message = decodeChannelMessage(ChannelCommand.CERTS, body)
    if (message.kind !== 'certs') throw new Error(message.kind)
    expect(message.certs.map((cert) => cert.type)).toEqual([1, 2, 4, 5, 7])
    expect(encodeChannelMessage(message).body).toEqual(body)
  })

  it('the handshake of a live relay reads, with the zero padding of its cells', () => {
    const messages = live.cells.map((cell) => decodeChannelMessage(cell.cmd, hex(cell.body)))
    expect(messages.map((message) => message.kind)).toEqual([
      'versions',
      'certs',
      'auth-challenge',
      'netinfo',
    ])
    expect(messages[0]).toEqual({ kind: 'versions', versions: live.versions_from_relay })
    expect(messages[3]).toEqual(netinfo(0x6b0305f3, '127.0.0.1', '127.0.0.1'))
  })

  it('NETINFO addresses of unknown type or wrong length are skipped, not fatal', () => {
    expect(decodeChannelMessage(8, hex(captured(8, 3)))).toEqual(netinfo(0x5f6f859c, undefined, '::1'))
  })

  it('a certificate type that occurs twice is shown twice, for the handshake to refuse', () => {
    const message = decodeChannelMessage(ChannelCommand.CERTS, hex('02040001aa040001bb'))
    expect(message).toEqual({
      kind: 'certs',
      certs: [
        { type: 4, body: Buffer.of(0xaa) },
        { type: 4, body: Buffer.of(0xbb) },
      ],
    })
  })

  it.each([
    ['VERSIONS of odd length', 7, '0003000400'],
    ['CERTS that ends early', 129, '0204000100'],
    ['AUTH_CHALLENGE with fewer methods than it says', 130, `${'00'.repeat(32)}00020001`],
    ['NETINFO whose address runs over the end', 8, '0000000004047f0000'],
    ['CREATED2 that is longer than a cell can hold', 11, `01fc${'00'.repeat(508)}`],
    ['CREATED2 that claims more than is there', 11, '004000'],
    ['CREATE2 that is longer than a cell can hold', 10, `000301fa${'00'.repeat(506)}`],
    ['CREATED_FAST that is too short', 6, '00'.repeat(39)],
    ['DESTROY without a reason', 4, ''],
    ['PADDING_NEGOTIATE of an unknown version', 12, captured(12, 2)],
    ['PADDING_NEGOTIATE with an unknown command', 12, '000300000000'],
  ])('%s is refused', (_name, command, body) => {
    expect(() => decodeChannelMessage(command, hex(body))).toThrow(
      expect.objectContaining({ kind: 'malformed' }),
    )
  })

  it('what does not fit into a cell is refused when written', () => {
    const long = Buffer.alloc(600)
    for (const message of [
      { kind: 'create2', handshakeType: 3, request: long },
      { kind: 'created2', reply: long },
      { kind: 'create-fast', request: long },
      { kind: 'netinfo', timestamp: 0, otherAddress: 'localhost', myAddresses: [] },
    ] satisfies ChannelMessage[]) {
      expect(() => encodeChannelMessage(message)).toThrow(expect.objectContaining({ kind: 'malformed' }))
    }
  })

  it('a message becomes a whole cell of the right form', () => {
    expect(encodeChannelCell(0x80000001, { kind: 'destroy', reason: 0 })).toHaveLength(CELL_BYTES)
    expect(encodeChannelCell(0, { kind: 'versions', versions: [4, 5] }).toString('hex')).toBe(
      '000007000400040005',
    )
  })

  it('the message keeps no memory of the cell', () => {
    const body = Buffer.alloc(CELL_BODY_BYTES)
    const message = decodeChannelMessage(ChannelCommand.CREATED_FAST, body)
    body.fill(0xff)
    expect(message).toEqual({ kind: 'created-fast', reply: Buffer.alloc(40) })
  })

  it('arbitrary bytes give a message that survives writing and reading, or the typed error', () => {
    const commands = fc.oneof(
      fc.constantFrom(...Object.values(ChannelCommand)),
      fc.integer({ min: 0, max: 255 }),
    )
    fc.assert(
      fc.property(commands, fc.uint8Array({ maxLength: CELL_BODY_BYTES }), (command, body) => {
        try {
          const message = decodeChannelMessage(command, body)
          const written = encodeChannelMessage(message)
          expect(decodeChannelMessage(written.command, written.body)).toEqual(message)
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
