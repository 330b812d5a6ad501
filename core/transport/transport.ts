/** How bytes reach a relay. TLS runs on top; the channel layer knows no more of it than this. */
import type { Endpoint } from '../linkspec/relay-target.ts'

/**
 * What TLS should run over. Plain TCP is dialled by the TLS socket itself, because Node reads straight into a buffer
 * of ours only then; a transport that makes its own byte pipe (bridges, upstream proxies) adds a kind here.
 */
export interface TlsCarrier {
  readonly kind: 'tcp'
  /** An IP literal: a relay's address is never looked up by DNS. */
  readonly host: string
  readonly port: number
}

export interface Transport {
  readonly name: string
  /** Throws when the endpoint is not one that this transport may reach. */
  carrierFor(endpoint: Endpoint): TlsCarrier
}
