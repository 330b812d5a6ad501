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

/** A row of the list: one circuit, or those that are joined to a set, in the order of their ids. */
export type Ways = readonly [CircuitView, ...CircuitView[]]

/** How far a circuit is; a set is as far as the last of its circuits. */
const PROGRESS: readonly CircuitView['state'][] = ['building', 'waiting', 'open', 'closed']

/** The circuit that says how far all ways together are. */
export function furthestBehind([first, ...others]: Ways): CircuitView {
  const progressOf = ({ state, hops }: CircuitView): number => PROGRESS.indexOf(state) * 10 + hops.length
  return others.reduce((behind, way) => (progressOf(way) < progressOf(behind) ? way : behind), first)
}

/** Circuits of one set together. */
export function joinWays(circuits: readonly CircuitView[]): readonly Ways[] {
  const sets = new Map<string, [CircuitView, ...CircuitView[]]>()
  for (const circuit of [...circuits].sort((a, b) => a.id - b.id)) {
    const key = circuit.setId === undefined ? `circuit ${circuit.id}` : `set ${circuit.setId}`
    const ways = sets.get(key)
    if (ways === undefined) sets.set(key, [circuit])
    else ways.push(circuit)
  }
  return [...sets.values()]
}

/** The groups that have circuits, each with the newest first. */
export function groupCircuits(
  circuits: readonly CircuitView[],
  filter: CircuitFilter,
): readonly { readonly group: CircuitGroup; readonly rows: readonly Ways[] }[] {
  const rows = joinWays(circuits)
  return CIRCUIT_GROUPS.filter((group) => filter === 'all' || group === filter)
    .map((group) => ({
      group,
      rows: rows
        .filter((ways) => groupOf(furthestBehind(ways)) === group)
        .sort(([a], [b]) => b.createdMs - a.createdMs || b.id - a.id),
    }))
    .filter((entry) => entry.rows.length > 0)
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
