/** Which relays conflux sets can end at, and how many there are (proposal 329). */
import type { Consensus } from '../netdoc/consensus.ts'
import type { ProtocolVersions } from '../netdoc/protocol-versions.ts'
import { RelayFlag } from '../netdoc/relay-flags.ts'
import { circuitFeatures } from './circuit-features.ts'

/** Conflux=1, and what it cannot be without: congestion control, which is agreed on in ntor-v3. */
export function supportsConflux(protocols: ProtocolVersions): boolean {
  const { hasNtorV3, hasCongestionControl } = circuitFeatures(protocols)
  return hasNtorV3 && hasCongestionControl && protocols.supports('Conflux', 1)
}

/** A consensus never changes. */
const shares = new WeakMap<Consensus, number>()

/** Of the exits that are not bad ones, the part that does conflux, 0 to 1; 0 when there are none. Relays count, not bandwidth. */
export function confluxExitShare(consensus: Consensus): number {
  let share = shares.get(consensus)
  if (share === undefined) {
    share = countShare(consensus)
    shares.set(consensus, share)
  }
  return share
}

function countShare({ relays }: Consensus): number {
  let exits = 0
  let supporting = 0
  // Thousands of relays have a handful of different lines.
  const known = new Map<ProtocolVersions, boolean>()
  for (let row = 0; row < relays.count; row++) {
    const flags = relays.flags[row] ?? 0
    if ((flags & (RelayFlag.Exit | RelayFlag.BadExit)) !== RelayFlag.Exit) continue
    exits++
    const protocols = relays.protocols(row)
    const supports = known.get(protocols) ?? supportsConflux(protocols)
    known.set(protocols, supports)
    if (supports) supporting++
  }
  return exits === 0 ? 0 : supporting / exits
}
