/**
 * Which relays this user lets us take as guards, and which sample that calls for (guard-spec 2). Who allows few guards
 * gets a sample of those few: it must not use up the places of the sample that holds when the choice is lifted.
 */
import type { GuardNetDir } from './guard-sample.ts'
import { isListedGuard } from './guard-sample.ts'

export interface GuardFilter {
  /** Whether this user may use the relay in this row as guard: EntryNodes, ExcludeNodes, reachable addresses. */
  permits(netDir: GuardNetDir, index: number): boolean
  /** False when it permits everything, whatever the network. */
  readonly isRestricting: boolean
}

export const NO_GUARD_FILTER: GuardFilter = { permits: () => true, isRestricting: false }

/** One sample for each of guard-spec's selections; the file keeps those of other names as they are. */
export type SampleName = 'default' | 'restricted' | 'bridges'

export interface SampleChoice {
  readonly name: SampleName
  /** How many guards there are, and how many of them the filter permits. */
  readonly guardCount: number
  readonly permittedCount: number
  /** So few that the user stands out and should be told. */
  readonly isExtreme: boolean
}

/** Within 5 % of the threshold the sample stays as it is, so that small changes of the network do not switch guards. */
const THRESHOLD_SLACK = 0.05

export function chooseSample(
  netDir: GuardNetDir,
  filter: GuardFilter,
  previous: SampleName | undefined,
): SampleChoice {
  const { bridges } = netDir
  if (bridges !== undefined) {
    return { name: 'bridges', guardCount: bridges.length, permittedCount: bridges.length, isExtreme: false }
  }
  if (!filter.isRestricting) return { name: 'default', guardCount: 0, permittedCount: 0, isExtreme: false }
  let guardCount = 0
  let permittedCount = 0
  for (let row = 0; row < netDir.relayCount; row++) {
    if (!isListedGuard(netDir, row)) continue
    guardCount++
    if (filter.permits(netDir, row)) permittedCount++
  }
  const meaningful = (guardCount * netDir.params.get('guard-meaningful-restriction-percent')) / 100
  const extreme = (guardCount * netDir.params.get('guard-extreme-restriction-percent')) / 100
  return {
    name: nameFor(permittedCount, meaningful, previous),
    guardCount,
    permittedCount,
    isExtreme: permittedCount < extreme,
  }
}

function nameFor(permittedCount: number, threshold: number, previous: SampleName | undefined): SampleName {
  const isWithinSlack =
    permittedCount >= threshold * (1 - THRESHOLD_SLACK) && permittedCount <= threshold * (1 + THRESHOLD_SLACK)
  if (previous !== undefined && isWithinSlack) return previous
  return permittedCount < threshold ? 'restricted' : 'default'
}
