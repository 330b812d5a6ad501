/** How long a channel may take to open. */
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import { connectLimitMsOf } from '../transport/pluggable-transport.ts'

/** TCP, TLS and the link handshake are four round trips; half of C tor's limit is enough for the worst of lines. */
const RELAY_LIMIT_MS = 30_000

/** To a bridge whose transport has to find somebody first, so much longer. */
export function openLimitMs(bridge: BridgeLine | undefined): number {
  return RELAY_LIMIT_MS + connectLimitMsOf(bridge)
}
