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
  /**
   * The stream is gone, and only what it had brought before is still to be taken: what is written from now on goes
   * nowhere, and no `onDrain` comes for what was. Comes at most once, before `onClose`, and with the same words.
   */
  onWriteEnd?(error: TorError | undefined, isAllSent: boolean): void
  /**
   * The stream is gone for both directions. Comes once, last; no error when it closed in good order. That may be before
   * all that was written had left: the rest is lost.
   */
  onClose(error: TorError | undefined, isAllSent: boolean): void
  /** There is room to write again after `write` returned false; all has left after `flush` did. */
  onDrain(): void
}

export interface ByteStream {
  setSink(sink: ByteSink): void
  resumeReading(): void
  /** Copies the bytes. Returns false when the bounded buffer is full: wait for `onDrain` before the next write. */
  write(bytes: Uint8Array): boolean
  /** Returns false when something that was written has not left yet: `onDrain` comes when all of it has. */
  flush(): boolean
  /** No more writes; what is buffered is still sent. Then it ends both ways, whatever the other side has to say. */
  end(): void
  /** Closes both directions at once; buffered bytes are dropped. Idempotent. */
  destroy(error?: TorError): void
}
