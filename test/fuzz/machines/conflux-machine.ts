/**
 * A conflux set on two legs, driven by one script: an exit that sends honestly until it lies, streams that send, and legs
 * whose windows, links and round trips change. A model of the other end reads what left by its numbers.
 */
import { RelayCommand } from '../../../core/cell/commands.ts'
import type { ConfluxSet } from '../../../core/conflux/conflux-set.ts'
import { TorError } from '../../../core/util/errors.ts'
import { type FakeLeg, type SentCell, switchIn } from '../../support/fake-leg.ts'
import { linkedSet, NotingStream } from '../../support/linked-set.ts'
import { mustHold } from '../engine/target.ts'
import type { Script } from './script.ts'

const CELL_BYTES = 509
const MOST_QUEUED_BYTES = 200 * CELL_BYTES
const MOST_STREAMS = 4
const XON_BODY = Buffer.alloc(5)

/** What a liar's end may be called. */
const ENDS: readonly string[] = ['protocol-violation', 'limit', 'malformed']

/** Numbers of a leg's messages, as proposal 329 has the receiver count them. */
class Reader {
  readonly #last = [0, 0]
  readonly #seen = new Map<number, SentCell>()

  read(leg: number, cells: readonly SentCell[]): void {
    for (const cell of cells) {
      const last = this.#last[leg] ?? 0
      const relative = switchIn([cell])
      this.#last[leg] = last + (relative ?? 1)
      mustHold(relative !== 0, 'a SWITCH of ours that skips nothing')
      if (relative !== undefined) continue
      mustHold(!this.#seen.has(last + 1), `number ${last + 1} left twice`)
      this.#seen.set(last + 1, cell)
    }
    mustHold(cells.at(-1)?.command !== RelayCommand.CONFLUX_SWITCH, 'a SWITCH without a message behind it')
  }

  /** Every number once, and each stream's DATA in the order in which it was packed. */
  check(): void {
    const next = new Map<number, number>()
    for (let number = 1; number <= this.#seen.size; number++) {
      const cell = this.#seen.get(number)
      mustHold(cell !== undefined, `number ${number} never left`)
      if (cell?.command !== RelayCommand.DATA) continue
      const place = next.get(cell.streamId) ?? 0
      mustHold(cell.body.readUInt32BE() === place, `DATA ${place} of stream ${cell.streamId} out of place`)
      next.set(cell.streamId, place + 1)
    }
  }
}

interface OnTheWay {
  readonly kind: 'switch' | 'xon'
  readonly relative: number
  readonly streamId: number
}

export class ConfluxMachine {
  readonly #script: Script
  readonly #reader = new Reader()
  readonly #streams: NotingStream[] = []
  /** What the exit has sent on each leg and has not come yet; and the numbers of its last messages. */
  readonly #onTheWay: [OnTheWay[], OnTheWay[]] = [[], []]
  readonly #lastSent = [0, 0]
  #exitsLeg: 0 | 1 = 0
  #sent = 0
  #got = 0
  #hasLied = false
  #isEnded = false

  constructor(script: Script) {
    this.#script = script
  }

  async run(): Promise<void> {
    const params = { mostQueuedBytes: MOST_QUEUED_BYTES }
    const { set, legs } = await linkedSet({ params, exitsWish: this.#script.below(2) === 0 ? 1 : 3 })
    this.#openStream(set)
    while (!this.#script.isOver && set.isOpen) {
      this.#act(set, legs)
      mustHold(set.queuedBytes <= MOST_QUEUED_BYTES, 'more is queued than may be')
      mustHold(set.isOpen === legs.every(({ isOpen }) => isOpen) || this.#isEnded, 'a leg outlives the set')
    }
    this.#reader.check()
    const { closeError } = set
    if (closeError !== undefined && !this.#isEnded) {
      mustHold(
        this.#hasLied || closeError.kind === 'limit',
        `an honest exit was cut off: ${closeError.message}`,
      )
      mustHold(ENDS.includes(closeError.kind), `ended as ${closeError.kind}`)
    }
    if (closeError === undefined && !this.#hasLied && !this.#isEnded) this.#drain(set, legs)
    set.close()
    mustHold(set.queuedBytes === 0, 'something is queued in a closed set')
    mustHold(
      this.#streams.every((stream) => stream.closeError !== undefined),
      'a stream outlives the set',
    )
  }

  #act(set: ConfluxSet<FakeLeg>, legs: readonly [FakeLeg, FakeLeg]): void {
    const script = this.#script
    const at = script.below(2) as 0 | 1
    const leg = legs[at]
    const stream = script.pick(this.#streams)
    switch (script.below(12)) {
      case 0:
        return this.#openStream(set)
      case 1:
      case 2:
        if (stream === undefined) return
        stream.cellsToSend += script.u8()
        return set.requestSend(stream.id)
      case 3:
        return set.sendMessage(stream?.id ?? 0, { kind: 'xoff' })
      case 4:
      case 5:
        return this.#reader.read(
          at,
          leg.pull(1 + script.below(124), script.below(4) === 0 ? 'control' : 'all'),
        )
      case 6:
        return leg.sendme(script.u8(), 1 + script.u8())
      case 7:
        leg.isLinkFull = script.below(2) === 0
        return
      case 8:
        this.#exitSends(at, 1 + script.below(8))
        return
      case 9:
      case 10:
        return this.#arrive(at, leg, 1 + script.below(8))
      default:
        return this.#disturb(leg)
    }
  }

  #openStream(set: ConfluxSet<FakeLeg>): void {
    if (this.#streams.length === MOST_STREAMS) return
    const stream = new NotingStream()
    stream.onGot = () => this.#got++
    stream.id = set.addStream(stream)
    this.#streams.push(stream)
  }

  #exitSends(leg: 0 | 1, count: number): void {
    if (leg !== this.#exitsLeg) {
      const relative = this.#sent - (this.#lastSent[leg] ?? 0)
      // Nothing was sent at all: this leg is the first.
      if (this.#sent > 0) this.#onTheWay[leg].push({ kind: 'switch', relative, streamId: 0 })
      this.#exitsLeg = leg
    }
    for (let message = 0; message < count; message++) {
      const streamId = this.#script.pick(this.#streams)?.id ?? 0
      this.#onTheWay[leg].push({ kind: 'xon', relative: 0, streamId })
    }
    this.#sent += count
    this.#lastSent[leg] = this.#sent
  }

  #arrive(at: 0 | 1, leg: FakeLeg, count: number): void {
    for (const { kind, relative, streamId } of this.#onTheWay[at].splice(0, count)) {
      if (kind === 'switch') leg.switch(relative)
      else leg.message(RelayCommand.XON, streamId, XON_BODY)
    }
  }

  /** Everything that was sent comes: then everything has been passed on. */
  #drain(set: ConfluxSet<FakeLeg>, legs: readonly [FakeLeg, FakeLeg]): void {
    for (const at of [0, 1] as const) this.#arrive(at, legs[at], this.#onTheWay[at].length)
    if (set.closeError?.kind === 'limit') return
    mustHold(set.isOpen, `an honest exit was cut off: ${set.closeError?.message}`)
    mustHold(this.#got === this.#sent, `${this.#got} of ${this.#sent} messages were passed on`)
  }

  /** Lies, and ends. */
  #disturb(leg: FakeLeg): void {
    const script = this.#script
    switch (script.below(5)) {
      case 0:
        this.#hasLied = true
        return leg.switch(script.below(2) === 0 ? script.u8() : script.u16() << 8)
      case 1:
        this.#hasLied = true
        return leg.message(RelayCommand.XON, this.#streams[0]?.id ?? 0, XON_BODY)
      case 2:
        this.#hasLied = true
        return leg.data(this.#streams[0]?.id ?? 0, Array<Buffer>(1 + script.u8()).fill(Buffer.of(1)))
      case 3:
        this.#isEnded = true
        return leg.close(new TorError('circuit-failed', 'the script ends it', { retry: 'elsewhere' }))
      default:
        return
    }
  }
}
