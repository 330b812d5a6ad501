/** How bytes reach a relay. TLS runs on top; the channel layer knows no more of it than this. */
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { Outside } from './outside.ts'
import type { PluggableTransport } from './pluggable-transport.ts'
import type { TcpWay } from './tcp-dialler.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

/**
 * What TLS should run over. Plain TCP is dialled by the TLS socket itself, because Node reads straight into a buffer
 * of ours only then; what goes through a proxy is dialled by `connectThroughProxy` first. Every address is an IP
 * literal: nothing here is ever looked up by DNS. (The web servers in front of some transports are: `web/look-up-name`.)
 */
export type TlsCarrier =
  | { readonly kind: 'tcp'; readonly relay: Endpoint; readonly localAddress: string | undefined }
  | ProxiedCarrier
  | PluggableCarrier

export interface ProxiedCarrier {
  readonly kind: 'proxied'
  readonly proxy: UpstreamProxy
  readonly relay: Endpoint
  readonly localAddress: string | undefined
}

export interface PluggableCarrier {
  readonly kind: 'pluggable'
  readonly transport: PluggableTransport
  readonly bridge: BridgeLine
  /** For the sockets that the transport needs. */
  readonly way: TcpWay
  readonly outside: Outside
}

export interface Transport {
  /** Throws when the endpoint is not one that this transport may reach; `bridge` is the one that listens there. */
  carrierFor(endpoint: Endpoint, bridge?: BridgeLine): TlsCarrier
}
