/** How a relay's own messages leave for the client, and how they are spoiled where a fault says so. */
import { ChannelCommand } from '../../../core/cell/commands.ts'
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

type MessageMisbehaviour = Extract<Misbehaviour, { at: 'message' }>

export class MessageSender {
  readonly #core: NetworkCore
  readonly #relay: Relay
  readonly #hop: RelaySideHop
  readonly #port: CircuitPort
  /** A cell that waits for the next one to overtake it. */
  #overtaken: Buffer | undefined

  constructor(core: NetworkCore, relay: Relay, hop: RelaySideHop, port: CircuitPort) {
    this.#core = core
    this.#relay = relay
    this.#hop = hop
    this.#port = port
  }

  /** Returns the cell's digest tag. */
  send(streamId: number, kind: RelayMessage['kind'], command: number, body: Uint8Array): Buffer {
    const fault = this.#core.faults.due(
      'message',
      this.#relay.description.nickname,
      (does) => does.kind === kind,
    )
    if (fault !== undefined) return this.#spoil(fault, streamId, command, body)
    const { cell, tag } = this.#seal(command, streamId, body)
    this.#leave(cell)
    return tag
  }

  #spoil(fault: MessageMisbehaviour, streamId: number, command: number, body: Uint8Array): Buffer {
    if (fault.do === 'destroy' || fault.do === 'close-channel') {
      if (fault.do === 'destroy') this.#port.destroy(DestroyReason.INTERNAL)
      else this.#port.closeChannel()
      return Buffer.alloc(0)
    }
    const shown = fault.do === 'truncate' ? body.subarray(0, fault.bytes) : body
    const { cell, tag } = this.#seal(command, fault.do === 'other-stream' ? fault.streamId : streamId, shown)
    switch (fault.do) {
      case 'drop':
        break
      case 'delay':
        setTimeout(() => this.#leave(cell), fault.ms)
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
        this.#leave(this.#seal(command, streamId, body).cell)
        break
      case 'then-say':
        this.#leave(cell)
        for (const message of fault.messages) {
          const more = encodeRelayMessage(message)
          this.#leave(this.#seal(more.command, fault.streamId ?? streamId, more.body).cell)
        }
        break
      default:
        this.#leave(cell)
    }
    return tag
  }

  #seal(
    command: number,
    streamId: number,
    body: Uint8Array,
  ): { readonly cell: Buffer; readonly tag: Buffer } {
    return this.#hop.originate(relayCellBody(command, streamId, body))
  }

  #leave(cell: Buffer, command?: number): void {
    this.#relay.carriedCells++
    this.#port.sendRelay(cell, command)
    const overtaken = this.#overtaken
    this.#overtaken = undefined
    if (overtaken !== undefined) this.#port.sendRelay(overtaken)
  }
}
