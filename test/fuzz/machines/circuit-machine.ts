/**
 * A circuit, its streams and the relays behind it, all driven by one script; a small model says when the circuit must be
 * closed by what the relays say, and when it must not.
 */
import type { Circuit } from '../../../core/circuit/circuit.ts'
import { congestionParams } from '../../../core/circuit/congestion-params.ts'
import { DEFAULT_NET_PARAMS } from '../../../core/netdir/net-params.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { ampleQueues } from '../../support/ample-queues.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { mustHold } from '../engine/target.ts'
import { CircuitModel } from './circuit-model.ts'
import { CircuitRelays, Command } from './circuit-relays.ts'
import { ClientStreams } from './client-streams.ts'
import { bodyFor } from './relay-bodies.ts'
import { Promises, type Script, settle } from './script.ts'

const RELAY = 3
const MOST_CELLS = 128
/** Of one script: the relays of this process seal each cell, which takes longer than the client does. */
const MOST_FLOODED_CELLS = 10_000
const CONGESTION = congestionParams(DEFAULT_NET_PARAMS, 'exit')
/** DATA cells for each SENDME. */
const INCREMENT = { congestion: 31, fixed: 100 }

const USUAL_COMMANDS = [
  Command.DATA,
  Command.DATA,
  Command.END,
  Command.CONNECTED,
  Command.SENDME,
  Command.RESOLVED,
  Command.XON,
  Command.XOFF,
  Command.TRUNCATED,
  Command.EXTENDED2,
  Command.CONFLUX_LINK,
  Command.CONFLUX_LINKED,
  Command.CONFLUX_LINKED_ACK,
  Command.CONFLUX_SWITCH,
]

export class CircuitMachine {
  readonly #script: Script
  readonly #hasCongestion: boolean
  readonly #clock = manualClock()
  readonly #promises = new Promises((error) => isTorError(error) && error.kind !== 'internal')
  readonly #relays: CircuitRelays
  readonly #model: CircuitModel
  readonly #streams: ClientStreams
  readonly #queues = ampleQueues()
  /** Digests of DATA that the client is owed a SENDME for. */
  readonly #owedTags: Buffer[] = []
  #dataReceived = 0
  #mayJudge = true
  #floodedCells = 0

  constructor(script: Script) {
    this.#script = script
    this.#hasCongestion = script.u8() % 2 === 1
    this.#model = new CircuitModel(this.#hasCongestion)
    this.#streams = new ClientStreams(script, this.#promises)
    this.#relays = new CircuitRelays(this.#hasCongestion, this.#promises, (command, id, _body, tag) =>
      this.#onMessage(command, id, tag),
    )
  }

  async run(): Promise<void> {
    const circuit = await this.#relays.open({
      random: seededRandom(5),
      queues: this.#queues,
      extendByEd25519: true,
      clock: this.#clock,
      congestion: this.#hasCongestion ? { params: CONGESTION, clock: this.#clock } : undefined,
    })
    if (circuit === undefined) return
    void this.#promises.watch('closed', circuit.closed)
    while (!this.#script.isOver) await this.#step(circuit)
    this.#drain(circuit)
    circuit.close()
    await settle()
    this.#clock.advance(120_000)
    await settle()
    const complaint = this.#promises.complaint()
    mustHold(complaint === undefined, complaint ?? '')
    mustHold(circuit.streamCount === 0, 'a closed circuit has streams')
    mustHold(this.#relays.channel.destroys <= 1, 'the relay was told twice')
    this.#streams.destroyAll()
    mustHold(this.#queues.totalBytes === 0, 'what is closed still counts')
  }

  async #step(circuit: Circuit): Promise<void> {
    const script = this.#script
    switch (script.below(16)) {
      case 0:
      case 1:
      case 2:
        return this.#relaySays(circuit, script.below(12) === 0 ? script.u8() : this.#usualCommand())
      case 3:
        return this.#drain(circuit)
      case 4:
        return this.#flood(circuit, script.u8() * 3)
      case 5:
        return this.#streams.open(circuit)
      case 6:
        this.#streams.write()
        return this.#relays.pull()
      case 7:
        // Which of the exit's streams it is, nobody told us.
        if (this.#streams.end()) this.#model.leaveStreams()
        return
      case 8:
        return this.#streams.turnReading()
      case 9:
        return this.#acknowledge(circuit, script.below(4) !== 0)
      case 10:
        return this.#otherCell(circuit, script.u8())
      case 11:
        this.#drain(circuit)
        return this.#clock.advance(script.u8() * 20)
      case 12:
        if (!this.#relays.isExtending && circuit.isOpen && circuit.hops.length < 5)
          await this.#relays.extend()
        return
      case 13:
        if (this.#relays.isExtending) await this.#answerExtend(circuit, script.below(3) === 0)
        return
      case 14:
        return this.#garbage(circuit)
      default:
        this.#relays.pull()
        return settle()
    }
  }

  #usualCommand(): number {
    return this.#script.pick(USUAL_COMMANDS) ?? Command.DATA
  }

  /** One relay message, from the hop, to the stream and with the body that the script says. */
  async #relaySays(circuit: Circuit, command: number): Promise<void> {
    await this.#listen()
    const script = this.#script
    const { last, hops } = this.#relays
    const hop = script.below(8) === 0 ? script.below(hops.length) : last
    const stream = script.below(6) === 0 ? undefined : script.pick(this.#model.streams)
    const id = stream?.id ?? (script.below(2) === 0 ? 0 : script.u16())
    this.#say(hop, command, id, bodyFor(command, script))
    if (script.below(3) !== 0) this.#drain(circuit)
  }

  #say(hop: number, command: number, id: number, body: Buffer): void {
    const { isExtending, last } = this.#relays
    this.#model.judge({ command, id, body, isExtending, isOfLastHop: hop === last })
    this.#relays.send(hop, command, id, body)
  }

  /** Full cells in a row, as fast as they come. */
  async #flood(circuit: Circuit, cells: number): Promise<void> {
    await this.#listen()
    const stream = this.#script.pick(this.#model.streams)
    if (stream === undefined) return
    const body = Buffer.alloc(498, 0x62)
    for (let sent = 0; sent < cells && circuit.isOpen; sent++) {
      if (++this.#floodedCells > MOST_FLOODED_CELLS) break
      this.#say(this.#relays.last, Command.DATA, stream.id, body)
      if (sent % MOST_CELLS !== MOST_CELLS - 1) continue
      this.#drain(circuit)
      this.#relays.pull()
    }
    this.#drain(circuit)
  }

  /** What the client has to say is said, also what it only says when asked for it. */
  async #listen(): Promise<void> {
    this.#relays.pull()
    await settle()
    this.#relays.pull()
  }

  /** A SENDME with the tag of what came, or with another. */
  #acknowledge(circuit: Circuit, isRight: boolean): void {
    this.#relays.pull()
    const tag = this.#owedTags.shift()
    const isOwed = tag !== undefined && isRight
    const body = Buffer.concat([Buffer.of(1, 0, 20), isOwed ? tag : Buffer.alloc(20, 9)])
    // What the model does not judge, such as an XOFF too early, may have closed it before.
    this.#drain(circuit)
    const mayStayOpen = circuit.isOpen && isOwed && this.#mayJudge && this.#model.mustClose === undefined
    if (!isOwed) this.#model.mustClose ??= 'a SENDME that is not owed'
    this.#relays.send(this.#relays.last, Command.SENDME, 0, body)
    this.#drain(circuit)
    if (mayStayOpen) mustHold(circuit.isOpen, 'an honest SENDME closed the circuit')
  }

  #otherCell(circuit: Circuit, command: number): void {
    if (command === RELAY) return
    this.#relays.other(command, this.#script.take(40))
    // Whatever it is: DESTROY, answers that nobody awaits, RELAY_EARLY, what only clients say.
    mustHold(!circuit.isOpen, `a cell with command ${command} did not close the circuit`)
  }

  #garbage(circuit: Circuit): void {
    this.#relays.sendGarbage(this.#script.u8())
    this.#model.mustClose ??= 'a cell of no hop'
    this.#drain(circuit)
  }

  async #answerExtend(circuit: Circuit, isWrong: boolean): Promise<void> {
    const isLonger = await this.#relays.answerExtend(isWrong)
    this.#drain(circuit)
    if (!isLonger) return
    // Streams end at what is now the last hop; those of before are of another.
    this.#model.leaveStreams()
    this.#mayJudge = false
  }

  #drain(circuit: Circuit): void {
    this.#relays.drain()
    const { mustClose } = this.#model
    if (mustClose !== undefined && this.#mayJudge) mustHold(!circuit.isOpen, `not closed by ${mustClose}`)
  }

  #onMessage(command: number, id: number, tag: Buffer): void {
    if (command === Command.BEGIN || command === Command.RESOLVE)
      mustHold(!this.#model.isInUse(id), 'a stream id was used twice')
    this.#model.noteFromClient(command, id)
    if (command !== Command.DATA) return
    const increment = this.#hasCongestion ? INCREMENT.congestion : INCREMENT.fixed
    if (++this.#dataReceived % increment === 0) this.#owedTags.push(tag)
  }
}
