/**
 * The exit circuits that there are: begun, judged by their guards when they are complete, and taken out when they end.
 * Who gets which is `circuit-manager`'s decision.
 */
import { Circuit } from '../circuit/circuit.ts'
import type { GuardJudge } from '../guard/guard-selector.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { createLifetime } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import type { BuildPhase, CircuitBuilder } from './circuit-builder.ts'
import {
  claimCircuit,
  type ExitUsage,
  isClean,
  maySupport,
  type PlannedPath,
  type PooledCircuit,
  readyCircuit,
} from './pooled-circuit.ts'

/** Picks a path for a usage; throws `no-path` in words. `excludedExits` have let this request down. */
export type PickPath = (
  netDir: NetDir,
  usage: ExitUsage,
  excludedExits: ReadonlySet<RsaIdentity>,
) => PlannedPath

export interface CircuitPoolParts {
  readonly builder: Pick<CircuitBuilder, 'build'>
  readonly guards: GuardJudge
  readonly pickPath: PickPath
  readonly clock: Clock
  /** How long a circuit may stay unused; drawn anew for each. */
  readonly drawUnusedMs: () => number
  /** A circuit is complete. */
  readonly onBuilt: () => void
  /** A circuit has ended: it could not be built, or it was closed, by us or from outside. */
  readonly onEnd: (entry: PooledCircuit, error: TorError) => void
}

/** What a person may know of a circuit of the pool. */
export interface CircuitNotes {
  readonly isWaiting: boolean
  readonly isRetired: boolean
  readonly sites: readonly string[]
}

export class CircuitPool {
  readonly #parts: CircuitPoolParts
  readonly #entries = new Map<number, PooledCircuit>()
  readonly #changes = new WatchedValue(0)
  readonly #stopJudging: () => void

  constructor(parts: CircuitPoolParts) {
    this.#parts = parts
    this.#stopJudging = parts.guards.changes.watch(() => this.#judgeWaiting())
  }

  get entries(): PooledCircuit[] {
    return [...this.#entries.values()]
  }

  get size(): number {
    return this.#entries.size
  }

  /** A new value whenever a circuit became ready, or what is noted of one changed. */
  get changes(): Watchable<number> {
    return this.#changes
  }

  get buildingCount(): number {
    let count = 0
    for (const entry of this.#entries.values()) if (entry.circuit === undefined) count++
    return count
  }

  get cleanCount(): number {
    let count = 0
    for (const entry of this.#entries.values()) if (isClean(entry)) count++
    return count
  }

  notes(circuitId: number): CircuitNotes | undefined {
    const entry = this.#entries.get(circuitId)
    if (entry === undefined) return undefined
    return { isWaiting: entry.isWaiting, isRetired: entry.isRetired, sites: [...entry.sites] }
  }

  noteChange(): void {
    this.#changes.set(this.#changes.value + 1)
  }

  /** The best entry: one that already serves this isolation, then a clean one; ready before unfinished. */
  find(usage: ExitUsage, excludedExits: ReadonlySet<RsaIdentity>): PooledCircuit | undefined {
    let best: PooledCircuit | undefined
    let bestRank = 0
    for (const entry of this.#entries.values()) {
      if (!maySupport(entry, usage, excludedExits)) continue
      const rank = (readyCircuit(entry) === undefined ? 1 : 3) + (entry.isolation === undefined ? 0 : 1)
      if (rank <= bestRank) continue
      best = entry
      bestRank = rank
    }
    return best
  }

  /** Begins a circuit. Throws what the choice of the path throws. */
  launch(
    netDir: NetDir,
    usage: ExitUsage,
    excludedExits: ReadonlySet<RsaIdentity>,
    onPhase?: (phase: BuildPhase) => void,
  ): PooledCircuit {
    const planned = this.#parts.pickPath(netDir, usage, excludedExits)
    const entry = this.#createEntry(netDir, usage, planned)
    this.#entries.set(entry.id, entry)
    const { id, path, reasons } = entry
    const plan = { netDir, path, purpose: 'exit', id, reasons } as const
    this.#parts.builder.build(plan, entry.building.signal, onPhase).then(
      (circuit) => this.#onBuilt(entry, circuit),
      (error: unknown) => this.#onEnd(entry, toTorError(error, 'circuit-failed', 'building a circuit')),
    )
    return entry
  }

  /** Gives the circuit to the usage's isolation. */
  claim(entry: PooledCircuit, usage: ExitUsage): void {
    if (claimCircuit(entry, usage)) this.noteChange()
  }

  /** No new streams from now on; without any stream it ends at once. Idempotent. */
  retire(entry: PooledCircuit, reason: TorError): void {
    if (!entry.isRetired) {
      entry.isRetired = true
      this.noteChange()
    }
    entry.ready.reject(reason)
    if (entry.circuit === undefined) entry.building.abort(reason)
    else if (entry.circuit.streamCount === 0) entry.circuit.close(reason)
  }

  /** Ends everything, streams too. */
  close(reason: TorError): void {
    this.#stopJudging()
    this.closeAll(reason)
  }

  closeAll(reason: TorError): void {
    for (const { id } of this.entries) this.closeCircuit(id, reason)
  }

  /** Ends it with its streams, or its building. */
  closeCircuit(id: number, reason: TorError): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.retire(entry, reason)
    entry.circuit?.close(reason)
  }

  #createEntry(netDir: NetDir, usage: ExitUsage, planned: PlannedPath): PooledCircuit {
    const [guardIndex] = planned.path
    const exitIndex = planned.path.at(-1)
    if (guardIndex === undefined || exitIndex === undefined)
      throw new TorError('internal', 'a path without relays')
    const nowMs = this.#parts.clock.monotonicMs()
    return {
      ...planned,
      id: Circuit.takeId(),
      netDir,
      guard: netDir.ids(guardIndex).rsa,
      exit: netDir.ids(exitIndex).rsa,
      exitCountry: usage.exitCountry,
      unusedUntilMs: nowMs + this.#parts.drawUnusedMs(),
      building: createLifetime(),
      ready: createDeferred(),
      circuit: undefined,
      isWaiting: false,
      isolation: undefined,
      keepsAlive: false,
      sites: new Set(),
      hasServedOthers: false,
      firstUsedMs: undefined,
      lastUsedMs: nowMs,
      isRetired: false,
    }
  }

  #onBuilt(entry: PooledCircuit, circuit: Circuit): void {
    entry.circuit = circuit
    void circuit.closed.then((error) => this.#onEnd(entry, error))
    // Retired while it was built, in the moment in which it was done.
    if (entry.isRetired) circuit.close()
    else this.#judge(entry, circuit)
    this.#parts.onBuilt()
  }

  /** guard-spec 4.9. */
  #judge(entry: PooledCircuit, circuit: Circuit): void {
    switch (this.#parts.guards.readiness(entry.guard, entry.restrictions)) {
      case 'usable':
        entry.isWaiting = false
        entry.ready.resolve(circuit)
        break
      case 'waiting':
        entry.isWaiting = true
        break
      case 'unusable':
        circuit.close(new TorError('circuit-failed', 'a better guard answers now', { retry: 'elsewhere' }))
        break
    }
    this.noteChange()
  }

  #judgeWaiting(): void {
    for (const entry of this.entries) {
      const { circuit, isWaiting } = entry
      if (isWaiting && circuit?.isOpen === true) this.#judge(entry, circuit)
    }
  }

  #onEnd(entry: PooledCircuit, error: TorError): void {
    if (!this.#entries.delete(entry.id)) return
    entry.ready.reject(error)
    this.#parts.onEnd(entry, error)
    this.noteChange()
  }
}
