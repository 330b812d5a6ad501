/**
 * A conflux set (proposal 329): circuits to one exit, its legs, which streams ride on as on one circuit. It owns the
 * streams and the order of messages over all legs; congestion control, SENDMEs and keys stay with each leg.
 */
import type { CircuitDeps, CongestionDeps } from '../circuit/circuit-deps.ts'
import type { Circuit } from '../circuit/circuit.ts'
import type { CircuitStream } from '../circuit/circuit-stream.ts'
import type { Hop } from '../circuit/hop.ts'
import type { Tunnel } from '../circuit/tunnel.ts'
import type { RelayMessage } from '../cell/relay-message.ts'
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import type { ConfluxParams, DesiredUx } from './conflux-params.ts'

export interface ConfluxDeps extends Pick<CircuitDeps, 'random'> {
  readonly clock: Pick<Clock, 'monotonicMs' | 'setTimer'>
  readonly params: ConfluxParams
  /** What the exit is asked to send for; our own choice of legs follows it as well. */
  readonly desiredUx: DesiredUx
  /** Legs that are not linked by then fail the set. */
  readonly linkTimeoutMs: number
  /** From `Circuit.takeId`, for sets that are shown before they exist. */
  readonly id?: number
}

export class ConfluxSet implements Tunnel {
  /**
   * Links complete circuits, which carry no streams yet and all end at one exit that has agreed on congestion control.
   * Resolves when all legs are linked. Otherwise all legs are closed, and it rejects with `protocol-violation`,
   * `circuit-failed`, `timeout` or the signal's error; `internal` when the circuits do not fit together.
   */
  static async link(
    _legs: readonly Circuit[],
    _deps: ConfluxDeps,
    _signal?: AbortSignal,
  ): Promise<ConfluxSet> {
    throw new TorError('internal', 'circuits cannot be linked yet')
  }

  readonly #legs: readonly Circuit[]
  readonly id: number
  readonly closed: Promise<TorError>

  private constructor(legs: readonly Circuit[], id: number, closed: Promise<TorError>) {
    this.#legs = legs
    this.id = id
    this.closed = closed
  }

  /** At least two, in the order in which they were given. */
  get legs(): readonly Circuit[] {
    return this.#legs
  }

  get isOpen(): boolean {
    return this.closeError === undefined
  }

  get closeError(): TorError | undefined {
    return this.#first.closeError
  }

  get congestion(): CongestionDeps | undefined {
    return this.#first.congestion
  }

  get streamCount(): number {
    return this.#first.streamCount
  }

  get hops(): readonly Hop[] {
    return this.#first.hops
  }

  addStream(stream: CircuitStream): number {
    return this.#first.addStream(stream)
  }

  sendMessage(streamId: number, message: RelayMessage): void {
    this.#first.sendMessage(streamId, message)
  }

  requestSend(streamId: number): void {
    this.#first.requestSend(streamId)
  }

  endStream(streamId: number, reason: number): void {
    this.#first.endStream(streamId, reason)
  }

  close(error?: TorError): void {
    for (const leg of this.#legs) leg.close(error)
  }

  get #first(): Circuit {
    const [first] = this.#legs
    if (first === undefined) throw new TorError('internal', 'a conflux set without legs')
    return first
  }
}
