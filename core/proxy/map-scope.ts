/** Who shares the addresses that AutomapHostsOnResolve makes up. */
import { type IsolationKey, isolationKey } from '../circuit-manager/isolation.ts'

/**
 * One program is known by its address and by the credentials it presents, if any. Listener, protocol, port and site do
 * not count: a name is looked up at one front door, and its address connected to at another.
 */
export function mapScopeOf(clientAddress: string, credentials: readonly string[] = []): IsolationKey {
  return isolationKey(['virtual addresses', clientAddress, ...credentials])
}
