/** Which relays this user lets us take as guards: the configuration's say, beside what the consensus says. */
import type { GuardNetDir } from './guard-sample.ts'

export interface GuardFilter {
  /** Whether this user may use the relay in this row as guard: EntryNodes, ExcludeNodes, reachable addresses. */
  permits(netDir: GuardNetDir, index: number): boolean
  /** False when it permits everything, whatever the network. */
  readonly isRestricting: boolean
}

export const NO_GUARD_FILTER: GuardFilter = { permits: () => true, isRestricting: false }
