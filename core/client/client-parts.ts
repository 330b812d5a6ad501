/**
 * Makes the client's parts and joins them: who gets which collaborator is said here and nowhere else. What may change
 * while the client runs is read from `config.value` each time it is needed.
 */
import { ChannelManager } from '../channel/channel-manager.ts'
import {
  type BuildTimeout,
  type BuildTimeoutSettings,
  loadBuildTimeout,
} from '../circuit-manager/build-timeout.ts'
import { CircuitBuilder, networkDisabled } from '../circuit-manager/circuit-builder.ts'
import { CircuitManager } from '../circuit-manager/circuit-manager.ts'
import { createLinking } from '../circuit-manager/conflux-link.ts'
import { BridgeManager } from '../directory/bridge-manager.ts'
import { DirectoryManager } from '../directory/directory-manager.ts'
import { type GuardManager, loadGuardManager } from '../guard/guard-manager.ts'
import type { GuardReports } from '../guard/guard-selector.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import type { Countries } from '../netdir/countries.ts'
import { bootstrapDirectories, pickDirectoryGuards } from '../path/directory-path.ts'
import { guardFilter, whyNotBridge } from '../path/guard-choice.ts'
import type { PathConstraints } from '../path/relay-constraints.ts'
import type { StateStore } from '../persist/state-store.ts'
import { refusalToDial } from '../transport/bridge-rule.ts'
import { createTransport } from '../transport/configured-transport.ts'
import { ExternalTransports } from '../transport/managed/external-transports.ts'
import type { Outside } from '../transport/outside.ts'
import { createLifetime } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'
import type { QueueMemory } from '../util/queue-memory.ts'
import type { Random } from '../util/random.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import { createBridgeConnector, viewWithBridges } from './bridges.ts'
import { checkClientConfig } from './check-config.ts'
import { type ClientConfig, DEFAULT_CLIENT_CONFIG } from './config.ts'
import { createCountries } from './country-sources.ts'
import { createDirectoryConnector } from './directory-connections.ts'
import { loadDormancy } from './dormancy.ts'
import { createExitPlanner } from './exit-planner.ts'
import { localAddresses } from './local-addresses.ts'
import { IdentityEpochs } from './identity.ts'
import { createQueueMemory } from './queue-limit.ts'
import { loadNeededCountries, pathConstraints } from './path-constraints.ts'
import { RequestPolicy } from './request-policy.ts'
import { loadSitePolicies, type SitePolicies } from './site-policies.ts'
import { StatusBoard } from './status-board.ts'
import { Surroundings } from './surroundings.ts'
import { TrackedExits } from './tracked-exits.ts'
import { TrafficLedger } from './traffic-ledger.ts'

/** Time, chance, words and the outside: what every part is given. */
export interface ClientTools {
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
  /** What only a program with a browser engine can do, for the transports. */
  readonly outside: Outside
}

/** The same, and the limit over all queues. */
interface PartTools extends ClientTools {
  readonly queues: QueueMemory
}

/** Everything a client is made of. */
export interface ClientParts extends PartTools {
  /** Only the facade changes it. */
  readonly config: WatchedValue<ClientConfig>
  readonly store: StateStore
  readonly guards: GuardManager
  readonly countries: Countries
  readonly constraints: () => PathConstraints
  readonly channels: ChannelManager
  /** The programs that speak transports for us. */
  readonly plugins: ExternalTransports
  readonly buildTimeout: BuildTimeout
  readonly builder: CircuitBuilder
  readonly circuits: CircuitManager
  readonly directory: DirectoryManager
  readonly traffic: TrafficLedger
  readonly bridges: BridgeManager
  /** What circuits are built from: the directory's, with the bridges in it while bridges are used. */
  readonly view: Watchable<NetDir | undefined>
  readonly board: StatusBoard
  readonly surroundings: Surroundings
  readonly sites: SitePolicies
  readonly policy: RequestPolicy
  readonly identity: IdentityEpochs
  /** Aborted when the client is closed. */
  readonly lifetime: AbortController
}

/** Reads the kept state; opens no connection. Throws `state` or `bad-config` when that or a file cannot be read. */
export async function createClientParts(
  initialConfig: ClientConfig,
  tools: ClientTools,
  store: StateStore,
): Promise<ClientParts> {
  checkClientConfig(initialConfig)
  const config = new WatchedValue(initialConfig)
  const deps = { ...tools, queues: createQueueMemory(config, tools) }
  const countries = createCountries(initialConfig, deps.clock)
  await loadNeededCountries(initialConfig, countries, deps.log.in('config'))
  const constraints = pathConstraints(config, countries)
  // All that can stop the start comes before what sets timers: nobody would cancel them.
  const sites = await loadSitePolicies({ ...deps, store }, initialConfig.dataDirectory)
  const buildTimeout = await createBuildTimeout(config, deps, store)
  const guards = await createGuards(config, constraints, deps, store)
  const late = () => ({ board, circuits, channels, directory, guards, bridges })
  const surroundings = await createSurroundings(config, deps, store, late)
  const { channels, plugins } = createChannels(config, deps, surroundings, () => bridges)
  const builder = createBuilder(config, deps, channels, surroundings.protectGuards(guards), buildTimeout)
  const circuits = createCircuits(config, constraints, deps, builder, guards, buildTimeout)
  const made = { channels, builder, guards, surroundings }
  const { bridges, directory, view } = await createDirectories(config, constraints, deps, store, made)
  const traffic = new TrafficLedger()
  const board = new StatusBoard({
    channels,
    circuits: builder,
    pool: circuits,
    countries,
    traffic,
    guards,
    clock: deps.clock,
    surroundings,
    bridges,
  })
  const lifetime = createLifetime()
  const decided = createDecisions(config, deps, sites, circuits, lifetime.signal)
  return {
    ...deps,
    config,
    store,
    guards,
    countries,
    constraints,
    channels,
    plugins,
    buildTimeout,
    builder,
    circuits,
    directory,
    traffic,
    bridges,
    view,
    board,
    surroundings,
    ...decided,
    lifetime,
  }
}

/** What stands before the directory and the bridges do. */
type DirectoryGround = Pick<ClientParts, 'channels' | 'builder' | 'guards' | 'surroundings'>

/** Whose onion keys are known while they are asked for more. */
type KnownRelays = () => NetDir | undefined

/** What is known of the network, and of the bridges to it. */
async function createDirectories(
  config: WatchedValue<ClientConfig>,
  constraints: () => PathConstraints,
  tools: ClientTools,
  store: StateStore,
  made: DirectoryGround,
): Promise<Pick<ClientParts, 'bridges' | 'directory' | 'view'>> {
  const known = (): NetDir | undefined => view.value
  const bridges = await createBridges(config, constraints, tools, store, made, {
    known,
    directory: () => directory,
  })
  const directory = createDirectory(config, constraints, tools, store, { ...made, bridges, known })
  const view = viewWithBridges(directory.current, bridges)
  directory.current.watch((netDir) => {
    if (netDir !== undefined) made.channels.useParams(netDir.params)
  })
  return { bridges, directory, view }
}

/** They hold the user's choices themselves, since what is permitted decides which of their samples is used. */
async function createGuards(
  config: WatchedValue<ClientConfig>,
  constraints: () => PathConstraints,
  deps: ClientTools,
  store: StateStore,
): Promise<GuardManager> {
  const filter = guardFilter(constraints())
  const guards = await loadGuardManager({ ...deps, store, options: config.value, filter })
  config.watch((options) => guards.useChoices(options, guardFilter(constraints())))
  return guards
}

/** What the user decided for sites and hosts, and the identity that it goes with. */
function createDecisions(
  config: WatchedValue<ClientConfig>,
  tools: ClientTools,
  sites: SitePolicies,
  circuits: CircuitManager,
  lifetime: AbortSignal,
): Pick<ClientParts, 'sites' | 'policy' | 'identity'> {
  const tracked = new TrackedExits({ clock: tools.clock, settings: () => config.value })
  const policy = new RequestPolicy({ sites, tracked, config: () => config.value })
  const identity = new IdentityEpochs({ ...tools, circuits, tracked, lifetime })
  return { sites, policy, identity }
}

function createBuildTimeout(
  config: WatchedValue<ClientConfig>,
  { random, log }: ClientTools,
  store: StateStore,
): Promise<BuildTimeout> {
  const settings = (): BuildTimeoutSettings => ({
    initialTimeoutMs: chosenBuildTimeoutMs(config.value),
    isLearning: config.value.learnCircuitBuildTimeout,
  })
  return loadBuildTimeout({ store, random, log: log.in('circ'), settings })
}

/** A user who says nothing gets what the consensus says. */
function chosenBuildTimeoutMs({ circuitBuildTimeoutMs }: ClientConfig): number | undefined {
  return circuitBuildTimeoutMs === DEFAULT_CLIENT_CONFIG.circuitBuildTimeoutMs
    ? undefined
    : circuitBuildTimeoutMs
}

function createChannels(
  config: WatchedValue<ClientConfig>,
  { clock, random, log, outside, queues }: PartTools,
  surroundings: Surroundings,
  bridges: () => BridgeManager,
): Pick<ClientParts, 'channels' | 'plugins'> {
  const plugins = new ExternalTransports(() => config.value, { clock, random, log: log.in('net') })
  const channels = new ChannelManager({
    transport: createTransport(() => config.value, outside, plugins),
    clock,
    random,
    log: log.in('channel'),
    queues,
    config: config.value,
    refusal: (target) =>
      config.value.isNetworkDisabled ? networkDisabled() : refusalToDial(config.value.bridges, target),
    onAttempt: (relay, error, bridge) => {
      surroundings.noteChannel(relay, error)
      if (bridge !== undefined) bridges().noteChannel(bridge, error)
    },
    onClockSkew: (skewMs, relay) => surroundings.noteRelayClock(skewMs, relay),
  })
  channels.setDormant(surroundings.views.value.isDormant)
  config.watch((next) => channels.useConfig(next))
  config.watch(() => plugins.settingsChanged())
  return { channels, plugins }
}

async function createSurroundings(
  config: WatchedValue<ClientConfig>,
  { clock, random, log }: ClientTools,
  store: StateStore,
  made: () => Pick<ClientParts, 'board' | 'circuits' | 'channels' | 'directory' | 'guards' | 'bridges'>,
): Promise<Surroundings> {
  const reactions = {
    hasStreams: () => made().board.hasStreams,
    onTimeLost: () => {
      const { circuits, channels, directory, guards, bridges } = made()
      circuits.retireAll('time was lost')
      channels.retireAll()
      guards.forgiveFailures()
      bridges.reconsider()
      directory.reconsider()
    },
    onNetworkBack: () => {
      made().bridges.reconsider()
      made().directory.reconsider()
    },
    onDormant: (isDormant: boolean) => {
      const { circuits, channels, directory, bridges } = made()
      bridges.setDormant(isDormant)
      directory.setDormant(isDormant)
      channels.setDormant(isDormant)
      circuits.setDormant(isDormant)
    },
  }
  const parts = { clock, random, log: log.in('general'), store, config: () => config.value, ...reactions }
  const dormancy = await loadDormancy(parts)
  return new Surroundings({ ...parts, dormancy, localAddresses })
}

function createBuilder(
  config: WatchedValue<ClientConfig>,
  { clock, random, queues }: PartTools,
  channels: ChannelManager,
  guards: GuardReports,
  buildTimeout: BuildTimeout,
): CircuitBuilder {
  return new CircuitBuilder({
    channels,
    guards,
    buildTimeout,
    clock,
    random,
    queues,
    settings: () => config.value,
  })
}

function createCircuits(
  config: WatchedValue<ClientConfig>,
  constraints: () => PathConstraints,
  { clock, random, log, queues }: PartTools,
  builder: CircuitBuilder,
  guards: GuardManager,
  learning: BuildTimeout,
): CircuitManager {
  const settings = (): ClientConfig => config.value
  const desiredUx = (): ClientConfig['confluxUx'] => config.value.confluxUx
  return new CircuitManager({
    builder,
    guards,
    ...createExitPlanner({ guards, random, constraints }),
    link: createLinking({ clock, random, queues, buildTimeout: learning, desiredUx }),
    learning,
    clock,
    random,
    log: log.in('circ'),
    settings,
  })
}

async function createBridges(
  config: WatchedValue<ClientConfig>,
  constraints: () => PathConstraints,
  tools: ClientTools,
  store: StateStore,
  made: DirectoryGround,
  { known, directory }: { readonly known: KnownRelays; readonly directory: () => DirectoryManager },
): Promise<BridgeManager> {
  const { channels, builder, guards, surroundings } = made
  const bridges = new BridgeManager({
    ...tools,
    store,
    connector: createBridgeConnector(channels, builder, tools.random, known),
    preferred: () => guards.knownBridges,
    refusal: (line, rsa) => whyNotBridge(line, rsa, constraints()),
    onPhase: (phase) => directory().notePhase(phase),
    onFailure: (error) => {
      const { value: relays = [] } = bridges.relays
      // A directory without a first hop whose keys are known leads nowhere.
      directory().noteFailure(
        error,
        relays.some(({ descriptor }) => descriptor !== undefined),
      )
    },
    isDormant: surroundings.views.value.isDormant,
  })
  await bridges.load()
  bridges.use(config.value.bridges)
  config.watch(({ bridges: lines }) => bridges.use(lines))
  return bridges
}

function createDirectory(
  config: WatchedValue<ClientConfig>,
  constraints: () => PathConstraints,
  { clock, random, log }: ClientTools,
  store: StateStore,
  made: Pick<ClientParts, 'builder' | 'guards' | 'surroundings' | 'bridges'> & {
    readonly known: KnownRelays
  },
): DirectoryManager {
  const { builder, guards, surroundings, bridges, known } = made
  const usesBridges = (): boolean => config.value.bridges !== undefined
  return new DirectoryManager(config.value, {
    clock,
    random,
    log,
    store,
    connector: createDirectoryConnector(builder, random, known),
    bootstrapDirectories: () => {
      const { fallbackDirs, authorities } = config.value
      if (usesBridges()) return { fallbacks: [], authorities: [], bridges: bridges.directories }
      return bootstrapDirectories(fallbackDirs, authorities, constraints(), random)
    },
    // Who uses bridges has no guards beside them, and asks nobody else.
    pickDirectoryRelays: (view) =>
      usesBridges() ? [] : pickDirectoryGuards(view, guards, constraints(), config.value.numDirectoryGuards),
    primaryGuards: (view) => (usesBridges() ? [] : guards.primaryGuards(view)),
    whenSourcesAreKnown: (signal) => bridges.whenReachable(signal),
    fetchesLate: usesBridges,
    onClockEvidence: (evidence) => surroundings.noteClock(evidence),
    isDormant: surroundings.views.value.isDormant,
  })
}
