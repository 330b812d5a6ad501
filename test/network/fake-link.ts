/** The relay's end of one TLS link: the link handshake, then the circuits on it. */
import type { TLSSocket } from 'node:tls'
import { EventLog } from './event-log.ts'
import { FakeCircuit } from './fake-circuit.ts'
import type { FakeNetwork } from './fake-network.ts'
import { CellSplitter, fixedCell, variableCell, type WireCell } from './wire.ts'

const RELAY = 3
const DESTROY = 4
const CREATE_FAST = 5
const VERSIONS = 7
const NETINFO = 8
const RELAY_EARLY = 9
const CREATE2 = 10

/** What a relay says to open a link, cell by cell, for a script to change. */
export interface OpeningCells {
  readonly versions: Buffer
  readonly certs: Buffer
  readonly authChallenge: Buffer
  readonly netinfo: Buffer
}

export interface WireCert {
  readonly type: number
  readonly body: Buffer
}

export function versionsCell(versions: readonly number[]): Buffer {
  return variableCell(0, VERSIONS, Buffer.from(versions.flatMap((version) => [version >> 8, version & 255])))
}

export function certsCell(certs: readonly WireCert[]): Buffer {
  const parts = certs.flatMap(({ type, body }) => [
    Buffer.of(type, body.length >> 8, body.length & 255),
    body,
  ])
  return variableCell(0, 129, Buffer.concat([Buffer.of(certs.length), ...parts]))
}

export function authChallengeCell(): Buffer {
  return variableCell(0, 130, Buffer.concat([Buffer.alloc(32, 7), Buffer.of(0, 2, 0, 1, 0, 3)]))
}

export function netinfoCell(seconds: number): Buffer {
  const time = Buffer.alloc(4)
  time.writeUInt32BE(seconds)
  const loopback = Buffer.of(4, 4, 127, 0, 0, 1)
  return fixedCell(0, NETINFO, Buffer.concat([time, loopback, Buffer.of(1), loopback]))
}

export class FakeLink {
  readonly network: FakeNetwork
  /** Every cell from the client. */
  readonly cells = new EventLog<WireCell>()
  readonly circuits = new Map<number, FakeCircuit>()
  /** Resolves when the client has gone. */
  readonly closed: Promise<void>
  readonly #socket: TLSSocket
  readonly #splitter = new CellSplitter()

  constructor(socket: TLSSocket, network: FakeNetwork) {
    this.network = network
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      for (const cell of this.#splitter.push(bytes)) this.#onCell(cell)
    })
  }

  /** As many cells as fit go into each TLS record; with `false` the socket is full. */
  write(...parts: readonly Uint8Array[]): boolean {
    return this.#socket.destroyed || this.#socket.write(Buffer.concat(parts))
  }

  send(circuitId: number, command: number, body: Uint8Array = Buffer.alloc(0)): void {
    this.write(fixedCell(circuitId, command, body))
  }

  /** Stops reading: what the client writes piles up on its side. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Asks for another handshake inside the connection, which only TLS 1.2 has; tells how that ended. */
  renegotiate(): Promise<Error | null> {
    return new Promise((resolve) => {
      this.#socket.on('error', resolve)
      this.#socket.renegotiate({}, resolve)
    })
  }

  /** Ends TLS in good order after what was written. */
  close(): void {
    this.#socket.end()
  }

  /** Resets the connection. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** The OpenSSL limit of a record that this relay writes. */
  setRecordBytes(bytes: number): void {
    this.#socket.setMaxSendFragment(bytes)
  }

  onceDrained(callback: () => void): void {
    this.#socket.once('drain', callback)
  }

  #onCell(cell: WireCell): void {
    this.cells.push(cell)
    if (this.network.script.onCell?.(cell, this) === true) return
    switch (cell.command) {
      case VERSIONS:
        this.write(...this.network.openingFor(this))
        return
      case CREATE_FAST:
      case CREATE2:
        this.#create(cell)
        return
      case RELAY:
      case RELAY_EARLY:
        this.circuits.get(cell.circuitId)?.receive(cell)
        return
      case DESTROY:
        this.circuits.get(cell.circuitId)?.onDestroy(cell.body.readUInt8(0))
        this.circuits.delete(cell.circuitId)
        return
    }
  }

  #create(cell: WireCell): void {
    const { network } = this
    if (cell.circuitId >>> 31 !== 1) network.violations.push(`circuit id ${cell.circuitId} has no top bit`)
    if (this.circuits.has(cell.circuitId)) network.violations.push('a circuit id was used twice')
    const circuit = new FakeCircuit(this, cell.circuitId)
    this.circuits.set(cell.circuitId, circuit)
    network.circuits.push(circuit)
    circuit.onCreate(cell)
  }
}
