/** The core's whole state in the form that main is told. Pure. */
import type { ClientStatus, SitePolicyEntry } from '../../core/index.ts'
import type { ProxiesView } from '../ipc/snapshot.ts'
import { viewCircuits } from './circuit-views.ts'
import type { Moment } from './dates.ts'
import type { HostStatus } from './protocol.ts'
import { scrubText } from './scrub-text.ts'
import { viewSites } from './site-views.ts'

/** What the core's status does not hold. */
export interface HostFacts {
  readonly now: Moment
  readonly policies: readonly SitePolicyEntry[]
  readonly proxies: ProxiesView
  /** The core has given up for good, and why. */
  readonly failure: HostStatus['blockage']
}

export function viewHostStatus(status: ClientStatus, facts: HostFacts): HostStatus {
  const { bootstrap, bandwidth, surroundings } = status
  const { now, policies, proxies, failure } = facts
  return {
    phase: bootstrap.phase,
    progress: bootstrap.progress,
    blockage: failure ?? viewBlockage(bootstrap.blockage),
    isConnected: bootstrap.isConnected && failure === undefined,
    verifiedMs: status.verifiedMs,
    clockAheadMs: surroundings.clockSkew?.aheadMs,
    network: surroundings.network,
    isDormant: surroundings.isDormant,
    readBytes: bandwidth.readBytes,
    writtenBytes: bandwidth.writtenBytes,
    proxies,
    circuits: viewCircuits(status, now),
    sites: viewSites(status, policies, now.wallMs),
    bridges: status.bridges.map(({ line, state, failingSinceMs, lastWorkedMs }) => ({
      line,
      health: state,
      failingSinceMs,
      lastWorkedMs,
    })),
  }
}

function viewBlockage(blockage: ClientStatus['bootstrap']['blockage']): HostStatus['blockage'] {
  if (blockage === undefined) return undefined
  const { kind, reason, failures, sinceMs, cause } = blockage
  return { kind, detail: scrubText(reason), failures, sinceMs, cause }
}
