/**
 * Keeps the pool of exit circuits: gives each stream one that its isolation and target allow, builds what is missing,
 * keeps a few ready, retires the old. It decides; `circuit-builder` builds.
 */
import type { Circuit } from '../circuit/circuit.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { abortable, createLifetime, throwIfAborted } from '../util/abort.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { isTorError, TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Random, randomFraction } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import type { BuildPhase, CircuitBuilder } from './circuit-builder.ts'
import { type ExitUsage, maySupport, type PooledCircuit } from './pooled-circuit.ts'

/** Clean circuits that wait for the next request, so that it does not wait for three hops. */
const SPARE_CIRCUITS = 2

/** C tor's MaxClientCircuitsPending: more at once would be a burst of load on one guard, and visible as such. */
const MAX_BUILDING = 32

/** A request gives up after so many circuits could not be built for it. */
const MAX_BUILD_TRIES = 4

/** How often ages are looked at. Not on any request's way. */
const SWEEP_MS = 10_000

/** A circuit nobody has used goes after half an hour to an hour (nf_conntimeout_clients). */
const UNUSED_LIFETIME_MS = 1_800_000

/** Waits between failed spares: the first soon, never faster than once a second, at most every five minutes. */
const SPARE_RETRY_BASE_MS = 1_000
const SPARE_RETRY_MAX_MS = 300_000

/** Picks a path for a usage; throws `no-path` in words. `excludedExits` have let this request down. */
export type PickPath = (
  netDir: NetDir,
  usage: ExitUsage,
  excludedExits: ReadonlySet<RsaIdentity>,
) => readonly number[]

export interface CircuitManagerParts {
  readonly builder: Pick<CircuitBuilder, 'build'>
  readonly pickPath: PickPath
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly maxCircuitDirtinessMs: number
}

/** A circuit with room for the caller's stream. */
export interface AssignedCircuit {
  readonly circuit: Circuit
  readonly exit: RsaIdentity
  /** Whether the exit's policy lets this port out over IPv6, so that BEGIN may say that IPv6 is welcome. */
  mayExitOverIpv6(port: number): boolean
  /** The exit failed in a way that will repeat: no new streams for it. */
  retire(): void
}

export class CircuitManager {
  readonly #parts: CircuitManagerParts
  readonly #entries = new Set<PooledCircuit>()
  readonly #lifetime = createLifetime()
  readonly #spareRetry: RetryDelay
  #netDir: NetDir | undefined
  #spareUsage: ExitUsage | undefined
  #spareTimer: Timer | undefined
  #sweepTimer: Timer | undefined

  constructor(parts: CircuitManagerParts) {
    this.#parts = parts
    this.#spareRetry = new RetryDelay(parts.random, SPARE_RETRY_BASE_MS, SPARE_RETRY_MAX_MS)
  }

  /** New circuits take their paths from this view of the network; the others live on. */
  useNetDir(netDir: NetDir): void {
    this.#netDir = netDir
  }

  /** From now on keeps clean circuits ready for this kind of use. `onPhase` follows the first of them. */
  startSpares(usage: ExitUsage, onPhase?: (phase: BuildPhase) => void): void {
    this.#spareUsage = usage
    this.#fillSpares(onPhase)
  }

  /**
   * A circuit for one stream: an open one, one that is being built, or a new one. The circuit belongs to the usage's
   * isolation from then on. Rejects with `no-path`, the last build error, or the signal's error.
   */
  async assign(
    usage: ExitUsage,
    excludedExits: ReadonlySet<RsaIdentity>,
    signal?: AbortSignal,
  ): Promise<AssignedCircuit> {
    let failures = 0
    for (;;) {
      throwIfAborted(signal)
      const entry = this.#claim(usage, excludedExits) ?? (await this.#launchFor(usage, excludedExits, signal))
      try {
        const circuit = await abortable(entry.ready, signal)
        if (maySupport(entry, usage, excludedExits)) return this.#use(entry, circuit)
        // Dead or retired since: a relay that kills what was just built must not keep us building for ever.
        throw (
          circuit.closeError ?? new TorError('circuit-failed', 'the circuit was retired while it was built')
        )
      } catch (thrown) {
        throwIfAborted(signal)
        const error = toTorError(thrown, 'circuit-failed', 'building a circuit')
        failures++
        if (failures >= MAX_BUILD_TRIES || this.#lifetime.signal.aborted) throw error
        this.#parts.log.info('circuit failed, trying another: ', error.message)
      }
    }
  }

  close(): void {
    this.#lifetime.abort(new TorError('closed', 'the client is closed'))
    this.#spareTimer?.cancel()
    this.#sweepTimer?.cancel()
    for (const entry of [...this.#entries]) entry.circuit?.close()
  }

  /** Finds a circuit and gives it to the isolation in the same turn, before anybody else can find it clean. */
  #claim(usage: ExitUsage, excludedExits: ReadonlySet<RsaIdentity>): PooledCircuit | undefined {
    const entry = this.#find(usage, excludedExits)
    if (entry !== undefined) entry.isolation = usage.isolation
    return entry
  }

  /** The best entry: one that already serves this isolation, then a clean one; open before unfinished. */
  #find(usage: ExitUsage, excludedExits: ReadonlySet<RsaIdentity>): PooledCircuit | undefined {
    let best: PooledCircuit | undefined
    let bestRank = 0
    for (const entry of this.#entries) {
      if (!maySupport(entry, usage, excludedExits)) continue
      const rank = (entry.circuit === undefined ? 1 : 3) + (entry.isolation === undefined ? 0 : 1)
      if (rank <= bestRank) continue
      best = entry
      bestRank = rank
    }
    return best
  }

  #use(entry: PooledCircuit, circuit: Circuit): AssignedCircuit {
    entry.firstUsedMs ??= this.#parts.clock.monotonicMs()
    this.#spareRetry.reset()
    this.#fillSpares()
    return {
      circuit,
      exit: entry.exit,
      mayExitOverIpv6: (port) => {
        const exitIndex = entry.path.at(-1)
        return exitIndex !== undefined && entry.netDir.allowsExitTo(exitIndex, port, 'ipv6')
      },
      retire: () => {
        entry.isRetired = true
      },
    }
  }

  async #launchFor(
    usage: ExitUsage,
    excludedExits: ReadonlySet<RsaIdentity>,
    signal: AbortSignal | undefined,
  ): Promise<PooledCircuit> {
    while (this.#buildingCount() >= MAX_BUILDING) {
      const building = [...this.#entries].filter((entry) => entry.circuit === undefined)
      await abortable(Promise.race(building.map((entry) => entry.ready.catch(() => undefined))), signal)
      // The one that finished may be what was wanted.
      const found = this.#claim(usage, excludedExits)
      if (found !== undefined) return found
    }
    const entry = this.#launch(usage, excludedExits)
    entry.isolation = usage.isolation
    return entry
  }

  #launch(
    usage: ExitUsage,
    excludedExits: ReadonlySet<RsaIdentity>,
    onPhase?: (phase: BuildPhase) => void,
  ): PooledCircuit {
    throwIfAborted(this.#lifetime.signal)
    const netDir = this.#netDir
    if (netDir === undefined) throw new TorError('no-path', 'there is no directory yet', { retry: 'later' })
    const path = this.#parts.pickPath(netDir, usage, excludedExits)
    const exitIndex = path.at(-1)
    if (exitIndex === undefined) throw new TorError('internal', 'a path without relays')
    const plan = { netDir, path, purpose: 'exit' } as const
    const ready = this.#parts.builder.build(plan, this.#lifetime.signal, onPhase)
    const entry: PooledCircuit = {
      netDir,
      path,
      exit: netDir.relay(exitIndex).ids.rsa,
      unusedUntilMs:
        this.#parts.clock.monotonicMs() + UNUSED_LIFETIME_MS * (1 + randomFraction(this.#parts.random)),
      circuit: undefined,
      ready,
      isolation: undefined,
      firstUsedMs: undefined,
      isRetired: false,
    }
    this.#entries.add(entry)
    void ready.then(
      (circuit) => this.#onBuilt(entry, circuit),
      () => this.#entries.delete(entry),
    )
    this.#startSweeping()
    return entry
  }

  #onBuilt(entry: PooledCircuit, circuit: Circuit): void {
    entry.circuit = circuit
    void circuit.closed.then((error) => {
      this.#entries.delete(entry)
      // Closed from outside and never used: the next would go the same way, at a pace that a relay chooses.
      if (entry.firstUsedMs === undefined && !entry.isRetired) this.#retrySpareLater(error)
      else this.#fillSpares()
    })
  }

  #buildingCount(): number {
    let count = 0
    for (const entry of this.#entries) if (entry.circuit === undefined) count++
    return count
  }

  /** Builds clean circuits up to the number that is kept ready; after a failure the next try waits. */
  #fillSpares(onPhase?: (phase: BuildPhase) => void): void {
    const usage = this.#spareUsage
    if (usage === undefined || this.#lifetime.signal.aborted || this.#spareTimer !== undefined) return
    let clean = 0
    for (const entry of this.#entries) if (entry.isolation === undefined && !entry.isRetired) clean++
    for (; clean < SPARE_CIRCUITS && this.#buildingCount() < MAX_BUILDING; clean++) {
      try {
        this.#launch(usage, new Set(), onPhase).ready.catch((error: unknown) => this.#retrySpareLater(error))
      } catch (error) {
        this.#retrySpareLater(error)
        return
      }
    }
  }

  #retrySpareLater(error: unknown): void {
    if (this.#lifetime.signal.aborted || this.#spareTimer !== undefined) return
    if (!isTorError(error, 'aborted')) this.#parts.log.info('no spare circuit: ', String(error))
    this.#spareTimer = this.#parts.clock.setTimer(this.#spareRetry.nextMs(), () => {
      this.#spareTimer = undefined
      this.#fillSpares()
    })
  }

  #startSweeping(): void {
    if (this.#sweepTimer !== undefined || this.#entries.size === 0 || this.#lifetime.signal.aborted) return
    this.#sweepTimer = this.#parts.clock.setTimer(SWEEP_MS, () => {
      this.#sweepTimer = undefined
      this.#sweep()
      this.#startSweeping()
    })
  }

  /** Retires what is too old for new streams and closes what nobody uses any more. */
  #sweep(): void {
    const { clock, maxCircuitDirtinessMs } = this.#parts
    const nowMs = clock.monotonicMs()
    for (const entry of [...this.#entries]) {
      const { circuit, firstUsedMs } = entry
      if (circuit === undefined) continue
      if (firstUsedMs === undefined) {
        if (nowMs > entry.unusedUntilMs) entry.isRetired = true
      } else if (nowMs - firstUsedMs > maxCircuitDirtinessMs) {
        entry.isRetired = true
      }
      if (entry.isRetired && circuit.streamCount === 0) circuit.close()
    }
  }
}
