/** What must be known of a relay to open a channel to it, or to extend a circuit to it. */
import type { BridgeLine } from './bridge-line.ts'
import type { RelayIds } from './relay-ids.ts'

/** Where a relay listens. `host` is an IP literal, IPv6 without brackets: the core never resolves names. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Enough for a channel and a one-hop directory circuit. */
export interface ChannelTarget {
  readonly ids: RelayIds
  /** In order of preference; at least one. */
  readonly endpoints: readonly Endpoint[]
  /** Set when the relay is reached as the user's bridge. */
  readonly bridge?: BridgeLine
}

/** Enough for any hop of a circuit. */
export interface CircuitTarget extends ChannelTarget {
  /** The relay's ntor onion key, 32 bytes. */
  readonly ntorKey: Buffer
  /** Whether the relay's protocol line lists Relay=4: ntor-v3. */
  readonly hasNtorV3: boolean
  /** Whether it lists FlowCtrl=2: congestion control. */
  readonly hasCongestionControl: boolean
  /** For people only. */
  readonly nickname: string
}

export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(':')
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`
}
