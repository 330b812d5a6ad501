/** Connects to a relay through the user's upstream proxy and hands over the socket on which TLS may begin. */
import { connect, type Socket } from 'node:net'
import { throwIfAborted, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { isTorError, toTorError } from '../util/errors.ts'
import { MAX_PROXY_ANSWER_BYTES, proxyFailed, startProxyHandshake } from './proxy-handshake.ts'
import { codeOf, waitOnSocket } from './socket-wait.ts'
import type { ProxiedCarrier } from './transport.ts'

/** A proxy is near, or the user would not have it; the time that it takes to reach the relay comes on top. */
const PROXY_CONNECT_TIMEOUT_MS = 10_000

/**
 * Resolves with a paused socket behind which the relay listens. Rejects with `proxy-failed`, `channel-failed` (the proxy
 * could not reach the relay), or the signal's error; nothing is left open then. It never dials the relay itself.
 */
export async function connectThroughProxy(
  carrier: ProxiedCarrier,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  throwIfAborted(signal)
  const handshake = startProxyHandshake(carrier.proxy, carrier.relay)
  const socket = await dial(carrier, clock, signal)
  return waitOnSocket(socket, signal, (wait) => {
    let received: Buffer = Buffer.alloc(0)
    const onData = (bytes: Buffer): void => {
      received = Buffer.concat([received, bytes])
      try {
        for (;;) {
          const step = handshake.onAnswer(received)
          if (step.kind === 'incomplete') break
          received = received.subarray(step.usedBytes)
          if (step.kind === 'done') {
            // In TLS the client speaks first: what comes here is not of the relay.
            if (received.length > 0) throw proxyFailed('says more than its answer')
            return wait.succeed(() => socket.pause())
          }
          socket.write(step.bytes)
        }
        if (received.length > MAX_PROXY_ANSWER_BYTES) throw proxyFailed('answers without end')
      } catch (error) {
        wait.fail(toTorError(error, 'proxy-failed', 'the upstream proxy'))
      }
    }
    wait.on('data', onData)
    wait.on('end', () => wait.fail(proxyFailed('closed the connection before it answered')))
    wait.on('error', (error: Error) =>
      wait.fail(proxyFailed(`broke the connection: ${codeOf(error)}`, error)),
    )
    socket.write(handshake.firstBytes)
  })
}

/** The connection to the proxy itself. */
async function dial(carrier: ProxiedCarrier, clock: Clock, signal: AbortSignal): Promise<Socket> {
  const { host, port } = carrier.proxy.endpoint
  const { localAddress } = carrier
  const socket = connect({
    host,
    port,
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (error) => reject(proxyFailed(`cannot be reached: ${codeOf(error)}`, error)))
  })
  try {
    await withTimeout(clock, PROXY_CONNECT_TIMEOUT_MS, 'reaching the proxy', signal, () => connected)
    return socket
  } catch (error) {
    socket.on('error', () => {})
    socket.destroy()
    throw !signal.aborted && isTorError(error, 'timeout') ? proxyFailed('does not answer', error) : error
  }
}
