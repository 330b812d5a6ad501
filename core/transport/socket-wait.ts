/**
 * One wait on a socket that ends once: with what was waited for, with an error, or with the signal. Dialling, a proxy's
 * answer, a transport's handshake and TLS all wait so, and none of them may leave a listener or an open socket behind.
 */
import type { Duplex } from 'node:stream'
import { abortError } from '../util/abort.ts'
import type { TorError } from '../util/errors.ts'

export interface SocketWait<T> {
  /** Listens until the wait ends. */
  on(event: string, listener: Parameters<Duplex['on']>[1]): void
  /** Runs when the wait ends, however it does. */
  onEnd(cleanUp: () => void): void
  /** Ends the wait; `make` runs when nothing of it listens any more. */
  succeed(make: () => T): void
  /** Ends the wait and the socket. */
  fail(error: TorError): void
}

/** Rejects with what `fail` was given, or with the signal's error; the socket is destroyed then. */
export function waitOnSocket<T>(
  socket: Duplex,
  signal: AbortSignal,
  begin: (wait: SocketWait<T>) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cleanUps: (() => void)[] = []
    const end = (): void => {
      for (const cleanUp of cleanUps.splice(0)) cleanUp()
    }
    const fail = (error: TorError): void => {
      end()
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const onAbort = (): void => fail(abortError(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    cleanUps.push(() => signal.removeEventListener('abort', onAbort))
    begin({
      on(event, listener) {
        socket.on(event, listener)
        cleanUps.push(() => socket.removeListener(event, listener))
      },
      onEnd: (cleanUp) => cleanUps.push(cleanUp),
      succeed(make) {
        end()
        resolve(make())
      },
      fail,
    })
    if (signal.aborted) onAbort()
  })
}
