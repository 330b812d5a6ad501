/**
 * Decides what is put back. Everything that is still as we wrote it becomes what it was before. What somebody changed
 * since is the newer choice and stays, together with the switch that turns it on. One thing is stronger than a newer
 * choice: the system is never left pointing at a door of ours, for behind it nobody listens any more.
 */
import type { Journal } from './journal.ts'
import type { ProxyBackend, ProxyValues, ProxyWrites } from './proxy-backend.ts'
import { withoutSame } from './proxy-backend.ts'

export interface RestorePlan {
  readonly writes: ProxyWrites
  /** Names that somebody else changed and that stay as they are. */
  readonly keptNames: readonly string[]
}

/** Neither as it was nor as we made it, nor something in between. */
function isForeign(backend: ProxyBackend, journal: Journal, current: ProxyValues, name: string): boolean {
  const now = current[name] ?? null
  const before = journal.previous[name] ?? null
  const known = [before, ...(journal.applied[name] ?? []), ...backend.passedThrough(name, before)]
  return !known.some((value) => backend.isSame(name, now, value))
}

function afterWrites(current: ProxyValues, writes: ProxyWrites): ProxyValues {
  return { ...current, ...Object.fromEntries(writes) }
}

/** The order of writing is turned around: what was turned on last is turned off first. */
export function planRestore(backend: ProxyBackend, journal: Journal, current: ProxyValues): RestorePlan {
  // A network service that was removed since has nothing to put back.
  const names = Object.keys(journal.previous).filter((name) => Object.hasOwn(current, name))
  const put = (chosen: readonly string[]): ProxyWrites =>
    withoutSame(
      backend,
      current,
      [...chosen].reverse().map((name) => [name, journal.previous[name] ?? null]),
    )
  const foreign = new Set(names.filter((name) => isForeign(backend, journal, current, name)))
  const kept = new Set<string>()
  for (const unit of backend.units(names)) {
    if ([...unit.names, ...unit.keptWith].some((name) => foreign.has(name))) {
      for (const name of unit.names) kept.add(name)
    }
  }
  const writes = put(names.filter((name) => !kept.has(name)))
  const isOpen = (plan: ProxyWrites): boolean => !backend.leadsTo(afterWrites(current, plan), journal.doors)
  if (isOpen(writes)) return { writes, keptNames: names.filter((name) => foreign.has(name)) }
  const everything = put(names)
  if (isOpen(everything)) return { writes: everything, keptNames: [] }
  // Even what was there before leads to a door of ours, left from a run whose journal was lost.
  return { writes: withoutSame(backend, current, [...backend.direct(current)].reverse()), keptNames: [] }
}
