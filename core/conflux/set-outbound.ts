/**
 * A set's way out: only the leg that is chosen now is given the streams' messages and DATA, and a SWITCH goes before them
 * where the leg before was another (proposal 329, 2.6 and 3).
 */
import { CELL_BODY_BYTES, RelayCommand } from '../cell/commands.ts'
import { packRelayCell } from '../cell/relay-cell.ts'
import { encodeRelayMessage } from '../cell/relay-message-codec.ts'
import type { SendUrgency } from '../channel/outbound-link.ts'
import type { CircuitWindows } from '../circuit/circuit-windows.ts'
import { type CellBatch, MAX_BATCH_CELLS } from '../circuit/stream-side.ts'
import type { TunnelStreams } from '../circuit/tunnel-streams.ts'
import type { Random } from '../util/random.ts'
import type { Leg } from './leg.ts'
import { chooseLeg, type LegAlgorithm } from './leg-choice.ts'

/** What a SWITCH can say. A leg so far behind stays behind. */
const MOST_RELATIVE = 0xffff_ffff

export interface SetOutboundParts {
  readonly random: Random
  readonly streams: TunnelStreams
  readonly legs: () => readonly Leg[]
  readonly algorithm: () => LegAlgorithm
}

export class SetOutbound {
  readonly #parts: SetOutboundParts
  /** On which the last message was sent; the fastest before the first. */
  #current: Leg | undefined

  constructor(parts: SetOutboundParts) {
    this.#parts = parts
  }

  /** Something of the streams waits: the leg that it goes by is told. */
  requestSend(urgency: SendUrgency): void {
    const chosen = this.#choose()
    if (chosen !== undefined) chosen.circuit.requestSendOfSet(urgency)
    else if (this.#parts.streams.hasMessages) this.#fallback()?.circuit.requestSendOfSet(urgency)
    if (chosen === undefined) this.#awaitLinks()
  }

  /** Appends to the batch of a leg that its channel asks for cells. */
  pack(leg: Leg, batch: CellBatch, max: number, what: 'control' | 'all', windows: CircuitWindows): void {
    const { streams } = this.#parts
    const { hasMessages } = streams
    if (!hasMessages && (what === 'control' || !streams.hasData)) return
    const chosen = this.#choose()
    // Windows hold back DATA alone: a message goes where the last one went, when there is room nowhere.
    const sender = chosen ?? (hasMessages ? this.#fallback() : undefined)
    if (sender === leg) this.#packOn(leg, batch, max, chosen === leg ? what : 'control', windows)
    else if (sender === undefined) this.#awaitLinks()
    else sender.circuit.requestSendOfSet(hasMessages ? 'control' : 'data')
  }

  /** The leg is gone. */
  forget(leg: Leg): void {
    if (this.#current === leg) this.#current = undefined
  }

  #packOn(leg: Leg, batch: CellBatch, max: number, what: 'control' | 'all', windows: CircuitWindows): void {
    const { streams } = this.#parts
    const last = this.#current?.sequence.sent ?? 0
    const needsSwitch = leg !== this.#current && last > 0
    const switchAt = batch.count
    // A SWITCH and what follows it leave together, if that takes one cell more than was asked for.
    const most = needsSwitch ? Math.min(Math.max(max, switchAt + 2), MAX_BATCH_CELLS) : max
    if (needsSwitch) batch.count++
    const first = batch.count
    streams.packMessages(batch, most)
    if (what === 'all' && !streams.hasMessages) streams.packData(batch, most, windows)
    const packed = batch.count - first
    if (packed === 0) {
      batch.count = switchAt
      return
    }
    if (needsSwitch) this.#packSwitch(batch, switchAt, leg.sequence.continueFrom(last))
    leg.sequence.noteSent(packed)
    this.#current = leg
    if (!leg.hasRoom && streams.hasData) this.requestSend('data')
  }

  #packSwitch(batch: CellBatch, index: number, relativeSequence: number): void {
    const { body } = encodeRelayMessage({ kind: 'conflux-switch', relativeSequence })
    const at = index * CELL_BODY_BYTES
    packRelayCell(batch.cells, at, RelayCommand.CONFLUX_SWITCH, 0, body, 0, body.length, this.#parts.random)
  }

  #choose(): Leg | undefined {
    const legs = this.#parts.legs()
    const last = this.#current?.sequence.sent ?? 0
    const near = legs.filter(({ sequence }) => last - sequence.sent <= MOST_RELATIVE)
    return chooseLeg(this.#parts.algorithm(), near, this.#current)
  }

  /** Where the last message went, or the fastest leg when there was none. */
  #fallback(): Leg | undefined {
    if (this.#current !== undefined) return this.#current
    const [first, ...others] = this.#parts.legs()
    return others.reduce((best, leg) => (best && leg.roundTripMs >= best.roundTripMs ? best : leg), first)
  }

  /** A link that takes nothing now asks when it does again; a window that is full is opened by a SENDME. */
  #awaitLinks(): void {
    if (!this.#parts.streams.hasData) return
    for (const { circuit } of this.#parts.legs()) if (circuit.isLinkFull) circuit.requestSendOfSet('data')
  }
}
