/** A proxy between us and the network that every connection to a relay goes through. */
import type { Endpoint } from '../linkspec/relay-target.ts'

export interface ProxyCredentials {
  readonly username: string
  readonly password: string
}

/** The endpoint's host is an IP literal: no name is ever looked up. */
export type UpstreamProxy =
  | { readonly kind: 'socks4'; readonly endpoint: Endpoint }
  | {
      readonly kind: 'socks5'
      readonly endpoint: Endpoint
      readonly credentials: ProxyCredentials | undefined
    }
  /** HTTP CONNECT; C tor calls it HTTPSProxy. */
  | { readonly kind: 'http'; readonly endpoint: Endpoint; readonly credentials: ProxyCredentials | undefined }
