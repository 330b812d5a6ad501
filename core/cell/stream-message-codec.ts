/** Bodies of the relay messages about a stream (tor-spec 6.2 to 6.4, proposal 324 for XON and XOFF). */
import { isIPv6 } from 'node:net'
import { ByteReader } from '../util/byte-reader.ts'
import { ByteWriter } from '../util/byte-writer.ts'
import { asBuffer } from '../util/bytes.ts'
import { malformed, TorError } from '../util/errors.ts'
import { formatIp, IPV4_BYTES, IPV6_BYTES, parseIp } from '../util/ip-address.ts'
import { EndReason } from './reasons.ts'
import type {
  BeginMessage,
  ConnectedMessage,
  EndMessage,
  RelayMessage,
  ResolvedAnswer,
} from './relay-message.ts'

/** The longest name that the DNS and SOCKS5 can express. */
export const MAX_HOST_NAME_BYTES = 255

const ANSWER_NAME = 0x00
const ANSWER_IPV4 = 0x04
const ANSWER_IPV6 = 0x06
const ANSWER_TRANSIENT_ERROR = 0xf0
const ANSWER_FATAL_ERROR = 0xf1
const CONNECTED_IPV6 = 6
const XON_XOFF_VERSION = 0
/** Printable ASCII; a colon would be read as the beginning of the port. */
const HOST_NAME = /^[\x21-\x39\x3b-\x7e]*$/
const PRINTABLE = /^[\x21-\x7e]+$/
const PORT = /^[1-9][0-9]{0,4}$/

/** `host:port`, a NUL, and the flags when there are any. Throws `bad-target` for what BEGIN cannot say. */
export function encodeBegin(message: BeginMessage): Buffer {
  if (!isPort(message.port)) throw new TorError('bad-target', `no such port: ${message.port}`)
  const host = isIpv6Literal(message.host) ? `[${message.host}]` : checkedName(message.host)
  const writer = new ByteWriter().text(`${host}:${message.port}\0`)
  if (message.flags !== 0) writer.u32(message.flags)
  return writer.finish()
}

/** Flags are 0 when the body ends before them. */
export function decodeBegin(body: Uint8Array): BeginMessage {
  const { text, rest } = splitAtNul(body, 'BEGIN')
  const colon = text.lastIndexOf(':')
  const port = text.slice(colon + 1)
  if (colon < 0 || !PORT.test(port) || !isPort(Number(port))) malformed('BEGIN', 'a port from 1 to 65535')
  const flags = rest.length >= 4 ? rest.readUInt32BE(0) : 0
  return { kind: 'begin', host: parseBeginHost(text.slice(0, colon)), port: Number(port), flags }
}

/** The reason must be there (TROVE-2026-011); an address of the wrong length is passed over (tor-spec 6.3). */
export function decodeEnd(body: Uint8Array): EndMessage {
  const [reason] = body
  if (reason === undefined) malformed('END', 'a reason')
  const reader = new ByteReader(body.subarray(1), 'END')
  const addressBytes = endAddressBytes(reader.remaining)
  if (reason !== EndReason.EXITPOLICY || addressBytes === undefined) {
    return { kind: 'end', reason, address: undefined, ttlSeconds: undefined }
  }
  const address = formatIp(reader.view(addressBytes))
  return { kind: 'end', reason, address, ttlSeconds: reader.remaining === 0 ? undefined : reader.u32() }
}

export function encodeEnd(message: EndMessage): Buffer {
  const writer = new ByteWriter().u8(message.reason)
  if (message.address !== undefined) writer.bytes(parseIp(message.address))
  if (message.address !== undefined && message.ttlSeconds !== undefined) writer.u32(message.ttlSeconds)
  return writer.finish()
}

/** Empty, IPv4 and TTL, or four zero bytes, 6, IPv6 and TTL (tor-spec 6.2). */
export function decodeConnected(body: Uint8Array): ConnectedMessage {
  if (body.length === 0) return { kind: 'connected', address: undefined, ttlSeconds: undefined }
  const reader = new ByteReader(body, 'CONNECTED')
  let address = reader.view(IPV4_BYTES)
  if (address.readUInt32BE(0) === 0 && reader.remaining > 4) {
    const type = reader.u8()
    if (type !== CONNECTED_IPV6) reader.fail('address type 6', type)
    address = reader.view(IPV6_BYTES)
  }
  return { kind: 'connected', address: formatIp(address), ttlSeconds: reader.u32() }
}

export function encodeConnected(message: ConnectedMessage): Buffer {
  if (message.address === undefined) return Buffer.alloc(0)
  const address = parseIp(message.address)
  const writer = new ByteWriter()
  if (address.length === IPV6_BYTES) writer.u32(0).u8(CONNECTED_IPV6)
  return writer
    .bytes(address)
    .u32(message.ttlSeconds ?? 0)
    .finish()
}

/** A name, or an address turned into one under in-addr.arpa or ip6.arpa. Throws `bad-target`. */
export function encodeResolve(name: string): Buffer {
  if (name === '') throw new TorError('bad-target', 'there is no name to resolve')
  return new ByteWriter().text(`${checkedName(name)}\0`).finish()
}

export function decodeResolve(body: Uint8Array): RelayMessage {
  const { text } = splitAtNul(body, 'RESOLVE')
  if (!PRINTABLE.test(text)) malformed('RESOLVE', 'a printable ASCII name')
  return { kind: 'resolve', name: text }
}

export function decodeResolved(body: Uint8Array): RelayMessage {
  const reader = new ByteReader(body, 'RESOLVED')
  const answers: ResolvedAnswer[] = []
  while (reader.remaining > 0) {
    const type = reader.u8()
    const value = reader.take(reader.u8())
    answers.push(decodeAnswer(type, value, reader.u32()))
  }
  return { kind: 'resolved', answers }
}

export function encodeResolved(answers: readonly ResolvedAnswer[]): Buffer {
  const writer = new ByteWriter()
  for (const answer of answers) {
    const { type, value } = encodeAnswer(answer)
    writer.u8(type).u8(value.length).bytes(value).u32(answer.ttlSeconds)
  }
  return writer.finish()
}

export function decodeXon(body: Uint8Array): RelayMessage {
  const reader = new ByteReader(body, 'XON')
  checkFlowVersion(reader)
  return { kind: 'xon', kilobytesPerSecond: reader.u32() }
}

export function encodeXon(kilobytesPerSecond: number): Buffer {
  return new ByteWriter().u8(XON_XOFF_VERSION).u32(kilobytesPerSecond).finish()
}

export function decodeXoff(body: Uint8Array): RelayMessage {
  checkFlowVersion(new ByteReader(body, 'XOFF'))
  return { kind: 'xoff' }
}

export function encodeXoff(): Buffer {
  return Buffer.of(XON_XOFF_VERSION)
}

function decodeAnswer(type: number, value: Buffer, ttlSeconds: number): ResolvedAnswer {
  switch (type) {
    case ANSWER_IPV4:
      if (value.length !== IPV4_BYTES) malformed('RESOLVED', 'an IPv4 answer of 4 bytes', value.length)
      return { kind: 'address', address: formatIp(value), ttlSeconds }
    case ANSWER_IPV6:
      if (value.length !== IPV6_BYTES) malformed('RESOLVED', 'an IPv6 answer of 16 bytes', value.length)
      return { kind: 'address', address: formatIp(value), ttlSeconds }
    case ANSWER_TRANSIENT_ERROR:
      return { kind: 'transient-error', ttlSeconds }
    case ANSWER_FATAL_ERROR:
      return { kind: 'fatal-error', ttlSeconds }
    case ANSWER_NAME: {
      // Whoever owns the address writes this name: an odd one must not cost us the circuit, only the answer.
      const name = value.toString('latin1')
      if (PRINTABLE.test(name)) return { kind: 'name', name, ttlSeconds }
      return { kind: 'unknown', type, value, ttlSeconds }
    }
    default:
      return { kind: 'unknown', type, value, ttlSeconds }
  }
}

function encodeAnswer(answer: ResolvedAnswer): { type: number; value: Buffer } {
  switch (answer.kind) {
    case 'address': {
      const value = parseIp(answer.address)
      return { type: value.length === IPV4_BYTES ? ANSWER_IPV4 : ANSWER_IPV6, value }
    }
    case 'name':
      return { type: ANSWER_NAME, value: Buffer.from(answer.name, 'latin1') }
    case 'transient-error':
      return { type: ANSWER_TRANSIENT_ERROR, value: Buffer.alloc(0) }
    case 'fatal-error':
      return { type: ANSWER_FATAL_ERROR, value: Buffer.alloc(0) }
    case 'unknown':
      return { type: answer.type, value: answer.value }
  }
}

/** With or without a TTL behind it. */
function endAddressBytes(length: number): number | undefined {
  if (length === IPV4_BYTES || length === IPV4_BYTES + 4) return IPV4_BYTES
  if (length === IPV6_BYTES || length === IPV6_BYTES + 4) return IPV6_BYTES
  return undefined
}

/** Lower case, so that capitals chosen by an application do not tell its streams apart at the exit. */
function checkedName(name: string): string {
  if (name.length > MAX_HOST_NAME_BYTES || !HOST_NAME.test(name)) {
    throw new TorError('bad-target', 'the host is no printable ASCII name of at most 255 characters')
  }
  return name.toLowerCase()
}

function parseBeginHost(text: string): string {
  if (!text.startsWith('[')) return HOST_NAME.test(text) ? text : malformed('BEGIN', 'a printable ASCII host')
  const inner = text.slice(1, -1)
  return text.endsWith(']') && isIpv6Literal(inner)
    ? inner
    : malformed('BEGIN', 'an IPv6 address in brackets')
}

function splitAtNul(body: Uint8Array, what: string): { text: string; rest: Buffer } {
  const bytes = asBuffer(body)
  const nul = bytes.indexOf(0)
  if (nul < 0) malformed(what, 'a terminating NUL')
  return { text: bytes.toString('latin1', 0, nul), rest: bytes.subarray(nul + 1) }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535
}

function checkFlowVersion(reader: ByteReader): void {
  const version = reader.u8()
  if (version !== XON_XOFF_VERSION) reader.fail('version 0', version)
}

/** A zone ("%eth0") names an interface of ours, which is nobody else's business. */
function isIpv6Literal(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}
