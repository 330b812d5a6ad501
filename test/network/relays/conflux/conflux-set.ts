/**
 * Circuits that a client has joined at this exit, and the streams that they carry together (proposal 329): numbers in
 * both directions, the order in which messages count, and the leg on which the next one leaves.
 */
import { DestroyReason } from '../../../../core/cell/reasons.ts'
import type { ConfluxLinkMessage, RelayMessage } from '../../../../core/cell/relay-message.ts'
import { CircuitStreams, type StreamCarrier } from '../circuit-streams.ts'
import type { NetworkCore } from '../network-core.ts'
import type { Relay } from '../relay.ts'
import {
  chooseLeg,
  type ConfluxLeg,
  type LegCircuit,
  type LegRule,
  quickest,
  ruleOfUx,
} from './conflux-leg.ts'
import type { ConfluxTally } from './conflux-sets.ts'
import { ReorderQueue } from './reorder-queue.ts'

/** Those whose order matters to streams (proposal 329, section 2.1): they are counted, and may take any leg. */
const MULTIPLEXED: ReadonlySet<RelayMessage['kind']> = new Set([
  'begin',
  'data',
  'end',
  'connected',
  'resolve',
  'resolved',
  'xon',
  'xoff',
])

/** Whether it is counted in the set's sequence. */
export function isMultiplexed(kind: RelayMessage['kind']): boolean {
  return MULTIPLEXED.has(kind)
}

export class ConfluxSet implements StreamCarrier {
  /** No circuit becomes a leg without it. */
  readonly hasCongestionControl = true
  readonly streams: CircuitStreams
  readonly #core: NetworkCore
  readonly #relay: Relay
  readonly #tally: ConfluxTally
  readonly #onEnded: () => void
  readonly #queue = new ReorderQueue()
  #legs: readonly ConfluxLeg[] = []
  #current: ConfluxLeg | undefined
  #rule: LegRule = 'low-rtt'
  #deliveredSequence = 0
  #hasEnded = false

  constructor(core: NetworkCore, relay: Relay, tally: ConfluxTally, onEnded: () => void) {
    this.#core = core
    this.#relay = relay
    this.#tally = tally
    this.#onEnded = onEnded
    this.streams = new CircuitStreams(core, relay, this)
  }

  get legCount(): number {
    return this.#legs.length
  }

  get sentSequence(): number {
    return Math.max(0, ...this.#legs.map((leg) => leg.sentSequence))
  }

  get deliveredSequence(): number {
    return this.#deliveredSequence
  }

  /** Whether DATA may leave now, on whichever leg. */
  get maySend(): boolean {
    return !this.#hasEnded && this.#choose() !== undefined
  }

  addLeg(circuit: LegCircuit, link: ConfluxLinkMessage): ConfluxLeg {
    const leg: ConfluxLeg = {
      circuit,
      sentSequence: Number(link.lastReceivedSequence),
      receivedSequence: Number(link.lastSentSequence),
    }
    this.#legs = [...this.#legs, leg]
    this.#rule = ruleOfUx(link.desiredUx)
    return leg
  }

  /** On the leg that is chosen now. Only DATA waits for room: all else keeps to the leg in use without it. */
  send(streamId: number, message: RelayMessage): void {
    if (this.#hasEnded) return
    this.#current ??= quickest(this.#legs) ?? this.#legs[0]
    const leg = this.#choose() ?? this.#current
    if (leg === undefined) return
    if (leg !== this.#current) this.#switchTo(leg)
    leg.circuit.send(streamId, message)
  }

  receive(leg: ConfluxLeg, streamId: number, message: RelayMessage): void {
    if (this.#hasEnded) return
    if (!isMultiplexed(message.kind)) return this.fail(`${message.kind} on a conflux set`)
    const sequence = ++leg.receivedSequence
    if (sequence <= this.#deliveredSequence) return this.fail('a sequence number that was delivered before')
    if (sequence > this.#deliveredSequence + 1) {
      if (!this.#queue.add({ sequence, streamId, message })) this.fail('too much out of order, or twice')
      return
    }
    this.#deliver(streamId, message)
    this.#deliverQueued()
  }

  /** SWITCH: what the client sends next on this leg is so much further on. */
  skip(leg: ConfluxLeg, relativeSequence: number): void {
    if (relativeSequence === 0) return this.fail('SWITCH by nothing')
    this.#tally.switchesReceived++
    leg.receivedSequence += relativeSequence
  }

  fail(what: string): void {
    if (this.#hasEnded) return
    this.#core.complain(this.#relay, what)
    this.#end(DestroyReason.PROTOCOL)
  }

  /** The set outlives a leg only if nothing can have been lost on it. */
  onLegClosed(leg: ConfluxLeg): void {
    if (this.#hasEnded) return
    const others = this.#legs.filter((other) => other !== leg)
    const isInUse = leg === this.#current || leg.circuit.isSendmeOwed
    const isBehind =
      others.some(({ sentSequence }) => sentSequence >= leg.sentSequence) &&
      others.some(({ receivedSequence }) => receivedSequence >= leg.receivedSequence)
    this.#legs = others
    if (isInUse || !isBehind) this.#end(DestroyReason.FINISHED)
  }

  #choose(): ConfluxLeg | undefined {
    const fault = this.#core.faults.due('conflux', this.#relay.description.nickname)?.do
    switch (fault) {
      case undefined:
        return chooseLeg(this.#legs, this.#rule)
      case 'keep-to-one-leg':
        return chooseLeg(this.#legs.slice(0, 1), this.#rule)
      case 'change-legs-always': {
        const others = this.#legs.filter((leg) => leg !== this.#current)
        return chooseLeg(others, 'low-rtt') ?? chooseLeg(this.#legs, 'low-rtt')
      }
    }
  }

  #switchTo(leg: ConfluxLeg): void {
    this.#tally.switchesSent++
    const sent = this.sentSequence
    leg.circuit.send(0, { kind: 'conflux-switch', relativeSequence: sent - leg.sentSequence })
    leg.sentSequence = sent
    this.#current = leg
  }

  #deliver(streamId: number, message: RelayMessage): void {
    this.#deliveredSequence++
    this.streams.onMessage(streamId, message)
  }

  #deliverQueued(): void {
    let next = this.#queue.take(this.#deliveredSequence + 1)
    while (next !== undefined && !this.#hasEnded) {
      this.#deliver(next.streamId, next.message)
      next = this.#queue.take(this.#deliveredSequence + 1)
    }
  }

  #end(reason: number): void {
    this.#hasEnded = true
    this.#queue.clear()
    this.streams.close()
    const legs = this.#legs
    this.#legs = []
    for (const { circuit } of legs) circuit.close(reason)
    this.#onEnded()
  }
}
