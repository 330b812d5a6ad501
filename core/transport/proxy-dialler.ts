/** Connects to a relay through the user's upstream proxy and hands over the socket on which TLS may begin. */
import { connect, type Socket } from 'node:net'
import { throwIfAborted, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { codeOrName, isTorError } from '../util/errors.ts'
import { converse, type ProxyParty } from './proxy-conversation.ts'
import { proxyFailed, startProxyHandshake } from './proxy-handshake.ts'
import { waitOnSocket } from './socket-wait.ts'
import type { ProxiedCarrier } from './transport.ts'

/** A proxy is near, or the user would not have it; the time that it takes to reach the relay comes on top. */
const PROXY_CONNECT_TIMEOUT_MS = 10_000

const PROXY: ProxyParty = {
  kind: 'proxy-failed',
  name: 'the upstream proxy',
  failed: proxyFailed,
  closed: 'closed the connection before it answered',
  surplus: 'says more than its answer',
  mayRunAhead: true,
}

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
  return waitOnSocket(socket, signal, (wait) => converse(socket, handshake, wait, PROXY))
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
    socket.once('error', (error) => reject(proxyFailed(`cannot be reached: ${codeOrName(error)}`, error)))
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
