/** One circuit at one relay: cells for it, cells to pass on, and the next relay if it is not the last (tor-spec 5, 6). */
import { ChannelCommand, RELAY_LENGTH_OFFSET, RelayCommand } from '../../../core/cell/commands.ts'
import { DestroyReason } from '../../../core/cell/reasons.ts'
import { relayBodyOffset, relayCommandAt, relayStreamIdAt } from '../../../core/cell/relay-cell.ts'
import type { Extend2Message, RelayMessage } from '../../../core/cell/relay-message.ts'
import { decodeRelayMessage, encodeRelayMessage } from '../../../core/cell/relay-message-codec.ts'
import { misanswer, UNASKED, UNASKED_STREAM } from '../faults/create-faults.ts'
import { RelaySideHop } from '../../support/relay-side-tor1.ts'
import { CircuitEnd } from './circuit-end.ts'
import type { CircuitPort } from './circuit-port.ts'
import type { NetworkCore } from './network-core.ts'
import type { AgreedCircuit, Relay } from './relay.ts'
import { MessageSender } from './message-sender.ts'
import { PassingCells } from './passing-cells.ts'

/** Of one circuit: a client that needs more builds paths without end (tor-spec 5.6). */
const MOST_RELAY_EARLY = 8

export class RelayCircuit {
  readonly relay: Relay
  readonly #core: NetworkCore
  readonly #previous: CircuitPort
  readonly #hop: RelaySideHop
  readonly #sender: MessageSender
  /** In use while no relay follows. */
  readonly #end: CircuitEnd
  readonly #passing: PassingCells
  /** The next relay's circuit, in this process. */
  #next: RelayCircuit | undefined
  #relayEarlyCells = 0
  #isClosed = false
  readonly #isFirst: boolean

  constructor(
    core: NetworkCore,
    relay: Relay,
    previous: CircuitPort,
    agreed: AgreedCircuit,
    isFirst: boolean = true,
  ) {
    this.relay = relay
    this.#isFirst = isFirst
    this.#core = core
    this.#previous = previous
    this.#hop = new RelaySideHop(agreed.keyMaterial)
    this.#sender = new MessageSender(core, relay, this.#hop, previous, {
      close: (reason) => this.#close(reason),
      noteSent: (streamId, kind, tag) => this.#end.noteSent(streamId, kind, tag),
    })
    this.#end = new CircuitEnd({
      core,
      relay,
      increment: agreed.increment,
      isWritable: () => previous.isWritable,
      send: (streamId, message) => this.#send(streamId, message),
      close: (reason) => this.#close(reason),
    })
    this.#passing = new PassingCells({
      core,
      relay,
      port: previous,
      encrypt: (body) => this.#hop.encrypt(body),
      say: (message, streamId) => this.say(message, streamId ?? this.newestStreamId),
    })
  }

  /** Of the stream that was opened last at the end of the circuit; 0 without one. */
  get newestStreamId(): number {
    return this.#next?.newestStreamId ?? this.#end.newestStreamId
  }

  /** What the relay has to say without being asked. */
  say(message: RelayMessage, streamId: number): void {
    this.#send(streamId, message)
  }

  /** A relay cell from the client's side; the body is ours. */
  fromClient(body: Buffer, isEarly: boolean): void {
    if (this.#isClosed) return
    this.relay.carriedCells++
    if (this.#isFirst) this.relay.guardedCells++
    if (isEarly && ++this.#relayEarlyCells > MOST_RELAY_EARLY) return this.#fail('too many RELAY_EARLY cells')
    const { cell, tag } = this.#hop.receive(body)
    if (tag !== undefined) return this.#onCell(cell, isEarly, tag)
    if (this.#next === undefined) return this.#fail('a relay cell that nobody recognises')
    this.#next.fromClient(cell, isEarly)
  }

  /** Each side tells the other; `reason` is for the next relay only, and the client's own stays unsaid. */
  onDestroy(reason: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#next?.onDestroy(reason)
    this.#end.onClosed()
  }

  /** The client's channel takes cells again. */
  onWritable(): void {
    this.#end.pump()
    this.#next?.onWritable()
  }

  #onCell(cell: Buffer, isEarly: boolean, tag: Buffer): void {
    const command = relayCommandAt(cell, 0)
    const at = relayBodyOffset(0)
    const length = cell.readUInt16BE(RELAY_LENGTH_OFFSET)
    if (length > cell.length - at) return this.#fail('a relay cell longer than itself')
    const message = decode(command, cell.subarray(at, at + length))
    if (message === undefined) return this.#fail('a relay message that cannot be read')
    if (message.kind === 'extend2') return this.#extend(message, isEarly)
    if (message.kind === 'drop' || command === RelayCommand.PADDING_NEGOTIATE) return
    if (message.kind === 'truncate') return this.#truncate()
    this.#end.onMessage(relayStreamIdAt(cell, 0), message, tag)
  }

  #extend({ specifiers, handshakeType, request }: Extend2Message, isEarly: boolean): void {
    if (!isEarly) return this.#fail('EXTEND2 in a RELAY cell')
    if (this.#next !== undefined) return this.#fail('EXTEND2 past the end of the circuit')
    const rsa = specifiers.find((specifier) => specifier.kind === 'rsa')?.id
    const ed25519 = specifiers.find((specifier) => specifier.kind === 'ed25519')?.id
    const next = rsa === undefined ? undefined : this.#core.relayOf(rsa)
    if (next === undefined) return this.#truncated(DestroyReason.CONNECTFAILED)
    if (ed25519 !== undefined && ed25519 !== next.identity.ed25519) {
      return this.#truncated(DestroyReason.OR_IDENTITY)
    }
    const { faults } = this.#core
    const congestionFault = faults.due('congestion', next.description.nickname)?.do
    const reply = next.answerHandshake(handshakeType, request, congestionFault)
    if (reply === undefined) return this.#truncated(DestroyReason.PROTOCOL)
    this.#next = new RelayCircuit(this.#core, next, this.#portBack(), reply, false)
    const fault = faults.due('create', next.description.nickname)?.do
    if (fault === 'destroy' || fault === 'destroy-twice') {
      if (fault === 'destroy-twice') this.#send(0, { kind: 'truncated', reason: DestroyReason.RESOURCELIMIT })
      return this.#truncated(DestroyReason.RESOURCELIMIT)
    }
    for (const { bytes, claimedBytes } of misanswer(fault, reply)) this.#sendExtended(bytes, claimedBytes)
    if (fault === 'speak-first') this.#next.say(UNASKED, UNASKED_STREAM)
  }

  /** The length is that of the fault, if there is one: the codec would write none that is not so. */
  #sendExtended(bytes: Buffer, claimedBytes: number): void {
    const body = Buffer.concat([Buffer.of(claimedBytes >> 8, claimedBytes & 255), bytes])
    this.#sender.send(0, 'extended2', RelayCommand.EXTENDED2, body)
  }

  /** The way of the next relay to the client: through us. */
  #portBack(): CircuitPort {
    const previous = this.#previous
    return {
      sendRelay: (body, command = ChannelCommand.RELAY) => {
        if (!this.#isClosed) this.#passing.pass(body, command)
      },
      destroy: () => {
        if (this.#isClosed) return
        this.#isClosed = true
        previous.destroy(DestroyReason.DESTROYED)
      },
      closeChannel: () => previous.closeChannel(),
      get isWritable() {
        return previous.isWritable
      },
    }
  }

  #truncate(): void {
    this.#next?.onDestroy(DestroyReason.REQUESTED)
    this.#truncated(DestroyReason.REQUESTED)
  }

  #truncated(reason: number): void {
    this.#next = undefined
    this.#send(0, { kind: 'truncated', reason })
  }

  #send(streamId: number, message: RelayMessage): void {
    const { command, body } = encodeRelayMessage(message)
    this.#sender.send(streamId, message.kind, command, body)
  }

  #fail(what: string): void {
    if (this.#isClosed) return
    this.#core.complain(this.relay, what)
    this.#close(DestroyReason.PROTOCOL)
  }

  #close(reason: number): void {
    if (this.#isClosed) return
    this.onDestroy(reason)
    this.#previous.destroy(reason)
  }
}

function decode(command: number, body: Buffer): RelayMessage | undefined {
  try {
    return decodeRelayMessage(command, body)
  } catch {
    return undefined
  }
}
