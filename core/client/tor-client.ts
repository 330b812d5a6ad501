/**
 * The client as programs see it: bootstrap, streams, names, one status, close. It wires the parts together; each of
 * them does its own work.
 */
import type { Duplex } from 'node:stream'
import { ChannelManager } from '../channel/channel-manager.ts'
import { CircuitBuilder } from '../circuit-manager/circuit-builder.ts'
import { type AssignedCircuit, CircuitManager } from '../circuit-manager/circuit-manager.ts'
import { isolationKey, NO_ISOLATION, UNISOLATED } from '../circuit-manager/isolation.ts'
import type { ExitUsage } from '../circuit-manager/pooled-circuit.ts'
import { calibrateCrypto, describeCalibration } from '../crypto/calibration.ts'
import { systemRandom } from '../crypto/system-random.ts'
import { DirectoryManager } from '../directory/directory-manager.ts'
import { type GuardManager, loadGuardManager } from '../guard/guard-manager.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { trustedV3Identities } from '../netdir/authorities.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { bootstrapDirectories, pickDirectoryGuards, pickDirectoryPath } from '../path/directory-path.ts'
import { pickExitPath } from '../path/exit-path.ts'
import { openFileStateStore } from '../persist/file-state-store.ts'
import { MemoryStateStore } from '../persist/memory-state-store.ts'
import type { StateStore } from '../persist/state-store.ts'
import { DataStream } from '../stream/data-stream.ts'
import { resolveName } from '../stream/resolve-stream.ts'
import { directTransport } from '../transport/direct.ts'
import { abortable, abortError, withTimeout } from '../util/abort.ts'
import type { ByteMeter } from '../util/byte-meter.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import { type Clock, sleep, systemClock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type Logger, silentLogger } from '../util/log.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import { type Watchable, waitUntil } from '../util/watched-value.ts'
import { beginMessage, checkTarget, exitUsage } from './begin-request.ts'
import { withBuildPhase, withConnection, withDirectoryProgress, withFailure } from './bootstrap-progress.ts'
import type { ResolvedAddress, ResolvedName, StreamOpener, StreamOptions } from './client-port.ts'
import type { ClientConfig } from './config.ts'
import { createDirectoryConnector } from './directory-connections.ts'
import type { ClientStatus, StreamStatus } from './status.ts'
import { StatusBoard } from './status-board.ts'
import { parseStreamHost, parseStreamTarget, type StreamTarget } from './stream-target.ts'
import { tryOnCircuits } from './stream-tries.ts'
import { checkThreeHops } from './three-hop-check.ts'
import { TorDuplex } from './tor-duplex.ts'

/** Between failed tries to get a first stream through: soon, but not at a pace that anybody could count. */
const CHECK_RETRY_BASE_MS = 500
const CHECK_RETRY_MAX_MS = 30_000

export interface ClientDeps {
  readonly log?: Logger
  readonly clock?: Clock
  readonly random?: Random
}

/** Options of the public calls; parts of `isolation` are compared one by one, whatever they contain. */
export interface ConnectOptions {
  readonly isolation?: string | readonly string[]
  readonly signal?: AbortSignal
}

export class TorClient implements StreamOpener {
  readonly #config: ClientConfig
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Logger
  readonly #store: StateStore
  readonly #guards: GuardManager
  readonly #channels: ChannelManager
  readonly #builder: CircuitBuilder
  readonly #circuits: CircuitManager
  readonly #directory: DirectoryManager
  readonly #meter: ByteMeter = { readBytes: 0, writtenBytes: 0 }
  readonly #board: StatusBoard
  readonly #lifetime = new AbortController()
  #bootstrapping: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor(
    config: ClientConfig,
    deps: Required<ClientDeps>,
    store: StateStore,
    guards: GuardManager,
  ) {
    this.#config = config
    this.#clock = deps.clock
    this.#random = deps.random
    this.#log = deps.log
    this.#store = store
    this.#guards = guards
    const { clock, random, log } = deps
    this.#channels = new ChannelManager({ transport: directTransport, clock, random, log: log.in('channel') })
    this.#builder = new CircuitBuilder({
      channels: this.#channels,
      guards,
      clock,
      random,
      buildTimeoutMs: config.circuitBuildTimeoutMs,
      allowPrivateRelayAddresses: config.allowPrivateRelayAddresses,
      addressPreference: {
        useIpv4: config.useIpv4,
        useIpv6: config.useIpv6,
        preferIpv6: config.preferIpv6OrPort,
      },
    })
    this.#circuits = new CircuitManager({
      builder: this.#builder,
      pickPath: (netDir, usage, excludedExits) => this.#pickPath(netDir, usage, excludedExits),
      clock,
      random,
      log: log.in('circ'),
      maxCircuitDirtinessMs: config.maxCircuitDirtinessMs,
    })
    this.#directory = this.#createDirectory()
    this.#board = new StatusBoard({
      channels: this.#channels,
      circuits: this.#builder,
      meter: this.#meter,
      clock,
    })
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
      const guards = await loadGuardManager({ store, clock, random, log })
      return new TorClient(config, { log, clock, random }, store, guards)
    } catch (error) {
      await store.close()
      throw error
    }
  }

  get status(): Watchable<ClientStatus> {
    return this.#board.status
  }

  /**
   * Resolves once a stream has gone through three hops and back. Tries until then: what holds it up is in the status.
   * Rejects when the signal fires (which closes nothing), when the client is closed, and with `obsolete-client`.
   */
  bootstrap(signal?: AbortSignal): Promise<void> {
    this.#bootstrapping ??= this.#runBootstrap(this.#lifetime.signal)
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

  openStream(target: StreamTarget, options: StreamOptions = {}): Promise<ByteStream> {
    return this.#request(`${target.host}:${target.port}`, target, options, (signal, show) => {
      const usage = exitUsage(target, (options.isolation ?? UNISOLATED).key)
      return this.#tryOnCircuits(usage, signal, async (assigned, inner) => {
        const { circuit } = assigned
        show({ state: 'connecting', circuitId: circuit.id })
        const begin = beginMessage(target, assigned)
        const deps = {
          random: this.#random,
          allowInternalAddresses: !this.#config.rejectInternalAddresses,
          meter: this.#meter,
        }
        const stream = await DataStream.open(circuit, begin, deps, {
          signal: inner,
          initialData: options.initialData,
        })
        void stream.closed.then(() => show())
        show({ state: 'open', circuitId: circuit.id })
        return stream
      })
    })
  }

  async resolve(host: string, options: StreamOptions = {}): Promise<readonly ResolvedAddress[]> {
    const target = parseStreamHost(host)
    if (target.kind === 'ipv4' || target.kind === 'ipv6') {
      return [{ address: target.host, family: target.kind, ttlSeconds: 0 }]
    }
    return this.#request(target.host, target, options, async (signal, show) => {
      const usage: ExitUsage = {
        isolation: (options.isolation ?? UNISOLATED).key,
        family: undefined,
        port: undefined,
      }
      const answers = await this.#tryOnCircuits(usage, signal, (assigned, inner) => {
        show({ state: 'connecting', circuitId: assigned.circuit.id })
        return resolveName(assigned.circuit, target.host, !this.#config.rejectInternalAddresses, inner)
      })
      show()
      return answers
    })
  }

  resolveAddress(): Promise<readonly ResolvedName[]> {
    return Promise.reject(new TorError('resolve-failed', 'names of addresses cannot be looked up yet'))
  }

  /** Closes streams, circuits and channels, writes what is to be kept and gives up the data directory. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#lifetime.abort(new TorError('closed', 'the client is closed'))
    this.#board.close()
    this.#circuits.close()
    await this.#directory.close()
    this.#channels.close()
    await this.#guards.flush()
    await this.#store.close()
  }

  async #runBootstrap(signal: AbortSignal): Promise<void> {
    const board = this.#board
    this.#directory.progress.watch((progress) =>
      board.setBootstrap(withDirectoryProgress(board.bootstrap, progress)),
    )
    this.#directory.current.watch((netDir) => {
      if (netDir !== undefined) this.#circuits.useNetDir(netDir)
    })
    const netDir = await this.#directory.start(signal)
    this.#circuits.useNetDir(netDir)
    // The web's ports: what nearly every first request will be for.
    this.#circuits.startSpares({ isolation: NO_ISOLATION, family: undefined, port: 443 })
    await this.#checkUntilConnected(signal)
    board.setBootstrap(withConnection(board.bootstrap))
  }

  async #checkUntilConnected(signal: AbortSignal): Promise<void> {
    const board = this.#board
    const delay = new RetryDelay(this.#random, CHECK_RETRY_BASE_MS, CHECK_RETRY_MAX_MS)
    for (;;) {
      try {
        const netDir = await waitUntil(this.#directory.current, (value) => value !== undefined, signal)
        if (netDir === undefined) continue
        const { guard, middle, exit } = pickDirectoryPath(netDir, this.#guards, this.#config, this.#random)
        const authority = trustedV3Identities(this.#config.authorities)[0]
        if (authority === undefined) throw new TorError('bad-config', 'no authority has a v3 identity')
        const parts = { builder: this.#builder, clock: this.#clock, random: this.#random, authority }
        await checkThreeHops(parts, netDir, [guard, middle, exit], signal, (phase) =>
          board.setBootstrap(withBuildPhase(board.bootstrap, phase)),
        )
        return
      } catch (thrown) {
        if (signal.aborted) throw abortError(signal)
        const error = toTorError(thrown, 'circuit-failed', 'the first stream')
        this.#log.in('circ').info('no stream through three hops yet: ', error.message)
        board.setBootstrap(withFailure(board.bootstrap, error, this.#clock.wallMs()))
        await sleep(this.#clock, delay.nextMs(), signal)
      }
    }
  }

  /** One application request: checked, shown in the status, bounded in time, waiting for a directory if need be. */
  async #request<T>(
    shownTarget: string,
    target: Pick<StreamTarget, 'host' | 'kind'>,
    options: StreamOptions,
    work: (
      signal: AbortSignal,
      show: (next?: Pick<StreamStatus, 'state' | 'circuitId'>) => void,
    ) => Promise<T>,
  ): Promise<T> {
    checkTarget(target, this.#config.rejectInternalAddresses)
    if (this.#lifetime.signal.aborted) throw new TorError('closed', 'the client is closed')
    const show = this.#board.addStream(shownTarget)
    try {
      const limitMs = this.#config.streamTimeoutMs
      return await withTimeout(this.#clock, limitMs, 'the request', options.signal, async (signal) => {
        await waitUntil(this.#directory.current, (netDir) => netDir !== undefined, signal)
        return work(signal, show)
      })
    } catch (error) {
      show()
      throw error
    }
  }

  #tryOnCircuits<T>(
    usage: ExitUsage,
    signal: AbortSignal,
    attempt: (assigned: AssignedCircuit, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const parts = { circuits: this.#circuits, clock: this.#clock, log: this.#log.in('app') }
    return tryOnCircuits(parts, usage, signal, attempt)
  }

  #pickPath(netDir: NetDir, usage: ExitUsage, excludedExits: ReadonlySet<RsaIdentity>): readonly number[] {
    const request = {
      hostKind: usage.family ?? ('name' as const),
      port: usage.port,
      isExcluded: (index: number) => excludedExits.has(netDir.relay(index).ids.rsa),
    }
    const { guard, middle, exit } = pickExitPath(netDir, this.#guards, request, this.#config, this.#random)
    return [guard, middle, exit]
  }

  #createDirectory(): DirectoryManager {
    const config = this.#config
    return new DirectoryManager(config, {
      clock: this.#clock,
      random: this.#random,
      log: this.#log,
      store: this.#store,
      connector: createDirectoryConnector(this.#builder, this.#random),
      bootstrapDirectories: () =>
        bootstrapDirectories(config.fallbackDirs, config.authorities, config, this.#random),
      pickDirectoryRelays: (view) => pickDirectoryGuards(view, this.#guards, config),
    })
  }
}

function toStreamOptions({ isolation, signal }: ConnectOptions): StreamOptions {
  const parts = isolation === undefined ? [] : typeof isolation === 'string' ? [isolation] : isolation
  return {
    isolation: { key: isolationKey(parts), keepsAlive: false },
    ...(signal === undefined ? {} : { signal }),
  }
}
