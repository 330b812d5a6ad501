/** Connects to a relay through the user's upstream proxy and hands over the socket on which TLS may begin. */
import { connect, type Socket } from 'node:net'
import { abortError, throwIfAborted, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { isTorError, type TorError, toTorError } from '../util/errors.ts'
import { MAX_PROXY_ANSWER_BYTES, proxyFailed, startProxyHandshake } from './proxy-handshake.ts'
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
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0)
    const finish = (): void => {
      signal.removeEventListener('abort', onAbort)
      socket.removeListener('data', onData)
      socket.removeListener('end', onEnd)
      socket.removeListener('error', onError)
    }
    const fail = (error: TorError): void => {
      finish()
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const onAbort = (): void => fail(abortError(signal))
    const onEnd = (): void => fail(proxyFailed('closed the connection before it answered'))
    const onError = (error: Error): void => fail(proxyFailed(`broke the connection: ${codeOf(error)}`, error))
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
            finish()
            socket.pause()
            return resolve(socket)
          }
          socket.write(step.bytes)
        }
        if (received.length > MAX_PROXY_ANSWER_BYTES) throw proxyFailed('answers without end')
      } catch (error) {
        fail(toTorError(error, 'proxy-failed', 'the upstream proxy'))
      }
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('error', onError)
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

/** The system's error code, without addresses. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
