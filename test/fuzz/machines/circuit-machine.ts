/**
 * A circuit, its streams and the relays behind it, all driven by one script: the relays' side seals what it is told to
 * send, and a small model says when the circuit must be closed by it, and when it must not.
 */
import type { Channel } from '../../../core/channel/channel.ts'
import type { CircuitEndpoint } from '../../../core/channel/circuit-endpoint.ts'
import { Circuit } from '../../../core/circuit/circuit.ts'
import { congestionParams } from '../../../core/circuit/congestion-params.ts'
import { generateX25519KeyPair } from '../../../core/crypto/x25519.ts'
import type { CircuitTarget } from '../../../core/linkspec/relay-target.ts'
import { parseEd25519Identity, parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { DEFAULT_NET_PARAMS } from '../../../core/netdir/net-params.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { resolveName, resolvePointer } from '../../../core/stream/resolve-stream.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { answerCreateFast, answerNtorV3 } from '../../support/relay-side-handshakes.ts'
import { RelaySideHop, relayCellBody } from '../../support/relay-side-tor1.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { mustHold } from '../engine/target.ts'
import { Promises, type Script, settle } from './script.ts'

const CELL_BYTES = 514
const BODY_AT = 5
const KEY_BYTES = 72
const CREATED_FAST = 6
const RELAY = 3
const DATA = 2
const END = 3
const CONNECTED = 4
const SENDME = 5
const EXTENDED2 = 15
const RESOLVED = 12
const TRUNCATED = 9
const XON = 44
const XOFF = 43
const STREAM_WINDOW = 500
const STREAM_INCREMENT = 50
const MOST_CELLS = 128
const CONGESTION = congestionParams(DEFAULT_NET_PARAMS, 'exit')

interface ExitStream {
  readonly id: number
  readonly kind: 'data' | 'resolve'
  state: 'asked' | 'open' | 'ended'
  /** The client has said END, or will. */
  isLeft: boolean
  /** DATA cells sent to the client, and what its SENDMEs allow. */
  sent: number
  window: number
}

const relayRandom = seededRandom(77)
const onionKeys = [generateX25519KeyPair(relayRandom), generateX25519KeyPair(relayRandom)]

function targetOf(index: number): CircuitTarget {
  return {
    ids: {
      rsa: parseRsaIdentity(String(index + 1).repeat(40)),
      ed25519: parseEd25519Identity(
        Buffer.alloc(32, index + 1)
          .toString('base64')
          .slice(0, 43),
      ),
    },
    endpoints: [{ host: `192.0.2.${index + 1}`, port: 9001 }],
    ntorKey: onionKeys[index % 2]?.publicKey ?? Buffer.alloc(32),
    hasNtorV3: true,
    hasCongestionControl: true,
    nickname: `relay${index}`,
  }
}

/** What a circuit needs of its channel; it sends when it is told to. */
class FakeChannel {
  endpoint: CircuitEndpoint | undefined
  created: Buffer | undefined
  destroys = 0
  addCircuit(circuit: CircuitEndpoint): number {
    this.endpoint = circuit
    return 0x8000_0001
  }
  removeCircuit(_id: number, _circuit: CircuitEndpoint, isDestroyNeeded: boolean): void {
    if (isDestroyNeeded) this.destroys++
  }
  sendCreate(cell: Buffer): void {
    this.created = cell
  }
  requestSend(): void {}
  noteUse(): void {}
}

export class CircuitMachine {
  readonly #script: Script
  readonly #hasCongestion: boolean
  readonly #channel = new FakeChannel()
  readonly #clock = manualClock()
  readonly #promises = new Promises((error) => isTorError(error) && error.kind !== 'internal')
  readonly #hops: RelaySideHop[] = []
  readonly #streams: ExitStream[] = []
  readonly #dataStreams: DataStream[] = []
  /** Digests of DATA that the client is owed a SENDME for. */
  readonly #owedTags: Buffer[] = []
  #dataReceived = 0
  #extendRequest: Buffer | undefined
  #isExtending = false
  #circuit: Circuit | undefined
  #pending: Buffer[] = []
  #mustClose: string | undefined
  #mayJudge = true
  #isSinkReady = true

  constructor(script: Script) {
    this.#script = script
    this.#hasCongestion = script.u8() % 2 === 1
  }

  async run(): Promise<void> {
    const circuit = await this.#open()
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
    mustHold(this.#channel.destroys <= 1, 'the relay was told twice')
  }

  async #open(): Promise<Circuit | undefined> {
    const deps = {
      random: seededRandom(5),
      extendByEd25519: true,
      clock: this.#clock,
      congestion:
        this.#hasCongestion && CONGESTION !== undefined
          ? { params: CONGESTION, clock: this.#clock, buildTimeoutMs: 10_000 }
          : undefined,
    }
    const channel = this.#channel as unknown as Channel
    const making = this.#promises.watch('create', Circuit.createFast(channel, targetOf(0), deps))
    const request = this.#channel.created?.subarray(BODY_AT, BODY_AT + 20) ?? Buffer.alloc(20)
    const { reply, keyMaterial } = answerCreateFast(request, Buffer.alloc(20, 3), KEY_BYTES)
    this.#other(CREATED_FAST, reply)
    const circuit = await making
    if (circuit === undefined) return undefined
    this.#circuit = circuit
    this.#hops.push(new RelaySideHop(keyMaterial))
    await this.#extend(circuit)
    await this.#answerExtend(circuit, false)
    mustHold(circuit.hops.length === 2, 'an honest relay is not made a hop')
    return circuit
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
        return this.#openStream(circuit)
      case 6:
        this.#clientWrites()
        return this.#pull(circuit)
      case 7:
        return this.#clientEnds()
      case 8:
        this.#isSinkReady = !this.#isSinkReady
        if (this.#isSinkReady) for (const stream of this.#dataStreams) stream.resumeReading()
        return
      case 9:
        return this.#acknowledge(circuit, script.below(4) !== 0)
      case 10:
        return this.#otherCell(circuit, script.u8())
      case 11:
        this.#drain(circuit)
        return this.#clock.advance(script.u8() * 20)
      case 12:
        if (!this.#isExtending && circuit.isOpen && circuit.hops.length < 5) await this.#extend(circuit)
        return
      case 13:
        if (this.#isExtending) await this.#answerExtend(circuit, script.below(3) === 0)
        return
      case 14:
        return this.#garbage(circuit)
      default:
        this.#pull(circuit)
        return settle()
    }
  }

  #usualCommand(): number {
    return (
      this.#script.pick([DATA, DATA, END, CONNECTED, SENDME, RESOLVED, XON, XOFF, TRUNCATED, EXTENDED2]) ??
      DATA
    )
  }

  get #last(): number {
    return this.#hops.length - 1
  }

  /** One relay message, from the hop, to the stream and with the body that the script says. */
  async #relaySays(circuit: Circuit, command: number): Promise<void> {
    this.#pull(circuit)
    await settle()
    const script = this.#script
    const hop = script.below(8) === 0 ? script.below(this.#hops.length) : this.#last
    const stream = script.below(6) === 0 ? undefined : script.pick(this.#streams)
    const id = stream?.id ?? (script.below(2) === 0 ? 0 : script.u16())
    const body = this.#bodyFor(command)
    this.#judge(hop, command, id, body)
    this.#send(hop, relayCellBody(command, id, body))
    if (script.below(3) !== 0) this.#drain(circuit)
  }

  #bodyFor(command: number): Buffer {
    const script = this.#script
    if (script.below(4) === 0) return script.take(script.below(60))
    switch (command) {
      case DATA:
        return Buffer.alloc(1 + (script.u16() % 498), 0x61)
      case END:
        return Buffer.of(script.below(18))
      case CONNECTED:
        return Buffer.of(192, 0, 2, 80, 0, 0, 0, 60)
      case RESOLVED:
        return Buffer.of(4, 4, 192, 0, 2, 7, 0, 0, 0, 60)
      case XON:
        return Buffer.of(0, 0, 0, script.u8(), script.u8())
      case XOFF:
        return Buffer.of(0)
      default:
        return script.take(script.below(30))
    }
  }

  /** What the state does not explain closes the circuit (proposal 344). */
  #judge(hop: number, command: number, id: number, body: Buffer): void {
    const reason =
      id === 0 ? this.#whyBadForCircuit(hop, command) : this.#whyBadForStream(hop, command, id, body)
    this.#mustClose ??= reason
  }

  #whyBadForCircuit(hop: number, command: number): string | undefined {
    if (command === TRUNCATED) return 'TRUNCATED'
    if (hop !== this.#last) return `command ${command} of an inner hop`
    if (command === EXTENDED2) return this.#isExtending ? undefined : 'EXTENDED2 that nobody asked for'
    // The script cannot know a tag.
    if (command === SENDME) return 'a SENDME without the tag'
    return `command ${command} without a stream`
  }

  #whyBadForStream(hop: number, command: number, id: number, body: Buffer): string | undefined {
    if (hop !== this.#last) return `command ${command} for a stream of an inner hop`
    const flow = this.#hasCongestion ? [XON, XOFF] : [SENDME]
    if (![DATA, END, CONNECTED, RESOLVED, ...flow].includes(command)) return `command ${command} for a stream`
    const stream = this.#streams.find((candidate) => candidate.id === id)
    if (stream === undefined) return 'a stream that does not exist'
    if (stream.state === 'ended') return 'a stream that the relay has ended'
    if (stream.isLeft) return undefined
    switch (command) {
      case DATA:
        return this.#whyBadData(stream)
      case END:
        if (body.length === 0) return 'END without a reason'
        stream.state = 'ended'
        return undefined
      case CONNECTED:
        if (stream.kind === 'resolve') return 'CONNECTED for a look-up'
        if (stream.state === 'open') return 'CONNECTED twice'
        stream.state = 'open'
        return undefined
      case RESOLVED:
        if (stream.kind === 'data') return 'RESOLVED for a stream with data'
        stream.state = 'ended'
        return undefined
      default:
        return stream.kind === 'resolve' ? 'flow control for a look-up' : undefined
    }
  }

  #whyBadData(stream: ExitStream): string | undefined {
    if (stream.kind === 'resolve') return 'DATA for a look-up'
    if (stream.state === 'asked') return 'DATA before CONNECTED'
    stream.sent++
    return !this.#hasCongestion && stream.sent > stream.window ? 'more DATA than the window' : undefined
  }

  /** Full cells in a row, as fast as they come. */
  async #flood(circuit: Circuit, cells: number): Promise<void> {
    this.#pull(circuit)
    await settle()
    const stream = this.#script.pick(this.#streams)
    if (stream === undefined) return
    const body = Buffer.alloc(498, 0x62)
    for (let sent = 0; sent < cells && circuit.isOpen; sent++) {
      this.#judge(this.#last, DATA, stream.id, body)
      this.#send(this.#last, relayCellBody(DATA, stream.id, body))
      if (sent % MOST_CELLS === MOST_CELLS - 1) this.#drain(circuit)
    }
    this.#drain(circuit)
  }

  #openStream(circuit: Circuit): void {
    const script = this.#script
    const kind = script.below(4)
    if (!circuit.isOpen) return
    if (kind === 0) return void this.#promises.watch('resolve', resolveName(circuit, 'a.example', false))
    if (kind === 1) return void this.#promises.watch('pointer', resolvePointer(circuit, '192.0.2.1'))
    const deps = { random: seededRandom(9), allowInternalAddresses: false }
    const begin = { kind: 'begin', host: 'a.example', port: 80, flags: 0 } as const
    const initialData = script.take(script.below(30))
    const opening = DataStream.open(circuit, begin, deps, { initialData })
    void this.#promises.watch('stream', opening).then((stream) => {
      if (stream === undefined) return
      this.#dataStreams.push(stream)
      let isClosed = false
      stream.setSink({
        onData: () => {
          mustHold(!isClosed, 'data after the end')
          return this.#isSinkReady
        },
        onEnd: () => {},
        onDrain: () => {},
        onClose: () => {
          mustHold(!isClosed, 'closed twice')
          isClosed = true
        },
      })
    })
  }

  #clientWrites(): void {
    const stream = this.#script.pick(this.#dataStreams)
    stream?.write(Buffer.alloc(this.#script.u16(), 0x63))
  }

  #clientEnds(): void {
    const index = this.#script.u8()
    const stream = this.#dataStreams[index % Math.max(1, this.#dataStreams.length)]
    if (stream === undefined) return
    // Which of the exit's it is, nobody told us: none of them is judged as if it were still wanted.
    for (const exit of this.#streams) exit.isLeft = true
    if (index % 2 === 0) stream.end()
    else stream.destroy()
  }

  /** A SENDME with the tag of what came, or with another. */
  #acknowledge(circuit: Circuit, isRight: boolean): void {
    this.#pull(circuit)
    const tag = this.#owedTags.shift()
    const isOwed = tag !== undefined && isRight
    const body = Buffer.concat([Buffer.of(1, 0, 20), isOwed ? tag : Buffer.alloc(20, 9)])
    if (!isOwed) this.#mustClose ??= 'a SENDME that is not owed'
    this.#send(this.#last, relayCellBody(SENDME, 0, body))
    this.#drain(circuit)
    if (isOwed && this.#mustClose === undefined)
      mustHold(circuit.isOpen, 'an honest SENDME closed the circuit')
  }

  #otherCell(circuit: Circuit, command: number): void {
    if (command === RELAY) return
    this.#other(command, this.#script.take(40))
    // Whatever it is: DESTROY, answers that nobody awaits, RELAY_EARLY, what only clients say.
    mustHold(!circuit.isOpen, `a cell with command ${command} did not close the circuit`)
  }

  #garbage(circuit: Circuit): void {
    this.#pending.push(Buffer.alloc(509, this.#script.u8()))
    this.#mustClose ??= 'a cell of no hop'
    this.#drain(circuit)
  }

  async #extend(circuit: Circuit): Promise<void> {
    this.#isExtending = true
    const extending = circuit.extend(targetOf(this.#hops.length))
    void this.#promises.watch('extend', extending)
    this.#pull(circuit)
    await settle()
  }

  async #answerExtend(circuit: Circuit, isWrong: boolean): Promise<void> {
    this.#pull(circuit)
    const request = this.#extendRequest
    if (request === undefined) return
    const key = onionKeys[this.#hops.length % 2] ?? generateX25519KeyPair(relayRandom)
    const respond = (): Buffer => (this.#hasCongestion ? Buffer.of(1, 2, 1, 31) : Buffer.of(0))
    const { reply, keyMaterial } = answerNtorV3(request, key, respond, KEY_BYTES)
    if (isWrong) reply[40] = (reply[40] ?? 0) ^ 1
    const body = Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 255), reply])
    this.#send(this.#last, relayCellBody(EXTENDED2, 0, body))
    this.#isExtending = false
    this.#extendRequest = undefined
    this.#drain(circuit)
    await settle()
    if (isWrong) mustHold(!circuit.isOpen, 'a relay without its key was made a hop')
    if (isWrong || !circuit.isOpen) return
    this.#hops.push(new RelaySideHop(keyMaterial))
    // Streams end at what is now the last hop; those of before are of another.
    for (const stream of this.#streams) stream.isLeft = true
    this.#mayJudge = this.#hops.length <= 2
  }

  #send(hop: number, body: Buffer): void {
    let { cell } = (this.#hops[hop] as RelaySideHop).originate(body)
    for (let inner = hop - 1; inner >= 0; inner--) cell = this.#hops[inner]?.encrypt(cell) ?? cell
    this.#pending.push(cell)
  }

  #other(command: number, body: Uint8Array): void {
    const padded = Buffer.alloc(509)
    padded.set(body)
    this.#channel.endpoint?.onOtherCell(command, padded, 0)
  }

  /** What was sent arrives in one read, and the turn ends. */
  #drain(circuit: Circuit): void {
    const cells = this.#pending
    this.#pending = []
    if (cells.length > 0) {
      const read = Buffer.alloc(cells.length * CELL_BYTES)
      cells.forEach((cell, index) => read.set(cell, index * CELL_BYTES + BODY_AT))
      circuit.onRelayCells(read, BODY_AT, cells.length)
      read.fill(0xee)
    }
    circuit.drain()
    const kind = circuit.closeError?.kind
    mustHold(kind !== 'internal', `a bug: ${circuit.closeError?.message}`)
    if (this.#mustClose !== undefined && this.#mayJudge) {
      mustHold(!circuit.isOpen, `not closed by ${this.#mustClose}`)
    }
  }

  /** Everything that the client has to send reaches its hop. */
  #pull(circuit: Circuit): void {
    for (
      let cells = circuit.pullCells(31, 'all');
      cells !== undefined;
      cells = circuit.pullCells(31, 'all')
    ) {
      for (let at = 0; at < cells.length; at += CELL_BYTES)
        this.#onCell(cells.subarray(at + BODY_AT, at + CELL_BYTES))
    }
  }

  #onCell(body: Buffer): void {
    let current = body
    for (const hop of this.#hops) {
      const { cell, tag } = hop.receive(current)
      if (tag !== undefined) return this.#onMessage(cell, tag)
      current = cell
    }
    mustHold(!(this.#circuit?.isOpen ?? true), 'a cell that no relay understands')
  }

  #onMessage(cell: Buffer, tag: Buffer): void {
    const command = cell.readUInt8(0)
    const id = cell.readUInt16BE(3)
    const body = cell.subarray(11, 11 + cell.readUInt16BE(9))
    const stream = this.#streams.find((candidate) => candidate.id === id)
    if (command === 1 || command === 11) {
      mustHold(
        stream === undefined || stream.state === 'ended' || stream.isLeft,
        'a stream id was used twice',
      )
      if (stream !== undefined) this.#streams.splice(this.#streams.indexOf(stream), 1)
      const kind = command === 1 ? 'data' : 'resolve'
      this.#streams.push({ id, kind, state: 'asked', isLeft: false, sent: 0, window: STREAM_WINDOW })
    } else if (command === 14) {
      this.#extendRequest = body.subarray(body.length - handshakeLength(body))
    } else if (command === DATA) {
      const increment = this.#hasCongestion ? 31 : 100
      if (++this.#dataReceived % increment === 0) this.#owedTags.push(tag)
    } else if (command === END && stream !== undefined) {
      stream.isLeft = true
    } else if (command === SENDME && stream !== undefined) {
      stream.window += STREAM_INCREMENT
    }
  }
}

/** It is the last field of EXTEND2: after the list of specifiers, the type and its own length. */
function handshakeLength(body: Buffer): number {
  let at = 1
  for (let left = body.readUInt8(0); left > 0; left--) at += 2 + body.readUInt8(at + 1)
  return body.readUInt16BE(at + 2)
}
