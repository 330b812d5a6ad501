/** How bytes reach a relay: directly, or later through a bridge's obfuscation or an upstream proxy. TLS runs on top. */
import type { Socket } from 'node:net'
import type { Endpoint } from '../linkspec/relay-target.ts'

export interface Transport {
  readonly name: string
  /**
   * Opens a byte pipe to the endpoint, which is always an IP literal. Rejects with `channel-failed`, or with the
   * signal's error as soon as it fires; nothing is left open then.
   */
  connect(endpoint: Endpoint, signal: AbortSignal): Promise<Socket>
}
