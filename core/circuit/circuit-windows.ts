/**
 * The two ways of a circuit's flow control together: what may be sent, the SENDMEs that the last hop owes us, and those
 * that we owe it. An extended circuit starts them anew, for its streams end at the new hop.
 */
import type { TagPlan } from '../crypto/relay-crypto.ts'
import { TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import type { CongestionDeps } from './circuit-deps.ts'
import type { DataLengths } from './circuit-stream.ts'
import { type CircuitFlowControl, FixedCircuitWindows } from './flow-control.ts'
import { OwedSendmes } from './owed-sendmes.ts'
import { SendmeRandomness } from './sendme-randomness.ts'

export class CircuitWindows {
  readonly #random: Random
  #congestion: CongestionDeps | undefined
  #flow: CircuitFlowControl = new FixedCircuitWindows()
  #randomness: SendmeRandomness
  #owed = new OwedSendmes()
  #receivedSinceSendme = 0

  constructor(random: Random) {
    this.#random = random
    this.#randomness = new SendmeRandomness(random, this.#flow.increment)
  }

  /** A hop has become the last; `congestion` when that was agreed on with it. */
  startAnew(flow: CircuitFlowControl, congestion: CongestionDeps | undefined): void {
    this.#flow = flow
    this.#congestion = congestion
    this.#randomness = new SendmeRandomness(this.#random, flow.increment)
    this.#owed = new OwedSendmes()
    this.#receivedSinceSendme = 0
  }

  /** Set while congestion control is agreed on with the last hop. */
  get congestion(): CongestionDeps | undefined {
    return this.#congestion
  }

  /** Monotonic milliseconds; 0 with fixed windows, which measure nothing. */
  nowMs(): number {
    return this.#congestion?.clock.monotonicMs() ?? 0
  }

  get sendableCells(): number {
    return this.#flow.sendableCells
  }

  /** The average round trip of late, in milliseconds; 0 without any. */
  get roundTripMs(): number {
    return this.#flow.roundTripMs
  }

  /** Of the DATA cells that are sent. */
  get dataLengths(): DataLengths {
    return this.#randomness
  }

  /** Counts one DATA cell sent. True when its tag is needed. */
  onDataSent(): boolean {
    return this.#flow.onDataSent()
  }

  /** The cells with these tags are on their way: to be called when they are handed on, not when they are packed. */
  expectSendmes(tags: readonly Buffer[]): void {
    if (tags.length === 0) return
    const sentMs = this.nowMs()
    for (const tag of tags) this.#owed.expect(tag, sentMs)
  }

  /** A SENDME arrived for the circuit. Throws `protocol-violation`; then close the circuit. */
  onSendme(tag: Buffer, arrivedMs: number, heldUpCells: number): void {
    const sentMs = this.#owed.settle(tag)
    this.#flow.onSendmeReceived({ sentMs, arrivedMs, heldUpCells })
  }

  /** Which of the next DATA cells received will call for a SENDME, for the relay crypto. */
  get receivePlan(): TagPlan {
    const { increment } = this.#flow
    return { first: increment - this.#receivedSinceSendme, every: increment }
  }

  /**
   * Counts DATA cells received, before anybody sees the data, and sends the SENDMEs that are due with the next of the
   * tags that the plan asked for; returns the index of the first that is left.
   */
  acknowledge(cells: number, tags: readonly Buffer[], firstTag: number, send: (tag: Buffer) => void): number {
    const { increment } = this.#flow
    let nextTag = firstTag
    this.#receivedSinceSendme += cells
    for (; this.#receivedSinceSendme >= increment; this.#receivedSinceSendme -= increment) {
      const tag = tags[nextTag++]
      if (tag === undefined) throw new TorError('internal', 'a SENDME is due without a tag')
      send(tag)
    }
    return nextTag
  }
}
