/**
 * Joins an application's socket and a Tor stream: bytes, back-pressure, half-close and failure, both ways. Nothing is
 * queued here; what waits, waits in the socket's bounded buffer or in the stream's.
 */
import type { ByteStream } from '../util/byte-stream.ts'
import { TorError } from '../util/errors.ts'
import type { AppSocket } from './app-socket.ts'

/** What the application sent before the stream was open. */
export interface HeldInput {
  readonly chunks: readonly Uint8Array[]
  /** The application will send no more. */
  readonly hasEnded: boolean
}

/** Takes over both ends. `onFinished` is called once, when the socket is gone and the stream was closed. */
export function pipeBytes(
  socket: AppSocket,
  stream: ByteStream,
  held: HeldInput,
  onFinished: () => void,
): void {
  let isStreamClosed = false
  socket.setReader({
    // When the stream is gone and the application still sends: read and drop, so that no RST overtakes our last bytes.
    onBytes: (bytes) => isStreamClosed || stream.write(bytes),
    onEnd() {
      if (!isStreamClosed) stream.end()
    },
    onDrain() {
      if (!isStreamClosed) stream.resumeReading()
    },
    onClose(hadError) {
      if (!isStreamClosed) stream.destroy(hadError ? applicationGone() : undefined)
      onFinished()
    },
  })
  let mayRead = true
  for (const chunk of held.chunks) mayRead = stream.write(chunk)
  if (held.hasEnded) stream.end()
  stream.setSink({
    onData: (chunk) => socket.write(chunk),
    onEnd: () => socket.end(),
    onDrain: () => socket.resume(),
    onClose(error) {
      isStreamClosed = true
      if (error === undefined) {
        socket.closeWhenFlushed()
        socket.resume()
      } else socket.reset()
    },
  })
  if (mayRead) socket.resume()
}

function applicationGone(): TorError {
  return new TorError('closed', 'the application closed its connection')
}
