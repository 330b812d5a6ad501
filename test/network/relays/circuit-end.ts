/**
 * The last relay's end of one circuit: its window towards the client, and its streams, which are those of the whole set
 * once the circuit is a leg of one (proposal 329).
 */
import { DestroyReason } from '../../../core/cell/reasons.ts'
import type { ConfluxLinkMessage, RelayMessage } from '../../../core/cell/relay-message.ts'
import { CircuitStreams, type StreamCarrier } from './circuit-streams.ts'
import type { ConfluxLeg } from './conflux/conflux-leg.ts'
import { type ConfluxSet, isMultiplexed } from './conflux/conflux-set.ts'
import type { NetworkCore } from './network-core.ts'
import type { Relay } from './relay.ts'
import { RelayWindows } from './relay-windows.ts'

export interface CircuitEndParts {
  readonly core: NetworkCore
  readonly relay: Relay
  /** DATA cells for each SENDME where congestion control was agreed on. */
  readonly increment: number | undefined
  /** Whether the channel to the client takes more. */
  readonly isWritable: () => boolean
  readonly send: (streamId: number, message: RelayMessage) => void
  /** Ends the circuit, for both sides. */
  readonly close: (reason: number) => void
}

/** Where a circuit belongs that has become a leg. */
interface Membership {
  readonly set: ConfluxSet
  readonly leg: ConfluxLeg
  readonly linkedMs: number
  isAcknowledged: boolean
}

export class CircuitEnd implements StreamCarrier {
  readonly #parts: CircuitEndParts
  readonly #windows: RelayWindows
  readonly #ownStreams: CircuitStreams
  #membership: Membership | undefined

  constructor(parts: CircuitEndParts) {
    this.#parts = parts
    this.#windows = new RelayWindows(parts.increment)
    this.#ownStreams = new CircuitStreams(parts.core, parts.relay, this)
  }

  get hasCongestionControl(): boolean {
    return this.#windows.hasCongestionControl
  }

  get maySend(): boolean {
    return this.#windows.maySend && this.#parts.isWritable()
  }

  get isSendmeOwed(): boolean {
    return this.#windows.isSendmeOwed
  }

  get rttMs(): number | undefined {
    return this.#windows.rttMs
  }

  /** Of the stream that was opened last; 0 without one. */
  get newestStreamId(): number {
    return this.#streams.newestId
  }

  onMessage(streamId: number, message: RelayMessage, tag: Buffer): void {
    switch (message.kind) {
      case 'conflux-link':
        return this.#link(message)
      case 'conflux-linked-ack':
        return this.#onAcknowledged()
      case 'conflux-switch':
        return this.#onSwitch(message.relativeSequence)
      case 'sendme':
        return streamId === 0 ? this.#onSendme(message.tag) : this.#pass(streamId, message)
      case 'data':
        this.#acknowledge(tag)
        return this.#pass(streamId, message)
      default:
        this.#pass(streamId, message)
    }
  }

  send(streamId: number, message: RelayMessage): void {
    this.#parts.send(streamId, message)
  }

  /** Whatever has left counts, also what a fault has said; a SENDME must quote the tag of its DATA cell. */
  noteSent(streamId: number, kind: RelayMessage['kind'], tag: Buffer): void {
    if (this.#membership !== undefined && isMultiplexed(kind)) this.#membership.leg.sentSequence++
    if (kind !== 'data') return
    this.#windows.noteSent(tag, this.#nowMs())
    this.#streams.noteSent(streamId)
  }

  pump(): void {
    this.#streams.pump()
  }

  fail(what: string): void {
    this.#parts.core.complain(this.#parts.relay, what)
    this.close(DestroyReason.PROTOCOL)
  }

  close(reason: number): void {
    this.#parts.close(reason)
  }

  /** The circuit is gone, whoever ended it. */
  onClosed(): void {
    this.#ownStreams.close()
    this.#membership?.set.onLegClosed(this.#membership.leg)
  }

  get #streams(): CircuitStreams {
    return this.#membership?.set.streams ?? this.#ownStreams
  }

  #pass(streamId: number, message: RelayMessage): void {
    const membership = this.#membership
    if (membership === undefined) this.#ownStreams.onMessage(streamId, message)
    else membership.set.receive(membership.leg, streamId, message)
  }

  /** To the leg on which it came, and at once: even what has to wait for its turn in the set. */
  #acknowledge(tag: Buffer): void {
    if (this.#windows.noteReceived()) this.send(0, { kind: 'sendme', tag })
  }

  #link(message: ConfluxLinkMessage): void {
    if (!this.hasCongestionControl) return this.fail('LINK without congestion control')
    if (this.#membership !== undefined) return this.fail('LINK on a circuit that is a leg already')
    if (this.#ownStreams.count > 0) return this.fail('LINK on a circuit with streams')
    const sets = this.#parts.relay.confluxSets
    if (sets === undefined) return this.fail('LINK to a relay that does not say Conflux')
    const joined = sets.join(this.#parts.core, this, message)
    if (joined === undefined) return
    const { set, leg, answer } = joined
    this.#membership = { set, leg, linkedMs: this.#nowMs(), isAcknowledged: false }
    this.send(0, answer)
  }

  #onAcknowledged(): void {
    const membership = this.#membership
    if (membership === undefined) return this.fail('LINKED_ACK on a circuit that is no leg')
    if (membership.isAcknowledged) return this.fail('LINKED_ACK twice')
    membership.isAcknowledged = true
    this.#windows.noteRtt(this.#nowMs() - membership.linkedMs)
    this.pump()
  }

  #onSwitch(relativeSequence: number): void {
    if (this.#membership === undefined) return this.fail('SWITCH on a circuit that is no leg')
    this.#membership.set.skip(this.#membership.leg, relativeSequence)
  }

  #onSendme(tag: Buffer | undefined): void {
    if (!this.#windows.settle(tag, this.#nowMs())) return this.fail('a SENDME with a wrong tag')
    this.pump()
  }

  #nowMs(): number {
    return this.#parts.core.clock.monotonicMs()
  }
}
