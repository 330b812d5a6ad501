/**
 * The program between its start and its end: logs, the client, the front doors. Either everything is open, or
 * nothing stays behind; a reload changes all that was asked for, or nothing.
 */
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs'
import type { StreamOpener } from '../client/client-port.ts'
import type { ClientConfig } from '../client/config.ts'
import type { ClientStatus } from '../client/status.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { Watchable } from '../util/watched-value.ts'
import { BootstrapLog } from './bootstrap-log.ts'
import type { Quietness } from './command-line.ts'
import { warningsOf } from './consistency.ts'
import { planDoors, planRules } from './door-plans.ts'
import { FrontDoors } from './front-doors.ts'
import { Heartbeat } from './heartbeat.ts'
import type { LoadedSettings } from './load-settings.ts'
import type { Console } from './log-output.ts'
import { Logging } from './logging.ts'
import { OPTIONS } from './options/table.ts'
import { checkReload, lostIncludes } from './reload.ts'
import type { Settings } from './settings.ts'
import { reportHeartbeat, reportStatus } from './status-report.ts'
import { toClientConfig } from './to-client-config.ts'
import { quoteForMessage } from './torrc-line.ts'
import { VERSION } from './version.ts'

/** What the program needs of the client. */
export interface DaemonClient extends StreamOpener {
  readonly status: Watchable<ClientStatus>
  /** Leaves a dormant client asleep: that the program starts is nobody's wish (DormantCanceledByStartup). */
  bootstrapWhenAwake(signal?: AbortSignal): Promise<void>
  /** Takes over what may change while it runs; what may not is refused with `bad-config`. */
  reconfigure(config: ClientConfig): void | Promise<void>
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

/** The process id is no secret: service managers run as somebody else. */
const PID_FILE_MODE = 0o644
/** Never through a symbolic link: in a directory that others can write to, it would empty any file of ours. */
const PID_FILE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW

export class Daemon {
  readonly log: Logger
  readonly #deps: DaemonDeps
  readonly #logging: Logging
  readonly #startMs: number
  readonly #heartbeat: Heartbeat
  readonly #networkEnabled = createDeferred<void>()
  /** What is in force. */
  #loaded: LoadedSettings
  #doors: FrontDoors | undefined
  #client: DaemonClient | undefined
  #pidFile: string | undefined
  #reloading: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  private constructor(loaded: LoadedSettings, quietness: Quietness, deps: DaemonDeps) {
    this.#loaded = loaded
    this.#deps = deps
    this.#logging = new Logging(loaded.settings, quietness, deps.clock, deps.console)
    this.log = this.#logging.logger
    this.#startMs = deps.clock.monotonicMs()
    this.#heartbeat = new Heartbeat(deps.clock, () => this.#logHeartbeat())
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

  /**
   * Resolves when the client is connected; progress goes to the log. While DisableNetwork is 1 it waits. Rejects when
   * it never can be.
   */
  async bootstrap(): Promise<void> {
    const client = this.#client
    if (client === undefined) throw new TorError('closed', 'the program is closed')
    const report = new BootstrapLog(this.log)
    report.report(client.status.value.bootstrap)
    const stopReporting = client.status.watch((status) => report.report(status.bootstrap))
    try {
      await this.#networkEnabled.promise
      await client.bootstrapWhenAwake()
    } finally {
      stopReporting()
    }
  }

  /**
   * Reads the settings again and takes them over. What is wrong with them, or cannot change while the program runs, is
   * a warning, and then the old ones stay as they are. Log files are opened anew in any case. Never rejects.
   */
  reload(load: () => LoadedSettings): Promise<void> {
    // One after the other: two at once would open the same port twice.
    this.#reloading = this.#reloading.then(() => this.#reload(load))
    return this.#reloading
  }

  /** The state of the client, in lines of the log. */
  logStatus(): void {
    const status = this.#client?.status.value
    if (status === undefined) return
    const nowMs = this.#deps.clock.monotonicMs()
    for (const line of reportStatus(status, nowMs, nowMs - this.#startMs)) this.log.notice(...line)
  }

  /** Every message goes to every log from now on, until a reload. */
  logEverything(): void {
    this.#logging.becomeLoud()
    this.log.notice('Caught USR2, going to loglevel debug. Send HUP to change back.')
  }

  /** Ends all connections and gives back ports, files and the data directory. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      this.#heartbeat.setPeriod(undefined)
      this.#networkEnabled.reject(new TorError('closed', 'the program is closed'))
      this.#networkEnabled.promise.catch(() => {})
      await this.#reloading
      await this.#doors?.close()
      await this.#client?.close()
    } finally {
      this.#removePidFile()
      this.#logging.close()
    }
  }

  async #open(): Promise<void> {
    const { settings, torrcFile } = this.#loaded
    const { createClient, clock, platform } = this.#deps
    this.log.notice(`Allium ${VERSION} running on ${platform}.`)
    if (torrcFile !== undefined) this.log.in('config').notice(`Read configuration file "${torrcFile}".`)
    this.#warnAbout(settings)
    const config = toClientConfig(settings, this.#deps.dataDirectory)
    const client = await createClient(config, { log: this.log, clock }).catch((error: unknown) => {
      throw nameDirectory(error, config.dataDirectory)
    })
    this.#client = client
    // By the directory's lock this is the only process with these settings.
    this.#logging.beginAnew()
    this.#doors = new FrontDoors(planRules(settings), { opener: client, clock, log: this.log })
    await this.#applyDoors(settings, this.#doors)
    this.#takeOver(settings)
    this.#writePidFile(settings.single(OPTIONS.pidFile))
  }

  async #reload(load: () => LoadedSettings): Promise<void> {
    const [client, doors] = [this.#client, this.#doors]
    if (this.#closing !== undefined || client === undefined || doors === undefined) return
    this.log.notice('Received reload signal (hup). Reloading config and resetting internal state.')
    try {
      await this.#change(this.#loadAgain(load), client, doors)
    } catch (error) {
      this.log.in('config').warn('The old settings stay: ', toTorError(error).message)
      this.#reopenLogs()
    }
  }

  #loadAgain(load: () => LoadedSettings): LoadedSettings {
    if (!this.#loaded.settings.single(OPTIONS.reloadTorrcOnSighup)) {
      this.log.notice('Not reloading config file: __ReloadTorrcOnSIGHUP is 0.')
      return this.#loaded
    }
    const loaded = load()
    const { torrcFile } = loaded
    if (torrcFile !== undefined) this.log.in('config').notice(`Read configuration file "${torrcFile}".`)
    return loaded
  }

  /** Everything that can fail comes first, and is taken back when something does. */
  async #change(loaded: LoadedSettings, client: DaemonClient, doors: FrontDoors): Promise<void> {
    checkReload(this.#loaded, loaded)
    const { settings } = loaded
    const old = this.#loaded.settings
    const before = toClientConfig(old, this.#deps.dataDirectory)
    const output = this.#logging.open(settings)
    try {
      await client.reconfigure(toClientConfig(settings, this.#deps.dataDirectory))
      try {
        // Before a new door opens: nobody comes in by rules that no longer hold.
        doors.setRules(planRules(settings))
        await this.#applyDoors(settings, doors)
      } catch (error) {
        doors.setRules(planRules(old))
        await client.reconfigure(before)
        throw error
      }
    } catch (error) {
      output.close()
      throw error
    }
    this.#logging.use(output)
    this.#warnAboutLost(lostIncludes(this.#loaded, loaded))
    this.#loaded = loaded
    this.#warnAbout(settings)
    this.#takeOver(settings)
  }

  #warnAboutLost(paths: readonly string[]): void {
    for (const path of paths) {
      const name = quoteForMessage(path)
      this.log.in('config').warn(`The included file ${name} is gone: what stood in it is no longer in force.`)
    }
  }

  async #applyDoors(settings: Settings, doors: FrontDoors): Promise<void> {
    if (!settings.single(OPTIONS.disableNetwork)) return doors.apply(planDoors(settings))
    this.log.notice('DisableNetwork is set. No connection is made or accepted; all existing ones are closed.')
    await doors.close()
  }

  #takeOver(settings: Settings): void {
    this.#heartbeat.setPeriod(settings.single(OPTIONS.heartbeatPeriod))
    if (!settings.single(OPTIONS.disableNetwork)) this.#networkEnabled.resolve()
  }

  /** For who rotates log files. */
  #reopenLogs(): void {
    try {
      this.#logging.use(this.#logging.open(this.#loaded.settings))
    } catch (error) {
      this.log.warn('The log files cannot be opened anew: ', toTorError(error).message)
    }
  }

  #warnAbout(settings: Settings): void {
    const config = this.log.in('config')
    for (const warning of warningsOf(settings)) config.warn(warning)
  }

  #logHeartbeat(): void {
    const status = this.#client?.status.value
    if (status === undefined) return
    const uptimeMs = this.#deps.clock.monotonicMs() - this.#startMs
    this.log.in('heartbeat').notice(...reportHeartbeat(status, uptimeMs))
  }

  #writePidFile(path: string | undefined): void {
    if (path === undefined) return
    try {
      const file = openSync(path, PID_FILE_FLAGS, PID_FILE_MODE)
      try {
        writeSync(file, `${this.#deps.processId}\n`)
      } finally {
        closeSync(file)
      }
    } catch (error) {
      throw toTorError(error, 'bad-config', 'PidFile: the file cannot be written')
    }
    this.#pidFile = path
  }

  /** All else is closed by then: a file that stays is no reason to end as a failure. */
  #removePidFile(): void {
    if (this.#pidFile === undefined) return
    try {
      rmSync(this.#pidFile, { force: true })
    } catch (error) {
      this.log.warn(toTorError(error, 'state', 'PidFile: the file cannot be removed').message)
    }
  }
}

/** Whoever starts the program with several torrc files must see which directory is meant. */
function nameDirectory(error: unknown, path = ''): TorError {
  const known = toTorError(error)
  if (known.kind !== 'state' || known.message.includes(path)) return known
  return new TorError('state', `DataDirectory ${path}: ${known.message}`, { cause: error })
}
