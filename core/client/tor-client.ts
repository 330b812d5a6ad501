/** The client as programs see it: bootstrap, streams, names, one status, close. Each part does its own work. */
import type { Duplex } from 'node:stream'
import { calibrateCrypto, describeCalibration } from '../crypto/calibration.ts'
import { systemRandom } from '../crypto/system-random.ts'
import { type ExitCountry, exitCountries } from '../path/exit-countries.ts'
import { needsCountries } from '../path/node-rules.ts'
import { openFileStateStore } from '../persist/file-state-store.ts'
import { MemoryStateStore } from '../persist/memory-state-store.ts'
import { abortable } from '../util/abort.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import { systemClock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { silentLogger } from '../util/log.ts'
import { type Watchable, waitUntil } from '../util/watched-value.ts'
import { runBootstrap } from './bootstrap.ts'
import { type ClientParts, type ClientTools, createClientParts } from './client-parts.ts'
import type { ResolvedAddress, ResolvedName, StreamOpener, StreamOptions } from './client-port.ts'
import type { ClientConfig } from './config.ts'
import { type ConnectOptions, toStreamOptions } from './connect-options.ts'
import { type AgentRoute, type AgentTlsOptions, TorHttpAgent, TorHttpsAgent } from './http-agent.ts'
import { type HttpRequestOptions, type HttpResponse, requestUrl } from './http-request.ts'
import type { ClientStatus } from './status.ts'
import { StreamService } from './stream-service.ts'
import { parseStreamTarget, type StreamTarget } from './stream-target.ts'
import { TorDuplex } from './tor-duplex.ts'

/** What is not given is the system's: its clock, its randomness; and no log. */
export type ClientDeps = Partial<ClientTools>

export class TorClient implements StreamOpener {
  readonly #parts: ClientParts
  readonly #streams: StreamService
  /** Of two changes in short order the later one counts. */
  #wantedConfig: ClientConfig | undefined
  #bootstrapping: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor(parts: ClientParts) {
    this.#parts = parts
    this.#streams = new StreamService(parts)
  }

  /**
   * Takes the data directory's lock and reads the state in it; opens no connection. Rejects with `state`, in words,
   * when the directory is not ours alone or another process uses it.
   */
  static async create(config: ClientConfig, deps: ClientDeps = {}): Promise<TorClient> {
    const { log = silentLogger, clock = systemClock, random = systemRandom } = deps
    log.in('crypto').info(describeCalibration(calibrateCrypto(clock)))
    const store =
      config.dataDirectory === undefined
        ? new MemoryStateStore()
        : await openFileStateStore(config.dataDirectory, { random, log, clock })
    try {
      return new TorClient(await createClientParts(config, { log, clock, random }, store))
    } catch (error) {
      await store.close()
      throw error
    }
  }

  get status(): Watchable<ClientStatus> {
    return this.#parts.board.status
  }

  /**
   * Resolves once a stream has gone through three hops and back. Tries until then: what holds it up is in the status.
   * Rejects when the signal fires (which closes nothing), when the client is closed, and with `obsolete-client`.
   */
  bootstrap(signal?: AbortSignal): Promise<void> {
    this.#bootstrapping ??= runBootstrap(this.#parts)
    this.#bootstrapping.catch(() => {})
    return abortable(this.#bootstrapping, signal)
  }

  /**
   * Opens a stream to a host and port and returns it as Node's `Duplex`. Resolves when the exit is connected; rejects
   * with a `TorError` whose kind says why not.
   */
  async connect(host: string, port: number, options: ConnectOptions = {}): Promise<Duplex> {
    return new TorDuplex(await this.openStream(parseStreamTarget(host, port), toStreamOptions(options)))
  }

  /** For `http.request({ agent })`: every request has a stream of its own within the isolation. */
  httpAgent(options: Pick<ConnectOptions, 'isolation'> = {}): TorHttpAgent {
    return new TorHttpAgent(this.#route(options))
  }

  /** For `https.request({ agent })`: the same, with TLS whose certificates are verified whatever the request says. */
  httpsAgent(options: Pick<ConnectOptions, 'isolation'> & AgentTlsOptions = {}): TorHttpsAgent {
    const { isolation, ...tls } = options
    return new TorHttpsAgent(this.#route(isolation === undefined ? {} : { isolation }), tls)
  }

  /** One HTTP request and its whole answer; redirects stay in the isolation. Errors as `requestUrl` says. */
  requestUrl(url: string, options: ConnectOptions & HttpRequestOptions = {}): Promise<HttpResponse> {
    return requestUrl(this.#route(options), url, options)
  }

  openStream(target: StreamTarget, options?: StreamOptions): Promise<ByteStream> {
    this.#parts.surroundings.noteRequest()
    return this.#streams.openStream(target, options)
  }

  resolve(host: string, options?: StreamOptions): Promise<readonly ResolvedAddress[]> {
    this.#parts.surroundings.noteRequest()
    return this.#streams.resolve(host, options)
  }

  resolveAddress(address: string, options?: StreamOptions): Promise<readonly ResolvedName[]> {
    this.#parts.surroundings.noteRequest()
    return this.#streams.resolveAddress(address, options)
  }

  /** Takes over another configuration: what is open stays, what is opened next follows it. */
  reconfigure(config: ClientConfig): void {
    const { countries, log } = this.#parts
    this.#wantedConfig = config
    if (!needsCountries(config.nodes) || countries.isLoaded) return this.#takeOver(config)
    // Guards are judged by the choice at once: taken over before the countries are known, it would cost them.
    countries.load().then(
      () => {
        if (this.#wantedConfig === config) this.#takeOver(config)
      },
      (error: unknown) => {
        log.in('config').warn('The new options are not taken over: ', toTorError(error, 'bad-config').message)
      },
    )
  }

  #takeOver(config: ClientConfig): void {
    this.#parts.config.set(config)
    // Whoever turned the network off wants nothing to leave this computer any more, padding included.
    if (config.isNetworkDisabled) {
      this.#parts.channels.closeAll(new TorError('closed', 'the network is disabled'))
    }
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
    const end = signal === undefined ? lifetime.signal : AbortSignal.any([lifetime.signal, signal])
    await abortable(this.loadCountries(), end)
    const netDir = await waitUntil(directory.current, (view) => view !== undefined, end)
    return netDir === undefined ? [] : exitCountries(netDir, constraints())
  }

  /** No refreshes, no circuits in reserve, no padding until the next request or `wake` (C tor's SIGNAL DORMANT). */
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

  #route(options: Pick<ConnectOptions, 'isolation'>): AgentRoute {
    const { isolation } = toStreamOptions(options)
    return { opener: this, clock: this.#parts.clock, ...(isolation !== undefined && { isolation }) }
  }

  async #close(): Promise<void> {
    const { lifetime, board, circuits, directory, channels, guards, buildTimeout, store, surroundings } =
      this.#parts
    lifetime.abort(new TorError('closed', 'the client is closed'))
    board.close()
    circuits.close()
    await directory.close()
    await surroundings.close()
    channels.close()
    await guards.close()
    await buildTimeout.flush()
    await store.close()
  }
}
