/**
 * Joins an application's socket and a Tor stream: bytes, back-pressure, half-close and failure, both ways. Nothing is
 * queued here; what waits, waits in the socket's bounded buffer or in the stream's.
 */
import type { ByteSink, ByteStream } from '../util/byte-stream.ts'
import { TorError } from '../util/errors.ts'
import type { AppReader, AppSocket } from './app-socket.ts'

/**
 * Takes over both ends; with `hasEnded` the application will send no more. `onFinished` is called once, when the socket is
 * gone and the stream was closed.
 */
export function pipeBytes(
  socket: AppSocket,
  stream: ByteStream,
  hasEnded: boolean,
  onFinished: () => void,
): void {
  const fromApplication = new FromApplication(stream, onFinished)
  socket.setReader(fromApplication)
  if (hasEnded) stream.end()
  stream.setSink(new FromNetwork(socket, fromApplication))
  socket.resume()
}

// Classes and not closures: an idle pipe keeps two small objects instead of eight functions.

class FromApplication implements AppReader {
  /** Undefined when it is gone. */
  #stream: ByteStream | undefined
  readonly #onFinished: () => void

  constructor(stream: ByteStream, onFinished: () => void) {
    this.#stream = stream
    this.#onFinished = onFinished
  }

  /** When the stream is gone and the application still sends: read and drop, so that no RST overtakes our last bytes. */
  onBytes(bytes: Uint8Array): boolean {
    return this.#stream?.write(bytes) ?? true
  }

  onEnd(): void {
    this.#stream?.end()
  }

  onDrain(): void {
    this.#stream?.resumeReading()
  }

  onClose(hadError: boolean): void {
    this.#stream?.destroy(hadError ? applicationGone() : undefined)
    this.#onFinished()
  }

  forgetStream(): void {
    this.#stream = undefined
  }
}

class FromNetwork implements ByteSink {
  readonly #socket: AppSocket
  readonly #fromApplication: FromApplication

  constructor(socket: AppSocket, fromApplication: FromApplication) {
    this.#socket = socket
    this.#fromApplication = fromApplication
  }

  onData(chunk: Buffer): boolean {
    return this.#socket.write(chunk)
  }

  onEnd(): void {
    this.#socket.end()
  }

  onDrain(): void {
    this.#socket.resume()
  }

  /** What the application still sends is read and dropped: it may have to say all before it reads the rest. */
  onWriteEnd(): void {
    this.#socket.resume()
  }

  onClose(error: TorError | undefined): void {
    this.#fromApplication.forgetStream()
    if (error === undefined) {
      this.#socket.closeWhenFlushed()
      this.#socket.resume()
    } else this.#socket.reset()
  }
}

function applicationGone(): TorError {
  return new TorError('closed', 'the application closed its connection')
}
