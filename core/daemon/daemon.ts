/**
 * The program between its start and its end: logs, the client, the front doors. Either everything is open, or
 * nothing stays behind.
 */
import { rmSync, writeFileSync } from 'node:fs'
import type { StreamOpener } from '../client/client-port.ts'
import type { ClientConfig } from '../client/config.ts'
import type { ClientStatus } from '../client/status.ts'
import { formatEndpoint } from '../linkspec/relay-target.ts'
import { DEFAULT_APPLICATION_RULES } from '../proxy/application-rules.ts'
import { DEFAULT_TRAFFIC, type ListenerOptions, type ProxyProtocol } from '../proxy/listener-options.ts'
import { ProxyListener } from '../proxy/proxy-listener.ts'
import { DEFAULT_ISOLATION } from '../proxy/request-isolation.ts'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { Logger } from '../util/log.ts'
import type { Watchable } from '../util/watched-value.ts'
import { BootstrapLog } from './bootstrap-log.ts'
import type { Quietness } from './command-line.ts'
import type { LoadedSettings } from './load-settings.ts'
import { defaultLogRules } from './options/log-rule.ts'
import { type Console, LogOutput } from './log-output.ts'
import { OPTIONS } from './options/table.ts'
import type { PortSetting } from './options/port.ts'
import type { Settings } from './settings.ts'
import { toClientConfig } from './to-client-config.ts'
import { VERSION } from './version.ts'

/** What the program needs of the client. */
export interface DaemonClient extends StreamOpener {
  readonly status: Watchable<ClientStatus>
  bootstrap(signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

export type CreateClient = (
  config: ClientConfig,
  deps: { readonly log: Logger; readonly clock: Clock },
) => Promise<DaemonClient>

export interface DaemonDeps {
  readonly createClient: CreateClient
  readonly clock: Clock
  readonly console: Console
  /** Used unless the settings name a DataDirectory. */
  readonly dataDirectory: string
  readonly processId: number
  /** What this runs on, for the first line of the log. */
  readonly platform: string
}

/** C tor's names for its listeners, as its log has them, and its port where SocksPort is not set. */
const SOCKS_NAME = 'Socks'
const HTTP_NAME = 'HTTP tunnel'
const DEFAULT_SOCKS_PORT = '9050'
/** The process id is no secret: service managers run as somebody else. */
const PID_FILE_MODE = 0o644

export class Daemon {
  readonly log: Logger
  readonly #loaded: LoadedSettings
  readonly #deps: DaemonDeps
  readonly #output: LogOutput
  readonly #listeners: ProxyListener[] = []
  #client: DaemonClient | undefined
  #pidFile: string | undefined
  #closing: Promise<void> | undefined

  private constructor(loaded: LoadedSettings, quietness: Quietness, deps: DaemonDeps) {
    const { settings } = loaded
    this.#loaded = loaded
    this.#deps = deps
    this.#output = new LogOutput({
      rules: settings.list(OPTIONS.log) ?? defaultLogRules(quietness),
      // "relay" scrubs what a relay would learn of its clients; we are one.
      reveals: settings.single(OPTIONS.safeLogging) !== '1',
      granularityMs: settings.single(OPTIONS.logTimeGranularity),
      clock: deps.clock,
      console: deps.console,
    })
    this.log = new Logger(this.#output.sink)
  }

  /**
   * Opens the logs, takes the data directory and opens the front doors; the network is `bootstrap`'s. Rejects with
   * `bad-config` or `state`, and then everything is closed again.
   */
  static async start(loaded: LoadedSettings, quietness: Quietness, deps: DaemonDeps): Promise<Daemon> {
    const daemon = new Daemon(loaded, quietness, deps)
    try {
      await daemon.#open()
      return daemon
    } catch (error) {
      await daemon.close()
      throw error
    }
  }

  /** Resolves when the client is connected; progress goes to the log. Rejects when it never can be. */
  async bootstrap(): Promise<void> {
    const client = this.#client
    if (client === undefined) throw new TorError('closed', 'the program is closed')
    const report = new BootstrapLog(this.log)
    report.report(client.status.value.bootstrap)
    client.status.watch((status) => report.report(status.bootstrap))
    await client.bootstrap()
  }

  /** Ends all connections and gives back ports, files and the data directory. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await Promise.all(this.#listeners.map((listener) => listener.close()))
      await this.#client?.close()
    } finally {
      if (this.#pidFile !== undefined) rmSync(this.#pidFile, { force: true })
      this.#output.close()
    }
  }

  async #open(): Promise<void> {
    const { settings, torrcFile } = this.#loaded
    const { createClient, clock, platform } = this.#deps
    this.log.notice(`Allium ${VERSION} running on ${platform}.`)
    const config = this.log.in('config')
    if (torrcFile !== undefined) config.notice(`Read configuration file "${torrcFile}".`)
    for (const warning of settings.warnings) config.warn(warning)
    warnAboutChoices(settings, config)
    const clientConfig = toClientConfig(settings, this.#deps.dataDirectory)
    this.#client = await createClient(clientConfig, { log: this.log, clock }).catch((error: unknown) => {
      throw nameDirectory(error, clientConfig.dataDirectory)
    })
    await this.#openListeners(settings, this.#client)
    this.#writePidFile(settings.single(OPTIONS.pidFile))
  }

  async #openListeners(settings: Settings, opener: StreamOpener): Promise<void> {
    const socks = settings.list(OPTIONS.socksPort) ?? [
      OPTIONS.socksPort.parse(DEFAULT_SOCKS_PORT, 'SocksPort'),
    ]
    const http = settings.list(OPTIONS.httpTunnelPort) ?? []
    for (const port of socks) await this.#openListener('socks', SOCKS_NAME, port, opener)
    for (const port of http) await this.#openListener('http', HTTP_NAME, port, opener)
    if (this.#listeners.length === 0) {
      this.log.in('config').warn('SocksPort and HTTPTunnelPort are 0: no application can come in')
    }
  }

  async #openListener(
    protocol: ProxyProtocol,
    name: string,
    setting: PortSetting,
    opener: StreamOpener,
  ): Promise<void> {
    const { endpoint, sessionGroup } = setting
    if (endpoint === undefined) return
    const log = this.log.in('net')
    log.notice(`Opening ${name} listener on ${formatEndpoint(endpoint)}`)
    if (!isLoopback(endpoint.host)) {
      log.warn(`Everybody who can reach ${formatEndpoint(endpoint)} can use this ${name} listener`)
    }
    const options: ListenerOptions = {
      protocol,
      address: { kind: 'tcp', endpoint },
      isolation: {
        ...DEFAULT_ISOLATION,
        sessionGroup: sessionGroup === undefined ? `own ${this.#listeners.length}` : `group ${sessionGroup}`,
        isolateSocksAuth: setting.isolateSocksAuth,
        isolateClientAddr: setting.isolateClientAddr,
        isolateClientProtocol: setting.isolateClientProtocol,
      },
      traffic: DEFAULT_TRAFFIC,
      extendedErrors: false,
      prefersNoAuth: false,
    }
    const listener = await ProxyListener.listen(options, {
      opener,
      clock: this.#deps.clock,
      log: this.log.in('app'),
      rules: DEFAULT_APPLICATION_RULES,
      requestLimitMs: this.#loaded.settings.single(OPTIONS.socksTimeout),
    })
    this.#listeners.push(listener)
    log.notice(`Opened ${name} listener connection (ready) on ${formatEndpoint(listener.endpoint)}`)
  }

  #writePidFile(path: string | undefined): void {
    if (path === undefined) return
    try {
      writeFileSync(path, `${this.#deps.processId}\n`, { mode: PID_FILE_MODE })
    } catch (error) {
      throw toTorError(error, 'bad-config', 'PidFile: the file cannot be written')
    }
    this.#pidFile = path
  }
}

function warnAboutChoices(settings: Settings, log: Logger): void {
  if (settings.single(OPTIONS.safeLogging) !== '1') {
    log.warn('SafeLogging is off: the log will show where applications connect to. Delete it afterwards.')
  }
  if (settings.list(OPTIONS.dirAuthority) !== undefined && !settings.single(OPTIONS.testingTorNetwork)) {
    log.warn(
      'DirAuthority replaces the authorities of the Tor network: whoever runs these decides which relays you see.',
    )
  }
}

/** Whoever starts the program with several torrc files must see which directory is meant. */
function nameDirectory(error: unknown, path = ''): TorError {
  const known = toTorError(error)
  if (known.kind !== 'state' || known.message.includes(path)) return known
  return new TorError('state', `DataDirectory ${path}: ${known.message}`, { cause: error })
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}
