/** What a relay's protocol line says of how circuits go through it. */
import type { CircuitTarget } from '../linkspec/relay-target.ts'
import type { ProtocolVersions } from '../netdoc/protocol-versions.ts'

/** ntor-v3 is Relay=4, congestion control FlowCtrl=2 (tor-spec 9). */
export function circuitFeatures(
  protocols: ProtocolVersions,
): Pick<CircuitTarget, 'hasNtorV3' | 'hasCongestionControl'> {
  return {
    hasNtorV3: protocols.supports('Relay', 4),
    hasCongestionControl: protocols.supports('FlowCtrl', 2),
  }
}
