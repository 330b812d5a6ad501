/**
 * A conflux set (proposal 329): circuits to one exit, its legs, which streams ride on as on one circuit. It owns the
 * streams and the order of messages over all legs; congestion control, SENDMEs and keys stay with each leg.
 */
import type { RelayMessage } from '../cell/relay-message.ts'
import { Circuit } from '../circuit/circuit.ts'
import type { CircuitDeps, CongestionDeps } from '../circuit/circuit-deps.ts'
import type { CircuitStream } from '../circuit/circuit-stream.ts'
import type { Hop } from '../circuit/hop.ts'
import type { Tunnel } from '../circuit/tunnel.ts'
import { TunnelStreams } from '../circuit/tunnel-streams.ts'
import { abortable, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { type ErrorKind, TorError, toTorError } from '../util/errors.ts'
import type { QueueAccount } from '../util/queue-account.ts'
import { randomBytes } from '../util/random.ts'
import { type ConfluxParams, congestionOfSet, type DesiredUx } from './conflux-params.ts'
import { Leg, type LegCircuit } from './leg.ts'
import { algorithmFor, type LegAlgorithm } from './leg-choice.ts'
import { SetInbound } from './set-inbound.ts'
import { SetOutbound } from './set-outbound.ts'

const NONCE_BYTES = 32

const FEWEST_LEGS = 2

/** A circuit of one hop would show the relay who asks for what. */
const FEWEST_HOPS = 2

/** How a leg ends by what happens to its relays. */
const LOSSES: ReadonlySet<ErrorKind> = new Set(['channel-failed', 'circuit-failed'])

export interface ConfluxDeps extends Pick<CircuitDeps, 'random' | 'queues'> {
  readonly clock: Clock
  readonly params: ConfluxParams
  /** What the exit is asked to send for. What we send for is the exit's wish. */
  readonly desiredUx: DesiredUx
  /** Legs that are not linked by then fail the set. */
  readonly linkTimeoutMs: number
  /** From `Circuit.takeId`, for sets that are shown before they exist. */
  readonly id?: number
}

export class ConfluxSet<C extends LegCircuit = Circuit> implements Tunnel {
  readonly id: number
  readonly closed: Promise<TorError>
  readonly queues: QueueAccount
  readonly #closed = createDeferred<TorError>()
  readonly #linked = createDeferred<void>()
  readonly #deps: ConfluxDeps
  readonly #circuits: readonly C[]
  readonly #streams: TunnelStreams
  readonly #inbound: SetInbound
  readonly #outbound: SetOutbound
  #legs: readonly Leg[]
  #state: 'linking' | 'linked' | 'closed' = 'linking'
  #algorithm: LegAlgorithm = 'min-rtt'
  #congestion: CongestionDeps | undefined
  #closeError: TorError | undefined

  private constructor(circuits: readonly C[], deps: ConfluxDeps) {
    this.id = deps.id ?? Circuit.takeId()
    this.closed = this.#closed.promise
    this.#deps = deps
    this.#circuits = circuits
    this.queues = deps.queues.open(this)
    this.#streams = new TunnelStreams(deps.random, {
      queues: this.queues,
      requestSend: (urgency) => this.#outbound.requestSend(urgency),
    })
    const legs = (): readonly Leg[] => this.#legs
    this.#inbound = new SetInbound({
      streams: this.#streams,
      legs,
      isOpen: () => this.#state === 'linked',
      mostQueuedBytes: deps.params.mostQueuedBytes,
      queues: this.queues,
    })
    this.#outbound = new SetOutbound({
      random: deps.random,
      streams: this.#streams,
      legs,
      algorithm: () => this.#algorithm,
    })
    const parts = {
      streams: this.#streams,
      inbound: this.#inbound,
      outbound: this.#outbound,
      onLinked: (leg: Leg) => this.#onLinked(leg),
      onClosed: (leg: Leg, error: TorError) => this.#onLegClosed(leg, error),
    }
    this.#legs = circuits.map((circuit) => new Leg(circuit, parts))
  }

  /**
   * Links complete circuits, which carry no streams yet and all end at one exit that has agreed on congestion control.
   * Resolves when all legs are linked. Otherwise all legs are closed, and it rejects with `protocol-violation`,
   * `circuit-failed`, `timeout` or the signal's error; `internal` when the circuits do not fit together.
   */
  static async link<C extends LegCircuit = Circuit>(
    circuits: readonly C[],
    deps: ConfluxDeps,
    signal?: AbortSignal,
  ): Promise<ConfluxSet<C>> {
    const set = new ConfluxSet(circuits, deps)
    try {
      set.#askToLink()
      await withTimeout(deps.clock, deps.linkTimeoutMs, 'linking a conflux set', signal, (inner) =>
        abortable(set.#linked.promise, inner),
      )
      return set
    } catch (error) {
      set.close(toTorError(error))
      throw error
    }
  }

  /** The circuits that it was made of, in the order in which they were given; one may be gone by now. */
  get legs(): readonly C[] {
    return this.#circuits
  }

  get isOpen(): boolean {
    return this.#closeError === undefined
  }

  get closeError(): TorError | undefined {
    return this.#closeError
  }

  get congestion(): CongestionDeps | undefined {
    return this.#congestion
  }

  get streamCount(): number {
    return this.#streams.size
  }

  get hops(): readonly Hop[] {
    return this.#circuits[0]?.hops ?? []
  }

  /** Bytes of messages that wait for earlier ones on another leg. */
  get queuedBytes(): number {
    return this.#inbound.queuedBytes
  }

  addStream(stream: CircuitStream): number {
    if (this.#closeError !== undefined) throw this.#closeError
    if (this.#state !== 'linked')
      throw new TorError('internal', 'a stream on a conflux set that is not linked')
    return this.#streams.add(stream)
  }

  sendMessage(streamId: number, message: RelayMessage): void {
    if (message.kind === 'begin' || message.kind === 'resolve') {
      for (const { circuit } of this.#legs) circuit.noteStreamUse()
    }
    this.#orClose(() => {
      // It has no number, and an exit has no order for it (TROVE-2026-008).
      if (message.kind === 'begin-dir') throw new TorError('internal', 'BEGIN_DIR on a conflux set')
      this.#streams.push(streamId, message, 'control')
    })
  }

  requestSend(streamId: number): void {
    if (this.#closeError === undefined) this.#streams.requestSend(streamId)
  }

  endStream(streamId: number, reason: number): void {
    this.#orClose(() => this.#streams.end(streamId, reason))
  }

  /** Closes all legs and everything on them. Idempotent. */
  close(error: TorError = new TorError('closed', 'the conflux set was closed')): void {
    if (this.#closeError !== undefined) return
    this.#closeError = error
    this.#state = 'closed'
    this.#inbound.clear()
    for (const circuit of this.#circuits) circuit.close(error)
    this.#streams.close(error)
    this.#linked.reject(error)
    this.#closed.resolve(error)
  }

  #askToLink(): void {
    const exits = new Set(this.#circuits.map(({ hops }) => hops.at(-1)?.target.ids.rsa))
    const isFit = this.#circuits.every(({ hops }) => hops.length >= FEWEST_HOPS)
    if (this.#circuits.length < FEWEST_LEGS || exits.size !== 1 || !isFit) {
      throw new TorError('internal', 'these circuits do not make a conflux set')
    }
    const { random, clock, desiredUx, params } = this.#deps
    const congestion = this.#circuits[0]?.congestion
    this.#congestion = congestion && congestionOfSet(congestion, this.#circuits.length, params)
    const nonce = randomBytes(random, NONCE_BYTES)
    for (const leg of this.#legs) leg.askToLink(nonce, desiredUx, clock.monotonicMs())
  }

  #onLinked({ exitsWish }: Leg): void {
    if (exitsWish !== undefined) this.#algorithm = algorithmFor(exitsWish)
    if (this.#state !== 'linking' || this.#legs.some(({ isLinked }) => !isLinked)) return
    this.#state = 'linked'
    this.#linked.resolve()
  }

  /**
   * What was under way on a leg is lost with it, and cannot be asked for again: its end is the end of the set. Only a leg
   * that neither side ever used may be lost from under open streams (2.4.3); one that we closed ourselves, for what came
   * on it above all, never.
   */
  #onLegClosed(leg: Leg, error: TorError): void {
    if (this.#closeError !== undefined) return
    const others = this.#legs.filter((other) => other !== leg)
    const isSpare = leg.sequence.isUntouched && LOSSES.has(error.kind) && others.length > 0
    if (this.#streams.size === 0 || !isSpare) {
      this.close(error)
      return
    }
    this.#legs = others
    this.#outbound.forget(leg)
    this.#orClose(() => {
      this.#inbound.checkGap()
      this.#outbound.requestSend('data')
    })
  }

  /** Does nothing once the set is closed. */
  #orClose(work: () => void): void {
    if (this.#closeError !== undefined) return
    try {
      work()
    } catch (error) {
      this.close(toTorError(error))
    }
  }
}
