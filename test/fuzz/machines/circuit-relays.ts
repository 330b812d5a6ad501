/** The relays behind a circuit of the client: they seal what they are told to send, and open what the client sends. */
import type { Channel } from '../../../core/channel/channel.ts'
import type { CircuitEndpoint } from '../../../core/channel/circuit-endpoint.ts'
import { Circuit } from '../../../core/circuit/circuit.ts'
import type { CircuitDeps } from '../../../core/circuit/circuit-deps.ts'
import { generateX25519KeyPair } from '../../../core/crypto/x25519.ts'
import type { CircuitTarget } from '../../../core/linkspec/relay-target.ts'
import { parseEd25519Identity, parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { answerCreateFast, answerNtorV3 } from '../../support/relay-side-handshakes.ts'
import { RelaySideHop, relayCellBody } from '../../support/relay-side-tor1.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { mustHold } from '../engine/target.ts'
import { type Promises, settle } from './script.ts'

export const Command = {
  BEGIN: 1,
  DATA: 2,
  END: 3,
  CONNECTED: 4,
  SENDME: 5,
  TRUNCATED: 9,
  RESOLVE: 11,
  RESOLVED: 12,
  EXTEND2: 14,
  EXTENDED2: 15,
  CONFLUX_LINK: 19,
  CONFLUX_LINKED: 20,
  CONFLUX_LINKED_ACK: 21,
  CONFLUX_SWITCH: 22,
  XOFF: 43,
  XON: 44,
} as const

const CELL_BYTES = 514
const BODY_AT = 5
const KEY_BYTES = 72
const CREATED_FAST = 6

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

export class CircuitRelays {
  readonly hops: RelaySideHop[] = []
  readonly channel = new FakeChannel()
  isExtending = false
  readonly #hasCongestion: boolean
  readonly #promises: Promises
  /** What the client says to one of the relays. */
  readonly #onMessage: (command: number, id: number, body: Buffer, tag: Buffer) => void
  #circuit: Circuit | undefined
  #extendRequest: Buffer | undefined
  #pending: Buffer[] = []

  constructor(
    hasCongestion: boolean,
    promises: Promises,
    onMessage: (command: number, id: number, body: Buffer, tag: Buffer) => void,
  ) {
    this.#hasCongestion = hasCongestion
    this.#promises = promises
    this.#onMessage = onMessage
  }

  get last(): number {
    return this.hops.length - 1
  }

  /** A circuit of two hops, made by honest relays. */
  async open(deps: CircuitDeps): Promise<Circuit | undefined> {
    const channel = this.channel as unknown as Channel
    const making = this.#promises.watch('create', Circuit.createFast(channel, targetOf(0), deps))
    const request = this.channel.created?.subarray(BODY_AT, BODY_AT + 20) ?? Buffer.alloc(20)
    const { reply, keyMaterial } = answerCreateFast(request, Buffer.alloc(20, 3), KEY_BYTES)
    this.other(CREATED_FAST, reply)
    const circuit = await making
    if (circuit === undefined) return undefined
    this.#circuit = circuit
    this.hops.push(new RelaySideHop(keyMaterial))
    await this.extend()
    await this.answerExtend(false)
    mustHold(circuit.hops.length === 2, 'an honest relay is not made a hop')
    return circuit
  }

  async extend(): Promise<void> {
    const circuit = this.#circuit
    if (circuit === undefined) return
    this.isExtending = true
    void this.#promises.watch('extend', circuit.extend(targetOf(this.hops.length)))
    this.pull()
    await settle()
  }

  /** True when the circuit has another hop now. */
  async answerExtend(isWrong: boolean): Promise<boolean> {
    this.pull()
    const request = this.#extendRequest
    const circuit = this.#circuit
    if (request === undefined || circuit === undefined) return false
    const key = onionKeys[this.hops.length % 2] ?? generateX25519KeyPair(relayRandom)
    const respond = (): Buffer => (this.#hasCongestion ? Buffer.of(1, 2, 1, 31) : Buffer.of(0))
    const { reply, keyMaterial } = answerNtorV3(request, key, respond, KEY_BYTES)
    if (isWrong) reply[40] = (reply[40] ?? 0) ^ 1
    const body = Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 255), reply])
    this.send(this.last, Command.EXTENDED2, 0, body)
    this.isExtending = false
    this.#extendRequest = undefined
    this.drain()
    await settle()
    if (isWrong) mustHold(!circuit.isOpen, 'a relay without its key was made a hop')
    if (isWrong || !circuit.isOpen) return false
    this.hops.push(new RelaySideHop(keyMaterial))
    return true
  }

  send(hop: number, command: number, id: number, body: Buffer): void {
    const originator = this.hops[hop]
    if (originator === undefined) return
    let { cell } = originator.originate(relayCellBody(command, id, body))
    for (let inner = hop - 1; inner >= 0; inner--) cell = this.hops[inner]?.encrypt(cell) ?? cell
    this.#pending.push(cell)
  }

  sendGarbage(byte: number): void {
    this.#pending.push(Buffer.alloc(509, byte))
  }

  /** A cell of the channel that is no relay cell. */
  other(command: number, body: Uint8Array): void {
    const padded = Buffer.alloc(509)
    padded.set(body)
    this.channel.endpoint?.onOtherCell(command, padded, 0)
  }

  /** What was sent arrives in one read, and the turn ends. */
  drain(): void {
    const cells = this.#pending
    const circuit = this.#circuit
    this.#pending = []
    if (circuit === undefined) return
    if (cells.length > 0) {
      const read = Buffer.alloc(cells.length * CELL_BYTES)
      cells.forEach((cell, index) => read.set(cell, index * CELL_BYTES + BODY_AT))
      circuit.onRelayCells(read, BODY_AT, cells.length)
      read.fill(0xee)
    }
    circuit.drain()
    const kind = circuit.closeError?.kind
    mustHold(kind !== 'internal', `a bug: ${circuit.closeError?.message}`)
  }

  /** Everything that the client has to send reaches its hop. */
  pull(): void {
    const circuit = this.#circuit
    for (
      let cells = circuit?.pullCells(31, 'all');
      cells !== undefined;
      cells = circuit?.pullCells(31, 'all')
    ) {
      for (let at = 0; at < cells.length; at += CELL_BYTES)
        this.#onCell(cells.subarray(at + BODY_AT, at + CELL_BYTES))
    }
  }

  #onCell(cellBody: Buffer): void {
    let current = cellBody
    for (const hop of this.hops) {
      const { cell, tag } = hop.receive(current)
      if (tag !== undefined) return this.#open(cell, tag)
      current = cell
    }
    mustHold(!(this.#circuit?.isOpen ?? true), 'a cell that no relay understands')
  }

  #open(cell: Buffer, tag: Buffer): void {
    const command = cell.readUInt8(0)
    const body = cell.subarray(11, 11 + cell.readUInt16BE(9))
    if (command === Command.EXTEND2) this.#extendRequest = body.subarray(body.length - handshakeLength(body))
    else this.#onMessage(command, cell.readUInt16BE(3), body, tag)
  }
}

/** It is the last field of EXTEND2: after the list of specifiers, the type and its own length. */
function handshakeLength(body: Buffer): number {
  let at = 1
  for (let left = body.readUInt8(0); left > 0; left--) at += 2 + body.readUInt8(at + 1)
  return body.readUInt16BE(at + 2)
}
