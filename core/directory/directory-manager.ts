/**
 * Owns the view of the network: loads it from the cache, bootstraps it when there is none, and keeps it fresh until it
 * is closed. It decides when; fetching, checking and storing are done in the files beside it.
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import type { Authority } from '../netdir/authorities.ts'
import { NetDir } from '../netdir/net-dir.ts'
import type { NetDirProvider } from '../netdir/net-dir-provider.ts'
import type { AuthorityCert } from '../netdoc/authority-cert.ts'
import type { Consensus } from '../netdoc/consensus.ts'
import type { Microdescriptors } from '../netdoc/microdescriptor.ts'
import { runSlices } from '../netdoc/slices.ts'
import type { BootstrapDirectories } from '../path/directory-path.ts'
import type { StateStore } from '../persist/state-store.ts'
import { abortable, throwIfAborted } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Random, randomFraction } from '../util/random.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import {
  clearBlockage,
  countDescriptors,
  type DirectoryPhase,
  type DirectoryProgress,
  INITIAL_PROGRESS,
  reachPhase,
  reportFailure,
  setFreshness,
} from './bootstrap-state.ts'
import { requireProtocols } from './consensus-check.ts'
import { type FetchedConsensus, fetchConsensus } from './consensus-fetch.ts'
import { completeDescriptors, type OpenSource } from './descriptor-upkeep.ts'
import type { DirectoryConnector } from './directory-source.ts'
import { bootstrapTiers, refreshTiers } from './directory-sources.ts'
import { DirectoryStore } from './directory-store.ts'
import { chooseRefetchMs, refetchRetryBounds } from './download-schedule.ts'
import { FreshnessWatch } from './freshness-watch.ts'
import { linkAbort } from './linked-abort.ts'
import type { MicrodescBatch } from './microdescriptor-download.ts'
import { BOOTSTRAP_RETRY, raceSources } from './source-race.ts'

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
}

export class DirectoryManager implements NetDirProvider {
  readonly #config: DirectoryManagerConfig
  readonly #deps: DirectoryManagerDeps
  readonly #log: Logger
  readonly #store: DirectoryStore
  readonly #trusted: readonly RsaIdentity[]
  readonly #closing = new AbortController()
  readonly #current = new WatchedValue<NetDir | undefined>(undefined)
  readonly #progress = new WatchedValue<DirectoryProgress>(INITIAL_PROGRESS)
  readonly #freshness: FreshnessWatch
  #certs: readonly AuthorityCert[] = []
  /** The newest view, published or not. */
  #view: NetDir | undefined
  #life: Promise<void> | undefined

  constructor(config: DirectoryManagerConfig, deps: DirectoryManagerDeps) {
    this.#config = config
    this.#deps = deps
    this.#log = deps.log.in('dir')
    this.#store = new DirectoryStore(deps.store, deps.clock, this.#log)
    this.#trusted = config.authorities.flatMap(({ v3Identity }) =>
      v3Identity === undefined ? [] : [v3Identity],
    )
    this.#freshness = new FreshnessWatch(deps.clock, () => this.#updateFreshness())
  }

  /** The view that circuits are built from. Undefined until there is enough of one, and when it has become too old. */
  get current(): Watchable<NetDir | undefined> {
    return this.#current
  }

  get progress(): Watchable<DirectoryProgress> {
    return this.#progress
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
    const stopWatching = this.#current.watch((view) => {
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

  /** Stops everything and waits until what is being written is written. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(new TorError('closed', 'the directory manager was closed'))
    }
    this.#freshness.stop()
    await this.#life
    await this.#store.flush()
  }

  async #live(signal: AbortSignal): Promise<void> {
    let open = await this.#firstView(signal)
    for (;;) {
      const view = this.#requireView()
      this.#updateFreshness()
      const upkeep = linkAbort(signal)
      const descriptors = this.#keepDescriptors(open, upkeep.signal)
      try {
        const refetchMs = chooseRefetchMs(view, randomFraction(this.#deps.random))
        await this.#freshness.sleepUntil(refetchMs, signal)
        const fetched = await this.#fetch(view, signal)
        // From here on nothing else may change the view: the next one is built from it.
        upkeep.stop()
        await descriptors
        open = await this.#adopt(fetched, [], signal)
      } finally {
        upkeep.stop()
        await descriptors
      }
    }
  }

  /** Ends with `#view` set: from the cache, or from the network with the connection that gave it. */
  async #firstView(signal: AbortSignal): Promise<OpenSource | undefined> {
    const cached = await this.#store.load(this.#trusted, signal)
    this.#certs = cached.certs
    const cachedBatches = cached.microdescriptors === undefined ? [] : [cached.microdescriptors]
    if (cached.consensus !== undefined && this.#speaksWhatIsRequired(cached.consensus)) {
      this.#log.info('Using the cached consensus')
      this.#setView(await this.#build(cached.consensus, cachedBatches, signal))
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
    const { clock, random, connector } = this.#deps
    const held = { trusted: this.#trusted, certs: this.#certs, validAfterMs: view?.validAfterMs }
    const bootstrap = bootstrapTiers(this.#deps.bootstrapDirectories())
    const tiers =
      view === undefined ? bootstrap : refreshTiers(this.#deps.pickDirectoryRelays(view), bootstrap)
    return raceSources<FetchedConsensus>(
      {
        tiers,
        clock,
        random,
        retry: view === undefined ? BOOTSTRAP_RETRY : refetchRetryBounds(view),
        attempt: (source, trySignal, onProgress) => {
          const onPhase = (phase: DirectoryPhase): void => this.#reach(phase)
          return fetchConsensus(
            source,
            held,
            { connector, clock, log: this.#log, onPhase, onProgress },
            trySignal,
          )
        },
        discard: (result) => result.connection.close(),
        onFailure: (source, error) => {
          this.#log.info(`A ${source.kind} directory gave no consensus: `, error.message)
          // While what we have is valid, there is time to try again and nothing for the user to know.
          if (this.#current.value === undefined || !this.#isLive()) this.#fail(error)
        },
      },
      signal,
    )
  }

  /** Takes a verified consensus over, with the microdescriptors that are known already. */
  async #adopt(
    fetched: FetchedConsensus,
    cached: readonly Microdescriptors[],
    signal: AbortSignal,
  ): Promise<OpenSource> {
    const { consensus, bytes, certs, source, connection } = fetched
    try {
      this.#store.saveConsensus(bytes)
      if (certs !== this.#certs) this.#store.saveCerts(certs)
      this.#certs = certs
      this.#progress.set(clearBlockage(this.#progress.value))
      this.#setView(await this.#build(consensus, cached, signal))
      return { source, connection }
    } catch (error) {
      connection.close()
      throw error
    }
  }

  #build(
    consensus: Consensus,
    microdescriptors: readonly Microdescriptors[],
    signal: AbortSignal,
  ): Promise<NetDir> {
    const { paramOverrides } = this.#config
    const inputs = {
      consensus,
      microdescriptors,
      previous: this.#view,
      ...(paramOverrides === undefined ? {} : { paramOverrides }),
    }
    return runSlices(NetDir.buildInSlices(inputs), this.#deps.clock, signal)
  }

  #setView(view: NetDir): void {
    this.#view = view
    this.#reach('requesting-descriptors')
    this.#publishIfEnough(true)
  }

  /** Never rejects. */
  async #keepDescriptors(open: OpenSource | undefined, signal: AbortSignal): Promise<void> {
    const { clock, random, connector } = this.#deps
    const parts = {
      clock,
      random,
      connector,
      log: this.#log,
      view: () => this.#requireView(),
      replaceView: (view: NetDir, batch: MicrodescBatch) => this.#onMicrodescs(view, batch),
      hasEnough: (view: NetDir) => this.#hasEnough(view),
      pickDirectoryRelays: (view: NetDir) => this.#pickRelays(view),
      bootstrapSources: () => bootstrapTiers(this.#deps.bootstrapDirectories()),
      onFailure: (error: TorError) => this.#onDescriptorFailure(error),
    }
    try {
      await completeDescriptors(parts, open, signal)
      this.#publishIfEnough(true)
      this.#store.compactMicrodescs(this.#requireView().consensus, this.#closing.signal)
    } catch (error) {
      if (!signal.aborted) this.#onDescriptorFailure(toTorError(error))
    }
  }

  #onMicrodescs(view: NetDir, batch: MicrodescBatch): void {
    this.#view = view
    this.#store.appendMicrodescs(batch.bytes)
    this.#reach('loading-descriptors')
    this.#publishIfEnough(false)
  }

  #onDescriptorFailure(error: TorError): void {
    this.#log.info('Microdescriptors: ', error.message)
    // Once circuits can be built, a missing relay is not worth a word to the user.
    if (!this.#hasEnough(this.#requireView())) this.#fail(error)
  }

  /** `isResting` says that the view will not change again in a moment; between, only the first enough one is shown. */
  #publishIfEnough(isResting: boolean): void {
    const view = this.#requireView()
    this.#progress.set(countDescriptors(this.#progress.value, countMicrodescs(view), view.relayCount))
    const shown = this.#current.value
    const isFirstOfConsensus = shown?.consensus !== view.consensus
    if (!isResting && !isFirstOfConsensus) return
    if (shown === view || !this.#hasEnough(view)) return
    this.#reach('enough-dirinfo')
    this.#current.set(view)
  }

  #hasEnough(view: NetDir): boolean {
    const needed = this.#config.pathsNeededToBuildCircuits ?? view.params.get('min_paths_for_circs_pct') / 100
    return view.usablePathFraction() >= needed
  }

  /** Says how old the view is, and withdraws it when it is too old to build circuits from. */
  #updateFreshness(): void {
    const view = this.#view
    if (view === undefined) return
    const freshness = this.#freshness.judge(view)
    this.#progress.set(setFreshness(this.#progress.value, freshness))
    if (freshness !== 'expired' || this.#current.value === undefined) return
    this.#log.warn(
      'The newest consensus is more than a day out of date: no circuits can be built until there is a new one',
    )
    this.#current.set(undefined)
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

  #isLive(): boolean {
    const { freshness } = this.#progress.value
    return freshness === 'fresh' || freshness === 'live' || freshness === 'early'
  }

  #onLifeEnd(error: TorError): void {
    this.#freshness.stop()
    if (this.#closing.signal.aborted) return
    this.#fail(error)
    this.#log.err('The directory can no longer be kept fresh: ', error.message)
  }

  #requireView(): NetDir {
    if (this.#view === undefined) throw new TorError('internal', 'there is no view of the network yet')
    return this.#view
  }

  #reach(phase: DirectoryPhase): void {
    this.#progress.set(reachPhase(this.#progress.value, phase))
  }

  #fail(error: TorError): void {
    this.#progress.set(reportFailure(this.#progress.value, error, this.#deps.clock.wallMs()))
  }
}

function countMicrodescs(view: NetDir): number {
  let count = 0
  for (let row = 0; row < view.relayCount; row++) if (view.hasMicrodescriptor(row)) count += 1
  return count
}
