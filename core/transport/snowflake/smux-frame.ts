/**
 * The frames of smux, version 2, which share one reliable connection among streams: version, command, length and stream
 * id, little-endian, and as many bytes as the length says.
 */
import { protocolViolation } from '../../util/errors.ts'

export const SMUX_HEADER_BYTES = 8
/** As much as the reference implementation puts into a frame. Others may be as long as their length can say. */
export const MAX_FRAME_DATA_BYTES = 32_768

export const SMUX_OPEN = 0
export const SMUX_END = 1
export const SMUX_DATA = 2
export const SMUX_KEEP_ALIVE = 3
export const SMUX_WINDOW = 4

const VERSION = 2
const WINDOW_BYTES = 8

/** The header of a frame with so many bytes. */
export function smuxHeader(command: number, stream: number, length: number): Buffer {
  const header = Buffer.alloc(SMUX_HEADER_BYTES)
  header.writeUInt8(VERSION, 0)
  header.writeUInt8(command, 1)
  header.writeUInt16LE(length, 2)
  header.writeUInt32LE(stream, 4)
  return header
}

/** Tells that `consumed` bytes in all (modulo 2^32) have been read, and how many more may be on their way. */
export function windowFrame(stream: number, consumed: number, window: number): Buffer {
  const body = Buffer.alloc(WINDOW_BYTES)
  body.writeUInt32LE(consumed >>> 0, 0)
  body.writeUInt32LE(window, 4)
  return Buffer.concat([smuxHeader(SMUX_WINDOW, stream, WINDOW_BYTES), body])
}

export interface SmuxFrameSink {
  /** A frame without bytes. */
  onSignal(command: typeof SMUX_OPEN | typeof SMUX_END | typeof SMUX_KEEP_ALIVE, stream: number): void
  /** Bytes of a data frame, as they come; valid during the call. */
  onData(stream: number, bytes: Buffer): void
  onWindow(stream: number, consumed: number, window: number): void
}

/** Takes the frames out of a connection, however it is cut; data are handed on as they come and never gathered. */
export class SmuxFrameReader {
  readonly #sink: SmuxFrameSink
  /** A header, or what a window frame holds. */
  readonly #gathered = Buffer.alloc(SMUX_HEADER_BYTES)
  #gatheredBytes = 0
  #isInWindow = false
  #stream = 0
  /** Of a data frame. */
  #missing = 0

  constructor(sink: SmuxFrameSink) {
    this.#sink = sink
  }

  /** Throws `protocol-violation` for what is no frame of version 2; the connection cannot be read on then. */
  read(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#missing > 0) {
        const piece = bytes.subarray(at, at + this.#missing)
        this.#missing -= piece.length
        at += piece.length
        this.#sink.onData(this.#stream, piece)
      } else {
        at += this.#gather(bytes.subarray(at))
      }
    }
  }

  #gather(bytes: Buffer): number {
    const piece = bytes.subarray(0, SMUX_HEADER_BYTES - this.#gatheredBytes)
    this.#gathered.set(piece, this.#gatheredBytes)
    this.#gatheredBytes += piece.length
    if (this.#gatheredBytes === SMUX_HEADER_BYTES) {
      this.#gatheredBytes = 0
      if (this.#isInWindow) this.#onWindow()
      else this.#onHeader()
    }
    return piece.length
  }

  #onWindow(): void {
    this.#isInWindow = false
    this.#sink.onWindow(this.#stream, this.#gathered.readUInt32LE(0), this.#gathered.readUInt32LE(4))
  }

  #onHeader(): void {
    const command = this.#gathered.readUInt8(1)
    const length = this.#gathered.readUInt16LE(2)
    if (this.#gathered.readUInt8(0) !== VERSION) throw protocolViolation('an smux frame of another version')
    this.#stream = this.#gathered.readUInt32LE(4)
    if (command === SMUX_DATA) {
      this.#missing = length
    } else if (command === SMUX_WINDOW) {
      if (length !== WINDOW_BYTES) throw protocolViolation('an smux window frame of another length')
      this.#isInWindow = true
    } else if (command === SMUX_OPEN || command === SMUX_END || command === SMUX_KEEP_ALIVE) {
      if (length !== 0) throw protocolViolation('an smux frame with bytes where there are none')
      this.#sink.onSignal(command, this.#stream)
    } else {
      throw protocolViolation('an smux frame with an unknown command')
    }
  }
}
