/**
 * The exit circuits and conflux sets that there are: begun, judged by their guards when they are complete, and taken out
 * when they end. Who gets which is `circuit-manager`'s decision.
 */
import { Circuit } from '../circuit/circuit.ts'
import type { Tunnel } from '../circuit/tunnel.ts'
import type { GuardJudge, GuardReadiness } from '../guard/guard-selector.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { createLifetime } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import type { BuildPhase, CircuitBuilder, CircuitPlan } from './circuit-builder.ts'
import {
  claimEntry,
  type ExitUsage,
  isClean,
  isSet,
  isTooOld,
  maySupport,
  type PlannedPath,
  type PooledLeg,
  type PoolEntry,
  readyTunnel,
} from './pool-entry.ts'
import { buildLegs } from './set-build.ts'

/** Picks a path for a usage; throws `no-path` in words. `excludedExits` have let this request down. */
export type PickPath = (
  netDir: NetDir,
  usage: ExitUsage,
  excludedExits: ReadonlySet<RsaIdentity>,
) => PlannedPath

/** Picks so many paths to one exit for the legs of a set; throws `no-path`. */
export type PickSet = (netDir: NetDir, usage: ExitUsage, legs: number) => readonly PlannedPath[]

/** Links complete circuits to a set with this id. When it rejects, none of them is open any more. */
export type LinkLegs = (
  legs: readonly Circuit[],
  netDir: NetDir,
  id: number,
  signal: AbortSignal,
) => Promise<Tunnel>

export interface CircuitPoolParts {
  readonly builder: Pick<CircuitBuilder, 'build'>
  readonly guards: GuardJudge
  readonly pickPath: PickPath
  readonly pickSet: PickSet
  readonly link: LinkLegs
  readonly clock: Clock
  /** How long a circuit may stay unused; drawn anew for each. */
  readonly drawUnusedMs: () => number
  readonly maxDirtinessMs: () => number
  /** It is complete. */
  readonly onBuilt: (entry: PoolEntry) => void
  /** It has ended: it could not be built, or it was closed, by us or from outside. */
  readonly onEnd: (entry: PoolEntry, error: TorError) => void
}

/** What a person may know of a circuit of the pool. */
export interface CircuitNotes {
  readonly isWaiting: boolean
  readonly isRetired: boolean
  readonly sites: readonly string[]
  /** The tunnel that it is, or that it is a leg of: what its streams and bytes are counted by. */
  readonly tunnelId: number
  readonly streams: number
}

export class CircuitPool {
  readonly #parts: CircuitPoolParts
  readonly #entries = new Map<number, PoolEntry>()
  /** By the ids of tunnels and of legs. */
  readonly #byCircuit = new Map<number, PoolEntry>()
  readonly #changes = new WatchedValue(0)
  readonly #stopJudging: () => void

  constructor(parts: CircuitPoolParts) {
    this.#parts = parts
    this.#stopJudging = parts.guards.changes.watch(() => this.#judgeWaiting())
  }

  get entries(): PoolEntry[] {
    return [...this.#entries.values()]
  }

  get size(): number {
    return this.#entries.size
  }

  /** A new value whenever a circuit became ready, or what is noted of one changed. */
  get changes(): Watchable<number> {
    return this.#changes
  }

  /** Circuits that are being built, each leg of a set for itself. */
  get buildingCount(): number {
    let count = 0
    for (const { tunnel, legs } of this.#entries.values()) if (tunnel === undefined) count += legs.length
    return count
  }

  /** Circuits that nobody has used, counted likewise. */
  get cleanCount(): number {
    let count = 0
    for (const entry of this.#entries.values()) if (isClean(entry)) count += entry.legs.length
    return count
  }

  notes(circuitId: number): CircuitNotes | undefined {
    const entry = this.#byCircuit.get(circuitId)
    if (entry === undefined) return undefined
    const { isRetired, sites, id, tunnel } = entry
    // A leg that waits for the others carries nothing either.
    const isWaiting = entry.isWaiting || (isSet(entry) && tunnel === undefined)
    return { isWaiting, isRetired, sites: [...sites], tunnelId: id, streams: tunnel?.streamCount ?? 0 }
  }

  noteChange(): void {
    this.#changes.set(this.#changes.value + 1)
  }

  /**
   * The best entry: ready before unfinished; one that already serves this isolation, so that its exit stays the same;
   * then a set before a single circuit.
   */
  find(usage: ExitUsage, excludedExits: ReadonlySet<RsaIdentity>): PoolEntry | undefined {
    let best: PoolEntry | undefined
    let bestRank = 0
    for (const entry of this.#entries.values()) {
      if (!maySupport(entry, usage, excludedExits) || this.isTooOld(entry)) continue
      const rank =
        (readyTunnel(entry) === undefined ? 1 : 5) +
        (entry.isolation === undefined ? 0 : 2) +
        (isSet(entry) ? 1 : 0)
      if (rank <= bestRank) continue
      best = entry
      bestRank = rank
    }
    return best
  }

  isTooOld(entry: PoolEntry): boolean {
    return isTooOld(entry, this.#parts.clock.monotonicMs(), this.#parts.maxDirtinessMs())
  }

  /** Whether any of those that are meant serves the usage or may come to. */
  hasAny(
    usage: ExitUsage,
    excludedExits: ReadonlySet<RsaIdentity>,
    isMeant: (entry: PoolEntry) => boolean,
  ): boolean {
    return this.entries.some(
      (entry) => isMeant(entry) && maySupport(entry, usage, excludedExits) && !this.isTooOld(entry),
    )
  }

  /** Begins a circuit. Throws what the choice of the path throws. */
  launch(
    netDir: NetDir,
    usage: ExitUsage,
    excludedExits: ReadonlySet<RsaIdentity>,
    onPhase?: (phase: BuildPhase) => void,
  ): PoolEntry {
    const planned = this.#parts.pickPath(netDir, usage, excludedExits)
    const entry = this.#add(netDir, usage, [planned])
    const [leg] = entry.legs
    if (leg === undefined) throw withoutRelays()
    const plan = planOf(entry, leg)
    this.#await(entry, this.#parts.builder.build(plan, entry.building.signal, onPhase))
    return entry
  }

  /** Begins the circuits of a set. Throws what the choice of the paths throws. */
  launchSet(netDir: NetDir, usage: ExitUsage, legs: number): PoolEntry {
    const entry = this.#add(netDir, usage, this.#parts.pickSet(netDir, usage, legs))
    this.#await(entry, this.#buildSet(entry))
    return entry
  }

  /** Gives it to the usage's isolation. */
  claim(entry: PoolEntry, usage: ExitUsage): void {
    if (claimEntry(entry, usage, this.#parts.clock.monotonicMs())) this.noteChange()
  }

  /** No new streams from now on; without any stream it ends at once. Idempotent. */
  retire(entry: PoolEntry, reason: TorError): void {
    if (!entry.isRetired) {
      entry.isRetired = true
      this.noteChange()
    }
    entry.ready.reject(reason)
    if (entry.tunnel === undefined) entry.building.abort(reason)
    else if (entry.tunnel.streamCount === 0) entry.tunnel.close(reason)
  }

  /** Ends everything, streams too. */
  close(reason: TorError): void {
    this.#stopJudging()
    this.closeAll(reason)
  }

  closeAll(reason: TorError): void {
    for (const { id } of this.entries) this.closeCircuit(id, reason)
  }

  /** Ends it with its streams, or its building; a set as a whole, whichever of its circuits is meant. */
  closeCircuit(id: number, reason: TorError): void {
    const entry = this.#byCircuit.get(id)
    if (entry === undefined) return
    this.retire(entry, reason)
    entry.tunnel?.close(reason)
  }

  #add(netDir: NetDir, usage: ExitUsage, planned: readonly PlannedPath[]): PoolEntry {
    const legs = planned.map((path): PooledLeg => {
      const [guardIndex] = path.path
      if (guardIndex === undefined) throw withoutRelays()
      return { ...path, id: Circuit.takeId(), guard: netDir.ids(guardIndex).rsa }
    })
    const entry = this.#createEntry(netDir, usage, legs)
    this.#entries.set(entry.id, entry)
    for (const id of idsOf(entry)) this.#byCircuit.set(id, entry)
    return entry
  }

  #createEntry(netDir: NetDir, usage: ExitUsage, legs: readonly PooledLeg[]): PoolEntry {
    const [first] = legs
    const exitIndex = first?.path.at(-1)
    if (first === undefined || exitIndex === undefined) throw withoutRelays()
    const nowMs = this.#parts.clock.monotonicMs()
    return {
      id: legs.length === 1 ? first.id : Circuit.takeId(),
      legs,
      netDir,
      exit: netDir.ids(exitIndex).rsa,
      exitIndex,
      isStable: legs.every(({ isStable }) => isStable),
      exitCountry: usage.exitCountry,
      begunMs: nowMs,
      unusedUntilMs: nowMs + this.#parts.drawUnusedMs(),
      building: createLifetime(),
      ready: createDeferred(),
      tunnel: undefined,
      isWaiting: false,
      isolation: undefined,
      keepsAlive: false,
      claimedMs: undefined,
      sites: new Set(),
      hasServedOthers: false,
      firstUsedMs: undefined,
      lastUsedMs: nowMs,
      isRetired: false,
    }
  }

  async #buildSet(entry: PoolEntry): Promise<Tunnel> {
    const { builder, link } = this.#parts
    const { netDir, id, legs, building } = entry
    const plans = legs.map((leg) => planOf(entry, leg))
    const circuits = await buildLegs(builder, plans, building.signal)
    return link(circuits, netDir, id, building.signal)
  }

  #await(entry: PoolEntry, building: Promise<Tunnel>): void {
    building.then(
      (tunnel) => this.#onBuilt(entry, tunnel),
      (error: unknown) => this.#onEnd(entry, toTorError(error, 'circuit-failed', 'building a circuit')),
    )
  }

  #onBuilt(entry: PoolEntry, tunnel: Tunnel): void {
    entry.tunnel = tunnel
    void tunnel.closed.then((error) => this.#onEnd(entry, error))
    // Retired while it was built, in the moment in which it was done.
    if (entry.isRetired) tunnel.close()
    else this.#judge(entry, tunnel)
    this.#parts.onBuilt(entry)
  }

  /** guard-spec 4.9. */
  #judge(entry: PoolEntry, tunnel: Tunnel): void {
    switch (this.#readiness(entry)) {
      case 'usable':
        entry.isWaiting = false
        entry.ready.resolve(tunnel)
        break
      case 'waiting':
        entry.isWaiting = true
        break
      case 'unusable':
        tunnel.close(new TorError('circuit-failed', 'a better guard answers now', { retry: 'elsewhere' }))
        break
    }
    this.noteChange()
  }

  /** Of its guards the one that is least ready decides. */
  #readiness({ legs, netDir }: PoolEntry): GuardReadiness {
    const { guards } = this.#parts
    const answers = legs.map(({ guard, restrictions }) => guards.readiness(guard, restrictions, netDir))
    if (answers.includes('unusable')) return 'unusable'
    return answers.includes('waiting') ? 'waiting' : 'usable'
  }

  #judgeWaiting(): void {
    for (const entry of this.entries) {
      const { tunnel, isWaiting } = entry
      if (isWaiting && tunnel?.isOpen === true) this.#judge(entry, tunnel)
    }
  }

  #onEnd(entry: PoolEntry, error: TorError): void {
    if (!this.#entries.delete(entry.id)) return
    for (const id of idsOf(entry)) this.#byCircuit.delete(id)
    entry.ready.reject(error)
    this.#parts.onEnd(entry, error)
    this.noteChange()
  }
}

function idsOf({ id, legs }: PoolEntry): readonly number[] {
  return [id, ...legs.map((leg) => leg.id)]
}

function planOf(entry: PoolEntry, { path, id, reasons }: PooledLeg): CircuitPlan {
  const plan = { netDir: entry.netDir, path, purpose: 'exit', id, reasons } as const
  return isSet(entry) ? { ...plan, setId: entry.id } : plan
}

function withoutRelays(): TorError {
  return new TorError('internal', 'a path without relays')
}
