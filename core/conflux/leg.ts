/**
 * One leg of a conflux set: its circuit, the numbers of its messages, and its part of the link handshake (proposal 329,
 * 2.2): LINK from us, LINKED from the exit with our nonce, LINKED_ACK from us, each once.
 */
import type { RelayMessage } from '../cell/relay-message.ts'
import type { Circuit } from '../circuit/circuit.ts'
import type { CircuitWindows } from '../circuit/circuit-windows.ts'
import type { CellBatch, SetOfLeg } from '../circuit/stream-side.ts'
import type { TunnelStreams } from '../circuit/tunnel-streams.ts'
import { equalConstantTime } from '../crypto/constant-time.ts'
import { malformed, protocolViolation, type TorError } from '../util/errors.ts'
import { DesiredUx } from './conflux-params.ts'
import { LegSequence } from './sequence.ts'

/** What a set needs of a leg's circuit. */
export type LegCircuit = Pick<
  Circuit,
  | 'isOpen'
  | 'closeError'
  | 'hops'
  | 'congestion'
  | 'joinSet'
  | 'hasRoom'
  | 'isLinkFull'
  | 'roundTripMs'
  | 'requestSendOfSet'
  | 'sendToExit'
  | 'noteStreamUse'
  | 'close'
>

/** What a leg shares with the others of its set. */
export interface LegParts {
  readonly streams: Pick<TunnelStreams, 'waitingCells'>
  readonly inbound: {
    onSwitch(leg: Leg, relative: number): void
    onData(leg: Leg, cells: Buffer, start: number, end: number): void
    onMessage(leg: Leg, command: number, streamId: number, body: Buffer): void
  }
  readonly outbound: {
    requestSend(urgency: 'data'): void
    pack(leg: Leg, batch: CellBatch, max: number, what: 'control' | 'all', windows: CircuitWindows): void
  }
  readonly onLinked: (leg: Leg) => void
  readonly onClosed: (leg: Leg, error: TorError) => void
}

export class Leg implements SetOfLeg {
  readonly circuit: LegCircuit
  readonly sequence = new LegSequence()
  readonly #parts: LegParts
  #nonce: Buffer | undefined
  #askedMs = 0
  #linkRoundTripMs = 0
  #exitsWish: number | undefined

  constructor(circuit: LegCircuit, parts: LegParts) {
    this.circuit = circuit
    this.#parts = parts
  }

  get isLinked(): boolean {
    return this.#exitsWish !== undefined
  }

  /** What the exit asks us to send for; undefined until the leg is linked. */
  get exitsWish(): number | undefined {
    return this.#exitsWish
  }

  /** As the SENDMEs show it, or the link handshake until there are any. */
  get roundTripMs(): number {
    return this.circuit.roundTripMs || this.#linkRoundTripMs
  }

  get hasRoom(): boolean {
    return this.circuit.hasRoom
  }

  /** Sends LINK. The nonce tells which circuits are one client's: it goes nowhere but to the exit. */
  askToLink(nonce: Buffer, desiredUx: DesiredUx, nowMs: number): void {
    this.circuit.joinSet(this)
    this.#nonce = nonce
    this.#askedMs = nowMs
    const numbers = { lastSentSequence: 0n, lastReceivedSequence: 0n }
    this.circuit.sendToExit({ kind: 'conflux-link', nonce, ...numbers, desiredUx })
  }

  onConfluxMessage(message: RelayMessage, arrivedMs: number): void {
    if (message.kind === 'conflux-switch') this.#parts.inbound.onSwitch(this, message.relativeSequence)
    else if (message.kind === 'conflux-linked') {
      const { nonce, lastSentSequence, lastReceivedSequence, desiredUx } = message
      if (this.isLinked || this.#nonce === undefined)
        throw protocolViolation('LINKED on a leg that is linked')
      if (!equalConstantTime(nonce, this.#nonce))
        throw protocolViolation('LINKED with a nonce that is not ours')
      if (desiredUx > DesiredUx.LOW_MEM_THROUGHPUT) malformed('LINKED', 'a wish of at most 4', desiredUx)
      // We have sent nothing, so nothing can have been received, and nobody can have been answered.
      if (lastSentSequence !== 0n || lastReceivedSequence !== 0n) {
        throw protocolViolation('LINKED with the numbers of messages that were never sent')
      }
      this.#linkRoundTripMs = arrivedMs - this.#askedMs
      this.#exitsWish = desiredUx
      this.circuit.sendToExit({ kind: 'conflux-linked-ack' })
      this.#parts.onLinked(this)
    }
  }

  onData(cells: Buffer, start: number, end: number): void {
    this.#parts.inbound.onData(this, cells, start, end)
  }

  onMessage(command: number, streamId: number, body: Buffer): void {
    this.#parts.inbound.onMessage(this, command, streamId, body)
  }

  onWindowChanged(): void {
    this.#parts.outbound.requestSend('data')
  }

  pack(batch: CellBatch, max: number, what: 'control' | 'all', windows: CircuitWindows): void {
    this.#parts.outbound.pack(this, batch, max, what, windows)
  }

  waitingCells(windows: CircuitWindows): number {
    return this.#parts.streams.waitingCells(windows)
  }

  onCircuitClosed(error: TorError): void {
    this.#parts.onClosed(this, error)
  }
}
