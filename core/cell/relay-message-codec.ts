/**
 * Relay messages to and from their command and body. DATA on the hot path is read in place with `relay-cell.ts`;
 * this is for all the rest, one message at a time.
 */
import {
  decodeCircuitPaddingNegotiate,
  decodeCircuitPaddingNegotiated,
  decodeConfluxLink,
  decodeConfluxSwitch,
  decodeExtend2,
  decodeExtended2,
  decodeSendme,
  decodeTruncated,
  encodeCircuitPaddingNegotiate,
  encodeCircuitPaddingNegotiated,
  encodeConfluxLink,
  encodeConfluxSwitch,
  encodeExtend2,
  encodeExtended2,
  encodeSendme,
} from './circuit-message-codec.ts'
import { RelayCommand } from './commands.ts'
import type { RelayMessage } from './relay-message.ts'
import {
  decodeBegin,
  decodeConnected,
  decodeEnd,
  decodeResolve,
  decodeResolved,
  decodeXoff,
  decodeXon,
  encodeBegin,
  encodeConnected,
  encodeEnd,
  encodeResolve,
  encodeResolved,
  encodeXoff,
  encodeXon,
} from './stream-message-codec.ts'

export interface EncodedRelayMessage {
  readonly command: number
  readonly body: Buffer
}

const EMPTY = Buffer.alloc(0)

/**
 * Decodes the body of a relay cell, exactly as long as the cell's length field says. The result shares no memory with
 * it. Bytes after what a message needs are ignored, as tor-spec asks. Throws `malformed`. Whether the message is
 * welcome in the circuit's state is the circuit's business.
 */
export function decodeRelayMessage(command: number, body: Uint8Array): RelayMessage {
  switch (command) {
    case RelayCommand.BEGIN:
      return decodeBegin(body)
    case RelayCommand.DATA:
      return { kind: 'data', data: Buffer.from(body) }
    case RelayCommand.END:
      return decodeEnd(body)
    case RelayCommand.CONNECTED:
      return decodeConnected(body)
    case RelayCommand.SENDME:
      return decodeSendme(body)
    case RelayCommand.TRUNCATE:
      return { kind: 'truncate' }
    case RelayCommand.TRUNCATED:
      return decodeTruncated(body)
    case RelayCommand.DROP:
      return { kind: 'drop' }
    case RelayCommand.RESOLVE:
      return decodeResolve(body)
    case RelayCommand.RESOLVED:
      return decodeResolved(body)
    case RelayCommand.BEGIN_DIR:
      return { kind: 'begin-dir' }
    case RelayCommand.EXTEND2:
      return decodeExtend2(body)
    case RelayCommand.EXTENDED2:
      return decodeExtended2(body)
    case RelayCommand.CONFLUX_LINK:
      return decodeConfluxLink('conflux-link', body)
    case RelayCommand.CONFLUX_LINKED:
      return decodeConfluxLink('conflux-linked', body)
    case RelayCommand.CONFLUX_LINKED_ACK:
      return { kind: 'conflux-linked-ack' }
    case RelayCommand.CONFLUX_SWITCH:
      return decodeConfluxSwitch(body)
    case RelayCommand.PADDING_NEGOTIATE:
      return decodeCircuitPaddingNegotiate(body)
    case RelayCommand.PADDING_NEGOTIATED:
      return decodeCircuitPaddingNegotiated(body)
    case RelayCommand.XON:
      return decodeXon(body)
    case RelayCommand.XOFF:
      return decodeXoff(body)
    default:
      return { kind: 'other', command, body: Buffer.from(body) }
  }
}

/** The body may share memory with the message. Throws `malformed`, `bad-target` or `internal` on fields that do not fit. */
export function encodeRelayMessage(message: RelayMessage): EncodedRelayMessage {
  switch (message.kind) {
    case 'begin':
      return { command: RelayCommand.BEGIN, body: encodeBegin(message) }
    case 'begin-dir':
      return { command: RelayCommand.BEGIN_DIR, body: EMPTY }
    case 'data':
      return { command: RelayCommand.DATA, body: message.data }
    case 'end':
      return { command: RelayCommand.END, body: encodeEnd(message) }
    case 'connected':
      return { command: RelayCommand.CONNECTED, body: encodeConnected(message) }
    case 'sendme':
      return { command: RelayCommand.SENDME, body: encodeSendme(message.tag) }
    case 'extend2':
      return { command: RelayCommand.EXTEND2, body: encodeExtend2(message) }
    case 'extended2':
      return { command: RelayCommand.EXTENDED2, body: encodeExtended2(message.reply) }
    case 'truncate':
      return { command: RelayCommand.TRUNCATE, body: EMPTY }
    case 'truncated':
      return { command: RelayCommand.TRUNCATED, body: Buffer.of(message.reason) }
    case 'drop':
      return { command: RelayCommand.DROP, body: EMPTY }
    case 'resolve':
      return { command: RelayCommand.RESOLVE, body: encodeResolve(message.name) }
    case 'resolved':
      return { command: RelayCommand.RESOLVED, body: encodeResolved(message.answers) }
    case 'xon':
      return { command: RelayCommand.XON, body: encodeXon(message.kilobytesPerSecond) }
    case 'xoff':
      return { command: RelayCommand.XOFF, body: encodeXoff() }
    case 'conflux-link':
      return { command: RelayCommand.CONFLUX_LINK, body: encodeConfluxLink(message) }
    case 'conflux-linked':
      return { command: RelayCommand.CONFLUX_LINKED, body: encodeConfluxLink(message) }
    case 'conflux-linked-ack':
      return { command: RelayCommand.CONFLUX_LINKED_ACK, body: EMPTY }
    case 'conflux-switch':
      return { command: RelayCommand.CONFLUX_SWITCH, body: encodeConfluxSwitch(message.relativeSequence) }
    case 'padding-negotiate':
      return { command: RelayCommand.PADDING_NEGOTIATE, body: encodeCircuitPaddingNegotiate(message) }
    case 'padding-negotiated':
      return { command: RelayCommand.PADDING_NEGOTIATED, body: encodeCircuitPaddingNegotiated(message) }
    case 'other':
      return { command: message.command, body: message.body }
  }
}
