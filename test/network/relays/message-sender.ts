/** How a relay's own messages leave for the client, and how they are spoiled where a fault says so. */
import { ChannelCommand, RELAY_LENGTH_OFFSET } from '../../../core/cell/commands.ts'
import { DestroyReason } from '../../../core/cell/reasons.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import { encodeRelayMessage } from '../../../core/cell/relay-message-codec.ts'
import { relayCellBody, type RelaySideHop } from '../../support/relay-side-tor1.ts'
import type { Misbehaviour } from '../faults/fault.ts'
import type { CircuitPort } from './circuit-port.ts'
import type { NetworkCore } from './network-core.ts'
import type { Relay } from './relay.ts'

/** Where the digest lies in a relay cell. */
const DIGEST_OFFSET = 5
const LONGER_THAN_A_CELL = 600

/** Hears of each cell as it is sealed, and of its digest tag; of those that nobody asked for, too. */
type NoteSent = (streamId: number, kind: RelayMessage['kind'], tag: Buffer) => void

type MessageMisbehaviour = Extract<Misbehaviour, { at: 'message' }>

export class MessageSender {
  readonly #core: NetworkCore
  readonly #relay: Relay
  readonly #hop: RelaySideHop
  readonly #port: CircuitPort
  /** Ends the circuit, for both sides. */
  readonly #close: (reason: number) => void
  readonly #noteSent: NoteSent
  /** A cell that waits for the next one to overtake it. */
  #overtaken: Buffer | undefined

  constructor(
    core: NetworkCore,
    relay: Relay,
    hop: RelaySideHop,
    port: CircuitPort,
    { close, noteSent }: { close: (reason: number) => void; noteSent: NoteSent },
  ) {
    this.#core = core
    this.#relay = relay
    this.#hop = hop
    this.#port = port
    this.#close = close
    this.#noteSent = noteSent
  }

  send(streamId: number, kind: RelayMessage['kind'], command: number, body: Uint8Array): void {
    const fault = this.#core.faults.due(
      'message',
      this.#relay.description.nickname,
      (does) => does.kind === kind,
    )
    if (fault === undefined) this.#leaveSealed(streamId, kind, command, body)
    else this.#spoil(fault, streamId, command, body)
  }

  #leaveSealed(streamId: number, kind: RelayMessage['kind'], command: number, body: Uint8Array): void {
    this.#leave(this.#seal(streamId, kind, command, body))
  }

  #say(messages: readonly RelayMessage[], streamId: number): void {
    for (const message of messages) {
      const { command, body } = encodeRelayMessage(message)
      this.#leaveSealed(streamId, message.kind, command, body)
    }
  }

  #spoil(fault: MessageMisbehaviour, streamId: number, command: number, body: Uint8Array): void {
    if (fault.do === 'destroy') return this.#close(DestroyReason.INTERNAL)
    if (fault.do === 'close-channel') return this.#port.closeChannel()
    if (fault.do === 'first-say' || fault.do === 'instead-say') {
      this.#say(fault.messages, streamId)
      if (fault.do === 'first-say') this.#leaveSealed(streamId, fault.kind, command, body)
      return
    }
    const shown = misshape(fault, body)
    const cell = this.#seal(
      fault.do === 'other-stream' ? fault.streamId : streamId,
      fault.kind,
      command,
      shown,
      fault.do === 'overlong' ? LONGER_THAN_A_CELL : shown.length,
    )
    switch (fault.do) {
      case 'drop':
        break
      case 'delay':
        this.#core.clock.setTimer(fault.ms, () => this.#leave(cell))
        break
      case 'reorder':
        this.#overtaken = cell
        break
      case 'as-relay-early':
        this.#leave(cell, ChannelCommand.RELAY_EARLY)
        break
      case 'corrupt':
        cell.writeUInt8(cell.readUInt8(fault.byte) ^ 1, fault.byte)
        this.#leave(cell)
        break
      case 'wrong-digest':
        cell.writeUInt8(cell.readUInt8(DIGEST_OFFSET) ^ 1, DIGEST_OFFSET)
        this.#leave(cell)
        break
      case 'twice':
        this.#leave(cell)
        this.#leaveSealed(streamId, fault.kind, command, body)
        break
      case 'then-say':
        this.#leave(cell)
        this.#say(fault.messages, fault.streamId ?? streamId)
        break
      default:
        this.#leave(cell)
    }
  }

  #seal(
    streamId: number,
    kind: RelayMessage['kind'],
    command: number,
    body: Uint8Array,
    claimedBytes = body.length,
  ): Buffer {
    const plain = relayCellBody(command, streamId, body)
    plain.writeUInt16BE(claimedBytes, RELAY_LENGTH_OFFSET)
    const { cell, tag } = this.#hop.originate(plain)
    this.#noteSent(streamId, kind, tag)
    return cell
  }

  #leave(cell: Buffer, command?: number): void {
    this.#relay.carriedCells++
    this.#port.sendRelay(cell, command)
    const overtaken = this.#overtaken
    this.#overtaken = undefined
    if (overtaken !== undefined) this.#port.sendRelay(overtaken)
  }
}

function misshape(fault: MessageMisbehaviour, body: Uint8Array): Uint8Array {
  if (fault.do === 'truncate') return body.subarray(0, fault.bytes)
  if (fault.do !== 'overwrite') return body
  const changed = Buffer.from(body)
  changed.set(fault.bytes, fault.from)
  return changed
}
