/** Which positions a relay's flags allow, and which relays are usable at all (dir-spec 3.4.1, 5.4). */
import type { Consensus } from '../netdoc/consensus.ts'
import { RelayFlag } from '../netdoc/relay-flags.ts'
import type { Position } from './bandwidth-weights.ts'
import { KeyTable } from './key-table.ts'
import type { RelayDetails } from './relay-details.ts'

/** Flags without which, and with which, a relay is never used (dir-spec 3.4.1, 5.4). */
const REQUIRED_FLAGS = RelayFlag.Running | RelayFlag.Valid
const REFUSED_FLAGS = RelayFlag.Sybil | RelayFlag.NoEdConsensus

/** Flags that a relay must all have, and of which it may have none, to serve in a position. */
interface FlagRule {
  readonly required: number
  readonly refused: number
}

/** Who is MiddleOnly must see neither who we are nor where we go. */
export const POSITION_RULES: Readonly<Record<Position, FlagRule>> = {
  guard: { required: REQUIRED_FLAGS | RelayFlag.Guard, refused: REFUSED_FLAGS | RelayFlag.MiddleOnly },
  middle: { required: REQUIRED_FLAGS, refused: REFUSED_FLAGS },
  exit: { required: REQUIRED_FLAGS, refused: REFUSED_FLAGS | RelayFlag.MiddleOnly | RelayFlag.BadExit },
  directory: { required: REQUIRED_FLAGS | RelayFlag.V2Dir, refused: REFUSED_FLAGS | RelayFlag.MiddleOnly },
}

/** What the flags alone say. */
export function mayServeAs(flags: number, position: Position): boolean {
  const { required, refused } = POSITION_RULES[position]
  return (flags & (required | refused)) === required
}

/** 1 where the relay may be used at all. */
export function findUsable(consensus: Consensus, details: RelayDetails): Uint8Array {
  const usable = new Uint8Array(details.count)
  const byEd25519 = new KeyTable(details.ed25519Ids, details.count)
  const twins: number[] = []
  for (let row = 0; row < details.count; row++) {
    if (!details.hasEd25519(row)) continue
    usable[row] = mayServeAs(consensus.relays.flags[row] ?? 0, 'middle') ? 1 : 0
    // Two relays with one identity: at least one of them lies, and we cannot tell which.
    const twin = byEd25519.add(row)
    if (twin >= 0) twins.push(row, twin)
  }
  for (const row of twins) usable[row] = 0
  return usable
}
