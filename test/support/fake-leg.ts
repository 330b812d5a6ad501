/**
 * A leg's circuit without relays: a test says what comes on it, how much room it has, and when its channel asks for cells.
 */
import type { CongestionDeps } from '../../core/circuit/circuit-deps.ts'
import { CircuitWindows } from '../../core/circuit/circuit-windows.ts'
import type { CircuitFlowControl } from '../../core/circuit/flow-control.ts'
import type { Hop } from '../../core/circuit/hop.ts'
import { type CellBatch, MAX_BATCH_CELLS, type SetOfLeg } from '../../core/circuit/stream-side.ts'
import { CELL_BODY_BYTES, RelayCommand } from '../../core/cell/commands.ts'
import { packRelayCell, relayCommandAt, relayLengthAt, relayStreamIdAt } from '../../core/cell/relay-cell.ts'
import type { RelayMessage } from '../../core/cell/relay-message.ts'
import { decodeRelayMessage } from '../../core/cell/relay-message-codec.ts'
import type { SendUrgency } from '../../core/channel/outbound-link.ts'
import type { LegCircuit } from '../../core/conflux/leg.ts'
import { createTor1RelayCrypto, TOR1_KEY_BYTES } from '../../core/crypto/tor1-relay-crypto.ts'
import { parseRsaIdentity } from '../../core/linkspec/relay-ids.ts'
import { TorError, toTorError } from '../../core/util/errors.ts'
import { defaultCongestion } from './default-congestion.ts'
import type { ManualClock } from './manual-clock.ts'
import { seededRandom } from './seeded-random.ts'

const HEADER_BYTES = 11

export interface SentCell {
  readonly command: number
  readonly streamId: number
  readonly body: Buffer
}

export interface FakeLegOptions {
  readonly clock: ManualClock
  /** The digit that its exit's fingerprint is made of. */
  readonly exit?: number
  readonly hops?: number
}

export class FakeLeg implements LegCircuit {
  readonly congestion: CongestionDeps | undefined
  readonly hops: readonly Hop[]
  /** What went to the exit beside the streams' messages. */
  readonly toExit: RelayMessage[] = []
  /** What its channel was asked for since somebody looked. */
  asked: SendUrgency[] = []
  roundTripMs = 0
  isLinkFull = false
  /** DATA cells that its congestion window has room for. */
  windowCells = 1000
  closeError: TorError | undefined
  streamUses = 0
  readonly #clock: ManualClock
  readonly #windows = new CircuitWindows(seededRandom(1))
  readonly #batch = Buffer.alloc(MAX_BATCH_CELLS * CELL_BODY_BYTES)
  #set: SetOfLeg | undefined

  constructor({ clock, exit = 1, hops = 3 }: FakeLegOptions) {
    this.#clock = clock
    this.congestion = { params: defaultCongestion(), clock }
    this.hops = Array.from({ length: hops }, (_each, at) => hopTo(at === hops - 1 ? exit : at + 7))
    this.#windows.startAnew(new FakeFlow(this), this.congestion)
  }

  get isOpen(): boolean {
    return this.closeError === undefined
  }

  get hasRoom(): boolean {
    return !this.isLinkFull && this.windowCells > 0
  }

  joinSet(set: SetOfLeg): void {
    if (this.closeError !== undefined) throw this.closeError
    if (this.#set !== undefined) throw new TorError('internal', 'a leg twice')
    this.#set = set
  }

  requestSendOfSet(urgency: SendUrgency): void {
    this.asked.push(urgency)
  }

  sendToExit(message: RelayMessage): void {
    this.toExit.push(message)
  }

  noteStreamUse(): void {
    this.streamUses++
  }

  close(error: TorError = new TorError('closed', 'the leg was closed')): void {
    if (this.closeError !== undefined) return
    this.closeError = error
    this.#set?.onCircuitClosed(error)
  }

  /** The channel has room: what the set gives this leg. */
  pull(max = MAX_BATCH_CELLS, what: 'control' | 'all' = 'all'): SentCell[] {
    const batch: CellBatch = { cells: this.#batch, count: 0, tagAt: [] }
    this.#orClose(() => this.#set?.pack(batch, max, what, this.#windows))
    return Array.from({ length: batch.count }, (_each, index) => cellAt(this.#batch, index * CELL_BODY_BYTES))
  }

  /** A SENDME came: so much room, and such a round trip. */
  sendme(windowCells: number, roundTripMs = this.roundTripMs): void {
    this.windowCells = windowCells
    this.roundTripMs = roundTripMs
    this.#orClose(() => this.#set?.onWindowChanged())
  }

  linked(nonce: Buffer, { desiredUx = 1, sent = 0n, received = 0n } = {}): void {
    const numbers = { lastSentSequence: sent, lastReceivedSequence: received }
    this.#confluxMessage({ kind: 'conflux-linked', nonce, ...numbers, desiredUx })
  }

  switch(relativeSequence: number): void {
    this.#confluxMessage({ kind: 'conflux-switch', relativeSequence })
  }

  /** DATA cells for one stream, in one batch, in which so many cells are besides. */
  data(streamId: number, payloads: readonly Uint8Array[], besides = 0): void {
    const cells = Buffer.allocUnsafeSlow((payloads.length + besides) * CELL_BODY_BYTES)
    for (const [index, payload] of payloads.entries()) {
      const at = index * CELL_BODY_BYTES
      packRelayCell(cells, at, RelayCommand.DATA, streamId, payload, 0, payload.length, seededRandom(1))
    }
    this.#orClose(() => this.#set?.onData(cells, 0, payloads.length))
  }

  message(command: number, streamId: number, body: Uint8Array = Buffer.alloc(0)): void {
    this.#orClose(() => this.#set?.onMessage(command, streamId, Buffer.from(body)))
  }

  #confluxMessage(message: RelayMessage): void {
    this.#orClose(() => this.#set?.onConfluxMessage(message, this.#clock.monotonicMs()))
  }

  #orClose(work: () => void): void {
    if (this.closeError !== undefined) return
    try {
      work()
    } catch (error) {
      this.close(toTorError(error))
    }
  }
}

class FakeFlow implements CircuitFlowControl {
  readonly increment = 31
  readonly roundTripMs = 0
  readonly #leg: FakeLeg

  constructor(leg: FakeLeg) {
    this.#leg = leg
  }

  get sendableCells(): number {
    return this.#leg.windowCells
  }

  onDataSent(): boolean {
    this.#leg.windowCells--
    return false
  }

  onSendmeReceived(): void {}
}

function hopTo(digit: number): Hop {
  return {
    target: { ids: { rsa: parseRsaIdentity(String(digit).repeat(40)), ed25519: undefined }, endpoints: [] },
    nickname: '',
    crypto: createTor1RelayCrypto(Buffer.alloc(TOR1_KEY_BYTES)),
    hasCongestionControl: true,
  }
}

function cellAt(cells: Buffer, at: number): SentCell {
  const body = Buffer.from(cells.subarray(at + HEADER_BYTES, at + HEADER_BYTES + relayLengthAt(cells, at)))
  return { command: relayCommandAt(cells, at), streamId: relayStreamIdAt(cells, at), body }
}

/** What a SWITCH among the cells says; undefined without one. */
export function switchIn(cells: readonly SentCell[]): number | undefined {
  const found = cells.find(({ command }) => command === RelayCommand.CONFLUX_SWITCH)
  if (found === undefined) return undefined
  const message = decodeRelayMessage(found.command, found.body)
  return message.kind === 'conflux-switch' ? message.relativeSequence : undefined
}
