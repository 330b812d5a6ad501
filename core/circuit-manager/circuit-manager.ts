/**
 * Gives each stream a circuit that its isolation and target allow: one that is there, one that is being built, or a new
 * one; and retires the old. It decides; `circuit-pool` keeps them and `circuit-builder` builds.
 */
import type { Tunnel } from '../circuit/tunnel.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { NET_PARAM_RANGES } from '../netdir/net-param-ranges.ts'
import { createLifetime, throwIfAborted } from '../util/abort.ts'
import type { Timer } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Random, randomFraction } from '../util/random.ts'
import type { StopSignal } from '../util/stop-signal.ts'
import { TurnShare } from '../util/turn-share.ts'
import type { Watchable } from '../util/watched-value.ts'
import type { BuildTimeout } from './build-timeout.ts'
import type { BuildPhase } from './circuit-builder.ts'
import { type CircuitNotes, CircuitPool, type CircuitPoolParts } from './circuit-pool.ts'
import { type CircuitWaitParts, waitForCircuit } from './circuit-wait.ts'
import { LaunchLimit } from './launch-limit.ts'
import { LaunchQueue, type Wanted } from './launch-queue.ts'
import { type ExitUsage, isSet, maySupport, type PoolEntry, readyTunnel } from './pool-entry.ts'
import { PreemptiveCircuits } from './preemptive-circuits.ts'
import { RequestTries } from './request-tries.ts'

/** So many circuits that fail one after the other, for whomever, are more than bad luck: two requests' prompt tries. */
const FAILURES_IN_A_ROW = 8

/** How often ages are looked at. Not on any request's way. */
const SWEEP_MS = 10_000

/** What can change while the client runs. */
export interface CircuitSettings {
  readonly maxCircuitDirtinessMs: number
  /** Undefined takes nf_conntimeout_clients. */
  readonly circuitsAvailableTimeoutMs: number | undefined
  readonly maxClientCircuitsPending: number
  /** Undefined takes the consensus parameter (cfx_enabled). */
  readonly confluxEnabled: boolean | undefined
}

export interface CircuitManagerParts
  extends Pick<CircuitPoolParts, 'builder' | 'guards' | 'pickPath' | 'pickSet' | 'link' | 'clock'> {
  readonly random: Random
  readonly log: Logger
  readonly learning: Pick<BuildTimeout, 'wantsTestCircuits'>
  readonly settings: () => CircuitSettings
}

/** A circuit, or a set of them, with room for the caller's stream. */
export interface AssignedCircuit {
  readonly circuit: Tunnel
  /** Of the circuit in the status; of a set, its first. */
  readonly shownId: number
  readonly exit: RsaIdentity
  /** Whether the exit's policy lets this port out over IPv6, so that BEGIN may say that IPv6 is welcome. */
  mayExitOverIpv6(port: number): boolean
  /** The exit failed in a way that will repeat: no new streams for it. */
  retire(): void
}

export class CircuitManager {
  readonly #parts: CircuitManagerParts
  readonly #pool: CircuitPool
  readonly #preemptive: PreemptiveCircuits
  readonly #limit: LaunchLimit
  readonly #queue: LaunchQueue
  readonly #wait: CircuitWaitParts
  readonly #lifetime = createLifetime()
  /** Hundreds of requests can wait for one circuit, or for room to begin theirs: they go on a few at a time. */
  readonly #turns: TurnShare
  #netDir: NetDir | undefined
  #sweepTimer: Timer | undefined
  /** What ended the last unused circuit that was complete. */
  #lastLoss: TorError | undefined

  constructor(parts: CircuitManagerParts) {
    this.#parts = parts
    this.#turns = new TurnShare(parts.clock)
    this.#limit = new LaunchLimit(parts.clock, parts.random, FAILURES_IN_A_ROW)
    this.#pool = new CircuitPool({
      builder: parts.builder,
      guards: parts.guards,
      pickPath: parts.pickPath,
      pickSet: parts.pickSet,
      link: parts.link,
      clock: parts.clock,
      drawUnusedMs: () => this.#drawUnusedMs(),
      maxDirtinessMs: () => parts.settings().maxCircuitDirtinessMs,
      onBuilt: (entry) => {
        this.#queue.proceed()
        this.#preemptive.noteBuilt(entry)
      },
      onEnd: (entry, error) => this.#onEnd(entry, error),
    })
    this.#queue = new LaunchQueue({
      clock: parts.clock,
      turns: this.#turns,
      limit: this.#limit,
      hasRoom: () => this.#pool.buildingCount < parts.settings().maxClientCircuitsPending,
      launch: (wanted) => this.#launch(wanted),
      claim: (entry, usage) => this.#pool.claim(entry, usage),
    })
    this.#wait = {
      clock: parts.clock,
      turns: this.#turns,
      pool: this.#pool,
      launch: (wanted, signal) => this.#launchFor(wanted, signal),
    }
    this.#preemptive = new PreemptiveCircuits({
      pool: this.#pool,
      learning: parts.learning,
      clock: parts.clock,
      random: parts.random,
      log: parts.log,
      netDir: () => this.#netDir,
      maxBuilding: () => parts.settings().maxClientCircuitsPending,
      drawPredictionMs: () => this.#drawAvailableMs('nf_conntimeout_clients'),
      isConfluxEnabled: () => parts.settings().confluxEnabled,
      onLaunch: (entry) => {
        this.#queue.offer(entry)
        this.#startSweeping()
      },
    })
  }

  /** A new value when what `notes` says may have changed. */
  get changes(): Watchable<number> {
    return this.#pool.changes
  }

  notes(circuitId: number): CircuitNotes | undefined {
    return this.#pool.notes(circuitId)
  }

  /** New circuits take their paths from this view of the network, and without one there are none; the others live on. */
  useNetDir(netDir: NetDir | undefined): void {
    this.#netDir = netDir
    this.#preemptive.fill()
  }

  /** From now on keeps clean circuits ready. `onPhase` follows the first of them. */
  startPreemptive(onPhase?: (phase: BuildPhase) => void): void {
    if (!this.#lifetime.signal.aborted) this.#preemptive.start(onPhase)
  }

  /** Dormant, nothing is built ahead of need, and what is there dies of age. */
  setDormant(isDormant: boolean): void {
    if (isDormant) this.#preemptive.stop()
    else if (!this.#preemptive.isRunning) this.startPreemptive()
  }

  /**
   * A circuit for one stream: an open one, one that is being built, or a new one. The circuit belongs to the usage's
   * isolation from then on. Circuits that fail on the way are followed by others until the signal fires. Rejects with
   * `no-path`, the last build error, or the signal's error.
   */
  async assign(
    usage: ExitUsage,
    excludedExits: ReadonlySet<RsaIdentity>,
    signal?: StopSignal,
  ): Promise<AssignedCircuit> {
    this.#preemptive.noteRequest(usage)
    let tries: RequestTries | undefined
    for (;;) {
      throwIfAborted(signal)
      const entry =
        this.#claim(usage, excludedExits) ?? (await this.#launchFor({ usage, excludedExits, tries }, signal))
      try {
        const circuit =
          readyTunnel(entry) ??
          (await waitForCircuit(this.#wait, entry, { usage, excludedExits, tries }, signal))
        if (circuit === undefined) continue
        if (maySupport(entry, usage, excludedExits)) return this.#use(entry, circuit)
        throw (
          circuit.closeError ?? new TorError('no-path', 'what was built does not serve the request any more')
        )
      } catch (thrown) {
        throwIfAborted(signal)
        const error = toTorError(thrown, 'circuit-failed', 'building a circuit')
        tries ??= new RequestTries(this.#parts.clock, this.#parts.random, usage)
        if (!tries.noteFailure(error) || this.#lifetime.signal.aborted) throw error
        signal?.noteTrouble?.(error)
        this.#parts.log.info('circuit failed, trying another: ', error.message)
      }
    }
  }

  /** No new streams on any circuit that there is; those without streams end now. Requests under way get new ones. */
  retireAll(reason: string): void {
    this.retireWhere(() => true, reason)
  }

  /** The same for circuits that have served the site, and for those of which that is not known. */
  retireSite(site: string): void {
    this.retireWhere(
      (entry) => entry.sites.has(site) || entry.hasServedOthers,
      'a new circuit for the site was asked for',
    )
  }

  retireWhere(isMeant: (entry: PoolEntry) => boolean, reason: string): void {
    const error = new TorError('closed', `the circuit was retired: ${reason}`, { retry: 'elsewhere' })
    for (const entry of this.#pool.entries.filter(isMeant)) this.#pool.retire(entry, error)
    this.#preemptive.fill()
  }

  /** The network is there again: what is being waited out after failures is over. */
  retryNow(): void {
    this.#limit.retryNow()
    this.#queue.retryNow()
    this.#preemptive.retryNow()
  }

  /** Ends one with its streams; does nothing when it is gone already or serves no streams. */
  closeCircuit(id: number, reason: TorError): void {
    this.#pool.closeCircuit(id, reason)
    this.#preemptive.fill()
  }

  /** Ends all circuits with their streams: the network may not be used any more. */
  closeAll(reason: TorError): void {
    this.#pool.closeAll(reason)
  }

  /** What earlier requests wanted decides no longer what is built ahead of need. */
  forgetPredictions(): void {
    this.#preemptive.forget()
  }

  /** Idempotent. */
  close(): void {
    const reason = new TorError('closed', 'the client is closed')
    this.#lifetime.abort(reason)
    this.#queue.close(reason)
    this.#preemptive.stop()
    this.#sweepTimer?.cancel()
    this.#pool.close(reason)
  }

  /** Finds a circuit and gives it to the isolation in the same turn, before anybody else can find it clean. */
  #claim(usage: ExitUsage, excludedExits: ReadonlySet<RsaIdentity>): PoolEntry | undefined {
    const entry = this.#pool.find(usage, excludedExits)
    if (entry !== undefined) this.#pool.claim(entry, usage)
    return entry
  }

  #use(entry: PoolEntry, circuit: Tunnel): AssignedCircuit {
    const nowMs = this.#parts.clock.monotonicMs()
    entry.firstUsedMs ??= nowMs
    entry.lastUsedMs = nowMs
    this.#limit.noteSuccess()
    this.#queue.proceed()
    this.#preemptive.noteSuccess(entry)
    this.#preemptive.fill()
    return {
      circuit,
      shownId: entry.legs[0]?.id ?? entry.id,
      exit: entry.exit,
      mayExitOverIpv6: (port) => entry.netDir.allowsExitTo(entry.exitIndex, port, 'ipv6'),
      retire: () => {
        entry.isRetired = true
        this.#pool.noteChange()
      },
    }
  }

  async #launchFor(wanted: Wanted, signal: StopSignal | undefined): Promise<PoolEntry> {
    throwIfAborted(this.#lifetime.signal)
    return this.#queue.enter(wanted, signal)
  }

  #launch({ usage, excludedExits }: Wanted): PoolEntry {
    if (this.#netDir === undefined)
      throw new TorError('no-path', 'there is no directory yet', { retry: 'later' })
    const entry = this.#pool.launch(this.#netDir, usage, excludedExits)
    this.#startSweeping()
    return entry
  }

  #onEnd(entry: PoolEntry, error: TorError): void {
    if (this.#lifetime.signal.aborted) return
    const isFailure = entry.firstUsedMs === undefined && !entry.isRetired
    // Nobody waits for a set: its failure slows down no request.
    if (isFailure && !isSet(entry) && this.#isNewFailure(entry, error)) this.#limit.noteFailure()
    // Who waits comes before what is only expected.
    this.#queue.proceed()
    if (isFailure && isSet(entry)) return this.#preemptive.noteSetFailure(entry, error)
    // Ended from outside and never used: the next would go the same way, at a pace that a relay chooses.
    if (isFailure) this.#preemptive.retryLater(error)
    else this.#preemptive.fill()
  }

  /** A link that is lost ends all circuits that lay ready on it, with one and the same error: that is one failure. */
  #isNewFailure({ tunnel }: PoolEntry, error: TorError): boolean {
    if (tunnel === undefined) return true
    const isNew = error !== this.#lastLoss
    this.#lastLoss = error
    return isNew
  }

  /** A draw for each, so that circuits made together do not end together; short while many are built to be measured. */
  #drawUnusedMs(): number {
    const { wantsTestCircuits } = this.#parts.learning
    return this.#drawAvailableMs(wantsTestCircuits ? 'cbtlearntimeout' : 'nf_conntimeout_clients')
  }

  /** C tor's `channelpadding_get_circuits_available_timeout`: what the user or the consensus says, up to twice as long. */
  #drawAvailableMs(param: 'cbtlearntimeout' | 'nf_conntimeout_clients'): number {
    const { settings, random } = this.#parts
    const seconds = this.#netDir?.params.get(param) ?? NET_PARAM_RANGES[param].default
    return (settings().circuitsAvailableTimeoutMs ?? seconds * 1000) * (1 + randomFraction(random))
  }

  #startSweeping(): void {
    if (this.#sweepTimer !== undefined || this.#lifetime.signal.aborted) return
    if (this.#pool.size === 0 && !this.#preemptive.isRunning) return
    this.#sweepTimer = this.#parts.clock.setTimer(SWEEP_MS, () => {
      this.#sweepTimer = undefined
      this.#sweep()
      this.#preemptive.fill()
      this.#preemptive.learn()
      this.#startSweeping()
    })
  }

  /** Retires what is too old for new streams and closes what nobody uses any more. */
  #sweep(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    const tooOld = new TorError('closed', 'the circuit was too old', { retry: 'elsewhere' })
    for (const entry of this.#pool.entries) {
      const { tunnel } = entry
      if (tunnel === undefined) continue
      if (tunnel.streamCount > 0) entry.lastUsedMs = nowMs
      if (entry.isRetired || this.#pool.isTooOld(entry)) this.#pool.retire(entry, tooOld)
    }
  }
}
