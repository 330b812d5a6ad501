/** A Tor stream as Node's `Duplex`, for programs that hand it to `http`, `tls` or `pipe`. */
import { Duplex } from 'node:stream'
import type { ByteSink, ByteStream } from '../util/byte-stream.ts'
import { TorError } from '../util/errors.ts'

type WriteCallback = (error?: Error | null) => void

/**
 * A Tor stream has no half-close: END ends both ways (tor-spec 6.3). Nothing of an answer may be lost to who has ended
 * writing, so END waits: until `destroy`, or for ever where the other side ends first. `finish` comes when all that was
 * written has left, so that who wants no answer destroys it then.
 */
export class TorDuplex extends Duplex implements ByteSink {
  readonly #stream: ByteStream
  /** Of a write, or of the end of writing, that waits for the network. */
  #pending: WriteCallback | undefined
  /** The stream is gone: what is still to be read may come, but nothing leaves any more. */
  #isStreamGone = false
  /** Something that was written never left. */
  #isLost = false

  constructor(stream: ByteStream) {
    // Once the other side's end was read, nothing can be written any more.
    super({ allowHalfOpen: false })
    this.#stream = stream
  }

  /**
   * In a turn of its own, when classes that build on this one are complete too: what the exit has sent already, its end
   * included, is told from within `setSink`.
   */
  override _construct(callback: WriteCallback): void {
    this.#stream.setSink(this)
    callback()
  }

  /** As a `Socket` has it, and `http` wants it: what was written still leaves, what would be read is dropped then. */
  destroySoon(): void {
    this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  onData(chunk: Buffer): boolean {
    return this.push(chunk)
  }

  onEnd(): void {
    // Our own `destroy` ends the stream, too, and what it cuts off must not look whole.
    if (!this.destroyed) this.push(null)
  }

  onWriteEnd(error: TorError | undefined, isAllSent: boolean): void {
    this.#isStreamGone = true
    if (!isAllSent) this.#failOnceRead(error)
  }

  onClose(error: TorError | undefined, isAllSent: boolean): void {
    this.#isStreamGone = true
    if (error !== undefined) this.destroy(error)
    else if (!isAllSent) this.#failOnceRead()
  }

  onDrain(): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.()
  }

  override _read(): void {
    this.#stream.resumeReading()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    if (!this.#isStreamGone && this.#stream.write(chunk)) {
      callback()
      return
    }
    if (this.#isStreamGone && this.#hasReader) {
      // As a kernel takes it behind the other side's FIN: TLS says its farewell here, and an error would cost the answer.
      this.#failOnceRead()
      callback()
      return
    }
    this.#pending = callback
    if (this.#isStreamGone) this.#failOnceRead()
  }

  override _final(callback: WriteCallback): void {
    if (!this.#isLost && (this.#isStreamGone || this.#stream.flush())) callback()
    else this.#pending = callback
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    const pending = this.#pending
    this.#pending = undefined
    // Who has ended writing, and takes no answer, ends the stream in good order.
    if (error === null && this.writableFinished) this.#stream.end()
    this.#stream.destroy()
    callback(error)
    // Whoever waits for this write to be over must not wait for ever.
    pending?.(error ?? new TorError('closed', 'the stream was closed'))
  }

  get #hasReader(): boolean {
    return this.readableFlowing !== null
  }

  /**
   * Something that was written is lost. A reader has first what the other side said before it ended, whole and in good
   * order; that `finish` never came, and the callbacks of writing, tell the writer. Who only writes has an error.
   */
  #failOnceRead(error?: TorError): void {
    if (this.#isLost || this.destroyed) return
    this.#isLost = true
    if (this.#hasReader && !this.readableEnded) this.once('end', () => this.destroy(error))
    else if (this.#hasReader) this.destroy(error)
    else {
      const lost = 'the other side ended the stream before it had taken everything'
      this.destroy(error ?? new TorError('closed', lost))
    }
  }
}
