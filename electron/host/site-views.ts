/** One row for each site that is in use or has a rule, the last used first. Pure. */
import type { CircuitStatus, ClientStatus, SitePolicyEntry, SiteStatus } from '../../core/index.ts'
import type { SitePolicyView, SiteView } from '../ipc/snapshot-circuits.ts'

interface Row {
  readonly circuits: CircuitStatus[]
  streams: number
  readonly used: SiteStatus | undefined
}

const NO_RULES: SitePolicyView = { isBlocked: false, exitCountry: undefined, pin: undefined }

export function viewSites(
  { circuits, streams, sites }: Pick<ClientStatus, 'circuits' | 'streams' | 'sites'>,
  policies: readonly SitePolicyEntry[],
  wallMs: number,
): readonly SiteView[] {
  // A Map keeps the order: those that were used, the last first, then those that only have a rule.
  const rows = new Map<string, Row>(
    sites.map((used) => [used.site, { circuits: [], streams: 0, used }] as const),
  )
  const rules = new Map(policies.map((entry) => [entry.site, entry]))
  for (const site of rules.keys()) {
    if (!rows.has(site)) rows.set(site, { circuits: [], streams: 0, used: undefined })
  }
  // A site that was forgotten has no row until it is used again, though its circuit may live on.
  for (const circuit of firstOfSets(circuits)) {
    for (const site of circuit.sites) rows.get(site)?.circuits.push(circuit)
  }
  for (const { site } of streams) {
    const row = rows.get(site)
    if (row !== undefined) row.streams++
  }
  return [...rows].map(([site, row]) => viewSite(site, row, viewPolicy(rules.get(site), wallMs)))
}

/** All circuits, but of those that are joined to a set only the first: for a site they are one. */
function firstOfSets(circuits: readonly CircuitStatus[]): readonly CircuitStatus[] {
  const seen = new Set<number>()
  return circuits.filter(({ setId }) => {
    if (setId === undefined) return true
    const isFirst = !seen.has(setId)
    seen.add(setId)
    return isFirst
  })
}

/** The exit of the site's newest circuit that is complete: what a pin keeps. */
export function newestExitOf({ circuits }: Pick<ClientStatus, 'circuits'>, site: string): string | undefined {
  const newest = newestOpen(circuits.filter((circuit) => circuit.sites.includes(site)))
  return newest?.hops.at(-1)?.fingerprint
}

function viewSite(site: string, { circuits, streams, used }: Row, policy: SitePolicyView): SiteView {
  return {
    site,
    circuitIds: circuits.map(({ id }) => id),
    seenFromCountry: newestOpen(circuits)?.hops.at(-1)?.country,
    streams,
    readBytes: used?.readBytes ?? 0,
    writtenBytes: used?.writtenBytes ?? 0,
    lastUsedMs: used?.lastUsedMs,
    policy,
    refusal: used?.refusal,
  }
}

function viewPolicy(entry: SitePolicyEntry | undefined, wallMs: number): SitePolicyView {
  if (entry === undefined) return NO_RULES
  const { isBlocked, exitCountry, pin } = entry
  const isPinned = pin !== undefined && pin.untilMs > wallMs
  return {
    isBlocked,
    exitCountry,
    pin: isPinned ? { fingerprint: pin.exit, untilMs: pin.untilMs } : undefined,
  }
}

/** Ids rise with time. */
function newestOpen(circuits: readonly CircuitStatus[]): CircuitStatus | undefined {
  let newest: CircuitStatus | undefined
  for (const circuit of circuits) {
    if (circuit.state === 'open' && circuit.purpose === 'exit' && circuit.id > (newest?.id ?? -1))
      newest = circuit
  }
  return newest
}
