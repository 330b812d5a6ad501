/**
 * The relays' ends of one circuit, all of them in one object: hop after hop of relay crypto, and the flow control of
 * the last. It holds the client to the specification and notes in `violations` where it strays.
 */
import { randomBytes } from 'node:crypto'
import {
  answerCreateFast,
  answerNtor,
  answerNtorV3,
  type RelayReply,
} from '../support/relay-side-handshakes.ts'
import { relayCellBody, RelaySideHop } from '../support/relay-side-tor1.ts'
import { EventLog } from './event-log.ts'
import type { FakeLink } from './fake-link.ts'
import { FakeStream } from './fake-stream.ts'
import { fixedCell, type WireCell } from './wire.ts'

const RELAY = 3
const DESTROY = 4
const CREATE_FAST = 5
const CREATED_FAST = 6
const RELAY_EARLY = 9
const CREATED2 = 11

/** Extension lists of ntor-v3: none, the question for congestion control, and the answer with its increment. */
const NO_EXTENSIONS = Buffer.of(0)
const ASKS_CONGESTION = Buffer.of(1, 1, 0)
const CONGESTION_INCREMENT = 31
const GRANTS_CONGESTION = Buffer.of(1, 2, 1, CONGESTION_INCREMENT)

const BEGIN = 1
const DATA = 2
const END = 3
const SENDME = 5
const RESOLVE = 11
const RESOLVED = 12
const BEGIN_DIR = 13
const EXTEND2 = 14
const EXTENDED2 = 15
const XON = 44
const XOFF = 43

const KEY_BYTES = 72
const CIRCUIT_WINDOW = 1000
const CIRCUIT_INCREMENT = 100
const MOST_RELAY_EARLY = 8
const DESTROY_PROTOCOL = 1

/** What the network answers to RESOLVE unless told otherwise: 192.0.2.7 for a minute. */
const DEFAULT_RESOLVED = Buffer.of(4, 4, 192, 0, 2, 7, 0, 0, 0, 60)

export interface ReceivedMessage {
  /** The hop that recognised it. */
  readonly hop: number
  /** RELAY or RELAY_EARLY. */
  readonly cellCommand: number
  readonly command: number
  readonly streamId: number
  readonly body: Buffer
  /** The rest of the cell. */
  readonly padding: Buffer
  readonly tag: Buffer
}

export class FakeCircuit {
  readonly circuitId: number
  readonly link: FakeLink
  readonly hops: RelaySideHop[] = []
  readonly messages = new EventLog<ReceivedMessage>()
  readonly streams = new EventLog<FakeStream>()
  /** Resolves with the reason of the client's DESTROY. */
  readonly destroyed: Promise<number>
  /** While set, the last hop acknowledges nothing on the circuit level. */
  holdsSendmes = false
  /** Cells that the client sent and that were not acknowledged. */
  outstandingCells = 0
  mostOutstandingCells = 0
  /** SENDMEs of the client that quoted the right tag. */
  goodSendmes = 0
  sendWindow = CIRCUIT_WINDOW
  /** Whether the relay's own sending looks at the windows, and at XOFF. */
  obeysWindows = true
  /** Whether congestion control was agreed on with the last hop. */
  hasCongestionControl = false
  /** What the client asked of each hop in ntor-v3. */
  readonly asked: Buffer[] = []
  readonly #byId = new Map<number, FakeStream>()
  readonly #owedTags: Buffer[] = []
  readonly #heldTags: Buffer[] = []
  #sentCells = 0
  #receivedCells = 0
  #relayEarlyCells = 0
  #onDestroyed: (reason: number) => void = () => {}

  constructor(link: FakeLink, circuitId: number) {
    this.link = link
    this.circuitId = circuitId
    this.destroyed = new Promise((resolve) => (this.#onDestroyed = resolve))
  }

  get lastHop(): number {
    return this.hops.length - 1
  }

  /** DATA cells for each SENDME. */
  get increment(): number {
    return this.hasCongestionControl ? CONGESTION_INCREMENT : CIRCUIT_INCREMENT
  }

  onCreate(cell: WireCell): void {
    if (cell.command === CREATE_FAST) {
      this.#addHop(answerCreateFast(cell.body.subarray(0, 20), randomBytes(20), KEY_BYTES), (reply) =>
        this.link.send(this.circuitId, CREATED_FAST, reply),
      )
      return
    }
    const { body } = cell
    const request = body.subarray(4, 4 + body.readUInt16BE(2))
    this.#addHop(this.#answer(body.readUInt16BE(0), request), (reply) =>
      this.link.send(this.circuitId, CREATED2, withLength(reply)),
    )
  }

  onDestroy(reason: number): void {
    if (reason !== 0) this.#complain(`DESTROY with reason ${reason}`)
    this.#onDestroyed(reason)
  }

  receive(cell: WireCell): void {
    let { body } = cell
    for (const [hop, crypto] of this.hops.entries()) {
      const { cell: plain, tag } = crypto.receive(body)
      if (tag !== undefined) return this.#onMessage(parseMessage(hop, cell.command, plain, tag))
      body = plain
    }
    this.#complain('a relay cell for no hop')
  }

  /** One encrypted relay cell from a hop, ready for the wire; cells must be written in the order of sealing. */
  seal(hop: number, command: number, streamId: number, body: Uint8Array): Buffer {
    return this.sealBody(hop, relayCellBody(command, streamId, body)).cell
  }

  /** The same for a body of 509 bytes that the test made. */
  sealBody(hop: number, relayBody: Buffer, cellCommand: number = RELAY): { cell: Buffer; tag: Buffer } {
    const origin = this.hops[hop]
    if (origin === undefined) throw new RangeError(`the circuit has no hop ${hop}`)
    const sealed = origin.originate(relayBody)
    let { cell } = sealed
    for (let inner = hop - 1; inner >= 0; inner--) cell = this.hops[inner]?.encrypt(cell) ?? cell
    return { cell: fixedCell(this.circuitId, cellCommand, cell), tag: sealed.tag }
  }

  send(hop: number, command: number, streamId: number, body: Uint8Array = Buffer.alloc(0)): void {
    this.link.write(this.seal(hop, command, streamId, body))
  }

  /** A DATA cell from the last hop, counted for the windows: the client will owe a SENDME for each hundredth. */
  sealData(streamId: number, bytes: Uint8Array): Buffer {
    const { cell, tag } = this.sealBody(this.lastHop, relayCellBody(DATA, streamId, bytes))
    this.sendWindow--
    this.#sentCells++
    if (this.#sentCells % this.increment === 0) this.#owedTags.push(tag)
    return cell
  }

  /** Tells the client that the circuit is gone. */
  destroy(reason: number): void {
    this.link.send(this.circuitId, DESTROY, Buffer.of(reason))
    this.link.circuits.delete(this.circuitId)
  }

  /** Acknowledges what was held back. */
  releaseSendmes(): void {
    this.holdsSendmes = false
    for (const tag of this.#heldTags.splice(0)) this.#acknowledge(tag)
  }

  /** A SENDME of version 1 for the circuit. */
  sendSendme(tag: Uint8Array): void {
    this.send(this.lastHop, SENDME, 0, Buffer.concat([Buffer.of(1), withLength(tag)]))
  }

  #onMessage(message: ReceivedMessage): void {
    this.messages.push(message)
    this.#countRelayEarly(message)
    if (message.command === DATA) this.#countData(message)
    if (this.link.network.script.onMessage?.(message, this) === true) return
    switch (message.command) {
      case EXTEND2:
        this.#extend(message)
        return
      case BEGIN:
      case BEGIN_DIR:
        this.#begin(message)
        return
      case DATA:
        this.#byId.get(message.streamId)?.onData(message.body)
        return
      case END:
        this.#byId.get(message.streamId)?.onEnd(message.body)
        this.#byId.delete(message.streamId)
        return
      case SENDME:
        this.#onSendme(message)
        return
      case XON:
      case XOFF:
        this.#byId.get(message.streamId)?.onFlow(message.command === XOFF, message.body)
        return
      case RESOLVE: {
        const name = message.body.toString('latin1', 0, message.body.indexOf(0))
        const body = this.link.network.script.resolved?.(name) ?? DEFAULT_RESOLVED
        this.send(message.hop, RESOLVED, message.streamId, body)
        return
      }
    }
  }

  #begin(message: ReceivedMessage): void {
    if (message.command === BEGIN && this.hops.length < 2) this.#complain('BEGIN on a circuit of one hop')
    if (this.#byId.has(message.streamId)) this.#complain('a stream id was used twice')
    const nul = message.body.indexOf(0)
    const target = nul < 0 ? '' : message.body.toString('latin1', 0, nul)
    const stream = new FakeStream(this, message.streamId, target, message.body.subarray(nul + 1))
    this.#byId.set(message.streamId, stream)
    this.streams.push(stream)
    this.link.network.service(stream)
  }

  #onSendme(message: ReceivedMessage): void {
    if (message.streamId !== 0) {
      this.#byId.get(message.streamId)?.onSendme()
      return
    }
    const expected = this.#owedTags.shift()
    const quoted = message.body.subarray(3)
    if (expected === undefined || message.body[0] !== 1 || !quoted.equals(expected)) {
      this.#complain('a SENDME with a wrong tag')
      this.destroy(DESTROY_PROTOCOL)
      return
    }
    this.goodSendmes++
    this.sendWindow += this.increment
    for (const stream of this.#byId.values()) stream.pump()
  }

  #countData(message: ReceivedMessage): void {
    if (message.hop !== this.lastHop) this.#complain('DATA for a hop before the last')
    this.#receivedCells++
    this.outstandingCells++
    this.mostOutstandingCells = Math.max(this.mostOutstandingCells, this.outstandingCells)
    // The client alone knows how large its window is now.
    if (!this.hasCongestionControl && this.outstandingCells > CIRCUIT_WINDOW) {
      this.#complain('the circuit window was overrun')
    }
    if (this.#receivedCells % this.increment !== 0) return
    if (this.holdsSendmes) this.#heldTags.push(message.tag)
    else this.#acknowledge(message.tag)
  }

  #acknowledge(tag: Buffer): void {
    this.outstandingCells -= this.increment
    this.sendSendme(tag)
  }

  #countRelayEarly(message: ReceivedMessage): void {
    if (message.cellCommand === RELAY_EARLY) this.#relayEarlyCells++
    if (this.#relayEarlyCells > MOST_RELAY_EARLY) this.#complain('too many RELAY_EARLY')
    if (message.command === EXTEND2 && message.cellCommand !== RELAY_EARLY)
      this.#complain('EXTEND2 in a RELAY cell')
  }

  /** tor-spec 5.1.2: the specifiers must name the relay whose handshake this is. */
  #extend(message: ReceivedMessage): void {
    const { body } = message
    const specifiers = new Map<number, Buffer>()
    let at = 1
    for (let left = body.readUInt8(0); left > 0; left--) {
      const end = at + 2 + body.readUInt8(at + 1)
      specifiers.set(body.readUInt8(at), body.subarray(at + 2, end))
      at = end
    }
    const rsa = specifiers.get(2)?.toString('hex').toUpperCase()
    const relay = this.link.network.relays.find((candidate) => candidate.rsa === rsa)
    if (relay === undefined || !specifiers.has(0)) this.#complain('EXTEND2 to a relay that is not there')
    const request = body.subarray(at + 4, at + 4 + body.readUInt16BE(at + 2))
    const from = this.lastHop
    this.#addHop(this.#answer(body.readUInt16BE(at), request), (reply) => {
      // The new hop is in place already, but this cell comes from the one before it.
      this.send(from, EXTENDED2, 0, withLength(reply))
    })
  }

  #addHop({ reply, keyMaterial }: RelayReply, send: (reply: Buffer) => void): void {
    const hop = this.hops.length
    const { answerHandshake } = this.link.network.script
    this.hops.push(new RelaySideHop(keyMaterial))
    const answer = answerHandshake === undefined ? reply : answerHandshake(reply, hop, this)
    if (answer !== undefined) send(answer)
  }

  #answer(handshakeType: number, request: Buffer): RelayReply {
    const { relays, script } = this.link.network
    if (handshakeType === 2) {
      const relay = relays.find(({ ntorKey }) => ntorKey.publicKey.equals(request.subarray(20, 52)))
      if (relay?.rsa !== request.toString('hex', 0, 20).toUpperCase())
        this.#complain('ntor for another relay')
      return answerNtor(request, (relay ?? this.link.network.relay(0)).ntorKey, KEY_BYTES)
    }
    const relay = relays.find(({ ntorKey }) => ntorKey.publicKey.equals(request.subarray(32, 64)))
    if (relay === undefined || handshakeType !== 3) this.#complain(`handshake type ${handshakeType}`)
    const respond = (clientMessage: Buffer): Buffer => {
      this.asked.push(clientMessage)
      const isAsked = clientMessage.equals(ASKS_CONGESTION)
      if (!isAsked && !clientMessage.equals(NO_EXTENSIONS)) this.#complain('extensions in ntor-v3')
      const answer = script.ntorV3Message ?? (isAsked ? GRANTS_CONGESTION : NO_EXTENSIONS)
      this.hasCongestionControl = answer.equals(GRANTS_CONGESTION)
      return answer
    }
    return answerNtorV3(request, (relay ?? this.link.network.relay(0)).ntorKey, respond, KEY_BYTES)
  }

  #complain(what: string): void {
    this.link.network.violations.push(what)
  }
}

function withLength(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes])
}

function parseMessage(hop: number, cellCommand: number, plain: Buffer, tag: Buffer): ReceivedMessage {
  const length = plain.readUInt16BE(9)
  return {
    hop,
    cellCommand,
    command: plain.readUInt8(0),
    streamId: plain.readUInt16BE(3),
    body: plain.subarray(11, 11 + length),
    padding: plain.subarray(11 + length),
    tag,
  }
}
