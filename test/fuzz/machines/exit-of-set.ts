/**
 * The exit's end of a conflux set, as honest as the script lets it be: it numbers what it sends over both legs, puts the
 * client's messages in order, and knows which streams there are.
 */
import { mustHold } from '../engine/target.ts'
import { CircuitModel, type ExitStream } from './circuit-model.ts'
import { type CircuitRelays, Command } from './circuit-relays.ts'
import { linkBody } from './relay-bodies.ts'

/** Where the order counts (proposal 329, section 2.1). */
const MULTIPLEXED: ReadonlySet<number> = new Set([
  Command.BEGIN,
  Command.DATA,
  Command.END,
  Command.RESOLVE,
  Command.XON,
  Command.XOFF,
])
/** DATA cells for each SENDME. */
const INCREMENT = 31

interface ExitLeg {
  readonly relays: CircuitRelays
  readonly owedTags: Buffer[]
  nonce: Buffer | undefined
  sentSequence: number
  receivedSequence: number
  dataReceived: number
}

interface ClientMessage {
  readonly command: number
  readonly id: number
}

const PATTERN_BYTES = 65_536
const PATTERN = Buffer.from(Array.from({ length: 2 * PATTERN_BYTES }, (_, at) => at * 31 + (at >> 8)))

/** What every stream carries to the client there, at most one read of it. */
export function patternAt(from: number, length: number): Buffer {
  const at = from % PATTERN_BYTES
  return PATTERN.subarray(at, at + length)
}

export class ExitOfSet {
  readonly model = new CircuitModel(true)
  readonly #legs: ExitLeg[] = []
  readonly #early = new Map<number, ClientMessage>()
  readonly #stopped = new Set<number>()
  readonly #sentBytes = new Map<ExitStream, number>()
  #sentSequence = 0
  #deliveredSequence = 0

  /** Tells which leg it is. */
  addLeg(relays: CircuitRelays): number {
    const legs = this.#legs
    legs.push({
      relays,
      owedTags: [],
      nonce: undefined,
      sentSequence: 0,
      receivedSequence: 0,
      dataReceived: 0,
    })
    return legs.length - 1
  }

  /** What the client says on a leg. */
  onMessage(index: number, command: number, id: number, body: Buffer, tag: Buffer): void {
    const leg = this.#leg(index)
    if (command === Command.CONFLUX_LINK) leg.nonce = Buffer.from(body.subarray(1, 33))
    else if (command === Command.CONFLUX_SWITCH) {
      mustHold(body.readUInt32BE(0) > 0, 'the client changes legs by nothing')
      leg.receivedSequence += body.readUInt32BE(0)
    }
    if (!MULTIPLEXED.has(command)) return
    if (command === Command.DATA && ++leg.dataReceived % INCREMENT === 0) leg.owedTags.push(tag)
    const sequence = ++leg.receivedSequence
    mustHold(sequence > this.#deliveredSequence && !this.#early.has(sequence), 'a number that was used')
    this.#early.set(sequence, { command, id })
    this.#deliver()
  }

  sendLinked(index: number, nonce: Buffer | undefined, lastSent: number, lastReceived: number): void {
    const known = nonce ?? this.#leg(index).nonce
    if (known !== undefined)
      this.#send(index, Command.CONFLUX_LINKED, 0, linkBody(known, lastSent, lastReceived))
  }

  get hasGap(): boolean {
    return this.#early.size > 0
  }

  /** Those that may be sent to. */
  get streams(): readonly ExitStream[] {
    return this.model.streams.filter(
      ({ id, state, isLeft }) => state !== 'ended' && !isLeft && !this.#stopped.has(id),
    )
  }

  /** As the stream's state wants it: an answer, or the next of its data in so many cells. */
  sendHonestly(index: number, stream: ExitStream, cells: number, bytes: number): void {
    if (stream.kind === 'resolve') {
      stream.state = 'ended'
      return this.#sendNumbered(
        index,
        Command.RESOLVED,
        stream.id,
        Buffer.of(4, 4, 192, 0, 2, 7, 0, 0, 0, 60),
      )
    }
    if (stream.state === 'asked') {
      stream.state = 'open'
      return this.#sendNumbered(index, Command.CONNECTED, stream.id, Buffer.of(192, 0, 2, 80, 0, 0, 0, 60))
    }
    for (let sent = 0; sent < cells; sent++) {
      const from = this.#sentBytes.get(stream) ?? 0
      this.#sentBytes.set(stream, from + bytes)
      this.#sendNumbered(index, Command.DATA, stream.id, patternAt(from, bytes))
    }
  }

  end(index: number, stream: ExitStream): void {
    stream.state = 'ended'
    // DONE
    this.#sendNumbered(index, Command.END, stream.id, Buffer.of(6))
  }

  /** False when the client is owed no SENDME on that leg. */
  acknowledge(index: number): boolean {
    const tag = this.#leg(index).owedTags.shift()
    if (tag === undefined) return false
    this.#send(index, Command.SENDME, 0, Buffer.concat([Buffer.of(1, 0, 20), tag]))
    return true
  }

  #sendNumbered(index: number, command: number, id: number, body: Buffer): void {
    const leg = this.#leg(index)
    const behind = this.#sentSequence - leg.sentSequence
    if (behind > 0) {
      const relative = Buffer.alloc(4)
      relative.writeUInt32BE(behind)
      this.#send(index, Command.CONFLUX_SWITCH, 0, relative)
    }
    this.#send(index, command, id, body)
    leg.sentSequence = ++this.#sentSequence
  }

  #send(index: number, command: number, id: number, body: Buffer): void {
    const { relays } = this.#leg(index)
    relays.send(relays.last, command, id, body)
  }

  #deliver(): void {
    for (;;) {
      const message = this.#early.get(this.#deliveredSequence + 1)
      if (message === undefined) return
      this.#early.delete(++this.#deliveredSequence)
      const { command, id } = message
      if (command === Command.BEGIN || command === Command.RESOLVE) {
        mustHold(!this.model.isInUse(id), 'a stream id was used twice')
        this.#stopped.delete(id)
      } else if (command === Command.XOFF) this.#stopped.add(id)
      else if (command === Command.XON) this.#stopped.delete(id)
      this.model.noteFromClient(command, id)
    }
  }

  #leg(index: number): ExitLeg {
    const leg = this.#legs[index]
    if (leg === undefined) throw new RangeError(`no leg ${index}`)
    return leg
  }
}
