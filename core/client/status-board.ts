/**
 * Assembles the client's one status out of what its parts show. Changes within one turn of the event loop become one
 * new value, and none when nobody looks: a request changes it several times. Nothing is computed per cell.
 */
import type { ChannelManager, ChannelView } from '../channel/channel-manager.ts'
import type { CircuitBuilder } from '../circuit-manager/circuit-builder.ts'
import type { CircuitManager } from '../circuit-manager/circuit-manager.ts'
import type { CircuitNotes } from '../circuit-manager/circuit-pool.ts'
import type { CircuitView, HopView } from '../circuit-manager/circuit-registry.ts'
import type { GuardManager } from '../guard/guard-manager.ts'
import { formatEndpoint } from '../linkspec/relay-target.ts'
import type { CountryLookup } from '../netdir/country-lookup.ts'
import type { BridgeManager } from '../directory/bridge-manager.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { type DerivedWatchable, DerivedValue, type Watchable, WatchedValue } from '../util/watched-value.ts'
import { withCause } from './blockage-cause.ts'
import { describeBridges } from './bridges.ts'
import type {
  BandwidthStatus,
  BootstrapStatus,
  ChannelStatus,
  CircuitStatus,
  ClientStatus,
  HopStatus,
  StreamStatus,
} from './status.ts'
import type { Surroundings } from './surroundings.ts'
import type { TrafficLedger } from './traffic-ledger.ts'

/** Bandwidth is looked at while streams are open, so often that a graph moves; only bytes make a new status. */
const BANDWIDTH_EVERY_MS = 250
/** And so often while nothing goes through them: a browser keeps connections open for hours. */
const BANDWIDTH_AT_REST_MS = 1_000

const INITIAL_BOOTSTRAP: BootstrapStatus = {
  phase: 'starting',
  progress: undefined,
  blockage: undefined,
  isConnected: false,
}

export interface StatusSources {
  readonly channels: ChannelManager
  readonly circuits: Pick<CircuitBuilder, 'views'>
  /** What is known of those that serve streams. */
  readonly pool: Pick<CircuitManager, 'notes' | 'changes'>
  readonly traffic: Pick<TrafficLedger, 'total' | 'ofCircuit' | 'sites'>
  /** Since when a relay is our guard. */
  readonly guards: Pick<GuardManager, 'confirmedMs'>
  readonly countries: CountryLookup
  readonly clock: Clock
  readonly surroundings: Pick<Surroundings, 'views'>
  readonly bridges: Pick<BridgeManager, 'views'>
}

export class StatusBoard {
  readonly #sources: StatusSources
  readonly #status = new DerivedValue(() => this.#assemble())
  readonly #streams = new Map<number, StreamStatus>()
  readonly #stops: (() => void)[] = []
  #bootstrap = INITIAL_BOOTSTRAP
  #isScheduled = false
  #isClosed = false
  #nextStreamId = 1
  #bandwidthTimer: Timer | undefined
  #shownBytes = 0
  /** Nothing went through the open streams between the last two looks. */
  #isAtRest = false
  #verifiedMs: number | undefined
  readonly #opened = new WatchedValue(0)

  constructor(sources: StatusSources) {
    this.#sources = sources
    this.#stops.push(sources.channels.views.watch(() => this.#schedule()))
    this.#stops.push(sources.circuits.views.watch(() => this.#schedule()))
    this.#stops.push(sources.surroundings.views.watch(() => this.#schedule()))
    this.#stops.push(sources.bridges.views.watch(() => this.#schedule()))
    this.#stops.push(sources.pool.changes.watch(() => this.#schedule()))
  }

  get status(): DerivedWatchable<ClientStatus> {
    return this.#status
  }

  get hasStreams(): boolean {
    return this.#streams.size > 0
  }

  get bootstrap(): BootstrapStatus {
    return this.#bootstrap
  }

  /** A new value with each stream that goes through: nothing else proves as much. */
  get opened(): Watchable<number> {
    return this.#opened
  }

  /** A stream went through three hops and back just now. */
  noteVerified(): void {
    this.#verifiedMs = this.#sources.clock.wallMs()
    this.#schedule()
  }

  /** For when something is known of what is shown already. */
  refresh(): void {
    this.#schedule()
  }

  /** Another way to the network is taken: nothing has come through on it yet. */
  restartBootstrap(): void {
    this.setBootstrap(INITIAL_BOOTSTRAP)
  }

  setBootstrap(bootstrap: BootstrapStatus): void {
    this.#bootstrap = bootstrap
    if (this.#isClosed) return
    this.#status.invalidate()
    this.#status.publish()
  }

  /** Shows a new stream; the returned function replaces its row, or removes it when called without one. */
  addStream(target: string, site: string): (next?: Pick<StreamStatus, 'state' | 'circuitId'>) => void {
    const id = this.#nextStreamId++
    this.#streams.set(id, { id, target, site, state: 'waiting', circuitId: undefined })
    this.#schedule()
    this.#endRest()
    this.#watchBandwidth()
    return (next) => {
      if (next === undefined) this.#streams.delete(id)
      else if (this.#streams.has(id)) this.#streams.set(id, { id, target, site, ...next })
      if (next?.state === 'open') this.#noteOpened()
      this.#schedule()
    }
  }

  /** What it shows now is the last that it shows. */
  close(): void {
    this.#status.value satisfies ClientStatus
    this.#isClosed = true
    this.#bandwidthTimer?.cancel()
    for (const stop of this.#stops) stop()
  }

  #schedule(): void {
    if (this.#isClosed) return
    this.#status.invalidate()
    if (this.#isScheduled || !this.#status.isWatched) return
    this.#isScheduled = true
    this.#sources.clock.atTurnEnd(() => {
      this.#isScheduled = false
      if (!this.#isClosed) this.#status.publish()
    })
  }

  #noteOpened(): void {
    this.noteVerified()
    this.#opened.set(this.#opened.value + 1)
  }

  #watchBandwidth(): void {
    if (this.#bandwidthTimer !== undefined || this.#isClosed || this.#streams.size === 0) return
    const everyMs = this.#isAtRest ? BANDWIDTH_AT_REST_MS : BANDWIDTH_EVERY_MS
    this.#bandwidthTimer = this.#sources.clock.setTimer(everyMs, () => {
      this.#bandwidthTimer = undefined
      const { readBytes, writtenBytes } = this.#sources.traffic.total()
      this.#isAtRest = readBytes + writtenBytes === this.#shownBytes
      if (!this.#isAtRest) this.#schedule()
      this.#shownBytes = readBytes + writtenBytes
      this.#watchBandwidth()
    })
  }

  /** Bytes are likely now. */
  #endRest(): void {
    if (!this.#isAtRest) return
    this.#isAtRest = false
    this.#bandwidthTimer?.cancel()
    this.#bandwidthTimer = undefined
  }

  #assemble(): ClientStatus {
    const { channels, circuits, surroundings, traffic, bridges } = this.#sources
    return {
      bootstrap: withCause(this.#bootstrap, surroundings.views.value),
      channels: channels.views.value.map(describeChannel),
      circuits: circuits.views.value.map((view) => this.#describeCircuit(view)),
      streams: [...this.#streams.values()],
      sites: traffic.sites(),
      verifiedMs: this.#verifiedMs,
      bandwidth: traffic.total(),
      surroundings: surroundings.views.value,
      bridges: describeBridges(bridges.views.value, channels.views.value),
    }
  }

  #describeCircuit(view: CircuitView): CircuitStatus {
    const { pool, traffic } = this.#sources
    const notes = pool.notes(view.id)
    return describeCircuit(view, notes, traffic.ofCircuit(notes?.tunnelId ?? view.id), (hop, rttMs) =>
      this.#describeHop(hop, rttMs),
    )
  }

  #describeHop({ nickname, rsa, endpoint, flags, reason }: HopView, rttMs: number | undefined): HopStatus {
    const { countries, guards } = this.#sources
    return {
      nickname,
      fingerprint: rsa,
      address: endpoint === undefined ? '' : formatEndpoint(endpoint),
      country: endpoint === undefined ? undefined : countries.countryOf(endpoint.host),
      flags,
      rttMs,
      reason: reason.kind === 'guard' ? { kind: 'guard', sinceMs: guards.confirmedMs(rsa) } : reason,
    }
  }
}

function describeChannel(view: ChannelView): ChannelStatus {
  return {
    relay: view.target.ids.rsa,
    endpoint: formatEndpoint(view.endpoint),
    state: view.state,
    circuits: view.channel?.circuitCount ?? 0,
  }
}

function describeCircuit(
  view: CircuitView,
  notes: CircuitNotes | undefined,
  traffic: BandwidthStatus,
  describeHop: (hop: HopView, rttMs: number | undefined) => HopStatus,
): CircuitStatus {
  const openState = notes?.isWaiting === true ? 'waiting' : 'open'
  return {
    id: view.id,
    state: view.circuit === undefined ? 'building' : openState,
    purpose: view.purpose,
    setId: view.setId,
    hops: view.hops.map((hop, at) => describeHop(hop, view.rttMs[at])),
    builtHops: view.rttMs.length,
    streams: notes?.streams ?? view.circuit?.streamCount ?? 0,
    ...traffic,
    sites: notes?.sites ?? [],
    isRetired: notes?.isRetired ?? false,
    createdMs: view.createdMs,
  }
}
