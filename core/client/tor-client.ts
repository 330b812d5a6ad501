/** The client as programs see it: bootstrap, streams, names, one status, close. Each part does its own work. */
import type { Duplex } from 'node:stream'
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import { calibrateCrypto, describeCalibration } from '../crypto/calibration.ts'
import { systemRandom } from '../crypto/system-random.ts'
import { type ExitCountry, exitCountries } from '../path/exit-countries.ts'
import { openFileStateStore } from '../persist/file-state-store.ts'
import { MemoryStateStore } from '../persist/memory-state-store.ts'
import { NO_OUTSIDE } from '../transport/outside.ts'
import { abortable, expectManyWaits } from '../util/abort.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import { systemClock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { silentLogger } from '../util/log.ts'
import { type DerivedWatchable, type Watchable, waitUntil } from '../util/watched-value.ts'
import { runBootstrap } from './bootstrap.ts'
import { type ClientParts, type ClientTools, createClientParts } from './client-parts.ts'
import type { ResolvedAddress, ResolvedName, StreamOpener, StreamOptions } from './client-port.ts'
import type { ClientConfig } from './config.ts'
import { type ConnectOptions, toStreamOptions } from './connect-options.ts'
import { type AgentRoute, type AgentTlsOptions, TorHttpAgent, TorHttpsAgent } from './http-agent.ts'
import { type HttpRequestOptions, type HttpResponse, requestUrl } from './http-request.ts'
import type { NewIdentity } from './identity.ts'
import { applyConfig } from './reconfigure.ts'
import type { ClientStatus } from './status.ts'
import { siteOf } from './site.ts'
import type { SitePolicyChoice, SitePolicyEntry } from './site-policies.ts'
import { StreamService } from './stream-service.ts'
import { parseStreamHost, parseStreamTarget, type StreamHost, type StreamTarget } from './stream-target.ts'
import { TorDuplex } from './tor-duplex.ts'

/** What is not given is the system's: its clock, its randomness; and no log. */
export type ClientDeps = Partial<ClientTools>

export class TorClient implements StreamOpener {
  readonly #parts: ClientParts
  readonly #streams: StreamService
  /** One at a time, in the order in which they were asked for: the last one holds. */
  #reconfiguring: Promise<void> = Promise.resolve()
  #bootstrapping: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor(parts: ClientParts) {
    this.#parts = parts
    this.#streams = new StreamService(parts)
    parts.identity.epochs.watch(() => this.#streams.forgetIdentity())
  }

  /**
   * Takes the data directory's lock and reads the state in it; opens no connection. Rejects with `state`, in words,
   * when the directory is not ours alone or another process uses it.
   */
  static async create(config: ClientConfig, deps: ClientDeps = {}): Promise<TorClient> {
    const { log = silentLogger, clock = systemClock, random = systemRandom, outside = NO_OUTSIDE } = deps
    log.in('crypto').info(describeCalibration(calibrateCrypto(clock)))
    const store =
      config.dataDirectory === undefined
        ? new MemoryStateStore()
        : await openFileStateStore(config.dataDirectory, { random, log, clock })
    try {
      return new TorClient(await createClientParts(config, { log, clock, random, outside }, store))
    } catch (error) {
      await store.close()
      throw error
    }
  }

  /** As it is in force; `reconfigure` changes it. */
  get config(): Watchable<ClientConfig> {
    return this.#parts.config
  }

  get status(): DerivedWatchable<ClientStatus> {
    return this.#parts.board.status
  }

  /**
   * Resolves once a stream has gone through three hops and back. Tries until then: what holds it up is in the status.
   * Wakes a client that is dormant, also one that an earlier run left so. Rejects when the signal fires (which closes
   * nothing), when the client is closed, and with `obsolete-client`.
   */
  bootstrap(signal?: AbortSignal): Promise<void> {
    this.wake()
    return this.bootstrapWhenAwake(signal)
  }

  /**
   * The same, for who starts without anybody's wish, as services do: a client that is dormant stays so, and it resolves
   * after the next request or `wake`.
   */
  bootstrapWhenAwake(signal?: AbortSignal): Promise<void> {
    this.#bootstrapping ??= runBootstrap(this.#parts)
    this.#bootstrapping.catch(() => {})
    return abortable(this.#bootstrapping, signal)
  }

  /**
   * Opens a stream to a host and port and returns it as Node's `Duplex`. Resolves when the exit is connected; rejects
   * with a `TorError` whose kind says why not. `end` ends writing and still gives the answer; but the other side is told
   * that no more comes by `destroy` alone, which ends reading, too: Tor has no half-close. Where the other side
   * ended before it had taken all that was written, `close` comes behind what there is to read, without `finish`; who reads
   * nothing has the error `closed`.
   */
  async connect(host: string, port: number, options: ConnectOptions = {}): Promise<Duplex> {
    const target = parseStreamTarget(host, port)
    return new TorDuplex(await this.openStream(target, toStreamOptions(target, options)))
  }

  /** For `http.request({ agent })`: every request has a stream of its own within the isolation. */
  httpAgent(options: Pick<ConnectOptions, 'isolation' | 'isolateBySite'> = {}): TorHttpAgent {
    return new TorHttpAgent(this.#agentRoute(options))
  }

  /** For `https.request({ agent })`: the same, with TLS whose certificates are verified whatever the request says. */
  httpsAgent(
    options: Pick<ConnectOptions, 'isolation' | 'isolateBySite'> & AgentTlsOptions = {},
  ): TorHttpsAgent {
    const { isolation = [], isolateBySite = true, ...tls } = options
    return new TorHttpsAgent(this.#agentRoute({ isolation, isolateBySite }), tls)
  }

  /** One HTTP request and its whole answer; redirects stay in the isolation. Errors as `requestUrl` says. */
  requestUrl(url: string, options: ConnectOptions & HttpRequestOptions = {}): Promise<HttpResponse> {
    expectManyWaits(options.signal)
    return requestUrl(this.#agentRoute(options), url, options)
  }

  /** The isolation depends on the site, and so on where each request goes. */
  #agentRoute(options: ConnectOptions): AgentRoute {
    const openStream = (target: StreamTarget, asked: StreamOptions = {}): Promise<ByteStream> =>
      this.openStream(target, { ...toStreamOptions(target, options), ...asked })
    return { opener: { openStream }, clock: this.#parts.clock }
  }

  openStream(target: StreamTarget, options?: StreamOptions): Promise<ByteStream> {
    this.#noteRequest(options)
    return this.#streams.openStream(target, options)
  }

  resolve(host: string, options?: StreamOptions): Promise<readonly ResolvedAddress[]> {
    this.#noteRequest(options)
    return this.#streams.resolve(host, options)
  }

  resolveAddress(address: string, options?: StreamOptions): Promise<readonly ResolvedName[]> {
    this.#noteRequest(options)
    return this.#streams.resolveAddress(address, options)
  }

  #noteRequest(options?: StreamOptions): void {
    expectManyWaits(options?.signal)
    this.#parts.surroundings.noteRequest()
  }

  nameBehind(host: string, mapScope: IsolationKey): string | undefined {
    return this.#streams.nameBehind(host, mapScope)
  }

  destinationOf(host: StreamHost, mapScope: IsolationKey): StreamHost {
    return this.#streams.destinationOf(host, mapScope)
  }

  /**
   * Takes over another configuration: what is opened next follows it, circuits that it forbids take no more streams,
   * and all ends when it disables the network. Rejects with `bad-config`, in words, for what needs a restart or cannot
   * be; nothing has changed then.
   */
  reconfigure(config: ClientConfig): Promise<void> {
    const applying = this.#reconfiguring.then(() => applyConfig(this.#parts, config))
    this.#reconfiguring = applying.catch(() => {})
    return applying
  }

  /**
   * No new stream shares a circuit with an earlier one, and what was remembered of earlier ones is forgotten; guards,
   * site policies and open streams stay. Resolves when it is done: at once, or ten seconds after the last one.
   */
  newIdentity(signal?: AbortSignal): Promise<NewIdentity> {
    return this.#parts.identity.next(signal)
  }

  /**
   * The next streams to the site get a new circuit; its guard stays, and so does an exit that is pinned for the site.
   * Open streams stay where they are. `site` may be any host of it. Throws `bad-target`.
   */
  newCircuitFor(site: string): void {
    this.#parts.circuits.retireSite(siteOf(parseStreamHost(site).host))
  }

  /**
   * Ends one circuit, by its id in the status, with the streams on it; what they were for is asked for anew elsewhere.
   * A circuit that is not there any more is no error.
   */
  closeCircuit(id: number): void {
    const reason = new TorError('closed', 'the circuit was closed by its user')
    this.#parts.circuits.closeCircuit(id, reason)
    // Those that serve no streams of applications are not the manager's.
    this.#parts.builder.closeCircuit(id, reason)
  }

  /** What is decided for single sites. Sensitive: do not log. */
  get sitePolicies(): Watchable<readonly SitePolicyEntry[]> {
    return this.#parts.sites.entries
  }

  /**
   * Decides for a site, instead of what was decided before; an empty choice leaves nothing decided. It holds for the
   * streams to come; open ones stay. Rejects with `bad-target`, `bad-config` or `limit`, in words.
   */
  async setSitePolicy(site: string, choice: SitePolicyChoice): Promise<void> {
    const { sites, countries, circuits, traffic } = this.#parts
    if (choice.exitCountry !== undefined) await countries.load()
    await sites.set(site, choice)
    const decided = siteOf(parseStreamHost(site).host)
    traffic.dropRefusal(decided)
    circuits.retireSite(decided)
  }

  /** Drops what is decided for the site and what is known of its use. Rejects as `setSitePolicy` does. */
  async forgetSite(site: string): Promise<void> {
    await this.setSitePolicy(site, {})
    this.#parts.traffic.forgetSite(siteOf(parseStreamHost(site).host))
    this.#parts.board.refresh()
  }

  /**
   * Reads the table of countries (some 5 MB of memory), after which the status says where relays are. Rejects with
   * `bad-config` when the configured one cannot be read.
   */
  async loadCountries(): Promise<void> {
    await this.#parts.countries.load()
    this.#parts.board.refresh()
  }

  /** The countries that one could appear to be in, once there is a directory; reads the table of countries. */
  async exitCountries(signal?: AbortSignal): Promise<readonly ExitCountry[]> {
    const { directory, constraints, lifetime } = this.#parts
    await abortable(this.loadCountries(), signal)
    const known = waitUntil(directory.current, (view) => view !== undefined, signal)
    const netDir = await abortable(known, lifetime.signal)
    return netDir === undefined ? [] : exitCountries(netDir, constraints())
  }

  /** No refreshes, reserve circuits or padding until the next request, `bootstrap` or `wake` (C tor's SIGNAL DORMANT). */
  setDormant(): void {
    this.#parts.surroundings.dormancy.setDormant()
  }

  /** Ends dormancy without a request; what is stale is fetched (C tor's SIGNAL ACTIVE). */
  wake(): void {
    this.#parts.surroundings.dormancy.wake()
  }

  /** Closes streams, circuits and channels, writes what is to be kept and gives up the data directory. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const {
      lifetime,
      board,
      circuits,
      directory,
      channels,
      plugins,
      guards,
      buildTimeout,
      store,
      surroundings,
      bridges,
    } = this.#parts
    lifetime.abort(new TorError('closed', 'the client is closed'))
    board.close()
    circuits.close()
    await bridges.close()
    await directory.close()
    await surroundings.close()
    channels.close()
    await plugins.close()
    await guards.close()
    await buildTimeout.flush()
    await store.close()
  }
}
