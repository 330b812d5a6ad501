/**
 * The process behind `receive-path.ts`: plays a guard and the two relays behind it, and answers a BEGIN for
 * `bytes-<n>.test` with so many bytes, encrypted before the first is sent, in 4 KB TLS records as C tor's relays write
 * them. It waits for the stream's SENDMEs and looks at nothing else.
 */
import type { FakeCircuit } from '../network/fake-circuit.ts'
import { FakeNetwork } from '../network/fake-network.ts'
import type { FakeStream } from '../network/fake-stream.ts'
import { fixedCell } from '../network/wire.ts'
import { relayCellBody } from '../support/relay-side-tor1.ts'

/** What the measuring process must know to come in. */
export interface SyntheticGuardReady {
  readonly port: number
  readonly relays: readonly { readonly rsa: string; readonly ed25519: string; readonly ntorKey: string }[]
}

const RELAY = 3
const DATA = 2
const END = 3
const CONNECTED = 4
const SENDME = 5
const END_DONE = 6

const CELL_BYTES = 514
const BODY_BYTES = 509
const PAYLOAD_BYTES = 498
/** Eight cells and the record's overhead. */
const RECORD_BYTES = 4096
const STREAM_WINDOW_CELLS = 500
const STREAM_INCREMENT_CELLS = 50
/** Written at once; below it the socket's buffer would run dry between SENDMEs. */
const WRITE_CELLS = 50

const TARGET = /^bytes-(\d+)\.test:/

/** CONNECTED, the DATA cells and END, ready for the wire, back to back. */
function sealDownload(circuit: FakeCircuit, streamId: number, bytes: number): Buffer {
  const last = circuit.hops.at(-1)
  if (last === undefined) throw new Error('the circuit has no hops')
  const cells = Math.ceil(bytes / PAYLOAD_BYTES)
  const bodies = Buffer.allocUnsafeSlow((cells + 2) * BODY_BYTES)
  const payload = Buffer.alloc(PAYLOAD_BYTES, 0x5a)
  const data = relayCellBody(DATA, streamId, payload)
  last.originate(relayCellBody(CONNECTED, streamId, Buffer.of(192, 0, 2, 80, 0, 0, 0, 60))).cell.copy(bodies)
  for (let cell = 1; cell <= cells; cell++) last.originate(data).cell.copy(bodies, cell * BODY_BYTES)
  last
    .originate(relayCellBody(END, streamId, Buffer.of(END_DONE)))
    .cell.copy(bodies, (cells + 1) * BODY_BYTES)
  let sealed: Buffer = bodies
  for (const hop of circuit.hops.slice(0, -1).reverse()) sealed = hop.encrypt(sealed)
  const framed = Buffer.allocUnsafeSlow((cells + 2) * CELL_BYTES)
  const header = fixedCell(circuit.circuitId, RELAY, Buffer.alloc(0)).subarray(0, CELL_BYTES - BODY_BYTES)
  for (let cell = 0; cell < cells + 2; cell++) {
    header.copy(framed, cell * CELL_BYTES)
    sealed.copy(framed, (cell + 1) * CELL_BYTES - BODY_BYTES, cell * BODY_BYTES, (cell + 1) * BODY_BYTES)
  }
  return framed
}

class Download {
  readonly #stream: FakeStream
  readonly #cells: Buffer
  #at = 0
  #window = STREAM_WINDOW_CELLS
  #isWaiting = false

  constructor(stream: FakeStream, cells: Buffer) {
    this.#stream = stream
    this.#cells = cells
  }

  onSendme(): void {
    this.#window += STREAM_INCREMENT_CELLS
    this.pump()
  }

  pump(): void {
    const { link } = this.#stream.circuit
    while (!this.#isWaiting && this.#window >= WRITE_CELLS && this.#at < this.#cells.length) {
      const next = this.#cells.subarray(this.#at, this.#at + WRITE_CELLS * CELL_BYTES)
      this.#at += next.length
      this.#window -= WRITE_CELLS
      if (link.write(next)) continue
      this.#isWaiting = true
      link.onceDrained(() => {
        this.#isWaiting = false
        this.pump()
      })
    }
  }
}

const network = await FakeNetwork.start({ nowMs: Date.now() })
const downloads = new Map<FakeCircuit, Map<number, Download>>()

network.script.service = (stream) => {
  const bytes = Number(TARGET.exec(stream.target)?.[1] ?? '0')
  stream.circuit.link.setRecordBytes(RECORD_BYTES)
  const download = new Download(stream, sealDownload(stream.circuit, stream.id, bytes))
  const ofCircuit = downloads.get(stream.circuit) ?? new Map<number, Download>()
  downloads.set(stream.circuit, ofCircuit.set(stream.id, download))
  download.pump()
}
// The circuit's own SENDMEs quote tags that nobody kept here.
network.script.onMessage = (message, circuit) => {
  if (message.command === SENDME) downloads.get(circuit)?.get(message.streamId)?.onSendme()
  if (message.command === END) downloads.get(circuit)?.delete(message.streamId)
  return message.command === SENDME
}

const ready: SyntheticGuardReady = {
  port: network.port,
  relays: network.relays.map(({ rsa, ed25519, ntorKey }) => ({
    rsa,
    ed25519,
    ntorKey: ntorKey.publicKey.toString('hex'),
  })),
}
process.send?.(ready)
process.once('disconnect', () => process.exit(0))
