/**
 * A duplex byte stream with back-pressure both ways and no per-chunk promise: what a Tor stream is to the front doors.
 * Only one consumer: it sets the sink once.
 */
import type { TorError } from './errors.ts'

/** Receives what comes out of a stream. */
export interface ByteSink {
  /**
   * Takes a chunk, which it then owns. Returns false when it cannot take more now: nothing is delivered until the
   * consumer calls `resumeReading()`.
   */
  onData(chunk: Buffer): boolean
  /** The other side will send no more. Comes once, after the last chunk. */
  onEnd(): void
  /** The stream is gone for both directions. Comes once, last; no error when it closed in good order. */
  onClose(error: TorError | undefined): void
  /** There is room to write again after `write` returned false. */
  onDrain(): void
}

export interface ByteStream {
  setSink(sink: ByteSink): void
  resumeReading(): void
  /** Copies the bytes. Returns false when the bounded buffer is full: wait for `onDrain` before the next write. */
  write(bytes: Uint8Array): boolean
  /** No more writes; what is buffered is still sent. */
  end(): void
  /** Closes both directions at once; buffered bytes are dropped. Idempotent. */
  destroy(error?: TorError): void
}
