/**
 * A conflux set of two real circuits, its streams and the exit that joins them, driven by one script: how it links, in
 * which order the legs bring what it has sent, and where it does wrong. Honest exits lose no byte, and the others lose the
 * whole set. `conflux-machine` does the same to the set alone, on legs that it makes up.
 */
import type { Circuit } from '../../../core/circuit/circuit.ts'
import { congestionParams } from '../../../core/circuit/congestion-params.ts'
import { confluxParams, DesiredUx } from '../../../core/conflux/conflux-params.ts'
import { ConfluxSet } from '../../../core/conflux/conflux-set.ts'
import { DEFAULT_NET_PARAMS } from '../../../core/netdir/net-params.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { ampleQueues } from '../../support/ample-queues.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { mustHold } from '../engine/target.ts'
import { CircuitRelays, Command } from './circuit-relays.ts'
import { ClientStreams } from './client-streams.ts'
import { ExitOfSet, patternAt } from './exit-of-set.ts'
import { bodyFor } from './relay-bodies.ts'
import { Promises, type Script, settle } from './script.ts'

const LEGS = 2
const LINK_TIMEOUT_MS = 60_000
const DESTROY = 4
const BEGIN_DIR = 13
const CONGESTION = congestionParams(DEFAULT_NET_PARAMS, 'exit')

/** No exit has a reason to say them on a set, whatever its state. */
const NEVER = [
  Command.CONFLUX_LINK,
  Command.CONFLUX_LINKED,
  Command.CONFLUX_LINKED_ACK,
  BEGIN_DIR,
  Command.BEGIN,
  Command.EXTENDED2,
]

export class ConfluxCircuitsMachine {
  readonly #script: Script
  readonly #clock = manualClock()
  readonly #queues = ampleQueues()
  readonly #promises = new Promises((error) => isTorError(error) && error.kind !== 'internal')
  readonly #exit = new ExitOfSet()
  readonly #relays: readonly CircuitRelays[]
  readonly #streams: ClientStreams
  #mustClose: string | undefined
  /** Until then nothing may be lost, and the set stays open. */
  #isHonest = true
  /** What is said there reaches nobody any more. */
  readonly #destroyed = new Set<number>()

  constructor(script: Script) {
    this.#script = script
    this.#relays = Array.from({ length: LEGS }, () => {
      const relays: CircuitRelays = new CircuitRelays(true, this.#promises, (command, id, body, tag) =>
        this.#exit.onMessage(leg, command, id, body, tag),
      )
      const leg = this.#exit.addLeg(relays)
      return relays
    })
    this.#streams = new ClientStreams(script, this.#promises, (data, behindBytes) => {
      const isWhole = !this.#isHonest || data.equals(patternAt(behindBytes, data.length))
      mustHold(isWhole, 'data that was lost, repeated or reordered')
    })
  }

  async run(): Promise<void> {
    const circuits = await this.#openLegs()
    if (circuits === undefined) return
    const set = await this.#link(circuits)
    if (set !== undefined) await this.#use(set)
    for (const circuit of circuits) circuit.close()
    this.#clock.advance(2 * LINK_TIMEOUT_MS)
    await settle()
    const complaint = this.#promises.complaint()
    mustHold(complaint === undefined, complaint ?? '')
    this.#streams.destroyAll()
    mustHold(this.#queues.totalBytes === 0, 'what is closed still counts')
    for (const { channel } of this.#relays) mustHold(channel.destroys <= 1, 'the relay was told twice')
  }

  async #openLegs(): Promise<readonly Circuit[] | undefined> {
    const circuits: Circuit[] = []
    for (const relays of this.#relays) {
      const circuit = await relays.open({
        random: seededRandom(5),
        extendByEd25519: true,
        clock: this.#clock,
        queues: this.#queues,
        congestion: { params: CONGESTION, clock: this.#clock },
      })
      if (circuit === undefined) return undefined
      void this.#promises.watch('leg closed', circuit.closed)
      circuits.push(circuit)
    }
    return circuits
  }

  /** Each leg is answered as the script says, in the order that it says. */
  async #link(circuits: readonly Circuit[]): Promise<ConfluxSet | undefined> {
    const deps = {
      random: seededRandom(6),
      clock: this.#clock,
      queues: this.#queues,
      params: confluxParams(DEFAULT_NET_PARAMS),
      desiredUx: DesiredUx.HIGH_THROUGHPUT,
      linkTimeoutMs: LINK_TIMEOUT_MS,
    }
    const linking = this.#promises.watch('link', ConfluxSet.link(circuits, deps))
    await this.#listen()
    const first = this.#script.below(LEGS)
    for (const index of [first, 1 - first]) this.#answerLink(index)
    await this.#listen()
    if (!this.#isHonest) {
      mustHold(
        circuits.every(({ isOpen }) => !isOpen),
        `linked, or left open, by ${this.#mustClose}`,
      )
      return undefined
    }
    const set = await linking
    mustHold(set !== undefined, 'an honest exit is not linked')
    return set
  }

  #answerLink(index: number): void {
    const script = this.#script
    switch (script.below(12)) {
      case 0:
        this.#lie('a foreign nonce')
        this.#exit.sendLinked(index, Buffer.alloc(32, script.u8()), 0, 0)
        break
      case 1:
        this.#lie('numbers of messages that were never sent')
        this.#exit.sendLinked(index, undefined, script.below(2), 1 + script.u8())
        break
      case 2:
        this.#lie('LINKED twice')
        this.#exit.sendLinked(index, undefined, 0, 0)
        this.#exit.sendLinked(index, undefined, 0, 0)
        break
      case 3:
        this.#lie('something else before LINKED')
        this.#say(index, script.pick([...NEVER, Command.CONFLUX_SWITCH]) ?? BEGIN_DIR, 1)
        this.#exit.sendLinked(index, undefined, 0, 0)
        break
      default:
        this.#exit.sendLinked(index, undefined, 0, 0)
    }
    this.#relays[index]?.drain()
  }

  async #use(set: ConfluxSet): Promise<void> {
    void this.#promises.watch('set closed', set.closed)
    while (!this.#script.isOver) {
      await this.#step(set)
      const kind = set.closeError?.kind
      mustHold(kind !== 'internal', `a bug: ${set.closeError?.message}`)
      if (this.#isHonest) mustHold(set.isOpen, `closed without a reason: ${set.closeError?.message}`)
    }
    this.#drain(set)
    await this.#listen()
    if (set.isOpen && this.#isHonest) {
      mustHold(set.queuedBytes === 0, 'messages are kept that everything has come before')
      mustHold(!this.#exit.hasGap, 'a message of the client is missing')
    }
    set.close()
    await settle()
    mustHold(set.queuedBytes === 0, 'a closed set keeps messages')
    mustHold(set.streamCount === 0, 'a closed set has streams')
  }

  async #step(set: ConfluxSet): Promise<void> {
    const script = this.#script
    switch (script.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#exitSends(script.below(LEGS))
      case 4:
      case 5:
        return this.#relays[script.below(LEGS)]?.drain()
      case 6:
        return this.#drain(set)
      case 7:
        this.#streams.open(set)
        return this.#listen()
      case 8:
        this.#streams.write()
        return this.#listen()
      case 9:
        if (this.#streams.end()) await this.#listen()
        return
      case 10:
        return this.#streams.turnReading()
      case 11:
        await this.#listen()
        this.#exit.acknowledge(script.below(LEGS))
        return
      case 12:
        this.#drain(set)
        return this.#clock.advance(script.u8() * 20)
      case 13:
        return this.#exitLies(set, script.below(LEGS))
      case 14:
        if (script.below(4) === 0) this.#destroyLeg(set, script.below(LEGS))
        return
      default:
        return this.#listen()
    }
  }

  async #exitSends(index: number): Promise<void> {
    await this.#listen()
    const script = this.#script
    const stream = script.pick(this.#exit.streams)
    if (stream === undefined) return
    if (script.below(20) === 0 && stream.kind === 'data') return this.#exit.end(index, stream)
    this.#exit.sendHonestly(index, stream, 1 + script.below(40), 1 + script.below(498))
  }

  /** What must end the set, and what may. */
  async #exitLies(set: ConfluxSet, index: number): Promise<void> {
    const script = this.#script
    await this.#listen()
    if (this.#destroyed.has(index)) return
    if (script.below(2) === 0) {
      this.#lie('what no exit has a reason to say')
      this.#say(index, script.pick(NEVER) ?? BEGIN_DIR, script.below(2))
    } else {
      this.#isHonest = false
      const command = script.pick([Command.CONFLUX_SWITCH, Command.DATA, Command.END, Command.XON]) ?? 0
      const stream = script.pick(this.#exit.model.streams)
      this.#say(index, command, command === Command.CONFLUX_SWITCH ? 0 : (stream?.id ?? script.u16()))
    }
    if (script.below(3) !== 0) this.#drain(set)
  }

  #say(index: number, command: number, id: number): void {
    const relays = this.#relays[index]
    relays?.send(relays.last, command, id, bodyFor(command, this.#script))
  }

  #lie(what: string): void {
    this.#isHonest = false
    this.#mustClose ??= what
  }

  /** Where nothing was ever said on it, nothing is lost, and the set may stay. */
  #destroyLeg(set: ConfluxSet, index: number): void {
    this.#isHonest = false
    // What was said before comes before.
    this.#drain(set)
    this.#destroyed.add(index)
    this.#relays[index]?.other(DESTROY, Buffer.of(1))
    this.#drain(set)
  }

  #drain(set: ConfluxSet): void {
    for (const relays of this.#relays) relays.drain()
    if (this.#mustClose !== undefined) mustHold(!set.isOpen, `not closed by ${this.#mustClose}`)
  }

  async #listen(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      for (const relays of this.#relays) relays.pull()
      await settle()
    }
  }
}
