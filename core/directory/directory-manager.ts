/**
 * Owns the view of the network: loads it from the cache, bootstraps it when there is none, and keeps it fresh until it
 * is closed. It decides when; fetching, checking and storing are done in the files beside it.
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import { type Authority, trustedV3Identities } from '../netdir/authorities.ts'
import { NetDir } from '../netdir/net-dir.ts'
import type { NetDirProvider } from '../netdir/net-dir-provider.ts'
import type { AuthorityCert } from '../netdoc/authority-cert.ts'
import type { Consensus } from '../netdoc/consensus.ts'
import type { Microdescriptors } from '../netdoc/microdescriptor.ts'
import { runSlices } from '../netdoc/slices.ts'
import type { BootstrapDirectories } from '../path/directory-path.ts'
import type { StateStore } from '../persist/state-store.ts'
import { abortable, throwIfAborted } from '../util/abort.ts'
import { type Clock, sleep } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { linkAbort } from '../util/linked-abort.ts'
import type { Logger } from '../util/log.ts'
import { type Random, randomFraction } from '../util/random.ts'
import type { Watchable } from '../util/watched-value.ts'
import { AwakeGate } from './awake-gate.ts'
import type { DirectoryPhase, DirectoryProgress } from './bootstrap-state.ts'
import type { ClockEvidence } from './clock-evidence.ts'
import { requireProtocols } from './consensus-check.ts'
import type { FetchedConsensus } from './consensus-fetch.ts'
import { type ConsensusRaceParts, raceForConsensus } from './consensus-race.ts'
import { completeDescriptors, type OpenSource } from './descriptor-upkeep.ts'
import type { DirectoryConnector } from './directory-source.ts'
import { bootstrapTiers, refreshTiers, type SourceTier } from './directory-sources.ts'
import { DirectoryStore } from './directory-store.ts'
import { chooseRefetchMs, isReasonablyLive, judgeFreshness } from './download-schedule.ts'
import type { MicrodescBatch } from './microdescriptor-download.ts'
import { SourceRecords } from './source-records.ts'
import { nextTurn } from './turns.ts'
import { ViewBoard } from './view-board.ts'

/** A change of the options is told by `reconsider`; this is for what nobody tells. */
const NO_SOURCE_PAUSE_MS = 60_000

export interface DirectoryManagerConfig {
  /** Their v3 identities are the trust roots. */
  readonly authorities: readonly Authority[]
  /** Fraction (0..1) of usable paths before the view is published; undefined takes the consensus parameter. */
  readonly pathsNeededToBuildCircuits: number | undefined
  /** Parameters that win over the consensus's (testing options). */
  readonly paramOverrides?: ReadonlyMap<string, number>
}

export interface DirectoryManagerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly store: StateStore
  readonly connector: DirectoryConnector
  /** Fallbacks and authorities in the order in which to try them; asked anew for each race. */
  readonly bootstrapDirectories: () => BootstrapDirectories
  /** Our directory guards in this view, which may lack microdescriptors; empty, or throwing, falls back on the above. */
  readonly pickDirectoryRelays: (view: NetDir) => readonly ChannelTarget[]
  /** The rows of the guards that circuits begin with; their microdescriptors are fetched first. */
  readonly primaryGuards: (view: NetDir) => readonly number[]
  /** Resolves when there is somebody to ask, for who must first get to know them. */
  readonly whenSourcesAreKnown?: (signal: AbortSignal) => Promise<void>
  /** Whether the sources get their documents when other clients do, as bridges do. */
  readonly fetchesLate?: () => boolean
  /** Told what relays and documents say about our clock. */
  readonly onClockEvidence?: (evidence: ClockEvidence) => void
  /** Whether to begin dormant: the cache is read, nothing is fetched until `setDormant(false)`. */
  readonly isDormant?: boolean
}

export class DirectoryManager implements NetDirProvider {
  readonly #config: DirectoryManagerConfig
  readonly #deps: DirectoryManagerDeps
  readonly #log: Logger
  readonly #store: DirectoryStore
  readonly #trusted: readonly RsaIdentity[]
  readonly #closing = new AbortController()
  readonly #board: ViewBoard
  readonly #records = new SourceRecords()
  readonly #gate: AwakeGate
  readonly #raceParts: ConsensusRaceParts
  #certs: readonly AuthorityCert[] = []
  #life: Promise<void> | undefined
  /** Why nothing is fetched any more. */
  #end: TorError | undefined

  constructor(config: DirectoryManagerConfig, deps: DirectoryManagerDeps) {
    this.#config = config
    this.#deps = deps
    this.#log = deps.log.in('dir')
    this.#store = new DirectoryStore(deps.store, deps.clock, this.#log)
    this.#trusted = trustedV3Identities(config.authorities)
    this.#board = new ViewBoard(deps.clock, this.#log, config.pathsNeededToBuildCircuits)
    this.#gate = new AwakeGate(deps.isDormant !== true)
    this.#raceParts = {
      clock: deps.clock,
      random: deps.random,
      log: this.#log,
      connector: deps.connector,
      store: this.#store,
      board: this.#board,
      records: this.#records,
      trusted: this.#trusted,
      onClockEvidence: deps.onClockEvidence ?? (() => {}),
    }
  }

  /** The view that circuits are built from. Undefined until there is enough of one, and when it has become too old. */
  get current(): Watchable<NetDir | undefined> {
    return this.#board.current
  }

  get progress(): Watchable<DirectoryProgress> {
    return this.#board.progress
  }

  /**
   * Resolves with the first usable view; then keeps it fresh until `close`. Works once. Rejects when the signal fires
   * or the manager is closed, and with `obsolete-client`; nothing runs any more then.
   */
  async start(signal?: AbortSignal): Promise<NetDir> {
    if (this.#life !== undefined) throw new TorError('internal', 'the directory manager was started before')
    throwIfAborted(signal)
    throwIfAborted(this.#closing.signal)
    const first = createDeferred<NetDir>()
    const stopWatching = this.#board.current.watch((view) => {
      if (view !== undefined) first.resolve(view)
    })
    const scope = this.#closing.signal
    this.#life = this.#live(scope).catch((error: unknown) => {
      first.reject(error)
      this.#onLifeEnd(toTorError(error))
    })
    try {
      return await abortable(first.promise, signal)
    } catch (error) {
      await this.close()
      throw error
    } finally {
      stopWatching()
    }
  }

  /** While dormant nothing is fetched. What is stale by the time of waking is fetched at once. */
  setDormant(isDormant: boolean): void {
    if (this.#gate.isAwake !== isDormant) return
    this.#gate.setAwake(!isDormant)
    if (!isDormant) this.reconsider()
  }

  /**
   * The clock has jumped, the computer has slept, or the network is back: how fresh the view is gets judged anew, and
   * nothing waits out a pause of before. Calling it often costs requests: only events on this side may lead here.
   */
  reconsider(): void {
    if (this.#end !== undefined) return
    this.#records.forgetFailures()
    this.#gate.restart()
    this.#board.freshness.lookNow()
  }

  /** Another way to the network is taken: progress begins anew, as far as what we hold lets it. */
  beginAnew(): void {
    this.#board.restart()
    if (this.#end === undefined) this.reconsider()
    else this.#board.fail(this.#end)
  }

  /** How far one came who gets to know the sources. */
  notePhase(phase: DirectoryPhase): void {
    this.#board.reach(phase)
  }

  /** What keeps one from it; nothing for the user to know while the view is valid and can be used. */
  noteFailure(error: TorError, isViewOfUse = true): void {
    if (this.#end !== undefined) return
    if (!isViewOfUse || !this.#board.isLive()) this.#board.fail(error)
  }

  /** Stops everything and waits until what is being written is written. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(new TorError('closed', 'the directory manager was closed'))
    }
    this.#board.freshness.stop()
    await this.#life
    await this.#store.flush()
  }

  async #live(signal: AbortSignal): Promise<void> {
    let open = await this.#firstView(signal)
    let wasFetched = open !== undefined
    for (;;) {
      const view = this.#board.newest
      const upkeep = linkAbort(signal)
      const descriptors = this.#keepDescriptors(open, upkeep.signal)
      try {
        await this.#waitForRefetch(view, wasFetched, signal)
        const fetched = await this.#fetch(view, signal)
        // From here on nothing else may change the view: the next one is built from it.
        upkeep.stop()
        await descriptors
        open = await this.#adopt(fetched, [], signal)
        wasFetched = true
      } finally {
        upkeep.stop()
        await descriptors
      }
    }
  }

  /**
   * A consensus that was fetched just now is not replaced at once, even when our clock says that it is old: else a
   * wrong clock, or a cache that is behind, would have us ask without end.
   */
  async #waitForRefetch(view: NetDir, wasFetched: boolean, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps
    const fraction = randomFraction(random)
    const isLate = this.#deps.fetchesLate?.() ?? false
    const restMs = wasFetched ? (view.freshUntilMs - view.validAfterMs) / 2 : 0
    let untilMs = Math.max(chooseRefetchMs(view, fraction, isLate), clock.wallMs() + restMs)
    while (clock.wallMs() < untilMs) {
      await this.#board.freshness.sleepUntil(untilMs, signal)
      // Woken before the time: something has happened to the clock, and only the documents' times count.
      untilMs = chooseRefetchMs(view, fraction, isLate)
    }
  }

  /** Ends with a view on the board: from the cache, or from the network with the connection that gave it. */
  async #firstView(signal: AbortSignal): Promise<OpenSource | undefined> {
    const cached = await this.#store.load(this.#trusted, signal)
    this.#certs = cached.certs
    const cachedBatches = cached.microdescriptors === undefined ? [] : [cached.microdescriptors]
    if (cached.consensus !== undefined && this.#speaksWhatIsRequired(cached.consensus)) {
      this.#log.info('Using the cached consensus')
      this.#board.begin(await this.#build(cached.consensus, cachedBatches, signal))
      return undefined
    }
    return this.#adopt(await this.#fetch(undefined, signal), cachedBatches, signal)
  }

  #speaksWhatIsRequired(consensus: Consensus): boolean {
    try {
      requireProtocols(consensus)
      return true
    } catch (error) {
      this.#log.notice('The cached consensus is not used: ', toTorError(error).message)
      return false
    }
  }

  /** The next consensus after the view's, or the first one. Tries until it has one; see `raceSources` for the ends. */
  #fetch(view: NetDir | undefined, signal: AbortSignal): Promise<FetchedConsensus> {
    return this.#gate.run(signal, async (inner) => {
      const tiers = await this.#findSources(view, inner)
      return raceForConsensus(this.#raceParts, this.#certs, view, tiers, inner)
    })
  }

  /** The user's options can leave nobody to ask, for a while: the status says so, and what we have grows old meanwhile. */
  async #findSources(view: NetDir | undefined, signal: AbortSignal): Promise<() => readonly SourceTier[]> {
    for (;;) {
      await this.#deps.whenSourcesAreKnown?.(signal)
      const bootstrap = bootstrapTiers(this.#deps.bootstrapDirectories())
      const tiers = (): readonly SourceTier[] =>
        view === undefined ? bootstrap : this.#refreshTiers(view, bootstrap)
      if (tiers().some(({ sources }) => sources.length > 0)) return tiers
      this.noteFailure(noSource())
      await sleep(this.#deps.clock, NO_SOURCE_PAUSE_MS, signal)
    }
  }

  #refreshTiers(view: NetDir, bootstrap: readonly SourceTier[]): readonly SourceTier[] {
    const isViewOfUse = isReasonablyLive(judgeFreshness(view, this.#deps.clock.wallMs()))
    // What guards are picked from they are judged by until the next pick: never a view that lacks what has come since.
    return refreshTiers(this.#pickRelays(this.#board.newest), bootstrap, isViewOfUse)
  }

  /** Takes a verified consensus over, with the microdescriptors that are known already. */
  async #adopt(
    fetched: FetchedConsensus,
    cached: readonly Microdescriptors[],
    signal: AbortSignal,
  ): Promise<OpenSource> {
    const { consensus, bytes, certs, source, connection } = fetched
    try {
      this.#store.saveConsensus(bytes, certs)
      this.#certs = certs
      this.#board.clear()
      this.#board.begin(await this.#build(consensus, cached, signal))
      return { source, connection }
    } catch (error) {
      connection.close()
      throw error
    }
  }

  async #build(
    consensus: Consensus,
    microdescriptors: readonly Microdescriptors[],
    signal: AbortSignal,
  ): Promise<NetDir> {
    const { paramOverrides } = this.#config
    const inputs = {
      consensus,
      microdescriptors,
      previous: this.#board.newestIfAny,
      ...(paramOverrides === undefined ? {} : { paramOverrides }),
    }
    const view = await runSlices(NetDir.buildInSlices(inputs), this.#deps.clock, signal)
    // Whoever is shown the view does work of their own with it, in a turn of its own.
    await nextTurn(this.#deps.clock, signal)
    return view
  }

  /** Never rejects. */
  async #keepDescriptors(open: OpenSource | undefined, signal: AbortSignal): Promise<void> {
    const { clock, random, connector } = this.#deps
    const parts = {
      records: this.#records,
      onClockEvidence: this.#raceParts.onClockEvidence,
      clock,
      random,
      connector,
      log: this.#log,
      view: () => this.#board.newest,
      replaceView: (view: NetDir, batch: MicrodescBatch) => {
        this.#store.appendMicrodescs(batch.bytes)
        this.#board.grow(view)
      },
      hasEnough: () => this.#board.hasEnough(),
      onPassEnd: () => {
        this.#board.show(true)
        this.#store.compactMicrodescs(this.#board.newest.consensus, this.#closing.signal)
      },
      pickDirectoryRelays: (view: NetDir) => this.#pickRelays(view),
      primaryGuards: this.#deps.primaryGuards,
      bootstrapSources: () => bootstrapTiers(this.#deps.bootstrapDirectories()),
      onFailure: (error: TorError) => this.#onDescriptorFailure(error),
    }
    let connection = open
    try {
      await this.#gate.run(signal, (inner) => {
        const first = connection
        connection = undefined
        return completeDescriptors(parts, first, inner)
      })
    } catch (error) {
      if (!signal.aborted) this.#onDescriptorFailure(toTorError(error))
    } finally {
      connection?.connection.close()
    }
  }

  #onDescriptorFailure(error: TorError): void {
    this.#log.info('Microdescriptors: ', error.message)
    // Once circuits can be built, a missing relay is not worth a word to the user.
    if (!this.#board.hasEnough()) this.#board.fail(error)
  }

  /** Without a guard to ask, the bootstrap sources serve. */
  #pickRelays(view: NetDir): readonly ChannelTarget[] {
    try {
      return this.#deps.pickDirectoryRelays(view)
    } catch (error) {
      this.#log.info('No directory guard can be picked: ', toTorError(error).message)
      return []
    }
  }

  /** Comes before the close with `obsolete-client`, which no source can mend, and with a defect of our own. */
  #onLifeEnd(error: TorError): void {
    if (this.#closing.signal.aborted) return
    const wasShown = this.#board.current.value !== undefined
    this.#end = error
    this.#board.fail(error)
    // The network has said that who goes on with what we have does so at a risk. Else it serves until it expires.
    if (error.kind === 'obsolete-client') this.#board.withdraw()
    // Before the first view, whoever started us is told by the rejection.
    if (wasShown) this.#log.err('The directory can no longer be kept fresh: ', error.message)
  }
}

function noSource(): TorError {
  return new TorError(
    'no-path',
    'there is no directory source: no fallback and no authority is configured, or what may be reached, or ' +
      'StrictNodes with ExcludeNodes, leaves none of them',
  )
}
