/**
 * A circuit: up to eight hops over one channel, and the streams that end at its last hop (tor-spec 5 and 6). This file
 * holds the states; `inbound`, `inbound-messages`, `outbound` and `tunnel-streams` do the work.
 */
import { encodeChannelCell, decodeChannelMessage } from '../cell/channel-message-codec.ts'
import { CELL_BODY_BYTES, CELL_BYTES, ChannelCommand, channelCommandName } from '../cell/commands.ts'
import { describeDestroyReason } from '../cell/reasons.ts'
import type { RelayMessage } from '../cell/relay-message.ts'
import type { Channel } from '../channel/channel.ts'
import type { CircuitEndpoint } from '../channel/circuit-endpoint.ts'
import type { SendUrgency } from '../channel/outbound-link.ts'
import type { ChannelTarget, CircuitTarget } from '../linkspec/relay-target.ts'
import { throwIfAborted } from '../util/abort.ts'
import { createDeferred } from '../util/deferred.ts'
import { protocolViolation, TorError, toTorError } from '../util/errors.ts'
import type { QueueAccount } from '../util/queue-account.ts'
import type { CircuitDeps, CongestionDeps } from './circuit-deps.ts'
import { CircuitGrowth } from './circuit-growth.ts'
import type { CircuitStream } from './circuit-stream.ts'
import { CircuitStreams } from './circuit-streams.ts'
import { CircuitWindows } from './circuit-windows.ts'
import { startFastHandshake, startHopHandshake } from './create-hop.ts'
import type { Hop } from './hop.ts'
import { InboundCells } from './inbound.ts'
import { InboundMessages } from './inbound-messages.ts'
import { OutboundCells } from './outbound.ts'
import { RelayEarlyBudget } from './relay-early.ts'
import type { SetOfLeg, StreamSide } from './stream-side.ts'
import type { Tunnel } from './tunnel.ts'

export class Circuit implements CircuitEndpoint, Tunnel {
  /** Unique in this process; says nothing on the wire. */
  readonly id: number
  /** Resolves when the circuit is gone, with the reason. */
  readonly closed: Promise<TorError>
  readonly queues: QueueAccount
  readonly #channel: Channel
  readonly #circuitId: number
  readonly #hops: Hop[] = []
  readonly #windows: CircuitWindows
  readonly #growth: CircuitGrowth
  readonly #inbound = new InboundCells()
  readonly #messages: InboundMessages
  /** Its own; unused while it is a leg. */
  readonly #streams: CircuitStreams
  readonly #outbound: OutboundCells
  readonly #closed = createDeferred<TorError>()
  #set: SetOfLeg | undefined
  #closeError: TorError | undefined
  /** When the newest relay cells came, before their turn to be decrypted. */
  #arrivedMs = 0

  static #nextId = 1

  static takeId(): number {
    return Circuit.#nextId++
  }

  private constructor(channel: Channel, deps: CircuitDeps) {
    this.id = deps.id ?? Circuit.takeId()
    this.closed = this.#closed.promise
    this.#channel = channel
    this.#windows = new CircuitWindows(deps.random)
    const relayEarly = new RelayEarlyBudget(deps.random)
    this.#growth = new CircuitGrowth({
      deps,
      hops: this.#hops,
      windows: this.#windows,
      relayEarly,
      closeError: () => this.#closeError,
      close: (error) => this.close(error),
    })
    this.queues = deps.queues.open(this)
    this.#streams = new CircuitStreams(deps.random, {
      queues: this.queues,
      requestSend: (urgency) => channel.requestSend(this, urgency),
    })
    this.#outbound = new OutboundCells({
      random: deps.random,
      hops: this.#hops,
      windows: this.#windows,
      relayEarly,
      queues: this.queues,
    })
    this.#messages = new InboundMessages({
      hops: this.#hops,
      windows: this.#windows,
      isOpen: () => this.isOpen,
      isExtending: () => this.#growth.isAsking,
      isLeg: () => this.#set !== undefined,
      streams: () => this.#side,
      sendSendme: (tag) => this.sendToExit({ kind: 'sendme', tag }),
      onCircuitMessage: (message) => this.#onCircuitMessage(message),
    })
    this.#circuitId = channel.addCircuit(this)
  }

  get #side(): StreamSide {
    return this.#set ?? this.#streams
  }

  /** A circuit of one hop made with CREATE_FAST: for directory requests only. */
  static async createFast(
    channel: Channel,
    target: ChannelTarget,
    deps: CircuitDeps,
    signal?: AbortSignal,
  ): Promise<Circuit> {
    throwIfAborted(signal)
    const circuit = new Circuit(channel, deps)
    const handshake = startFastHandshake(deps.random)
    const cell = encodeChannelCell(circuit.#circuitId, { kind: 'create-fast', request: handshake.request })
    channel.sendCreate(cell)
    const hop = { target, nickname: '', handshake, congestion: undefined, answer: 'created-fast' } as const
    await circuit.#growth.add(hop, signal)
    return circuit
  }

  /** A circuit whose first hop is made with ntor-v3 or ntor; `extend` adds the others. */
  static async create(
    channel: Channel,
    target: CircuitTarget,
    deps: CircuitDeps,
    signal?: AbortSignal,
  ): Promise<Circuit> {
    throwIfAborted(signal)
    const { handshakeType, ...started } = startHopHandshake(target, deps.random, deps.congestion?.params)
    const circuit = new Circuit(channel, deps)
    const message = { kind: 'create2', handshakeType, request: started.handshake.request } as const
    channel.sendCreate(encodeChannelCell(circuit.#circuitId, message))
    const hop = { target, nickname: target.nickname, ...started, answer: 'created2' } as const
    await circuit.#growth.add(hop, signal)
    return circuit
  }

  get isOpen(): boolean {
    return this.#closeError === undefined
  }

  /** Why it is closed; undefined while it is open. */
  get closeError(): TorError | undefined {
    return this.#closeError
  }

  get hops(): readonly Hop[] {
    return this.#hops
  }

  /** What the streams' flow control works with, when congestion control is agreed on with the last hop. */
  get congestion(): CongestionDeps | undefined {
    return this.#windows.congestion
  }

  get streamCount(): number {
    return this.#streams.size
  }

  /**
   * Adds a hop (tor-spec 5.3). Rejects with `circuit-failed` when a relay on the way refuses, `wrong-identity` when
   * the new one does not hold its key; the circuit is closed then, and also when the signal fires.
   */
  async extend(target: CircuitTarget, signal?: AbortSignal): Promise<void> {
    if (this.#set !== undefined) throw new TorError('internal', 'a leg of a conflux set cannot be extended')
    const { hop, message } = this.#growth.startExtending(target)
    this.#outbound.push(this.#hops.length - 1, message)
    this.#channel.noteUse('circuits')
    this.#channel.requestSend(this, 'control')
    await this.#growth.add(hop, signal)
  }

  /** Puts a stream on the circuit and returns its id. Throws when the circuit is closed or full, or a leg. */
  addStream(stream: CircuitStream): number {
    if (this.#closeError !== undefined) throw this.#closeError
    if (this.#set !== undefined) throw new TorError('internal', 'streams ride on the set, not on its leg')
    return this.#streams.add(stream)
  }

  sendMessage(streamId: number, message: RelayMessage): void {
    if (message.kind === 'begin' || message.kind === 'resolve') this.noteStreamUse()
    this.#orClose(() => this.#streams.push(streamId, message, 'control'))
  }

  requestSend(streamId: number): void {
    if (this.#closeError === undefined) this.#streams.requestSend(streamId)
  }

  endStream(streamId: number, reason: number): void {
    this.#orClose(() => this.#streams.end(streamId, reason))
  }

  /** Sends a message about the circuit itself to its last hop. */
  sendToExit(message: RelayMessage): void {
    this.#orClose(() => {
      this.#outbound.push(this.#hops.length - 1, message)
      this.#channel.requestSend(this, 'control')
    })
  }

  /** Closes the circuit and everything on it. Idempotent. The relay is told, without a reason (tor-spec 5.4). */
  close(error: TorError = new TorError('closed', 'the circuit was closed')): void {
    this.#finish(error, true)
  }

  /**
   * From now on it is a leg: what its last hop sends for streams, and what streams send, goes through the set. Throws
   * `internal` unless it is complete, has no stream and has agreed on congestion control with its last hop.
   */
  joinSet(set: SetOfLeg): void {
    if (this.#closeError !== undefined) throw this.#closeError
    const isFree = this.#set === undefined && !this.#growth.isAsking && this.#streams.isUnused
    if (!isFree || this.congestion === undefined) {
      throw new TorError('internal', 'the circuit cannot be a leg of a conflux set')
    }
    this.#set = set
  }

  /** Whether DATA may leave now: its window is not full, and neither is its channel's link. */
  get hasRoom(): boolean {
    return !this.#channel.isFull && this.#windows.sendableCells > 0
  }

  /** Whether the channel's link takes nothing for now. */
  get isLinkFull(): boolean {
    return this.#channel.isFull
  }

  /** The round trip of late, in milliseconds, as its SENDMEs show it; 0 without any. */
  get roundTripMs(): number {
    return this.#windows.roundTripMs
  }

  /** Something of its set waits to be packed. */
  requestSendOfSet(urgency: SendUrgency): void {
    if (this.#closeError === undefined) this.#channel.requestSend(this, urgency)
  }

  /** A stream begins: the channel serves somebody. */
  noteStreamUse(): void {
    this.#channel.noteUse('streams')
  }

  onRelayCells(buffer: Buffer, bodyOffset: number, count: number): void {
    this.#arrivedMs = this.#windows.nowMs()
    let taken = 0
    while (taken < count && this.#closeError === undefined) {
      taken += this.#inbound.gather(buffer, bodyOffset + taken * CELL_BYTES, count - taken)
      if (taken < count) this.drain()
    }
  }

  onOtherCell(command: number, buffer: Buffer, bodyOffset: number): void {
    const body = buffer.subarray(bodyOffset, bodyOffset + CELL_BODY_BYTES)
    this.#orClose(() => this.#onOtherCell(command, body))
  }

  drain(): void {
    this.#orClose(() => {
      for (const run of this.#inbound.take(this.#hops, this.#windows.receivePlan)) this.#messages.onRun(run)
    })
  }

  pullCells(maxCells: number, what: 'control' | 'all'): Buffer | undefined {
    let cells: Buffer | undefined
    this.#orClose(() => {
      cells = this.#outbound.pull(this.#circuitId, maxCells, what, this.#side)
    })
    return cells
  }

  onChannelClosed(error: TorError): void {
    this.#finish(error, false)
  }

  /** Does nothing once the circuit is closed. */
  #orClose(work: () => void): void {
    if (this.#closeError !== undefined) return
    try {
      work()
    } catch (error) {
      this.close(toTorError(error))
    }
  }

  #onOtherCell(command: number, body: Buffer): void {
    switch (command) {
      case ChannelCommand.CREATED2:
      case ChannelCommand.CREATED_FAST: {
        const message = decodeChannelMessage(command, body)
        if (message.kind === 'created2' || message.kind === 'created-fast') this.#growth.settle(message)
        return
      }
      case ChannelCommand.DESTROY: {
        const message = decodeChannelMessage(command, body)
        const reason = message.kind === 'destroy' ? describeDestroyReason(message.reason) : ''
        this.#finish(
          new TorError('circuit-failed', `the circuit was destroyed: ${reason}`, { retry: 'elsewhere' }),
          false,
        )
        return
      }
      default: // An inbound RELAY_EARLY is how relays once tagged circuits (tor-spec 5.6).
        throw protocolViolation(`unexpected ${channelCommandName(command)} on a circuit`)
    }
  }

  #onCircuitMessage(message: RelayMessage): void {
    switch (message.kind) {
      case 'extended2':
        this.#growth.settle(message)
        return
      case 'sendme':
        this.#onSendme(message.tag)
        return
      case 'conflux-linked':
      case 'conflux-switch':
        this.#set?.onConfluxMessage(message, this.#arrivedMs)
        return
      case 'truncated': {
        // What is left of the circuit would end somewhere nobody chose: close it (tor-spec 5.4).
        const reason = describeDestroyReason(message.reason)
        throw new TorError('circuit-failed', `a relay cut the circuit: ${reason}`, { retry: 'elsewhere' })
      }
      default:
        throw new TorError('internal', `no use for ${message.kind}`)
    }
  }

  #onSendme(tag: Buffer | undefined): void {
    if (tag === undefined) throw protocolViolation('a SENDME of version 0 for the circuit')
    const heldUpCells = this.#channel.isFull ? this.#side.waitingCells(this.#windows) : 0
    this.#windows.onSendme(tag, this.#arrivedMs, heldUpCells)
    if (this.#set === undefined) this.#channel.requestSend(this, 'data')
    else this.#set.onWindowChanged()
  }

  #finish(error: TorError, isDestroyNeeded: boolean): void {
    if (this.#closeError !== undefined) return
    this.#closeError = error
    this.#inbound.discard()
    this.#outbound.clear()
    this.#channel.removeCircuit(this.#circuitId, this, isDestroyNeeded)
    this.#growth.giveUp(error)
    this.#side.onCircuitClosed(error)
    for (const hop of this.#hops) hop.crypto.destroy()
    this.#closed.resolve(error)
  }
}
