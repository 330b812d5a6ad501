/**
 * Bodies of the relay messages about the circuit itself: extending it (tor-spec 5.1.2), flow control (7.3), conflux
 * (proposal 329) and circuit padding (padding-spec 3).
 */
import { decodeLinkSpecifiers, encodeLinkSpecifiers } from '../linkspec/link-specifier.ts'
import { ByteReader } from '../util/byte-reader.ts'
import { ByteWriter } from '../util/byte-writer.ts'
import { malformed } from '../util/errors.ts'
import { DestroyReason } from './reasons.ts'
import type {
  CircuitPaddingNegotiatedMessage,
  CircuitPaddingNegotiateMessage,
  ConfluxLinkMessage,
  Extend2Message,
  RelayMessage,
} from './relay-message.ts'

const SENDME_UNAUTHENTICATED = 0
const SENDME_AUTHENTICATED = 1
const CONFLUX_VERSION = 1
const CONFLUX_NONCE_BYTES = 32
const CIRCUIT_PADDING_VERSION = 0
const CIRCUIT_PADDING_STOP = 1
const CIRCUIT_PADDING_START = 2
const CIRCUIT_PADDING_OK = 1
const CIRCUIT_PADDING_ERROR = 2

/** An empty body is version 0. */
export function decodeSendme(body: Uint8Array): RelayMessage {
  const reader = new ByteReader(body, 'SENDME')
  const version = reader.remaining === 0 ? SENDME_UNAUTHENTICATED : reader.u8()
  if (version === SENDME_UNAUTHENTICATED) return { kind: 'sendme', tag: undefined }
  if (version !== SENDME_AUTHENTICATED) reader.fail('version 0 or 1', version)
  return { kind: 'sendme', tag: reader.take(reader.u16()) }
}

export function encodeSendme(tag: Buffer | undefined): Buffer {
  if (tag === undefined) return Buffer.alloc(0)
  return new ByteWriter().u8(SENDME_AUTHENTICATED).u16(tag.length).bytes(tag).finish()
}

export function decodeExtend2(body: Uint8Array): Extend2Message {
  const reader = new ByteReader(body, 'EXTEND2')
  const specifiers = decodeLinkSpecifiers(reader)
  const handshakeType = reader.u16()
  return { kind: 'extend2', specifiers, handshakeType, request: reader.take(reader.u16()) }
}

export function encodeExtend2(message: Extend2Message): Buffer {
  return new ByteWriter()
    .bytes(encodeLinkSpecifiers(message.specifiers))
    .u16(message.handshakeType)
    .u16(message.request.length)
    .bytes(message.request)
    .finish()
}

export function decodeExtended2(body: Uint8Array): RelayMessage {
  const reader = new ByteReader(body, 'EXTENDED2')
  return { kind: 'extended2', reply: reader.take(reader.u16()) }
}

export function encodeExtended2(reply: Buffer): Buffer {
  return new ByteWriter().u16(reply.length).bytes(reply).finish()
}

export function decodeTruncated(body: Uint8Array): RelayMessage {
  return { kind: 'truncated', reason: body[0] ?? DestroyReason.NONE }
}

export function decodeConfluxLink(kind: ConfluxLinkMessage['kind'], body: Uint8Array): ConfluxLinkMessage {
  const reader = new ByteReader(body, 'conflux LINK')
  const version = reader.u8()
  if (version !== CONFLUX_VERSION) reader.fail('version 1', version)
  const nonce = reader.take(CONFLUX_NONCE_BYTES)
  const lastSentSequence = reader.u64()
  const lastReceivedSequence = reader.u64()
  return { kind, nonce, lastSentSequence, lastReceivedSequence, desiredUx: reader.u8() }
}

export function encodeConfluxLink(message: ConfluxLinkMessage): Buffer {
  if (message.nonce.length !== CONFLUX_NONCE_BYTES) {
    malformed('conflux nonce', `${CONFLUX_NONCE_BYTES} bytes`, message.nonce.length)
  }
  return new ByteWriter()
    .u8(CONFLUX_VERSION)
    .bytes(message.nonce)
    .u64(message.lastSentSequence)
    .u64(message.lastReceivedSequence)
    .u8(message.desiredUx)
    .finish()
}

/** Some C tor releases send a whole cell body: what follows the number is ignored. */
export function decodeConfluxSwitch(body: Uint8Array): RelayMessage {
  return { kind: 'conflux-switch', relativeSequence: new ByteReader(body, 'conflux SWITCH').u32() }
}

export function encodeConfluxSwitch(relativeSequence: number): Buffer {
  return new ByteWriter().u32(relativeSequence).finish()
}

export function decodeCircuitPaddingNegotiate(body: Uint8Array): CircuitPaddingNegotiateMessage {
  const reader = new ByteReader(body, 'circuit PADDING_NEGOTIATE')
  const action = readPaddingAction(reader)
  const machine = reader.u8()
  // Once an echo request, now without meaning.
  reader.u8()
  return { kind: 'padding-negotiate', action, machine, machineCounter: reader.u32() }
}

export function encodeCircuitPaddingNegotiate(message: CircuitPaddingNegotiateMessage): Buffer {
  return new ByteWriter()
    .u8(CIRCUIT_PADDING_VERSION)
    .u8(message.action === 'start' ? CIRCUIT_PADDING_START : CIRCUIT_PADDING_STOP)
    .u8(message.machine)
    .u8(0)
    .u32(message.machineCounter)
    .finish()
}

export function decodeCircuitPaddingNegotiated(body: Uint8Array): CircuitPaddingNegotiatedMessage {
  const reader = new ByteReader(body, 'circuit PADDING_NEGOTIATED')
  const action = readPaddingAction(reader)
  const response = reader.u8()
  if (response !== CIRCUIT_PADDING_OK && response !== CIRCUIT_PADDING_ERROR)
    reader.fail('response 1 or 2', response)
  const machine = reader.u8()
  const isAccepted = response === CIRCUIT_PADDING_OK
  return { kind: 'padding-negotiated', action, isAccepted, machine, machineCounter: reader.u32() }
}

export function encodeCircuitPaddingNegotiated(message: CircuitPaddingNegotiatedMessage): Buffer {
  return new ByteWriter()
    .u8(CIRCUIT_PADDING_VERSION)
    .u8(message.action === 'start' ? CIRCUIT_PADDING_START : CIRCUIT_PADDING_STOP)
    .u8(message.isAccepted ? CIRCUIT_PADDING_OK : CIRCUIT_PADDING_ERROR)
    .u8(message.machine)
    .u32(message.machineCounter)
    .finish()
}

function readPaddingAction(reader: ByteReader): 'start' | 'stop' {
  const version = reader.u8()
  if (version !== CIRCUIT_PADDING_VERSION) reader.fail('version 0', version)
  const command = reader.u8()
  if (command === CIRCUIT_PADDING_START) return 'start'
  if (command === CIRCUIT_PADDING_STOP) return 'stop'
  return reader.fail('start (2) or stop (1)', command)
}
