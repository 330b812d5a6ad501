/** The relay's end of one channel: the link handshake as its responder, then the circuits on it (tor-spec 2 to 5). */
import type { TLSSocket } from 'node:tls'
import { CellFramer, encodeFixedCell } from '../../../core/cell/cell-codec.ts'
import {
  type ChannelMessage,
  decodeChannelMessage,
  encodeChannelCell,
} from '../../../core/cell/channel-message-codec.ts'
import { CELL_BODY_BYTES, ChannelCommand } from '../../../core/cell/commands.ts'
import { DestroyReason } from '../../../core/cell/reasons.ts'
import { misanswer, UNASKED, UNASKED_STREAM } from '../faults/create-faults.ts'
import { type Greeting, isGreetingFault, misgreet } from '../faults/link-faults.ts'
import type { CircuitPort } from './circuit-port.ts'
import type { NetworkCore } from './network-core.ts'
import { linkCertificates, type LinkTls } from './link-identity.ts'
import type { AgreedCircuit, Relay } from './relay.ts'
import { RelayCircuit } from './relay-circuit.ts'

const LINK_VERSIONS = [4, 5]
/** ed25519-sha256-rfc5705; nobody authenticates to us. */
const AUTH_METHODS = [3]
/** Cells of one turn leave as one write. */
const MOST_WAITING_CELLS = 64

export class RelayLink {
  readonly relay: Relay
  readonly #core: NetworkCore
  readonly #tls: LinkTls
  readonly #socket: TLSSocket
  readonly #framer = new CellFramer()
  readonly #circuits = new Map<number, RelayCircuit>()
  #waiting: Buffer[] = []
  #isFlushDue = false
  #state: 'versions' | 'netinfo' | 'open' = 'versions'

  constructor(core: NetworkCore, relay: Relay, tls: LinkTls, socket: TLSSocket) {
    this.relay = relay
    this.#core = core
    this.#tls = tls
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => this.#onBytes(bytes))
    socket.on('drain', () => this.#onDrain())
    socket.on('close', () => this.#onClose())
  }

  get isWritable(): boolean {
    return !this.#socket.writableNeedDrain
  }

  send(cell: Buffer): void {
    this.#core.onActivity()
    this.#waiting.push(cell)
    if (this.#waiting.length >= MOST_WAITING_CELLS) return this.#flush()
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    setImmediate(() => this.#flush())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #flush(): void {
    this.#isFlushDue = false
    if (this.#waiting.length === 0 || this.#socket.destroyed) return
    this.#socket.write(Buffer.concat(this.#waiting))
    this.#waiting = []
  }

  #onBytes(bytes: Buffer): void {
    this.#core.onActivity()
    try {
      this.#framer.push(bytes, bytes.length, {
        onFixedCell: (circuitId, command, buffer, at) =>
          this.#onCell(circuitId, command, buffer.subarray(at, at + CELL_BODY_BYTES)),
        onVariableCell: (circuitId, command, body) => this.#onCell(circuitId, command, body),
      })
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : 'a cell that cannot be read')
    }
  }

  #onCell(circuitId: number, command: number, body: Buffer): void {
    if (command === ChannelCommand.RELAY || command === ChannelCommand.RELAY_EARLY) {
      this.#circuits.get(circuitId)?.fromClient(Buffer.from(body), command === ChannelCommand.RELAY_EARLY)
      return
    }
    const message = decodeChannelMessage(command, body)
    if (this.#state === 'open') this.#onMessage(circuitId, message)
    else this.#onHandshake(message)
  }

  /** Whoever comes says VERSIONS and, after our certificates, NETINFO; a client proves nothing of itself. */
  #onHandshake(message: ChannelMessage): void {
    if (message.kind === 'vpadding') return
    if (this.#state === 'versions') {
      if (message.kind !== 'versions') return this.#complain(`${message.kind} before VERSIONS`)
      if (!message.versions.some((version) => LINK_VERSIONS.includes(version))) {
        return this.#complain('no common link version')
      }
      this.#framer.circuitIdBytes = 4
      this.#state = 'netinfo'
      this.#greet()
      return
    }
    if (message.kind === 'netinfo') this.#state = 'open'
    else this.#complain(`${message.kind} before NETINFO`)
  }

  #greet(): void {
    const { clock, faults } = this.#core
    const { nickname, address } = this.relay.description
    const nowMs = clock.wallMs()
    const certsWith: Greeting['certsWith'] = (atMs, tls = this.#tls) => ({
      kind: 'certs',
      certs: linkCertificates(this.relay.identity, tls, atMs),
    })
    const greeting: Greeting = {
      versions: { kind: 'versions', versions: LINK_VERSIONS },
      certs: certsWith(nowMs),
      certsWith,
      challenge: { kind: 'auth-challenge', challenge: this.#core.randomBytes(32), methods: AUTH_METHODS },
      netinfo: {
        kind: 'netinfo',
        timestamp: Math.floor(nowMs / 1000),
        otherAddress: '127.0.0.1',
        myAddresses: [address],
      },
    }
    const fault = faults.due('link', nickname, ({ do: what }) => isGreetingFault(what))?.do
    const cells =
      fault === undefined || !isGreetingFault(fault)
        ? [greeting.versions, greeting.certs, greeting.challenge, greeting.netinfo].map((message) =>
            encodeChannelCell(0, message),
          )
        : misgreet(fault, greeting, nowMs)
    for (const cell of cells) this.send(cell)
  }

  #onMessage(circuitId: number, message: ChannelMessage): void {
    switch (message.kind) {
      case 'create-fast':
        return this.#create(
          circuitId,
          ChannelCommand.CREATED_FAST,
          this.relay.answerCreateFast(message.request),
        )
      case 'create2': {
        const fault = this.#core.faults.due('congestion', this.relay.description.nickname)?.do
        const reply = this.relay.answerHandshake(message.handshakeType, message.request, fault)
        return this.#create(circuitId, ChannelCommand.CREATED2, reply)
      }
      case 'destroy':
        this.relay.destroyReasons.push(message.reason)
        this.#circuits.get(circuitId)?.onDestroy(message.reason)
        this.#circuits.delete(circuitId)
        return
      case 'padding':
      case 'vpadding':
      case 'padding-negotiate':
        return
      default:
        this.#complain(`${message.kind} on an open channel`)
    }
  }

  #create(circuitId: number, command: number, reply: AgreedCircuit | undefined): void {
    if (circuitId >>> 31 !== 1) return this.#complain('a circuit id without its top bit')
    if (this.#circuits.has(circuitId)) return this.#complain('a circuit id that is in use')
    if (reply === undefined) return this.#sendDestroy(circuitId, DestroyReason.PROTOCOL)
    const circuit = new RelayCircuit(this.#core, this.relay, this.#portFor(circuitId), reply)
    this.#circuits.set(circuitId, circuit)
    const fault = this.#core.faults.due('create', this.relay.description.nickname)?.do
    if (fault === 'destroy' || fault === 'destroy-twice') {
      this.#portFor(circuitId).destroy(DestroyReason.RESOURCELIMIT)
      if (fault === 'destroy-twice') this.#sendDestroy(circuitId, DestroyReason.RESOURCELIMIT)
      return
    }
    const answered = fault === 'other-kind' ? otherKind(command) : command
    const answer = misanswer(fault, reply)
    for (const { bytes, claimedBytes } of answer) {
      const body = answered === ChannelCommand.CREATED2 ? withLength(bytes, claimedBytes) : bytes
      this.send(encodeFixedCell(circuitId, answered, body))
    }
    if (fault === 'speak-first') circuit.say(UNASKED, UNASKED_STREAM)
  }

  #portFor(circuitId: number): CircuitPort {
    const isWritable = (): boolean => this.isWritable
    return {
      sendRelay: (body, command = ChannelCommand.RELAY) =>
        this.send(encodeFixedCell(circuitId, command, body)),
      destroy: (reason) => {
        if (this.#circuits.delete(circuitId)) this.#sendDestroy(circuitId, reason)
      },
      closeChannel: () => this.destroy(),
      get isWritable() {
        return isWritable()
      },
    }
  }

  #sendDestroy(circuitId: number, reason: number): void {
    this.send(encodeChannelCell(circuitId, { kind: 'destroy', reason }))
  }

  #onDrain(): void {
    for (const circuit of this.#circuits.values()) circuit.onWritable()
  }

  #onClose(): void {
    for (const circuit of this.#circuits.values()) circuit.onDestroy(DestroyReason.CHANNEL_CLOSED)
    this.#circuits.clear()
    this.#core.onLinkClosed(this)
  }

  #complain(what: string): void {
    this.#core.complain(this.relay, what)
    this.destroy()
  }
}

function otherKind(command: number): number {
  return command === ChannelCommand.CREATED2 ? ChannelCommand.CREATED_FAST : ChannelCommand.CREATED2
}

function withLength(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.of(length >> 8, length & 255), bytes])
}
