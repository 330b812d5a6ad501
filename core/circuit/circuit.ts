/**
 * A circuit: up to eight hops over one channel, and the streams that end at its last hop (tor-spec 5 and 6). This file
 * holds the states and the dispatch of messages; `inbound`, `outbound`, `stream-table` and the rules do the work.
 */
import { encodeChannelCell, decodeChannelMessage } from '../cell/channel-message-codec.ts'
import {
  CELL_BODY_BYTES,
  CELL_BYTES,
  ChannelCommand,
  channelCommandName,
  RelayCommand,
} from '../cell/commands.ts'
import { describeDestroyReason } from '../cell/reasons.ts'
import { relayCommandAt, relayStreamIdAt } from '../cell/relay-cell.ts'
import type { RelayMessage } from '../cell/relay-message.ts'
import { decodeRelayMessage } from '../cell/relay-message-codec.ts'
import type { Channel } from '../channel/channel.ts'
import type { CircuitEndpoint } from '../channel/circuit-endpoint.ts'
import type { SendUrgency } from '../channel/outbound-link.ts'
import { linkSpecifiersOf } from '../linkspec/link-specifier.ts'
import type { ChannelTarget, CircuitTarget } from '../linkspec/relay-target.ts'
import { abortable, throwIfAborted } from '../util/abort.ts'
import { createDeferred } from '../util/deferred.ts'
import { protocolViolation, TorError, toTorError } from '../util/errors.ts'
import { randomBelow } from '../util/random.ts'
import type { CircuitDeps, CongestionDeps } from './circuit-deps.ts'
import type { CircuitStream } from './circuit-stream.ts'
import { CircuitWindows } from './circuit-windows.ts'
import {
  type AnswerKind,
  AwaitedAnswer,
  finishHopHandshake,
  type NewHop,
  startFastHandshake,
  startHopHandshake,
} from './create-hop.ts'
import { compactPayloads, endOfDataRun, messageBodyAt } from './data-run.ts'
import type { Hop } from './hop.ts'
import { InboundCells, type InboundRun } from './inbound.ts'
import { OutboundCells } from './outbound.ts'
import {
  type CircuitMessageContext,
  checkStreamMessage,
  explainCircuitMessage,
} from './relay-message-rules.ts'
import { StreamTable } from './stream-table.ts'
import type { Tunnel } from './tunnel.ts'

/** tor-spec 5.6: a circuit has 8 RELAY_EARLY cells; C tor keeps a random 0 or 1 of them back, and so do we. */
const RELAY_EARLY_CELLS = 8

export class Circuit implements CircuitEndpoint, Tunnel {
  /** Unique in this process; says nothing on the wire. */
  readonly id: number
  /** Resolves when the circuit is gone, with the reason. */
  readonly closed: Promise<TorError>
  readonly #channel: Channel
  readonly #deps: CircuitDeps
  readonly #circuitId: number
  readonly #hops: Hop[] = []
  readonly #windows = new CircuitWindows()
  readonly #inbound = new InboundCells()
  readonly #streams: StreamTable
  readonly #outbound: OutboundCells
  readonly #closed = createDeferred<TorError>()
  #awaited: AwaitedAnswer | undefined
  #relayEarlyLeft: number
  #closeError: TorError | undefined
  /** When the newest relay cells came, before their turn to be decrypted. */
  #arrivedMs = 0
  readonly #sendSendme = (tag: Buffer): void => this.sendMessage(0, { kind: 'sendme', tag })

  static #nextId = 1

  static takeId(): number {
    return Circuit.#nextId++
  }

  private constructor(channel: Channel, deps: CircuitDeps) {
    this.id = deps.id ?? Circuit.takeId()
    this.closed = this.#closed.promise
    this.#channel = channel
    this.#deps = deps
    this.#streams = new StreamTable(deps.random)
    this.#relayEarlyLeft = RELAY_EARLY_CELLS - randomBelow(deps.random, 2)
    this.#outbound = new OutboundCells({
      random: deps.random,
      hops: this.#hops,
      windows: this.#windows,
      streams: this.#streams,
    })
    this.#circuitId = channel.addCircuit(this)
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
    await circuit.#addHop(hop, signal)
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
    await circuit.#addHop({ target, nickname: target.nickname, ...started, answer: 'created2' }, signal)
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
    if (this.#closeError !== undefined) throw this.#closeError
    if (this.#awaited !== undefined) throw new TorError('internal', 'the circuit is being extended already')
    if (this.#relayEarlyLeft === 0) throw new TorError('limit', 'the circuit has no RELAY_EARLY cell left')
    const before = this.#hops.at(-1)?.target.ids.rsa
    if (target.ids.rsa === before) throw new TorError('no-path', 'a relay twice in a row')
    const { random, extendByEd25519, congestion } = this.#deps
    const { handshakeType, ...started } = startHopHandshake(target, random, congestion?.params)
    const { request } = started.handshake
    const specifiers = linkSpecifiersOf(target, extendByEd25519)
    const message = { kind: 'extend2', specifiers, handshakeType, request } as const
    this.#relayEarlyLeft--
    this.#outbound.push(this.#hops.length - 1, 0, message, ChannelCommand.RELAY_EARLY)
    this.#channel.noteUse('circuits')
    this.#channel.requestSend(this, 'control')
    await this.#addHop({ target, nickname: target.nickname, ...started, answer: 'extended2' }, signal)
  }

  /** Puts a stream on the circuit and returns its id. Throws when the circuit is closed or full. */
  addStream(stream: CircuitStream): number {
    if (this.#closeError !== undefined) throw this.#closeError
    return this.#streams.add(stream)
  }

  sendMessage(streamId: number, message: RelayMessage): void {
    if (message.kind === 'begin' || message.kind === 'resolve') this.#channel.noteUse('streams')
    this.#push(streamId, message, 'control')
  }

  #push(streamId: number, message: RelayMessage, urgency: SendUrgency): void {
    this.#orClose(() => {
      this.#outbound.push(this.#hops.length - 1, streamId, message)
      this.#channel.requestSend(this, urgency)
    })
  }

  requestSend(streamId: number): void {
    if (this.#closeError !== undefined) return
    this.#outbound.requestSend(streamId)
    this.#channel.requestSend(this, 'data')
  }

  endStream(streamId: number, reason: number): void {
    if (this.#closeError !== undefined) return
    this.#outbound.forgetStream(streamId)
    this.#streams.halfClose(streamId, this.#windows.stragglersUntilMs())
    this.#push(streamId, { kind: 'end', reason, address: undefined, ttlSeconds: undefined }, 'soon')
  }

  /** Closes the circuit and everything on it. Idempotent. The relay is told, without a reason (tor-spec 5.4). */
  close(error: TorError = new TorError('closed', 'the circuit was closed')): void {
    this.#finish(error, true)
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
      for (const run of this.#inbound.take(this.#hops, this.#windows.receivePlan)) this.#onRun(run)
    })
  }

  pullCells(maxCells: number, what: 'control' | 'all'): Buffer | undefined {
    let cells: Buffer | undefined
    this.#orClose(() => {
      cells = this.#outbound.pull(this.#circuitId, maxCells, what)
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

  /** Waits for the answer to what was just sent, and makes the hop of it. */
  async #addHop(hop: NewHop, signal: AbortSignal | undefined): Promise<void> {
    const { target, nickname, answer } = hop
    try {
      const awaited = new AwaitedAnswer(answer, this.#deps.clock)
      this.#awaited = awaited
      const reply = await abortable(awaited.reply.promise, signal)
      const { crypto, flow, isCongestionAgreed } = finishHopHandshake(hop, reply)
      // Whatever came right behind the answer may have ended the circuit before we got here.
      if (this.#closeError !== undefined) {
        crypto.destroy()
        throw this.#closeError
      }
      const { rttMs } = awaited
      this.#hops.push({ target, nickname, crypto, hasCongestionControl: isCongestionAgreed, rttMs })
      this.#windows.startAnew(flow, isCongestionAgreed ? this.#deps.congestion : undefined)
    } catch (error) {
      this.close(toTorError(error, 'circuit-failed', 'adding a hop'))
      throw error
    }
  }

  #onOtherCell(command: number, body: Buffer): void {
    switch (command) {
      case ChannelCommand.CREATED2:
      case ChannelCommand.CREATED_FAST: {
        const message = decodeChannelMessage(command, body)
        if (message.kind === 'created2' || message.kind === 'created-fast') this.#settleAnswer(message)
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

  /** Walks over a decrypted batch; runs of DATA of one stream become one chunk. */
  #onRun(run: InboundRun): void {
    const { cells, count, hop } = run
    const context = {
      hop,
      lastHop: this.#hops.length - 1,
      isExtending: this.#awaited !== undefined,
      hasCongestionControl: this.#windows.congestion !== undefined,
    }
    let nextTag = 0
    for (let index = 0; index < count && this.#closeError === undefined; ) {
      const at = index * CELL_BODY_BYTES
      const command = relayCommandAt(cells, at)
      if (command === RelayCommand.DATA) {
        const end = endOfDataRun(cells, index, count)
        if (hop !== context.lastHop) throw protocolViolation(`DATA from hop ${hop + 1}`)
        nextTag = this.#windows.acknowledge(end - index, run.tags, nextTag, this.#sendSendme)
        this.#onData(cells, index, end, context)
        index = end
      } else {
        this.#onMessage(command, relayStreamIdAt(cells, at), messageBodyAt(cells, at), context)
        index++
      }
    }
  }

  #onData(cells: Buffer, start: number, end: number, context: CircuitMessageContext): void {
    const streamId = relayStreamIdAt(cells, start * CELL_BODY_BYTES)
    if (streamId === 0) throw protocolViolation('DATA without a stream id')
    checkStreamMessage(RelayCommand.DATA, context)
    const chunk = compactPayloads(cells, start, end)
    const stream = this.#streams.get(streamId)
    if (stream === undefined) {
      this.#streams.checkStraggler(streamId, RelayCommand.DATA, this.#windows.nowMs(), end - start)
    } else {
      stream.onData(chunk, end - start)
    }
  }

  #onMessage(command: number, streamId: number, body: Buffer, context: CircuitMessageContext): void {
    if (streamId === 0) {
      this.#onCircuitMessage(command, body, context)
      return
    }
    checkStreamMessage(command, context)
    const stream = this.#streams.get(streamId)
    // A straggler must be as well formed as any other.
    const message = decodeRelayMessage(command, body)
    if (stream === undefined) {
      this.#streams.checkStraggler(streamId, command, this.#windows.nowMs())
    } else if (stream.onMessage(message) === 'ended') {
      this.#outbound.forgetStream(streamId)
      this.#streams.remove(streamId)
    }
  }

  #onCircuitMessage(command: number, body: Buffer, context: CircuitMessageContext): void {
    explainCircuitMessage(command, context)
    const message = decodeRelayMessage(command, body)
    switch (message.kind) {
      case 'extended2':
        this.#settleAnswer(message)
        return
      case 'sendme':
        if (message.tag === undefined) throw protocolViolation('a SENDME of version 0 for the circuit')
        this.#windows.onSendme(
          message.tag,
          this.#arrivedMs,
          this.#channel.isFull ? this.#outbound.waitingCells : 0,
        )
        this.#channel.requestSend(this, 'data')
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

  /** Throws unless this kind of answer is awaited, which it is once. */
  #settleAnswer({ kind, reply }: { kind: AnswerKind; reply: Buffer }): void {
    const awaited = this.#awaited
    if (awaited?.answer !== kind) throw protocolViolation(`unexpected ${kind}`)
    this.#awaited = undefined
    awaited.settle(reply)
  }

  #finish(error: TorError, isDestroyNeeded: boolean): void {
    if (this.#closeError !== undefined) return
    this.#closeError = error
    this.#inbound.discard()
    this.#outbound.clear()
    this.#channel.removeCircuit(this.#circuitId, this, isDestroyNeeded)
    this.#awaited?.reply.reject(error)
    this.#awaited = undefined
    for (const stream of this.#streams.takeAll()) stream.onCircuitClosed(error)
    for (const hop of this.#hops) hop.crypto.destroy()
    this.#closed.resolve(error)
  }
}
