/**
 * The core as main uses it: started, changed and stopped one thing after the other, with its front doors; and all that
 * a person can ask of it while it runs.
 */
import {
  BootstrapLog,
  type BootstrapStatus,
  type ClientConfig,
  type Clock,
  isolationKey,
  type Logger,
  type Outside,
  siteOf,
  type TorClient,
  TorError,
  toTorError,
} from '../../core/index.ts'
import { checkStream } from './check-stream.ts'
import { toCoreConfig } from './core-config.ts'
import { Doors } from './doors.ts'
import { Dates } from './dates.ts'
import { askHelp, fetchList } from './help.ts'
import { runProbe } from './probes/run-probe.ts'
import { viewHostStatus } from './host-status.ts'
import type { HostArgument, HostConfig, HostResult, HostStatus } from './protocol.ts'
import type { HostHandlers } from './serve-methods.ts'
import { newestExitOf } from './site-views.ts'

/** What the host needs of the client. */
export type HostClient = Pick<
  TorClient,
  | 'connect'
  | 'openStream'
  | 'resolve'
  | 'resolveAddress'
  | 'nameBehind'
  | 'destinationOf'
  | 'status'
  | 'bootstrap'
  | 'reconfigure'
  | 'wake'
  | 'loadCountries'
  | 'exitCountries'
  | 'closeCircuit'
  | 'newCircuitFor'
  | 'newIdentity'
  | 'sitePolicies'
  | 'setSitePolicy'
  | 'forgetSite'
  | 'requestUrl'
  | 'close'
>

export interface CoreServiceDeps {
  readonly createClient: (
    config: ClientConfig,
    deps: { readonly log: Logger; readonly clock: Clock; readonly outside?: Outside },
  ) => Promise<HostClient>
  readonly clock: Clock
  readonly log: Logger
  /** What transports need of a browser engine. */
  readonly outside?: Outside
  /** What `readStatus` says may be another now. Called once after each reading while the core is busy, never while it rests. */
  readonly onChange: () => void
}

interface Running {
  readonly client: HostClient
  readonly stopWatching: () => void
  readonly doors: Doors
  readonly bootstrapLog: BootstrapLog
  isBootstrapping: boolean
  hasConnected: boolean
  failure: HostStatus['blockage']
}

export class CoreService {
  readonly #deps: CoreServiceDeps
  #running: Running | undefined
  /** One at a time: two at once would take the same directory and the same ports. */
  #turn: Promise<void> = Promise.resolve()
  #checks = 0
  /** What main wanted last; what is under way may be about something older. */
  #newest: HostConfig | undefined
  readonly #dates: Dates
  /** The last view and what it was made of. */
  #shown: { readonly view: HostStatus; readonly of: readonly unknown[] } | undefined

  constructor(deps: CoreServiceDeps) {
    this.#deps = deps
    this.#dates = new Dates(deps.clock)
  }

  readonly handlers: HostHandlers = {
    start: (config) => this.#want(config, () => this.#start(config)),
    stop: () => this.stop(),
    reconfigure: (config) => this.#want(config, () => this.#reconfigure(config)),
    'circuit.close': async (id) => this.#client.closeCircuit(id),
    'site.new-circuit': async (site) => this.#client.newCircuitFor(site),
    'site.set-policy': (policy) => this.#setPolicy(policy),
    'site.forget': (site) => this.#client.forgetSite(site),
    'exit-countries.list': () => this.#client.exitCountries(),
    'identity.new': async () => {
      const { changed, kept } = await this.#client.newIdentity()
      return { changed, kept }
    },
    'check.stream': (url) => checkStream(this.#client, url, this.#newCheck()),
    'check.resolve': async (host) => {
      const isolation = { key: isolationKey(this.#newCheck()), keepsAlive: false }
      const answers = await this.#client.resolve(host, { isolation })
      return { addresses: answers.map(({ address }) => address) }
    },
    'help.ask': (call) => {
      const client = this.#running?.client
      const { clock, outside } = this.#deps
      return askHelp(call, { clock, outside, client, isolation: this.#newCheck() })
    },
    'lists.fetch': (call) => {
      const client = this.#running?.client
      return fetchList(call, { clock: this.#deps.clock, client, isolation: this.#newCheck() })
    },
    // Needs no client: the doctor asks when there is none.
    'doctor.probe': (probe) => runProbe(probe, this.#deps.clock),
  }

  /** Undefined while the core does not run. The same value as long as nothing has changed. */
  readStatus(): HostStatus | undefined {
    if (this.#running === undefined) return undefined
    const { client, doors, failure } = this.#running
    const status = client.status.value
    const policies = client.sitePolicies.value
    const proxies = doors.view
    const of = [status, policies, proxies, failure]
    const shown = this.#shown
    if (shown !== undefined && of.every((part, at) => part === shown.of[at])) return shown.view
    this.#report(this.#running, status.bootstrap)
    const view = viewHostStatus(status, { now: this.#dates.now(), policies, proxies, failure })
    this.#shown = { view, of }
    return view
  }

  /** Until it is connected; what comes after, the core's own log tells. */
  #report(running: Running, bootstrap: BootstrapStatus): void {
    if (!running.hasConnected) running.bootstrapLog.report(bootstrap)
    running.hasConnected ||= bootstrap.isConnected
  }

  /** Closes the front doors, then the client. Idempotent. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      const running = this.#running
      this.#running = undefined
      this.#shown = undefined
      running?.stopWatching()
      await running?.doors.close()
      await running?.client.close()
    })
  }

  /** An isolation of its own for each: an old circuit could only tell what was. */
  #newCheck(): readonly string[] {
    return ['check', String(++this.#checks)]
  }

  #want(config: HostConfig, work: () => Promise<void>): Promise<void> {
    this.#newest = config
    return this.#inTurn(work)
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  get #client(): HostClient {
    if (this.#running === undefined) throw new TorError('closed', 'the core does not run')
    return this.#running.client
  }

  async #start(config: HostConfig): Promise<void> {
    if (this.#running !== undefined) return this.#reconfigure(config)
    const { createClient, clock, log, outside } = this.#deps
    const client = await createClient(toCoreConfig(config), {
      log,
      clock,
      ...(outside !== undefined && { outside }),
    })
    const doors = new Doors({ opener: client, clock, log })
    try {
      await doors.open(config)
    } catch (error) {
      await doors.close()
      await client.close()
      throw error
    }
    const bootstrapLog = new BootstrapLog(log)
    this.#running = {
      client,
      stopWatching: this.#watch(client),
      doors,
      bootstrapLog,
      isBootstrapping: false,
      hasConnected: false,
      failure: undefined,
    }
    this.#deps.onChange()
    // Only for the map and the names of countries: without the table there are none.
    client.loadCountries().catch((error: unknown) => {
      log.in('config').warn('The countries of relays are not known: ', toTorError(error).message)
    })
    // Nothing is dialled for a wish that was taken back meanwhile: who chose bridges since must not be seen directly.
    if (config === this.#newest) this.#bootstrap(this.#running, toCoreConfig(config))
  }

  async #reconfigure(config: HostConfig): Promise<void> {
    const running = this.#running
    if (running === undefined) throw new TorError('closed', 'the core does not run')
    const next = toCoreConfig(config)
    await running.client.reconfigure(next)
    // Somebody is there and wants another way, or to connect again: nobody else would wake what nobody uses.
    running.client.wake()
    await running.doors.open(config)
    this.#bootstrap(running, next)
    // Main takes nothing for a word on the new way that came before this answer: it is told again after it.
    this.#shown = undefined
    this.#deps.onChange()
  }

  /** The rest of what the status is made of changes within our own work. */
  #watch({ status, sitePolicies }: HostClient): () => void {
    const { onChange } = this.#deps
    const stops = [status.watchAge(onChange), sitePolicies.watch(onChange)]
    return () => {
      for (const stop of stops) stop()
    }
  }

  /** Not before the network may be used. */
  #bootstrap(running: Running, { isNetworkDisabled }: ClientConfig): void {
    if (isNetworkDisabled) {
      running.failure ??= this.#failure('no-path', 'nothing may be connected to: there is no bridge to use')
      return
    }
    if (running.isBootstrapping) {
      if (running.failure?.kind === 'no-path') running.failure = undefined
      return
    }
    running.failure = undefined
    running.isBootstrapping = true
    running.client.bootstrap().catch((thrown: unknown) => {
      const error = toTorError(thrown)
      if (error.kind === 'closed') return
      this.#deps.log.err('Cannot bootstrap: ', error.message)
      running.failure = this.#failure(error.kind, error.message)
      this.#deps.onChange()
    })
  }

  #failure(kind: string, detail: string): NonNullable<HostStatus['blockage']> {
    return { kind, detail, failures: 1, sinceMs: this.#deps.clock.wallMs(), cause: undefined }
  }

  async #setPolicy(policy: HostArgument<'site.set-policy'>): Promise<HostResult<'site.set-policy'>> {
    const { site, isBlocked, exitCountry, pinForMs } = policy
    const client = this.#client
    let pin: { readonly exit: string; readonly untilMs: number } | undefined
    if (pinForMs !== null) {
      const exit = newestExitOf(client.status.value, siteOf(site))
      if (exit === undefined)
        throw new TorError('no-path', 'the site has no circuit whose exit could be kept')
      pin = { exit, untilMs: this.#deps.clock.wallMs() + pinForMs }
    }
    await client.setSitePolicy(site, {
      isBlocked,
      ...(exitCountry !== null && { exitCountry }),
      ...(pin !== undefined && { pin }),
    })
  }
}
