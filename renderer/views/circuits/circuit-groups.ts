/** The order of the list: what is used first, and no circuit changes its place because bytes were counted. */
import type { CircuitView } from '../../../electron/ipc/snapshot-circuits.ts'

export const CIRCUIT_FILTERS = ['all', 'used', 'building'] as const
export type CircuitFilter = (typeof CIRCUIT_FILTERS)[number]

export const CIRCUIT_GROUPS = ['building', 'used', 'reserve', 'closed'] as const
export type CircuitGroup = (typeof CIRCUIT_GROUPS)[number]

export function groupOf({ state, streams, sites }: CircuitView): CircuitGroup {
  if (state === 'closed') return 'closed'
  if (state === 'building') return 'building'
  return streams > 0 || sites.length > 0 ? 'used' : 'reserve'
}

/** The groups that have circuits, each with the newest first. */
export function groupCircuits(
  circuits: readonly CircuitView[],
  filter: CircuitFilter,
): readonly { readonly group: CircuitGroup; readonly circuits: readonly CircuitView[] }[] {
  return CIRCUIT_GROUPS.filter((group) => filter === 'all' || group === filter)
    .map((group) => ({
      group,
      circuits: circuits
        .filter((circuit) => groupOf(circuit) === group)
        .sort((a, b) => b.createdMs - a.createdMs || b.id - a.id),
    }))
    .filter((entry) => entry.circuits.length > 0)
}

export type CircuitName = 'sites' | 'directory' | 'onion' | 'retired' | 'building' | 'reserve'

/** What a circuit is called: after whom it serves, or after what it is there for. */
export function nameOf({ sites, purpose, state, isRetired }: CircuitView): CircuitName {
  if (sites.length > 0) return 'sites'
  if (purpose === 'directory') return 'directory'
  if (purpose === 'internal') return 'onion'
  if (isRetired) return 'retired'
  return state === 'building' ? 'building' : 'reserve'
}
