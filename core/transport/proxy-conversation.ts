/** What is said over a socket before TLS may begin: with the user's proxy, or with a transport plugin that poses as one. */
import type { Socket } from 'node:net'
import { codeOrName, type ErrorKind, type TorError, toTorError } from '../util/errors.ts'
import { MAX_PROXY_ANSWER_BYTES, type ProxyHandshake } from './proxy-handshake.ts'
import type { SocketWait } from './socket-wait.ts'

/** Who is spoken to, in errors. */
export interface ProxyParty {
  /** What an error is that has no words of ours. */
  readonly kind: ErrorKind
  readonly name: string
  /** Makes a sentence of what it did. */
  readonly failed: (what: string, cause?: Error) => TorError
  /** What it did by ending the connection. */
  readonly closed: string
  /** What it did by sending more than it may. */
  readonly surplus: string
  /** Whether it may answer a question before it was asked; never may anything follow the last answer. */
  readonly mayRunAhead: boolean
}

/** Speaks until the wait ends; the socket is paused when it ended well. */
export function converse(
  socket: Socket,
  handshake: ProxyHandshake,
  wait: SocketWait<Socket>,
  { kind, name, failed, closed, surplus, mayRunAhead }: ProxyParty,
): void {
  let received: Buffer = Buffer.alloc(0)
  const onData = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes])
    try {
      for (;;) {
        const step = handshake.onAnswer(received)
        if (step.kind === 'incomplete') break
        received = received.subarray(step.usedBytes)
        // In TLS the client speaks first: what comes behind the last answer is not of the relay.
        if (received.length > 0 && (step.kind === 'done' || !mayRunAhead)) throw failed(surplus)
        if (step.kind === 'done') return wait.succeed(() => socket.pause())
        socket.write(step.bytes)
      }
      if (received.length > MAX_PROXY_ANSWER_BYTES) throw failed('answers without end')
    } catch (error) {
      wait.fail(toTorError(error, kind, name))
    }
  }
  wait.on('data', onData)
  wait.on('end', () => wait.fail(failed(closed)))
  wait.on('error', (error: Error) => wait.fail(failed(`broke the connection: ${codeOrName(error)}`, error)))
  socket.write(handshake.firstBytes)
}
