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
import type { Clock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Random, randomFraction } from '../util/random.ts'
import type { Watchable } from '../util/watched-value.ts'
import type { DirectoryProgress } from './bootstrap-state.ts'
import { requireProtocols } from './consensus-check.ts'
import { type FetchedConsensus, fetchConsensus } from './consensus-fetch.ts'
import { completeDescriptors, type OpenSource } from './descriptor-upkeep.ts'
import type { DirectoryConnector } from './directory-source.ts'
import { bootstrapTiers, refreshTiers } from './directory-sources.ts'
import { DirectoryStore } from './directory-store.ts'
import { chooseRefetchMs, refetchRetryBounds } from './download-schedule.ts'
import { linkAbort } from './linked-abort.ts'
import type { MicrodescBatch } from './microdescriptor-download.ts'
import { BOOTSTRAP_RETRY, raceSources } from './source-race.ts'
import { nextTurn } from './turns.ts'
import { ViewBoard } from './view-board.ts'

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
  readonly #board: ViewBoard
  #certs: readonly AuthorityCert[] = []
  #life: Promise<void> | undefined

  constructor(config: DirectoryManagerConfig, deps: DirectoryManagerDeps) {
    this.#config = config
    this.#deps = deps
    this.#log = deps.log.in('dir')
    this.#store = new DirectoryStore(deps.store, deps.clock, this.#log)
    this.#trusted = trustedV3Identities(config.authorities)
    this.#board = new ViewBoard(deps.clock, this.#log, config.pathsNeededToBuildCircuits)
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
    for (;;) {
      const view = this.#board.newest
      const upkeep = linkAbort(signal)
      const descriptors = this.#keepDescriptors(open, upkeep.signal)
      try {
        const refetchMs = chooseRefetchMs(view, randomFraction(this.#deps.random))
        await this.#board.freshness.sleepUntil(refetchMs, signal)
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
    const { clock, random, connector } = this.#deps
    const held = { trusted: this.#trusted, certs: this.#certs, validAfterMs: view?.validAfterMs }
    const bootstrap = bootstrapTiers(this.#deps.bootstrapDirectories())
    const tiers = view === undefined ? bootstrap : refreshTiers(this.#pickRelays(view), bootstrap)
    return raceSources<FetchedConsensus>(
      {
        tiers,
        clock,
        random,
        retry: view === undefined ? BOOTSTRAP_RETRY : refetchRetryBounds(view),
        attempt: (source, trySignal, onProgress) => {
          const parts = {
            connector,
            clock,
            log: this.#log,
            onPhase: this.#board.reach.bind(this.#board),
            onProgress,
          }
          return fetchConsensus(source, held, parts, trySignal)
        },
        discard: (result) => result.connection.close(),
        onFailure: (source, error) => {
          this.#log.info(`A ${source.kind} directory gave no consensus: `, error.message)
          // While what we have is valid, there is time to try again and nothing for the user to know.
          if (!this.#board.isLive()) this.#board.fail(error)
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
      pickDirectoryRelays: (view: NetDir) => this.#pickRelays(view),
      bootstrapSources: () => bootstrapTiers(this.#deps.bootstrapDirectories()),
      onFailure: (error: TorError) => this.#onDescriptorFailure(error),
    }
    try {
      await completeDescriptors(parts, open, signal)
      this.#board.show(true)
      this.#store.compactMicrodescs(this.#board.newest.consensus, this.#closing.signal)
    } catch (error) {
      if (!signal.aborted) this.#onDescriptorFailure(toTorError(error))
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

  #onLifeEnd(error: TorError): void {
    const wasShown = this.#board.current.value !== undefined
    this.#board.freshness.stop()
    if (this.#closing.signal.aborted) return
    this.#board.fail(error)
    // Before the first view, whoever started us is told by the rejection.
    if (wasShown) this.#log.err('The directory can no longer be kept fresh: ', error.message)
  }
}
