/**
 * One entry of the pool, an exit circuit or a conflux set of them: whom it may still serve, and how old it may get.
 * What holds for a set holds for all its legs at once. Decided without the network.
 */
import type { Tunnel } from '../circuit/tunnel.ts'
import type { GuardRestrictions } from '../guard/guard-selector.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import type { Deferred } from '../util/deferred.ts'
import type { HopReason } from './circuit-registry.ts'
import { type IsolationKey, NO_ISOLATION } from './isolation.ts'

/** What a stream demands of its circuit. */
export interface ExitUsage {
  readonly isolation: IsolationKey
  /** Proposal 368: the circuit grows old from its last use, not from its first. */
  readonly keepsAlive?: boolean
  /** Undefined when the exit resolves a name only, or chooses the family itself. */
  readonly family: 'ipv4' | 'ipv6' | undefined
  /** Undefined for RESOLVE, which every exit does. */
  readonly port: number | undefined
  /** LongLivedPorts: all relays Stable, where there are such. */
  readonly needsStable?: boolean
  /** What it is for, as a person knows it; decides nothing here. */
  readonly site?: string
  /** Two lower-case letters: the exit must be there. */
  readonly exitCountry?: string | undefined
  /** The exit must be this one. */
  readonly exit?: RsaIdentity | undefined
}

/** A path with what must be known of how it was drawn. */
export interface PlannedPath {
  readonly path: readonly number[]
  /** What was asked of the guard. */
  readonly restrictions: GuardRestrictions
  /** Whether it was drawn for long-lived streams. */
  readonly isStable: boolean
  /** Why each of its relays was chosen. */
  readonly reasons: readonly HopReason[]
}

/** More sites than anybody wants to see; a circuit without isolation by site can serve any number. */
const MAX_SITES_NAMED = 64

/** A circuit, as it is planned, built or open. */
export interface PooledLeg extends PlannedPath {
  readonly id: number
  readonly guard: RsaIdentity
}

export interface PoolEntry {
  /** The tunnel's, which for a single circuit is the circuit's. */
  readonly id: number
  /** One circuit, or those that are linked to a set; all end at `exit`. */
  readonly legs: readonly PooledLeg[]
  readonly netDir: NetDir
  readonly exit: RsaIdentity
  readonly exitIndex: number
  readonly isStable: boolean
  /** The country that the exit was drawn from, if one was demanded. */
  readonly exitCountry: string | undefined
  /** On the monotonic clock, as are all its times. */
  readonly begunMs: number
  /** It goes then if nobody has used it. Drawn once, or a draw at each look would end it early. */
  readonly unusedUntilMs: number
  /** Aborting it ends the building. */
  readonly building: AbortController
  /** Settles when it is complete and may carry streams. */
  readonly ready: Deferred<Tunnel>
  /** Undefined while it is being built or linked. */
  tunnel: Tunnel | undefined
  /** guard-spec 4.9: complete, but a better guard may still answer: no stream may go on it yet. */
  isWaiting: boolean
  /** Whose streams it carries; undefined while it is clean. It stays set after the streams are gone. */
  isolation: IsolationKey | undefined
  keepsAlive: boolean
  /** When somebody last took it; undefined while it is clean. */
  claimedMs: number | undefined
  /** The sites it was used for; they stay after the streams are gone. */
  readonly sites: Set<string>
  /** It served more sites than are named: it may have served any. */
  hasServedOthers: boolean
  firstUsedMs: number | undefined
  lastUsedMs: number
  /** No new streams: too old, or its exit let us down. */
  isRetired: boolean
}

export function isSet({ legs }: PoolEntry): boolean {
  return legs.length > 1
}

/**
 * Whether it may carry a stream with this usage, now or once it is ready. Nobody waits for a set: two circuits and the
 * linking take longer than one.
 */
export function maySupport(
  entry: PoolEntry,
  usage: ExitUsage,
  excludedExits: ReadonlySet<RsaIdentity>,
): boolean {
  if (entry.isRetired || excludedExits.has(entry.exit)) return false
  if (entry.tunnel === undefined ? isSet(entry) : !entry.tunnel.isOpen) return false
  if (entry.isolation !== undefined && entry.isolation !== usage.isolation) return false
  return servesExitOf(entry, usage)
}

/** Whether its exit and its relays are what the usage demands, whoever it belongs to. */
export function servesExitOf(entry: PoolEntry, usage: ExitUsage): boolean {
  if (usage.exit !== undefined && usage.exit !== entry.exit) return false
  if (usage.exitCountry !== undefined && usage.exitCountry !== entry.exitCountry) return false
  if (usage.needsStable === true && !entry.isStable) return false
  return mayExitTo(entry, usage)
}

/** A name may turn out to be of either family: the IPv4 policy decides, as C tor does. */
function mayExitTo(entry: PoolEntry, usage: ExitUsage): boolean {
  if (usage.port === undefined) return true
  return entry.netDir.allowsExitTo(entry.exitIndex, usage.port, usage.family ?? 'ipv4')
}

/** The tunnel when streams may go on it now. */
export function readyTunnel({ tunnel, isWaiting }: PoolEntry): Tunnel | undefined {
  return isWaiting ? undefined : tunnel
}

/**
 * Gives it to the usage's isolation, for good: what happens to its streams later changes nothing. Returns whether that
 * says anything new of it.
 */
export function claimEntry(entry: PoolEntry, usage: ExitUsage, nowMs: number): boolean {
  const wasClean = isClean(entry)
  entry.keepsAlive = usage.keepsAlive === true && (entry.isolation === undefined || entry.keepsAlive)
  entry.isolation = usage.isolation
  entry.claimedMs = nowMs
  if (usage.site === undefined || entry.sites.has(usage.site)) return wasClean
  if (entry.sites.size < MAX_SITES_NAMED) entry.sites.add(usage.site)
  else entry.hasServedOthers = true
  return true
}

/** Clean: nobody's streams have been or will be on it. */
export function isClean(entry: PoolEntry): boolean {
  return entry.isolation === undefined && !entry.isRetired
}

/** Whether new streams should go elsewhere (path-spec 2.1.6, proposal 368). */
export function isTooOld(entry: PoolEntry, nowMs: number, maxDirtinessMs: number): boolean {
  const { firstUsedMs, lastUsedMs, keepsAlive, unusedUntilMs, tunnel } = entry
  if (firstUsedMs === undefined) return nowMs > unusedUntilMs || isLeftBehind(entry, nowMs, maxDirtinessMs)
  if (keepsAlive && tunnel !== undefined && tunnel.streamCount > 0) return false
  return nowMs - (keepsAlive ? lastUsedMs : firstUsedMs) >= maxDirtinessMs
}

/**
 * Whether the requests that it was for have given up long ago: only their isolation could still use it, so it is no
 * better than one that was used. A page whose requests are cancelled leaves dozens of them.
 */
function isLeftBehind({ claimedMs, isWaiting }: PoolEntry, nowMs: number, maxDirtinessMs: number): boolean {
  return claimedMs !== undefined && !isWaiting && nowMs - claimedMs >= maxDirtinessMs
}

/** What a clean one is built for; whoever comes first takes it. */
export function cleanUsage(use: Pick<ExitUsage, 'port' | 'family' | 'needsStable'>): ExitUsage {
  return { ...use, isolation: NO_ISOLATION }
}
