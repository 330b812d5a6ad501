/**
 * Puts the parts of main together and lets state flow through them: what the core says and what the parts decide goes
 * into the one snapshot; what the person chooses goes the other way. It knows no Electron: windows, processes and the
 * clipboard are passed in, so that the whole can be driven by a test.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { readSitePolicies, setAsideDamagedRules, TRANSPORT_NAMES } from '../core/index.ts'
import { BUILT_IN_TRANSPORTS, builtInLines } from './bridges/built-in.ts'
import { BridgeExchange, type FileDialogs } from './bridges/bridge-exchange.ts'
import { type CommandDeps, createCommandHandlers } from './commands.ts'
import { Connection } from './connection/connection.ts'
import type { ConnectionNotice } from './connection/connection-event.ts'
import { shouldConnectAtStart } from './connection/entry-way.ts'
import { createWayFinder, type WaySurroundings } from './escalation/create-way-finder.ts'
import type { WayFinder } from './escalation/way-finder.ts'
import { StartAtLogin } from './desktop/start-at-login.ts'
import { type AppGround, type GroundDeps, openGround } from './ground.ts'
import type { HostProcess } from './host/host-run.ts'
import type { HostStatus } from './host/protocol.ts'
import { viewSites } from './host/site-views.ts'
import { Supervisor } from './host/supervisor.ts'
import type { CommandHandlers } from './ipc/contract.ts'
import type { Settings } from './ipc/settings.ts'
import type { ProxiesView } from './ipc/snapshot.ts'
import type { SitesView } from './ipc/snapshot-circuits.ts'
import { ListRefresher } from './lists/list-refresher.ts'
import type { LogStore } from './logs/log-store.ts'
import type { AutostartPart, BridgesPart, CoreState, SystemProxyPart } from './parts.ts'
import { Protection } from './protection/protection.ts'
import { Doctor } from './doctor/doctor.ts'
import type { DoctorTargets } from './doctor/doctor-targets.ts'
import { openProbeHost } from './doctor/probe-host.ts'
import { hostConfigOf } from './session/host-config.ts'
import { Session } from './session/session.ts'
import { TrafficSampler } from './session/traffic-sampler.ts'
import { withoutSecrets } from './settings/settings-document.ts'
import type { SettingsFile } from './settings/settings-file.ts'
import type { AppState } from './state/app-state.ts'
import { createSystemProxy } from './system-proxy/create-system-proxy.ts'

/** What a person still waits for when they quit; a system that does not answer is not waited for longer. */
const CLOSE_LIMIT_MS = 20_000
const NO_DOORS: ProxiesView = { socks: undefined, http: undefined, trouble: undefined }

export interface AppDeps extends GroundDeps {
  readonly platform: NodeJS.Platform
  readonly env: NodeJS.ProcessEnv
  readonly networkLines: readonly string[]
  /** Whom the doctor may ask; undefined on a network of one's own. */
  readonly doctorTargets: DoctorTargets | undefined
  readonly ways: WaySurroundings
  readonly dialogs: FileDialogs
  readonly autostart: AutostartPart
  readonly spawnHost: (onOutput: (line: string) => void) => HostProcess
  readonly onSettings: (settings: Settings) => void
  readonly onNotice: (notice: ConnectionNotice) => void
  readonly writeClipboard: CommandDeps['writeClipboard']
  readonly quit: CommandDeps['quit']
}

export class App {
  readonly state: AppState
  readonly logs: LogStore
  readonly settings: SettingsFile
  readonly handlers: CommandHandlers
  readonly session: Session
  readonly #deps: AppDeps
  readonly #core: Supervisor
  readonly #connection: Connection
  readonly #systemProxy: SystemProxyPart
  readonly #bridges: BridgesPart
  readonly #protection: Protection
  readonly #doctor: Doctor
  readonly #ways: WayFinder
  readonly #lists: ListRefresher
  readonly #traffic: TrafficSampler
  readonly #startAtLogin: StartAtLogin

  /** Reads what is on the disk and puts back what a crashed run left, before anything can be connected. */
  static async open(deps: AppDeps): Promise<App> {
    const ground = await openGround(deps)
    const app = new App(deps, ground)
    await Promise.all([app.#systemProxy.restoreLeftovers(), app.#showKeptSites()])
    void app.#startAtLogin.followSystem()
    if (shouldConnectAtStart(ground.settings.current, ground.success.hasBeen)) app.session.start()
    return app
  }

  private constructor(deps: AppDeps, ground: AppGround) {
    const { clock } = deps
    const { state, logs, settings, bridges, success } = ground
    this.#deps = deps
    this.state = state
    this.logs = logs
    this.settings = settings
    this.#bridges = bridges
    this.#connection = new Connection({
      clock,
      hasConnectedBefore: success.hasBeen,
      publish: (view) => {
        this.state.set('connection', view)
        this.#lists.look()
      },
      onNotice: (notice) => {
        if (notice.kind === 'first-success') success.note()
        deps.onNotice(notice)
      },
      onStep: (model) => this.#ways.look(model),
    })
    this.#core = new Supervisor({
      spawn: () => deps.spawnHost((line) => logs.log('info', `core host: ${line}`)),
      clock,
      onState: (state) => this.#onCore(state),
      onStatus: (status) => this.#onStatus(status),
      onLog: (lines) => logs.add(lines),
    })
    this.#traffic = new TrafficSampler(clock, (view) => this.state.set('traffic', view))
    this.#ways = this.#createWays(ground)
    this.#lists = this.#createLists(ground)
    this.#systemProxy = this.#createSystemProxy()
    this.#protection = this.#createProtection()
    this.#doctor = this.#createDoctor()
    this.session = this.#createSession()
    this.#startAtLogin = new StartAtLogin({ autostart: deps.autostart, settings, log: logs.log })
    this.handlers = createCommandHandlers({
      ...deps,
      state: this.state,
      session: this.session,
      core: this.#core,
      settings: this.#startAtLogin,
      bridges: this.#bridges,
      ways: this.#ways,
      lists: this.#lists,
      bridgeFiles: new BridgeExchange({
        dialogs: deps.dialogs,
        bridges: () => this.state.current.bridges.bridges,
      }),
      protection: this.#protection,
      doctor: this.#doctor,
      setRulesAside: async () => {
        const name = await setAsideDamagedRules(this.#dataDirectory)
        if (name !== undefined) logs.log('notice', `the rules for sites were set aside as ${name}, as asked`)
      },
      logs,
    })
    this.#followSettings()
  }

  /** Puts everything back and ends the core. False where the system's old settings could not be put back. */
  async close(): Promise<boolean> {
    this.session.isClosing = true
    const isRestored = await this.#within(CLOSE_LIMIT_MS, this.#restoreAndStop())
    // Where something could not be put back the app may stay, and is used again.
    this.session.isClosing = isRestored ?? false
    await this.#doctor.stop()
    this.#traffic.close()
    this.#lists.close()
    this.#connection.close()
    return isRestored ?? false
  }

  /** After `close`, when nobody looks any more. */
  dispose(): void {
    this.#systemProxy.close()
    this.state.close()
  }

  async #restoreAndStop(): Promise<boolean> {
    const isStopped = await this.session.stop().then(
      () => true,
      () => false,
    )
    if (!isStopped) return false
    // An earlier run's leftovers, or a setting that could not be put back when it was turned off.
    if (this.#systemProxy.view.state === 'off') return true
    return this.#systemProxy.restore().then(
      () => true,
      () => false,
    )
  }

  get #dataDirectory(): string {
    return join(this.#deps.folder, 'core')
  }

  #within<Value>(limitMs: number, work: Promise<Value>): Promise<Value | undefined> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.setTimer(limitMs, () => resolve(undefined))
      void work.then((value) => {
        timer.cancel()
        resolve(value)
      })
    })
  }

  /** The rules of an earlier run, before a core runs; a file that cannot be read is the core's to say at its start. */
  async #showKeptSites(): Promise<void> {
    const policies = await readSitePolicies(this.#dataDirectory).catch(() => [])
    const sites = viewSites({ circuits: [], streams: [], sites: [] }, policies, this.#deps.clock.wallMs())
    this.state.set('sites', { sites })
  }

  #createSystemProxy(): SystemProxyPart {
    const { platform, env, clock, folder } = this.#deps
    return createSystemProxy({
      platform,
      env,
      clock,
      dataFolder: folder,
      publish: (view) => {
        this.state.set('systemProxy', view)
        this.#connection.handle({ kind: 'system-proxy', view })
      },
      log: this.logs.log,
      knownDoors: () => {
        const { httpPort } = this.settings.current
        return httpPort === 0 ? [] : [{ host: '127.0.0.1', port: httpPort }]
      },
    })
  }

  #createProtection(): Protection {
    return new Protection({
      clock: this.#deps.clock,
      log: this.logs.log,
      publish: (view) => this.state.set('protection', view),
      settings: () => this.settings.current,
      isConnected: () => this.#connection.view.tor === 'connected',
      checkStream: (url) => this.#core.call('check.stream', url),
      resolve: (host) => this.#core.call('check.resolve', host),
      systemProxy: this.#systemProxy,
    })
  }

  #createDoctor(): Doctor {
    const { clock, spawnHost, doctorTargets } = this.#deps
    const { log } = this.logs
    return new Doctor({
      clock,
      log,
      publish: (view) => this.state.set('doctor', view),
      settings: () => this.settings.current,
      targets: doctorTargets,
      coreClockAheadMs: () => this.#connection.view.clock?.aheadMs,
      openHost: () => openProbeHost(() => spawnHost((line) => log('info', `doctor: ${line}`)), clock, log),
      label: () => randomBytes(9).toString('hex'),
    })
  }

  #createLists({ lists }: AppGround): ListRefresher {
    const { clock, ways } = this.#deps
    const refresher = new ListRefresher({
      clock,
      log: this.logs.log,
      publish: (view) => this.state.set('lists', view),
      settings: () => this.settings.current,
      isConnected: () => this.#connection.view.tor === 'connected',
      lists,
      service: ways.service,
      fetch: (call) => this.#core.call('lists.fetch', call),
      shipped: { transports: BUILT_IN_TRANSPORTS, lines: builtInLines },
      transports: TRANSPORT_NAMES,
      fraction: () => randomInt(2 ** 32) / 2 ** 32,
    })
    lists.watch(() => this.#ways.refresh())
    this.state.set('lists', refresher.view)
    return refresher
  }

  #createWays({ networks: memory, lists }: AppGround): WayFinder {
    const { clock, spawnHost, ways } = this.#deps
    const { log } = this.logs
    return createWayFinder({
      clock,
      log,
      memory,
      lists,
      publish: (view) => this.state.set('ways', view),
      settings: this.settings,
      bridges: this.#bridges,
      bridgeViews: () => this.state.current.bridges.bridges,
      surroundings: ways,
      core: this.#core,
      isConnected: () => this.#connection.view.tor === 'connected',
      spawnHost: () => spawnHost((line) => log('info', `bridge service: ${line}`)),
      onSwitch: (ending, hold) => this.session.takeWay(ending, hold),
    })
  }

  #createSession(): Session {
    return new Session({
      core: this.#core,
      connection: this.#connection,
      systemProxy: this.#systemProxy,
      settings: () => this.settings.current,
      config: () =>
        hostConfigOf(this.settings.current, this.#ways.bridgeLines, {
          dataDirectory: this.#dataDirectory,
          networkLines: this.#deps.networkLines,
        }),
      way: () => this.#ways.way,
      ways: this.#ways,
      log: this.logs.log,
    })
  }

  #followSettings(): void {
    const follow = (settings: Settings): void => {
      // Secrets stay in main: the page shows what is set and need not know them.
      this.state.set('settings', withoutSecrets(settings))
      this.state.set('upstreamPassword', this.settings.passwordStorage)
      this.state.set('settingsTrouble', this.settings.trouble)
      this.#systemProxy.setWanted(settings.systemProxy)
      this.#deps.onSettings(settings)
      this.#doctor.onSettings()
      this.#lists.look()
      this.session.onChange()
    }
    follow(this.settings.current)
    this.settings.watch(follow)
    this.#bridges.watch((dropped) => {
      this.#ways.drop(dropped)
      this.session.onChange()
    })
  }

  #onStatus(status: HostStatus): void {
    this.#traffic.onStatus(status)
    this.state.set('circuits', status.circuits)
    this.state.set('sites', { sites: status.sites })
    this.#showDoors(status.proxies)
    this.#bridges.onHostStatus(status)
    // What the core says before it has followed is of the way before.
    if (!this.session.isSwitching) this.#connection.handle({ kind: 'status', status })
    this.session.onStatus(status)
  }

  #onCore(state: CoreState): void {
    if (state.kind === 'gone') {
      const words = state.reason === 'silent' ? 'fell silent and was ended' : 'crashed'
      this.logs.log('err', `the core ${words} (${state.detail}); it is started again`)
    }
    if (state.kind === 'gone' || state.kind === 'stopped') this.#onCoreEnded()
    this.#connection.handle({ kind: 'core', state })
    this.#traffic.run(state.kind !== 'stopped')
  }

  /** Circuits and doors are gone with it; sites keep their rules and totals. */
  #onCoreEnded(): void {
    this.#traffic.onCoreEnded()
    this.#protection.forget()
    this.state.set('circuits', { circuits: [], ownCountry: this.state.current.circuits.ownCountry })
    this.state.set('sites', withoutCircuits(this.state.current.sites))
    this.#showDoors(NO_DOORS)
  }

  #showDoors(proxies: ProxiesView): void {
    const before = this.state.current.proxies
    this.state.set('proxies', proxies)
    if (this.state.current.proxies !== before) this.#systemProxy.showDoors(proxies)
  }
}

function withoutCircuits({ sites }: SitesView): SitesView {
  return { sites: sites.map((site) => ({ ...site, circuitIds: [], streams: 0 })) }
}
