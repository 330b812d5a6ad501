/**
 * The meaning of cells that belong to the channel or set up circuits (tor-spec 3, 4, 5.1, 5.4; padding-spec 2), and
 * the bytes of their bodies. Relay cells are not here: their bodies are encrypted.
 */
import { ByteReader } from '../util/byte-reader.ts'
import { ByteWriter } from '../util/byte-writer.ts'
import { isAllZero } from '../util/bytes.ts'
import { malformed } from '../util/errors.ts'
import { formatIp, IPV4_BYTES, IPV6_BYTES, parseIp } from '../util/ip-address.ts'
import { type CircuitIdBytes, encodeFixedCell, encodeVariableCell } from './cell-codec.ts'
import { CELL_BODY_BYTES, ChannelCommand, isVariableLength } from './commands.ts'

/** One certificate of CERTS: its type number (cert-spec A.1) and its bytes, not yet parsed. */
export interface ChannelCert {
  readonly type: number
  readonly body: Buffer
}

export interface NetinfoMessage {
  readonly kind: 'netinfo'
  /** Seconds since 1970; a client sends 0. */
  readonly timestamp: number
  /** The receiver's address as the sender sees it; IP literal. */
  readonly otherAddress: string | undefined
  /** The sender's own addresses; IP literals. A client sends none. */
  readonly myAddresses: readonly string[]
}

export interface PaddingNegotiateMessage {
  readonly kind: 'padding-negotiate'
  readonly action: 'start' | 'stop'
  readonly lowMs: number
  readonly highMs: number
}

export type ChannelMessage =
  | { readonly kind: 'padding' }
  | { readonly kind: 'vpadding'; readonly lengthBytes: number }
  | { readonly kind: 'versions'; readonly versions: readonly number[] }
  | { readonly kind: 'certs'; readonly certs: readonly ChannelCert[] }
  | { readonly kind: 'auth-challenge'; readonly challenge: Buffer; readonly methods: readonly number[] }
  | NetinfoMessage
  | { readonly kind: 'create-fast'; readonly request: Buffer }
  | { readonly kind: 'created-fast'; readonly reply: Buffer }
  | { readonly kind: 'create2'; readonly handshakeType: number; readonly request: Buffer }
  | { readonly kind: 'created2'; readonly reply: Buffer }
  | { readonly kind: 'destroy'; readonly reason: number }
  | PaddingNegotiateMessage
  /** A command that a client has no use for: AUTHENTICATE, AUTHORIZE, CREATE, an unknown one. */
  | { readonly kind: 'other'; readonly command: number; readonly body: Buffer }

/** Sizes of CREATE_FAST and CREATED_FAST (tor-spec 5.1.5). */
export const CREATE_FAST_BYTES = 20
export const CREATED_FAST_BYTES = 40
/** What is left of a cell after HTYPE and HLEN, and after HLEN (tor-spec 5.1). */
export const CREATE2_MAX_BYTES = CELL_BODY_BYTES - 4
export const CREATED2_MAX_BYTES = CELL_BODY_BYTES - 2

const AUTH_CHALLENGE_BYTES = 32
const ADDRESS_TYPE_IPV4 = 4
const ADDRESS_TYPE_IPV6 = 6
const PADDING_NEGOTIATE_VERSION = 0
const PADDING_STOP = 1
const PADDING_START = 2

/**
 * Decodes a body as it came: `body` may end in the cell's zero padding. The result shares no memory with it. Throws
 * `malformed`. Whether the message is welcome in the channel's state is the channel's business.
 */
export function decodeChannelMessage(command: number, body: Uint8Array): ChannelMessage {
  switch (command) {
    case ChannelCommand.PADDING:
      return { kind: 'padding' }
    case ChannelCommand.VPADDING:
      return { kind: 'vpadding', lengthBytes: body.length }
    case ChannelCommand.VERSIONS:
      return decodeVersions(body)
    case ChannelCommand.CERTS:
      return decodeCerts(body)
    case ChannelCommand.AUTH_CHALLENGE:
      return decodeAuthChallenge(body)
    case ChannelCommand.NETINFO:
      return decodeNetinfo(body)
    case ChannelCommand.CREATE_FAST:
      return { kind: 'create-fast', request: new ByteReader(body, 'CREATE_FAST').take(CREATE_FAST_BYTES) }
    case ChannelCommand.CREATED_FAST:
      return { kind: 'created-fast', reply: new ByteReader(body, 'CREATED_FAST').take(CREATED_FAST_BYTES) }
    case ChannelCommand.CREATE2:
      return decodeCreate2(body)
    case ChannelCommand.CREATED2:
      return decodeCreated2(body)
    case ChannelCommand.DESTROY:
      return { kind: 'destroy', reason: new ByteReader(body, 'DESTROY').u8() }
    case ChannelCommand.PADDING_NEGOTIATE:
      return decodePaddingNegotiate(body)
    default:
      return { kind: 'other', command, body: Buffer.from(body) }
  }
}

/** The command and the body, without the cell's zero padding. Throws `malformed` or `internal` on fields that do not fit. */
export function encodeChannelMessage(message: ChannelMessage): { command: number; body: Buffer } {
  switch (message.kind) {
    case 'padding':
      return { command: ChannelCommand.PADDING, body: Buffer.alloc(0) }
    case 'vpadding':
      return { command: ChannelCommand.VPADDING, body: Buffer.alloc(message.lengthBytes) }
    case 'versions':
      return { command: ChannelCommand.VERSIONS, body: encodeVersions(message.versions) }
    case 'certs':
      return { command: ChannelCommand.CERTS, body: encodeCerts(message.certs) }
    case 'auth-challenge':
      return { command: ChannelCommand.AUTH_CHALLENGE, body: encodeAuthChallenge(message) }
    case 'netinfo':
      return { command: ChannelCommand.NETINFO, body: encodeNetinfo(message) }
    case 'create-fast':
      return {
        command: ChannelCommand.CREATE_FAST,
        body: exactly('CREATE_FAST', message.request, CREATE_FAST_BYTES),
      }
    case 'created-fast':
      return {
        command: ChannelCommand.CREATED_FAST,
        body: exactly('CREATED_FAST', message.reply, CREATED_FAST_BYTES),
      }
    case 'create2':
      return { command: ChannelCommand.CREATE2, body: encodeCreate2(message.handshakeType, message.request) }
    case 'created2':
      return { command: ChannelCommand.CREATED2, body: encodeCreated2(message.reply) }
    case 'destroy':
      return { command: ChannelCommand.DESTROY, body: new ByteWriter().u8(message.reason).finish() }
    case 'padding-negotiate':
      return { command: ChannelCommand.PADDING_NEGOTIATE, body: encodePaddingNegotiate(message) }
    case 'other':
      return { command: message.command, body: message.body }
  }
}

/** A whole cell, ready for the channel; the caller owns it. */
export function encodeChannelCell(
  circuitId: number,
  message: ChannelMessage,
  circuitIdBytes: CircuitIdBytes = 4,
): Buffer {
  const { command, body } = encodeChannelMessage(message)
  const encode = isVariableLength(command) ? encodeVariableCell : encodeFixedCell
  return encode(circuitId, command, body, circuitIdBytes)
}

function decodeVersions(body: Uint8Array): ChannelMessage {
  if (body.length % 2 !== 0) malformed('VERSIONS', 'an even number of bytes', body.length)
  const reader = new ByteReader(body, 'VERSIONS')
  const versions: number[] = []
  while (reader.remaining > 0) versions.push(reader.u16())
  return { kind: 'versions', versions }
}

function encodeVersions(versions: readonly number[]): Buffer {
  const writer = new ByteWriter()
  for (const version of versions) writer.u16(version)
  return writer.finish()
}

/** Bytes after the last certificate are ignored; a type that occurs twice is for the handshake to refuse. */
function decodeCerts(body: Uint8Array): ChannelMessage {
  const reader = new ByteReader(body, 'CERTS')
  const count = reader.u8()
  const certs: ChannelCert[] = []
  for (let read = 0; read < count; read++) {
    const type = reader.u8()
    certs.push({ type, body: reader.take(reader.u16()) })
  }
  return { kind: 'certs', certs }
}

function encodeCerts(certs: readonly ChannelCert[]): Buffer {
  const writer = new ByteWriter().u8(certs.length)
  for (const { type, body } of certs) writer.u8(type).u16(body.length).bytes(body)
  return writer.finish()
}

function decodeAuthChallenge(body: Uint8Array): ChannelMessage {
  const reader = new ByteReader(body, 'AUTH_CHALLENGE')
  const challenge = reader.take(AUTH_CHALLENGE_BYTES)
  const count = reader.u16()
  const methods: number[] = []
  for (let read = 0; read < count; read++) methods.push(reader.u16())
  return { kind: 'auth-challenge', challenge, methods }
}

function encodeAuthChallenge(message: { challenge: Buffer; methods: readonly number[] }): Buffer {
  const writer = new ByteWriter()
    .bytes(exactly('AUTH_CHALLENGE', message.challenge, AUTH_CHALLENGE_BYTES))
    .u16(message.methods.length)
  for (const method of message.methods) writer.u16(method)
  return writer.finish()
}

function decodeNetinfo(body: Uint8Array): NetinfoMessage {
  const reader = new ByteReader(body, 'NETINFO')
  const timestamp = reader.u32()
  const otherAddress = decodeAddress(reader)
  const count = reader.u8()
  const myAddresses: string[] = []
  for (let read = 0; read < count; read++) {
    const address = decodeAddress(reader)
    if (address !== undefined) myAddresses.push(address)
  }
  return { kind: 'netinfo', timestamp, otherAddress, myAddresses }
}

/** An address of unknown type or wrong length is skipped (tor-spec 4.5); the all-zero one means none. */
function decodeAddress(reader: ByteReader): string | undefined {
  const type = reader.u8()
  const bytes = reader.view(reader.u8())
  const isKnown =
    (type === ADDRESS_TYPE_IPV4 && bytes.length === IPV4_BYTES) ||
    (type === ADDRESS_TYPE_IPV6 && bytes.length === IPV6_BYTES)
  return isKnown && !isAllZero(bytes) ? formatIp(bytes) : undefined
}

function encodeNetinfo(message: NetinfoMessage): Buffer {
  const writer = new ByteWriter().u32(message.timestamp)
  writeAddress(writer, message.otherAddress ?? '0.0.0.0')
  writer.u8(message.myAddresses.length)
  for (const address of message.myAddresses) writeAddress(writer, address)
  return writer.finish()
}

function writeAddress(writer: ByteWriter, address: string): void {
  const bytes = parseIp(address)
  const type = bytes.length === IPV4_BYTES ? ADDRESS_TYPE_IPV4 : ADDRESS_TYPE_IPV6
  writer.u8(type).u8(bytes.length).bytes(bytes)
}

function decodeCreate2(body: Uint8Array): ChannelMessage {
  const reader = new ByteReader(body, 'CREATE2')
  const handshakeType = reader.u16()
  return { kind: 'create2', handshakeType, request: takeHandshake(reader, CREATE2_MAX_BYTES) }
}

function encodeCreate2(handshakeType: number, request: Buffer): Buffer {
  const data = atMost('CREATE2', request, CREATE2_MAX_BYTES)
  return new ByteWriter().u16(handshakeType).u16(data.length).bytes(data).finish()
}

function decodeCreated2(body: Uint8Array): ChannelMessage {
  return { kind: 'created2', reply: takeHandshake(new ByteReader(body, 'CREATED2'), CREATED2_MAX_BYTES) }
}

function encodeCreated2(reply: Buffer): Buffer {
  const data = atMost('CREATED2', reply, CREATED2_MAX_BYTES)
  return new ByteWriter().u16(data.length).bytes(data).finish()
}

function takeHandshake(reader: ByteReader, maxBytes: number): Buffer {
  const length = reader.u16()
  if (length > maxBytes) reader.fail(`a handshake of at most ${maxBytes} bytes`, length)
  return reader.take(length)
}

function decodePaddingNegotiate(body: Uint8Array): PaddingNegotiateMessage {
  const reader = new ByteReader(body, 'PADDING_NEGOTIATE')
  const version = reader.u8()
  if (version !== PADDING_NEGOTIATE_VERSION) reader.fail('version 0', version)
  const command = reader.u8()
  if (command !== PADDING_START && command !== PADDING_STOP) reader.fail('start (2) or stop (1)', command)
  const lowMs = reader.u16()
  return {
    kind: 'padding-negotiate',
    action: command === PADDING_START ? 'start' : 'stop',
    lowMs,
    highMs: reader.u16(),
  }
}

function encodePaddingNegotiate(message: PaddingNegotiateMessage): Buffer {
  return new ByteWriter()
    .u8(PADDING_NEGOTIATE_VERSION)
    .u8(message.action === 'start' ? PADDING_START : PADDING_STOP)
    .u16(message.lowMs)
    .u16(message.highMs)
    .finish()
}

function exactly(what: string, bytes: Buffer, length: number): Buffer {
  return bytes.length === length ? bytes : malformed(what, `${length} bytes`, bytes.length)
}

function atMost(what: string, bytes: Buffer, length: number): Buffer {
  return bytes.length <= length ? bytes : malformed(what, `at most ${length} bytes`, bytes.length)
}
