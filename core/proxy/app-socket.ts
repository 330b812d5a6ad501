/**
 * An accepted socket, read at the lowest cost: the kernel's bytes land in a standing buffer that is lent to the reader,
 * instead of a fresh 64 KiB slab per read (measured on Node 20: 0.27 against 0.56 CPU-seconds per gigabyte). Node offers
 * that (`onread`) for sockets that connect and not for accepted ones, so the socket is of our making where the kernel's
 * handle is to be had (`accepted-handle.ts`); elsewhere 'data' events serve as well.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { withoutZone } from '../util/ip-address.ts'
import type { AcceptedHandle } from './accepted-handle.ts'

/** One slab of libuv's: fewer, larger reads cost least. */
const READ_BUFFER_BYTES = 65_536
/** Written bytes may wait here for a slow application before the Tor stream is held back. */
export const WRITE_BUFFER_BYTES = 131_072

/** The most that one read can give, in either mode. */
export const MAX_READ_BYTES = READ_BUFFER_BYTES

export interface AppReader {
  /** The bytes are lent for the duration of the call. Returns false to be read no more until `resume()`. */
  onBytes(bytes: Uint8Array): boolean
  /** The application sends no more. */
  onEnd(): void
  /** What was written has left after `write` returned false. */
  onDrain(): void
  /** The socket is gone; comes once, last. */
  onClose(hadError: boolean): void
}

export type ReadMode = 'lent-buffer' | 'data-events'

interface AdoptOptions {
  readonly handle: AcceptedHandle
  readonly writableHighWaterMark: number
  readonly onread: OnReadOpts
}

export class AppSocket {
  readonly #socket: Socket
  readonly readMode: ReadMode
  /** The application's IP address; empty when it is gone already. Sensitive. */
  readonly clientAddress: string
  #reader: AppReader | undefined
  /** The application sends no more. */
  #hasEnded = false

  /** Takes over a connection, or a socket that was accepted with `pauseOnConnect` and `allowHalfOpen`. */
  constructor(accepted: AcceptedHandle | Socket) {
    const isSocket = accepted instanceof Socket
    this.readMode = isSocket ? 'data-events' : 'lent-buffer'
    this.#socket = isSocket ? accepted : this.#adopt(accepted)
    this.clientAddress = withoutZone(this.#socket.remoteAddress ?? '')
    this.#socket.setNoDelay(true)
  }

  /** Bytes written that the kernel has not taken. */
  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  /** Begins to read, in the turn in which the connection was accepted. */
  start(reader: AppReader): void {
    this.#reader = reader
    const socket = this.#socket
    socket.on('end', () => {
      this.#hasEnded = true
      this.#reader?.onEnd()
    })
    socket.on('drain', () => this.#reader?.onDrain())
    // What went wrong follows in 'close'; without a listener the error would end the process.
    socket.on('error', () => {})
    socket.on('close', (hadError: boolean) => this.#reader?.onClose(hadError))
    // With a read buffer it reads since it was made.
    if (this.readMode === 'lent-buffer') return
    socket.on('data', (chunk: Buffer) => {
      if (!this.#deliver(chunk)) socket.pause()
    })
    socket.resume()
  }

  /** Hands the reading over to another reader, from the next event on. */
  setReader(reader: AppReader): void {
    this.#reader = reader
  }

  resume(): void {
    if (!this.#hasEnded) this.#socket.resume()
  }

  /** Owns the bytes from now on. Returns false when the reader should wait for `onDrain`. */
  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes)
  }

  /** Sends what is written, then FIN; with the application's own end that closes both ways. */
  end(): void {
    if (this.#hasEnded) this.closeWhenFlushed()
    else this.#socket.end()
  }

  /** Sends what is written, then closes both ways. */
  closeWhenFlushed(): void {
    // With nothing left to send or to read, closing says what FIN and then closing would, for a third of the work.
    if (this.#hasEnded && this.#socket.writableLength === 0) this.#socket.destroy()
    else this.#socket.destroySoon()
  }

  /**
   * Closes at once with RST where that is possible, so that a cut transfer cannot pass for a complete one. Node's own
   * `resetAndDestroy` ends the writing first, and the FIN of that is a good end to whoever reads it before the RST.
   */
  reset(): void {
    const handle: unknown = Reflect.get(this.#socket, '_handle')
    const mayReset =
      typeof handle === 'object' && handle !== null && typeof Reflect.get(handle, 'reset') === 'function'
    if (mayReset) Reflect.set(this.#socket, 'resetAndClosing', true)
    this.#socket.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #adopt(handle: AcceptedHandle): Socket {
    const buffer = takeReadBuffer()
    const callback = (length: number): boolean => this.#deliver(buffer.subarray(0, length))
    const options: SocketConstructorOpts & AdoptOptions = {
      handle,
      allowHalfOpen: true,
      writableHighWaterMark: WRITE_BUFFER_BYTES,
      onread: { buffer, callback },
    }
    return new Socket(options)
  }

  #deliver(bytes: Uint8Array): boolean {
    return this.#reader?.onBytes(bytes) ?? false
  }
}

let sharedBuffer: Buffer | undefined

/**
 * Where the kernel writes at the moment of the read and the reader copies before the next, all sockets share one
 * buffer. Windows is handed the buffer long before the bytes come: there each socket needs its own.
 */
function takeReadBuffer(): Buffer {
  if (process.platform === 'win32') return Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  sharedBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  return sharedBuffer
}
