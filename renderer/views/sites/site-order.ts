/** Rows stay where they are while traffic comes and goes: a button must not move away under the pointer. */
import { useMemo, useRef } from 'react'
import type { SiteView } from '../../../electron/ipc/snapshot-circuits.ts'

/** Those that are new come first, in the order given; the others keep theirs. */
export function keepOrder(before: readonly string[], sites: readonly SiteView[]): readonly SiteView[] {
  const places = new Map(before.map((site, index) => [site, index]))
  const known = sites.filter(({ site }) => places.has(site))
  known.sort((a, b) => (places.get(a.site) ?? 0) - (places.get(b.site) ?? 0))
  return [...sites.filter(({ site }) => !places.has(site)), ...known]
}

/** Begins anew, with the last used first, each time the view is shown. */
export function useKeptOrder(sites: readonly SiteView[]): readonly SiteView[] {
  const order = useRef<readonly string[]>([])
  return useMemo(() => {
    const kept = keepOrder(order.current, sites)
    order.current = kept.map(({ site }) => site)
    return kept
  }, [sites])
}
