/** The exit's end of one stream, with its windows, and a few things that may lie behind it. */
import { createHash } from 'node:crypto'
import type { FakeCircuit } from './fake-circuit.ts'

const END = 3
const CONNECTED = 4
const SENDME = 5

const STREAM_WINDOW = 500
const STREAM_INCREMENT = 50
const CELL_PAYLOAD = 498

/** END's reason when a stream ends in good order. */
export const DONE = 6

/** Where the exit says that it connected to, unless told otherwise: 192.0.2.80 for a minute. */
const DEFAULT_CONNECTED = Buffer.of(192, 0, 2, 80, 0, 0, 0, 60)

/** Called for each BEGIN: answers it, now or later, and may set `onBytes`. */
export type StreamService = (stream: FakeStream) => void

/** Accepts, and sends back whatever comes. */
export const echo: StreamService = (stream) => {
  stream.onBytes = (bytes) => stream.send(bytes)
  stream.connect()
}

/** Accepts, and says nothing. */
export const silent: StreamService = (stream) => stream.connect()

/** Does not even answer BEGIN: the test does. */
export const unanswered: StreamService = () => {}

export class FakeStream {
  readonly circuit: FakeCircuit
  readonly id: number
  /** `host:port` as BEGIN said it; empty for BEGIN_DIR. */
  readonly target: string
  /** What followed the target in BEGIN. */
  readonly flags: Buffer
  /** Resolves with the whole body of the client's END. */
  readonly ended: Promise<Buffer>
  onBytes: (bytes: Buffer) => void = () => {}
  /** While set, the exit acknowledges nothing of this stream. */
  holdsSendmes = false
  receivedBytes = 0
  receivedCells = 0
  outstandingCells = 0
  mostOutstandingCells = 0
  /** Stream SENDMEs that came. */
  sendmes = 0
  sendWindow = STREAM_WINDOW
  /** XOFFs of the client, and the rates of its XONs. */
  xoffs = 0
  readonly xons: number[] = []
  /** The client said XOFF, and no XON since. */
  isStopped = false
  readonly #digest = createHash('sha256')
  readonly #waiters: { readonly isMet: () => boolean; readonly resolve: () => void }[] = []
  #queue: Buffer[] = []
  #endReason: number | undefined
  #heldSendmes = 0
  #onEnded: (body: Buffer) => void = () => {}

  constructor(circuit: FakeCircuit, id: number, target: string, flags: Buffer) {
    this.circuit = circuit
    this.id = id
    this.target = target
    this.flags = flags
    this.ended = new Promise((resolve) => (this.#onEnded = resolve))
  }

  /** SHA-256 of all that came, in hex. */
  get digest(): string {
    return this.#digest.copy().digest('hex')
  }

  /** Resolves once so many bytes have come. */
  waitForBytes(bytes: number): Promise<void> {
    return this.#waitUntil(() => this.receivedBytes >= bytes)
  }

  /** Resolves once so many DATA cells have come, however full they are. */
  waitForCells(cells: number): Promise<void> {
    return this.#waitUntil(() => this.receivedCells >= cells)
  }

  connect(body: Uint8Array = DEFAULT_CONNECTED): void {
    this.circuit.send(this.circuit.lastHop, CONNECTED, this.id, body)
  }

  /** Queues bytes for the client; they leave as the windows allow. */
  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CELL_PAYLOAD) {
      this.#queue.push(Buffer.from(bytes.subarray(at, at + CELL_PAYLOAD)))
    }
    this.pump()
  }

  /** Sends END once all bytes have left. */
  end(reason: number = DONE): void {
    this.#endReason = reason
    this.pump()
  }

  /** Sends END at once. */
  abort(body: Uint8Array): void {
    this.circuit.send(this.circuit.lastHop, END, this.id, body)
  }

  sendSendme(): void {
    this.circuit.send(this.circuit.lastHop, SENDME, this.id)
  }

  /** Sends what the windows, and the client's XON and XOFF, allow. */
  pump(): void {
    const cells: Buffer[] = []
    const { circuit } = this
    while (this.#queue.length > 0 && (!circuit.obeysWindows || this.#maySend)) {
      const next = this.#queue.shift()
      if (next === undefined) break
      this.sendWindow--
      cells.push(circuit.sealData(this.id, next))
    }
    if (this.#queue.length === 0 && this.#endReason !== undefined) {
      cells.push(circuit.seal(circuit.lastHop, END, this.id, Buffer.of(this.#endReason)))
      this.#endReason = undefined
    }
    if (cells.length > 0) circuit.link.write(...cells)
  }

  get #maySend(): boolean {
    const { sendWindow, hasCongestionControl } = this.circuit
    return sendWindow > 0 && (hasCongestionControl ? !this.isStopped : this.sendWindow > 0)
  }

  /** Acknowledges what was held back. */
  releaseSendmes(): void {
    this.holdsSendmes = false
    for (; this.#heldSendmes > 0; this.#heldSendmes--) this.#acknowledge()
  }

  onData(bytes: Buffer): void {
    this.receivedCells++
    this.outstandingCells++
    this.mostOutstandingCells = Math.max(this.mostOutstandingCells, this.outstandingCells)
    const hasWindow = !this.circuit.hasCongestionControl
    if (hasWindow && this.outstandingCells > STREAM_WINDOW) {
      this.circuit.link.network.violations.push('a stream window was overrun')
    }
    if (hasWindow && this.receivedCells % STREAM_INCREMENT === 0) {
      if (this.holdsSendmes) this.#heldSendmes++
      else this.#acknowledge()
    }
    this.receivedBytes += bytes.length
    this.#digest.update(bytes)
    this.onBytes(bytes)
    for (const waiter of this.#waiters.splice(0)) {
      if (waiter.isMet()) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }

  /** XOFF, or XON with its rate. */
  onFlow(isXoff: boolean, body: Buffer): void {
    if (!this.circuit.hasCongestionControl || (isXoff && this.isStopped)) {
      this.circuit.link.network.violations.push('an XON or XOFF that is out of place')
    }
    this.isStopped = isXoff
    if (isXoff) {
      this.xoffs++
      return
    }
    this.xons.push(body.readUInt32BE(1))
    this.pump()
  }

  onSendme(): void {
    this.sendmes++
    if (this.circuit.hasCongestionControl) this.circuit.link.network.violations.push('a stream SENDME')
    this.sendWindow += STREAM_INCREMENT
    if (this.sendWindow > STREAM_WINDOW) {
      this.circuit.link.network.violations.push('a stream SENDME that was not owed')
    }
    this.pump()
  }

  onEnd(body: Buffer): void {
    const reason = body[0]
    if (body.length !== 1 || (reason !== 1 && reason !== 6)) {
      this.circuit.link.network.violations.push(`END of ${body.length} bytes with reason ${reason}`)
    }
    this.#onEnded(body)
  }

  #acknowledge(): void {
    this.outstandingCells -= STREAM_INCREMENT
    this.sendSendme()
  }

  #waitUntil(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ isMet, resolve }))
  }
}
