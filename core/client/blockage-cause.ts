/** Why the bootstrap is stuck, when what goes on around the client tells it better than the last error does. Pure. */
import { describeClockSkew } from './clock-skew.ts'
import type { Blockage, BootstrapStatus } from './status.ts'
import type { SurroundingsView } from './surroundings.ts'

/** A consensus is used for a day before and after its time, and relays' link certificates live for days. */
const HARMLESS_SKEW_MS = 12 * 60 * 60 * 1000

/** The status with the cause of its blockage named, if there is a blockage and the cause is known. */
export function withCause(status: BootstrapStatus, surroundings: SurroundingsView): BootstrapStatus {
  const { blockage } = status
  if (blockage === undefined) return status
  const named = nameCause(blockage, surroundings)
  return named === blockage ? status : { ...status, blockage: named }
}

function nameCause(blockage: Blockage, { clockSkew, network }: SurroundingsView): Blockage {
  if (clockSkew !== undefined && Math.abs(clockSkew.aheadMs) >= HARMLESS_SKEW_MS && mayBeClock(blockage)) {
    return { ...blockage, cause: 'clock-skew', reason: `${describeClockSkew(clockSkew)}. Please set it` }
  }
  if (network === 'down') {
    return { ...blockage, cause: 'no-network', reason: 'this computer has no network connection' }
  }
  if (network === 'blocked') {
    const reason = `no relay can be reached, though this computer has a network: ${blockage.reason}`
    return { ...blockage, cause: 'blocked', reason }
  }
  return blockage
}

/** A wrong clock makes documents and certificates look bad. */
function mayBeClock({ kind }: Blockage): boolean {
  return kind === 'bad-directory' || kind === 'wrong-identity' || kind === 'directory-refused'
}
