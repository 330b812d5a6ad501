/** Cells, channel messages, relay messages and what lies in them: what a guard, or whoever sits at a hop, can send. */
import { CellFramer } from '../../../core/cell/cell-codec.ts'
import { decodeChannelMessage, encodeChannelMessage } from '../../../core/cell/channel-message-codec.ts'
import { decodeExtensions, encodeExtensions } from '../../../core/cell/extensions.ts'
import {
  relayBodyOffset,
  relayCommandAt,
  relayLengthAt,
  relayStreamIdAt,
} from '../../../core/cell/relay-cell.ts'
import { decodeRelayMessage, encodeRelayMessage } from '../../../core/cell/relay-message-codec.ts'
import { decodeLinkSpecifiers, encodeLinkSpecifiers } from '../../../core/linkspec/link-specifier.ts'
import { ByteReader } from '../../../core/util/byte-reader.ts'
import { isTorError } from '../../../core/util/errors.ts'
import cells from '../../vectors/cells.json' with { type: 'json' }
import capture from '../../vectors/link_handshake_tor_0_4_9_11.json' with { type: 'json' }
import { cutUp, mustAgree, mustSurvive } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

function withCommand({ cmd, body }: { readonly cmd: number | null; readonly body: string }): Buffer[] {
  return cmd === null ? [] : [Buffer.concat([Buffer.of(cmd), hex(body)])]
}

interface SeenCell {
  readonly circuitId: number
  readonly command: number
  readonly body: string
}

const VERSIONS = 7
const FIXED_BODY_BYTES = 509
const MOST_KEPT_BYTES = 12_288 + 7

/** As the link handshake uses it: 4-byte ids from VERSIONS on. */
function frame(chunks: readonly Buffer[]): { readonly seen: SeenCell[]; readonly failed: boolean } {
  const seen: SeenCell[] = []
  const framer = new CellFramer()
  const onCell = (circuitId: number, command: number, body: Buffer): void => {
    seen.push({ circuitId, command, body: body.toString('hex') })
    if (command === VERSIONS) framer.circuitIdBytes = 4
  }
  for (const chunk of chunks) {
    // What was pushed is the caller's again: nothing of it may be kept.
    const lent = Buffer.from(chunk)
    try {
      framer.push(lent, lent.length, {
        onFixedCell: (circuitId, command, buffer, at) =>
          onCell(circuitId, command, buffer.subarray(at, at + FIXED_BODY_BYTES)),
        onVariableCell: onCell,
      })
    } catch (error) {
      if (!isTorError(error, 'protocol-violation')) throw error
      return { seen, failed: true }
    }
    mustHold(framer.pendingBytes <= MOST_KEPT_BYTES, `${framer.pendingBytes} bytes wait for their cell`)
    lent.fill(0xee)
  }
  return { seen, failed: false }
}

function openingBytes(): Buffer {
  const wire = capture.cells.map(({ cmd, body }) => {
    const bytes = hex(body)
    const header = Buffer.alloc(7)
    header.writeUInt8(cmd, 4)
    header.writeUInt16BE(bytes.length, 5)
    if (cmd >= 128) return Buffer.concat([header, bytes])
    return Buffer.concat([header.subarray(0, 5), bytes, Buffer.alloc(FIXED_BODY_BYTES - bytes.length)])
  })
  return Buffer.concat([Buffer.of(0, 0, VERSIONS, 0, 6, 0, 3, 0, 4, 0, 5), ...wire.slice(-3)])
}

export const CELL_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'cell-framer',
    form: 'binary',
    mayThrow: [],
    maxBytes: 16_384,
    seeds: () => [openingBytes(), Buffer.of(0, 0, 128, 0xff, 0xff), Buffer.of(0, 0, 7, 0, 0, 0, 0, 0, 1, 0)],
    run(input) {
      const whole = frame([input])
      mustAgree(frame(cutUp(input)), whole, 'cells depend on how their bytes were cut')
      mustAgree(frame(cutUp(input, 1)), whole, 'cells depend on how their bytes were cut')
    },
  },
  {
    name: 'channel-message',
    form: 'binary',
    mayThrow: ['malformed'],
    seeds: () => cells.channel_cells.flatMap(withCommand),
    run(input) {
      const message = decodeChannelMessage(input[0] ?? 0, input.subarray(1))
      const read = (bytes: Buffer): typeof message => decodeChannelMessage(bytes[0] ?? 0, bytes.subarray(1))
      mustSurvive(
        message,
        (kept) => {
          const { command, body } = encodeChannelMessage(kept)
          return Buffer.concat([Buffer.of(command), body])
        },
        read,
      )
    },
  },
  {
    name: 'relay-message',
    form: 'binary',
    mayThrow: ['malformed'],
    maxBytes: 600,
    seeds: () => cells.relay_messages.flatMap(withCommand),
    run(input) {
      const message = decodeRelayMessage(input[0] ?? 0, input.subarray(1))
      // The exit of a client's BEGIN gets the name in lower case.
      const kept = message.kind === 'begin' ? { ...message, host: message.host.toLowerCase() } : message
      const lower = kept.kind === 'resolve' ? { ...kept, name: kept.name.toLowerCase() } : kept
      if (lower.kind === 'resolve' && (lower.name.includes(':') || lower.name.length > 255)) return
      if (lower.kind === 'begin' && lower.host.length > 255) return
      mustSurvive(
        lower,
        (value) => {
          const { command, body } = encodeRelayMessage(value)
          return Buffer.concat([Buffer.of(command), body])
        },
        (bytes) => decodeRelayMessage(bytes[0] ?? 0, bytes.subarray(1)),
      )
    },
  },
  {
    name: 'relay-cell-header',
    form: 'binary',
    mayThrow: [],
    maxBytes: FIXED_BODY_BYTES,
    seeds: () => [Buffer.alloc(FIXED_BODY_BYTES, 3)],
    run(input) {
      const body = Buffer.alloc(FIXED_BODY_BYTES)
      body.set(input)
      mustHold(relayCommandAt(body, 0) < 256 && relayStreamIdAt(body, 0) < 65_536, 'fields have their sizes')
      mustHold(relayLengthAt(body, 0) < 65_536 && relayBodyOffset(0) === 11, 'fields have their sizes')
    },
  },
  {
    name: 'link-specifiers',
    form: 'binary',
    mayThrow: ['malformed'],
    seeds: () => cells.relay_messages.filter(({ cmd }) => cmd === 14).map(({ body }) => hex(body)),
    run(input) {
      const read = (bytes: Buffer): ReturnType<typeof decodeLinkSpecifiers> =>
        decodeLinkSpecifiers(new ByteReader(bytes, 'fuzz'))
      const specifiers = read(input)
      mustSurvive(specifiers, encodeLinkSpecifiers, read)
      // An introduction point's list is passed on as it came.
      const written = encodeLinkSpecifiers(specifiers)
      mustHold(input.subarray(0, written.length).equals(written), 'a list is not passed on byte for byte')
    },
  },
  {
    name: 'handshake-extensions',
    form: 'binary',
    mayThrow: ['malformed'],
    seeds: () => [hex('00'), hex('0102011f'), hex('02010003020206'), hex('0303020206')],
    run(input) {
      const extensions = decodeExtensions(input)
      mustHold(encodeExtensions(extensions).equals(input), 'the list is not what was read')
    },
  },
]
