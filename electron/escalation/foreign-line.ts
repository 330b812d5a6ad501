/**
 * What is asked of bridge lines that the bridge service names and nobody has looked at, before anything is dialled for them.
 * Pure. The service comes inside TLS of its own, and could still be somebody's who has its key.
 */
import { type BridgeLine, isPublicAddress } from '../../core/index.ts'
import { isDialledByAddress } from './planned-way.ts'

/** What is wrong with it, as the object of a sentence; undefined when it may be dialled. */
export function faultOfForeignLine(
  line: BridgeLine,
  { allowsInternalAddresses }: { readonly allowsInternalAddresses: boolean },
): string | undefined {
  if (!isDialledByAddress(line.transport)) return undefined
  // Whoever answers at an address would be believed to be the bridge.
  if (line.fingerprint === undefined) return 'a bridge without its fingerprint'
  // Nobody's word may have the app knock at doors of the person's own network.
  if (allowsInternalAddresses || isPublicAddress(line.endpoint.host)) return undefined
  return 'a bridge at an address that is not public'
}
