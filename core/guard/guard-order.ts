/** The order of preference among the guards that this user may use now: primary, confirmed, sampled (guard-spec 4.3, 4.4). */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { SampledGuard } from './guard-sample.ts'

/** A sampled guard that is listed and that the user's filter permits, with its row (guard-spec 4.2). */
export interface FilteredGuard {
  readonly guard: SampledGuard
  readonly index: number
}

export interface GuardOrder {
  /** Used while they can be reached. */
  readonly primary: readonly FilteredGuard[]
  /** Used only when all primary guards are down. */
  readonly others: readonly FilteredGuard[]
}

export const NO_GUARDS: GuardOrder = { primary: [], others: [] }

/**
 * `filtered` is in sample order. The primary guards are the first confirmed ones; then those that were primary before,
 * so that a guard that is listed again displaces nobody; then the first of the sample.
 */
export function orderGuards(
  filtered: readonly FilteredGuard[],
  primaryCount: number,
  previous: GuardOrder,
): GuardOrder {
  const confirmed = filtered
    .filter(({ guard }) => guard.confirmed !== undefined)
    .sort((a, b) => (a.guard.confirmed?.place ?? 0) - (b.guard.confirmed?.place ?? 0))
  const byIdentity = new Map(filtered.map((entry) => [entry.guard.rsa, entry]))
  const kept = previous.primary.flatMap(({ guard }) => byIdentity.get(guard.rsa) ?? [])
  const primary = withoutRepeats([...confirmed, ...kept, ...filtered]).slice(0, primaryCount)
  const others = withoutRepeats([...primary, ...confirmed, ...filtered]).slice(primary.length)
  return { primary, others }
}

function withoutRepeats(entries: readonly FilteredGuard[]): FilteredGuard[] {
  const byIdentity = new Map<RsaIdentity, FilteredGuard>()
  for (const entry of entries) if (!byIdentity.has(entry.guard.rsa)) byIdentity.set(entry.guard.rsa, entry)
  return [...byIdentity.values()]
}
