/** A Tor stream as Node's `Duplex`, for programs that hand it to `http`, `tls` or `pipe`. */
import { Duplex } from 'node:stream'
import type { ByteSink, ByteStream } from '../util/byte-stream.ts'
import { TorError } from '../util/errors.ts'

type WriteCallback = (error?: Error | null) => void

export class TorDuplex extends Duplex implements ByteSink {
  readonly #stream: ByteStream
  #pendingWrite: WriteCallback | undefined
  #isStreamGone = false

  constructor(stream: ByteStream) {
    // A Tor stream has no half-close: when one side has ended, END is sent and the other ends too (tor-spec 6.3).
    super({ allowHalfOpen: true, emitClose: true })
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

  onData(chunk: Buffer): boolean {
    return this.push(chunk)
  }

  onEnd(): void {
    this.push(null)
  }

  onClose(error: TorError | undefined): void {
    this.#isStreamGone = true
    if (error !== undefined) {
      this.destroy(error)
      return
    }
    const pending = this.#pendingWrite
    this.#pendingWrite = undefined
    pending?.()
    // What was received is still to be read; writing has no meaning any more.
    if (!this.writableEnded) this.end()
  }

  onDrain(): void {
    const pending = this.#pendingWrite
    this.#pendingWrite = undefined
    pending?.()
  }

  override _read(): void {
    this.#stream.resumeReading()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.#isStreamGone || this.#stream.write(chunk)) callback()
    else this.#pendingWrite = callback
  }

  override _final(callback: WriteCallback): void {
    this.#stream.end()
    callback()
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    const pending = this.#pendingWrite
    this.#pendingWrite = undefined
    if (!this.#isStreamGone) this.#stream.destroy()
    callback(error)
    // Whoever waits for this write to be over must not wait for ever.
    pending?.(error ?? new TorError('closed', 'the stream was closed'))
  }
}
