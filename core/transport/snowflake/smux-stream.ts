/**
 * The one stream of an smux connection that carries a Tor channel, with its windows. Does no input or output: what comes
 * and goes is passed, and whoever owns it says when the reader has taken something.
 */
import { protocolViolation } from '../../util/errors.ts'
import {
  MAX_FRAME_DATA_BYTES,
  SMUX_DATA,
  SMUX_END,
  SMUX_KEEP_ALIVE,
  SMUX_OPEN,
  SmuxFrameReader,
  smuxHeader,
  windowFrame,
} from './smux-frame.ts'

/** How much may be on its way to us beyond what the reader has taken. */
export const STREAM_WINDOW_BYTES = 1_048_576
/** What the other side takes before it has said how much. */
const INITIAL_PEER_WINDOW_BYTES = 262_144
/** What a client's first stream has: it counts up by two, from one. */
export const FIRST_STREAM_ID = 3

export interface SmuxStreamParts {
  /** Sends bytes of the connection; they are copied. */
  readonly send: (bytes: Uint8Array) => void
  /** Bytes for the reader; valid during the call. */
  readonly onData: (bytes: Buffer) => void
  /** The other side sends no more. */
  readonly onEnd: () => void
}

export class SmuxStream {
  readonly #parts: SmuxStreamParts
  readonly #reader: SmuxFrameReader
  readonly #id: number
  #written = 0
  #peerConsumed = 0
  #peerWindow = INITIAL_PEER_WINDOW_BYTES
  #hasEndedWriting = false
  #received = 0
  #consumed = 0
  #toldConsumed = 0
  #isEndReceived = false
  #frames = 0

  /** Opens the stream. */
  constructor(parts: SmuxStreamParts, id = FIRST_STREAM_ID, isOpener = true) {
    this.#parts = parts
    this.#id = id
    this.#reader = new SmuxFrameReader({
      onSignal: (command, stream) => this.#onSignal(command, stream),
      onData: (stream, bytes) => this.#onData(stream, bytes),
      onWindow: (stream, consumed, window) => this.#onWindow(stream, consumed, window),
    })
    if (isOpener) parts.send(smuxHeader(SMUX_OPEN, id, 0))
  }

  /** How many bytes the other side takes now. */
  get windowBytes(): number {
    const inFlight = (this.#written - this.#peerConsumed) >>> 0
    return Math.max(0, Math.min(this.#peerWindow, STREAM_WINDOW_BYTES) - inFlight)
  }

  /** Frames of the connection, keep-alive ones too: whether the other side is there is seen by them. */
  get receivedFrames(): number {
    return this.#frames
  }

  /** What has been received and not been consumed. */
  get unreadBytes(): number {
    return (this.#received - this.#consumed) >>> 0
  }

  /** At most `windowBytes`. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MAX_FRAME_DATA_BYTES) {
      const piece = bytes.subarray(at, at + MAX_FRAME_DATA_BYTES)
      this.#parts.send(smuxHeader(SMUX_DATA, this.#id, piece.length))
      this.#parts.send(piece)
    }
    this.#written = (this.#written + bytes.length) >>> 0
  }

  /** We send no more. */
  end(): void {
    if (this.#hasEndedWriting) return
    this.#hasEndedWriting = true
    this.#parts.send(smuxHeader(SMUX_END, this.#id, 0))
  }

  keepAlive(): void {
    this.#parts.send(smuxHeader(SMUX_KEEP_ALIVE, 0, 0))
  }

  /** The reader has taken so many bytes. Tells it at the first, and each time half the window has been taken. */
  onConsumed(bytes: number): void {
    const isFirst = this.#consumed === 0 && this.#toldConsumed === 0
    this.#consumed = (this.#consumed + bytes) >>> 0
    const untold = (this.#consumed - this.#toldConsumed) >>> 0
    if (!isFirst && untold < STREAM_WINDOW_BYTES / 2) return
    this.#toldConsumed = this.#consumed
    this.#parts.send(windowFrame(this.#id, this.#consumed, STREAM_WINDOW_BYTES))
  }

  /** Throws `protocol-violation`; nothing can be read on then. */
  onBytes(bytes: Buffer): void {
    this.#reader.read(bytes)
  }

  /** Other streams than ours are nobody's: a server opens none. */
  #onSignal(command: number, stream: number): void {
    this.#frames++
    if (command !== SMUX_END || stream !== this.#id || this.#isEndReceived) return
    this.#isEndReceived = true
    this.#parts.onEnd()
  }

  #onData(stream: number, bytes: Buffer): void {
    this.#frames++
    if (stream !== this.#id || this.#isEndReceived) return
    this.#received = (this.#received + bytes.length) >>> 0
    if ((this.#received - this.#toldConsumed) >>> 0 > STREAM_WINDOW_BYTES) {
      throw protocolViolation('the Snowflake server sent more than its window allows')
    }
    this.#parts.onData(bytes)
  }

  #onWindow(stream: number, consumed: number, window: number): void {
    this.#frames++
    if (stream !== this.#id) return
    const advance = (consumed - this.#peerConsumed) >>> 0
    if (advance > (this.#written - this.#peerConsumed) >>> 0) {
      throw protocolViolation('the Snowflake server consumed more than was sent')
    }
    this.#peerConsumed = consumed
    this.#peerWindow = window
  }
}
