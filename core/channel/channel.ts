/**
 * One TLS link to one relay, shared by every circuit through that relay (tor-spec 3 and 4). It gathers what
 * arrives and works through everything once at the end of each event-loop turn: it frames it, hands runs of relay cells to
 * their circuits, and lets each decrypt a batch and not a cell.
 */
import { CellFramer, type CellSink } from '../cell/cell-codec.ts'
import { encodeChannelCell } from '../cell/channel-message-codec.ts'
import { CELL_BODY_BYTES, ChannelCommand, channelCommandName } from '../cell/commands.ts'
import { DestroyReason } from '../cell/reasons.ts'
import type { RelayIds } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { DialTarget } from '../transport/bridge-rule.ts'
import type { Transport } from '../transport/transport.ts'
import { withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { protocolViolation, TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { QueueMemory } from '../util/queue-memory.ts'
import type { Random } from '../util/random.ts'
import { CellRun } from './cell-run.ts'
import type { ChannelUse } from './channel-padding.ts'
import { type ChannelSettings, ChannelUpkeep } from './channel-upkeep.ts'
import type { CircuitEndpoint } from './circuit-endpoint.ts'
import { CircuitTable } from './circuit-table.ts'
import { GatheredReads } from './gathered-reads.ts'
import { LinkHandshake, type LinkIdentity } from './link-handshake.ts'
import { openLimitMs } from './open-limit.ts'
import { OutboundLink, type SendUrgency } from './outbound-link.ts'
import { openTlsLink, type TlsLink, type TlsLinkSink } from './tls-link.ts'
import { TurnEnd } from './turn-end.ts'

/** A link handshake has about 3 kB; the rest of what a relay says before its end can only be padding. */
const MAX_HANDSHAKE_BYTES = 262_144

/** Variable-length commands that have their place in the link handshake only. */
const HANDSHAKE_COMMANDS: ReadonlySet<number> = new Set([
  ChannelCommand.VERSIONS,
  ChannelCommand.CERTS,
  ChannelCommand.AUTH_CHALLENGE,
])

export type ChannelPhase = 'conn' | 'conn-done' | 'handshake' | 'handshake-done'

export interface ChannelDeps {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** The limit over all queues. */
  readonly queues: QueueMemory
  /** Asked when the channel is open; `useSettings` tells of changes. */
  readonly settings: () => ChannelSettings
}

export class Channel implements CellSink, TlsLinkSink {
  readonly endpoint: Endpoint
  /** Resolves when the channel is gone, with the reason. */
  readonly closed: Promise<TorError>
  readonly #deps: ChannelDeps
  readonly #framer = new CellFramer()
  readonly #reads = new GatheredReads()
  readonly #circuits: CircuitTable
  readonly #outbound: OutboundLink
  readonly #turnEnd: TurnEnd
  readonly #toDrain = new Set<CircuitEndpoint>()
  readonly #opened = createDeferred<LinkIdentity>()
  readonly #closed = createDeferred<TorError>()
  #link: TlsLink | undefined
  #handshake: LinkHandshake | undefined
  #identity: LinkIdentity | undefined
  #closeError: TorError | undefined
  readonly #run = new CellRun((circuit, cells) => this.#onRunDelivered(circuit, cells))
  #receivedBytes = 0
  #upkeep: ChannelUpkeep | undefined
  #strayCells = 0

  private constructor(endpoint: Endpoint, deps: ChannelDeps) {
    this.endpoint = endpoint
    this.#deps = deps
    this.#circuits = new CircuitTable(deps.random)
    this.#turnEnd = new TurnEnd(deps.clock, () => this.#onTurnEnd())
    this.#outbound = new OutboundLink({
      clock: deps.clock,
      queues: deps.queues.open(this, true),
      scheduleFlush: () => this.#turnEnd.schedule(),
      onSent: (nowMs) => this.#upkeep?.noteSent(nowMs),
    })
    this.closed = this.#closed.promise
  }

  /**
   * Connects to one endpoint of the relay and proves its identity. Rejects with `channel-failed`, `wrong-identity`,
   * `protocol-violation`, `timeout` or the signal's error; nothing is left open then.
   */
  static open(
    target: DialTarget,
    endpoint: Endpoint,
    deps: ChannelDeps,
    signal: AbortSignal | undefined,
    onPhase: (phase: ChannelPhase) => void = () => {},
  ): Promise<Channel> {
    return withTimeout(deps.clock, openLimitMs(target.bridge), 'opening a channel', signal, async (inner) => {
      const channel = new Channel(endpoint, deps)
      try {
        await channel.#open(target, inner, onPhase)
        return channel
      } catch (error) {
        channel.close(toTorError(error, 'channel-failed', 'opening a channel'))
        throw error
      }
    })
  }

  get isOpen(): boolean {
    return this.#closeError === undefined && this.#identity !== undefined
  }

  /** Everything that the relay has sent: whether it is heard at all. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** Cells for circuits that are not there: some always arrive for those that we have just destroyed. */
  get strayCellCount(): number {
    return this.#strayCells
  }

  get circuitCount(): number {
    return this.#circuits.size
  }

  /** Both identities of the relay, proved by its certificates. */
  get ids(): RelayIds {
    return this.identity.ids
  }

  get identity(): LinkIdentity {
    if (this.#identity === undefined) throw new TorError('internal', 'the channel is not open yet')
    return this.#identity
  }

  /** Registers a circuit and returns its id. Throws when the channel is closed. */
  addCircuit(circuit: CircuitEndpoint): number {
    if (this.#closeError !== undefined) throw this.#closeError
    const circuitId = this.#circuits.add(circuit)
    this.#upkeep?.noteBusy()
    return circuitId
  }

  /** Forgets a circuit; when `isDestroyNeeded`, tells the relay, always with reason NONE (tor-spec 5.4). */
  removeCircuit(circuitId: number, circuit: CircuitEndpoint, isDestroyNeeded: boolean): void {
    if (!this.#circuits.remove(circuitId)) return
    this.#outbound.forget(circuit)
    this.#toDrain.delete(circuit)
    if (isDestroyNeeded && this.#closeError === undefined) {
      this.#pushCell(encodeChannelCell(circuitId, { kind: 'destroy', reason: DestroyReason.NONE }))
    }
    // Also without a DESTROY, so that the id is released.
    this.#turnEnd.schedule()
    if (this.#circuits.size === 0) this.#upkeep?.noteIdle()
  }

  /** Queues a whole CREATE2 or CREATE_FAST cell, ahead of all relay cells. */
  sendCreate(cell: Buffer): void {
    this.#pushCell(cell)
    this.#upkeep?.noteAnswerAwaited()
  }

  /** Asks for a call of the circuit's `pullCells` when the link has room. */
  requestSend(circuit: CircuitEndpoint, urgency: SendUrgency): void {
    this.#outbound.request(circuit, urgency)
  }

  /** Whether the link takes nothing more for now. */
  get isFull(): boolean {
    return this.#outbound.isFull
  }

  /** Whether somebody's traffic goes over the channel decides whether it is padded. */
  noteUse(use: ChannelUse): void {
    this.#upkeep?.noteUse(use)
  }

  useSettings(settings: ChannelSettings): void {
    this.#upkeep?.useSettings(settings)
  }

  close(error: TorError = new TorError('closed', 'the channel was closed')): void {
    if (this.#closeError !== undefined) return
    this.#closeError = error
    this.#upkeep?.stop()
    this.#turnEnd.stop()
    this.#outbound.close()
    this.#toDrain.clear()
    this.#link?.destroy()
    this.#opened.reject(error)
    for (const circuit of this.#circuits.takeAll()) circuit.onChannelClosed(error)
    this.#closed.resolve(error)
  }

  onBytes(buffer: Buffer, length: number): void {
    if (this.#closeError !== undefined) return
    this.#receivedBytes += length
    // The handshake goes on without waiting for the end of a turn.
    if (this.#identity === undefined) return this.#frame(buffer, length)
    this.#turnEnd.schedule()
    for (let at = 0; at < length; ) {
      at += this.#reads.add(buffer, at, length)
      if (this.#reads.isFull) this.#frameReads()
    }
  }

  onDrain(): void {
    this.#outbound.onDrain()
    this.#flush()
  }

  onClose(error: TorError): void {
    // What the relay sent before it went has arrived all the same.
    this.#frameReads()
    this.#drainCircuits()
    this.close(error)
  }

  onFixedCell(circuitId: number, command: number, buffer: Buffer, bodyOffset: number): void {
    if (this.#closeError !== undefined) return
    if (this.#handshake !== undefined) {
      this.#onHandshakeCell(command, buffer.subarray(bodyOffset, bodyOffset + CELL_BODY_BYTES))
      return
    }
    if (command === ChannelCommand.RELAY && this.#run.extend(circuitId, buffer, bodyOffset)) return
    // First, for it may end its circuit.
    this.#run.deliver()
    const circuit = this.#circuits.get(circuitId)
    if (circuit === undefined) {
      this.#strayCells++
      checkStrayCell(command)
      return
    }
    if (command === ChannelCommand.RELAY) {
      this.#run.begin(circuit, circuitId, buffer, bodyOffset)
      return
    }
    // What came before it on this circuit must be seen before it.
    if (this.#toDrain.delete(circuit)) circuit.drain()
    circuit.onOtherCell(command, buffer, bodyOffset)
  }

  #onRunDelivered(circuit: CircuitEndpoint, cells: number): void {
    this.#turnEnd.noteCells(cells)
    this.#toDrain.add(circuit)
  }

  onVariableCell(_circuitId: number, command: number, body: Buffer): void {
    if (this.#closeError !== undefined) return
    if (this.#handshake !== undefined) {
      this.#onHandshakeCell(command, body)
      return
    }
    // Unknown variable-length commands are dropped after the handshake, a second round of the handshake is not.
    if (HANDSHAKE_COMMANDS.has(command)) {
      throw protocolViolation(`${channelCommandName(command)} after the link handshake`)
    }
  }

  async #open(
    target: DialTarget,
    signal: AbortSignal,
    onPhase: (phase: ChannelPhase) => void,
  ): Promise<void> {
    const { transport, clock, random } = this.#deps
    onPhase('conn')
    const onCarrierReady = (): void => {
      onPhase('conn-done')
      onPhase('handshake')
    }
    const parts = { sink: this, random, clock, onCarrierReady }
    const link = await openTlsLink(transport.carrierFor(this.endpoint, target.bridge), parts, signal)
    const onAbort = (): void => this.close(toTorError(signal.reason, 'aborted', 'opening a channel'))
    signal.addEventListener('abort', onAbort, { once: true })
    this.#link = link
    this.#handshake = new LinkHandshake({
      expectedIds: target.ids,
      endpoint: this.endpoint,
      peerCertificate: link.peerCertificate,
      clock,
    })
    link.write([this.#handshake.firstBytes()])
    try {
      this.#identity = await this.#opened.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
    onPhase('handshake-done')
  }

  #onHandshakeCell(command: number, body: Buffer): void {
    const outcome = this.#handshake?.onCell(command, body)
    if (command === ChannelCommand.VERSIONS) this.#framer.circuitIdBytes = 4
    if (outcome === undefined) return
    this.#handshake = undefined
    this.#link?.write([outcome.reply])
    this.#identity = outcome.identity
    if (this.#link !== undefined) this.#outbound.attach(this.#link)
    const { clock, random, settings } = this.#deps
    this.#upkeep = new ChannelUpkeep({
      clock,
      random,
      settings: settings(),
      linkVersion: outcome.identity.linkVersion,
      sendPadding: () => this.#sendPadding(),
      negotiate: (action) =>
        this.#pushCell(encodeChannelCell(0, { kind: 'padding-negotiate', action, lowMs: 0, highMs: 0 })),
      close: (error) => this.close(error),
    })
    this.#opened.resolve(outcome.identity)
  }

  /** What waits to be sent already serves as well. */
  #sendPadding(): void {
    if (this.#outbound.isEmpty) this.#pushCell(encodeChannelCell(0, { kind: 'padding' }))
  }

  #pushCell(cell: Buffer): void {
    try {
      this.#outbound.push(cell)
    } catch (error) {
      this.close(toTorError(error))
    }
  }

  #onTurnEnd(): void {
    if (this.#closeError !== undefined) return
    this.#frameReads()
    this.#drainCircuits()
    // Not earlier: what the circuits ask for while they drain leaves with this turn, and wakes nobody for another.
    this.#turnEnd.finish()
    this.#outbound.beginTurn()
    this.#flush()
  }

  #frameReads(): void {
    this.#reads.release((buffer, length) => this.#frame(buffer, length))
  }

  #frame(buffer: Buffer, length: number): void {
    if (this.#closeError !== undefined) return
    this.#run.startRead(buffer)
    this.#upkeep?.noteReceived(this.#deps.clock.monotonicMs())
    try {
      if (this.#identity === undefined && this.#receivedBytes > MAX_HANDSHAKE_BYTES) {
        throw protocolViolation('a link handshake without end')
      }
      this.#framer.push(buffer, length, this)
      this.#run.deliver()
    } catch (error) {
      this.close(toTorError(error, 'protocol-violation', 'reading from a channel'))
    }
  }

  #drainCircuits(): void {
    for (const circuit of this.#toDrain) {
      this.#toDrain.delete(circuit)
      circuit.drain()
    }
  }

  #flush(): void {
    if (this.#outbound.flush()) this.#circuits.releaseDying()
  }
}

/**
 * Cells of circuits that we have just destroyed still arrive; nobody answers them (tor-spec 5.1.1). What only a client may
 * say, or only once, ends the channel (padding-spec 2.2, tor-spec 4.5).
 */
function checkStrayCell(command: number): void {
  if (command === ChannelCommand.NETINFO || command === ChannelCommand.PADDING_NEGOTIATE) {
    throw protocolViolation(`unexpected ${channelCommandName(command)}`)
  }
}
