/** TCP for transports: a socket to one IP address, through the user's upstream proxy where there is one. */
import { connect, isIP, isIPv6, type Socket } from 'node:net'
import type { Endpoint } from '../linkspec/relay-target.ts'
import { throwIfAborted } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { codeOrName, isTorError, TorError } from '../util/errors.ts'
import { connectThroughProxy } from './proxy-dialler.ts'
import { waitOnSocket } from './socket-wait.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

/** How this machine reaches the network. */
export interface TcpWay {
  readonly proxy: UpstreamProxy | undefined
  /** Of the family of what is dialled: the proxy, or else the endpoint. */
  readonly localAddress: string | undefined
  /** For what is dialled by name, whose addresses are known only then. Undefined: as the system chooses. */
  readonly outboundBind?: OutboundBind
  /** Whether peers that somebody else names may be in this machine or its network: only on testing networks. */
  readonly allowsPrivatePeers?: boolean
}

/** The local addresses to leave from, one of each family. */
export interface OutboundBind {
  readonly ipv4: string | undefined
  readonly ipv6: string | undefined
}

/** As in C tor, what stays within this machine leaves from wherever the system says. */
export function localAddressFor(host: string, bind: OutboundBind): string | undefined {
  if (host.startsWith('127.') || host === '::1') return undefined
  return isIPv6(host) ? bind.ipv6 : bind.ipv4
}

/**
 * Resolves with a paused socket. Rejects with `channel-failed`, `proxy-failed`, or the signal's error; nothing is left
 * open then.
 */
export function dialTcp(
  endpoint: Endpoint,
  { proxy, localAddress }: TcpWay,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  if (proxy === undefined) return dialDirectly(endpoint, localAddress, signal)
  return connectThroughProxy({ kind: 'proxied', proxy, relay: endpoint, localAddress }, clock, signal)
}

async function dialDirectly(
  { host, port }: Endpoint,
  localAddress: string | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  throwIfAborted(signal)
  if (isIP(host) === 0) throw new TorError('internal', 'what a transport dials must be an IP address')
  const socket = connect({
    host,
    port,
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  socket.pause()
  return waitOnSocket(socket, signal, (wait) => {
    wait.on('error', (error: Error) => wait.fail(connectionError(error, 'connecting to')))
    wait.on('connect', () => wait.succeed(() => socket))
  })
}

/** The system's error code without the address, which does not belong in an error's text. */
export function connectionError(error: Error, doing: string): TorError {
  if (isTorError(error)) return error
  return new TorError('channel-failed', `${doing} the relay failed: ${codeOrName(error)}`, {
    cause: error,
    retry: 'elsewhere',
  })
}
