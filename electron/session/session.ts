/**
 * What happens between Connect and Disconnect, and in which order. Going up: the core's doors open, then the system is
 * pointed at them while the core connects: what asks a door waits for a circuit, and green waits for the system. Going
 * down: the system's old settings come back, confirmed, and only then the core ends. While the core is gone in between,
 * the setting stays on its closed door.
 */
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../app-error.ts'
import type { AttemptEnding, Hold } from '../connection/connection-event.ts'
import { requireEntry } from '../connection/entry-way.ts'
import type { HostConfig, HostStatus } from '../host/protocol.ts'
import type { AppErrorKind } from '../ipc/error-kinds.ts'
import type { Settings } from '../ipc/settings.ts'
import type { ProxyAddress } from '../ipc/snapshot.ts'
import type { AttemptWay } from '../ipc/snapshot-connection.ts'
import type { AppLog, ConnectionPart, CorePart, SystemProxyPart } from '../parts.ts'
import { ProxyKeeper } from './proxy-keeper.ts'

export interface SessionDeps {
  readonly core: Pick<CorePart, 'state' | 'start' | 'stop' | 'reconfigure'>
  readonly connection: Pick<ConnectionPart, 'handle' | 'view'>
  readonly systemProxy: Pick<SystemProxyPart, 'apply' | 'restore'>
  readonly settings: () => Settings
  readonly config: () => HostConfig
  readonly way: () => AttemptWay
  /** Which ways there are, and whether one is taken now. */
  readonly ways: {
    readonly hold: Hold | undefined
    begin(): void
    end(): void
    onChange(): boolean
  }
  readonly log: AppLog
}

export class Session {
  readonly #deps: SessionDeps
  readonly #keeper: ProxyKeeper
  /** While the app is being closed nothing connects any more: nobody would put back what a new attempt changes. */
  isClosing = false
  #isWanted = false
  /** Of the person's newest word: a start that is still waiting for an end may be an old one. */
  #attempt = 0
  /** Where the HTTP door is, or was before the core went away. */
  #door: ProxyAddress | undefined
  #config: HostConfig | undefined
  #way: AttemptWay | undefined
  #switches = 0
  #stopping: Promise<void> | undefined

  constructor(deps: SessionDeps) {
    this.#deps = deps
    this.#keeper = new ProxyKeeper(deps.systemProxy)
  }

  get isWanted(): boolean {
    return this.#isWanted
  }

  /** Begins, and returns at once; nothing begins while the app is being closed. Throws an AppError where the question of the first run was not answered. */
  start(): void {
    const { connection, settings, ways } = this.#deps
    requireEntry(settings())
    if (this.isClosing) return
    // What the core cannot get over by itself is tried again with another core; the system stays on the closed door.
    const isAgain = this.#isWanted
    if (isAgain && connection.view.state !== 'failed') return
    this.#isWanted = true
    ways.begin()
    this.#tellWay()
    const { hold } = ways
    connection.handle({ kind: 'wanted', isWanted: true, ...(hold !== undefined && { hold }) })
    this.#attempt += 1
    void this.#begin(isAgain, this.#attempt)
  }

  /** Resolves when the system is as it was; rejects when the old settings could not be put back, with the core ended. */
  stop(): Promise<void> {
    if (this.#stopping !== undefined) {
      // Somebody connected meanwhile, and thought better of it.
      if (this.#isWanted) {
        this.#letGo()
        this.#deps.connection.handle({ kind: 'wanted', isWanted: false })
      }
      return this.#stopping
    }
    this.#stopping = this.#end().finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  /** Settings, bridges: whatever the configuration is made of has changed. */
  onChange(): void {
    if (this.#deps.ways.onChange()) return this.#keepProxy()
    if (!this.#isWanted || this.#stopping !== undefined) return
    this.#tellWay()
    void this.#reconfigure()
    this.#keepProxy()
  }

  /**
   * Another way is taken, or none for a while. The core follows before anything of it counts: until it has said so, what
   * it reports is of the way before.
   */
  takeWay(ending: AttemptEnding, hold: Hold | undefined): void {
    if (!this.#isWanted || this.#stopping !== undefined) return
    const { connection, way } = this.#deps
    this.#way = way()
    const isInForce = this.#isInForce(this.#deps.config())
    if (hold === undefined) connection.handle({ kind: 'way', way: this.#way, ending, isInForce })
    else connection.handle({ kind: 'hold', hold, ending })
    this.#switches += 1
    void this.#reconfigure().finally(() => {
      this.#switches -= 1
    })
  }

  /** Whether the core may still speak of another way than the one that is taken, or the one of before still speaks. */
  get isSwitching(): boolean {
    return this.#switches > 0
  }

  onStatus(status: HostStatus): void {
    const door = status.proxies.http
    if (door === undefined || !this.#isWanted || this.#stopping !== undefined) return
    if (isDeepStrictEqual(door, this.#door)) return
    if (this.#door !== undefined && status.proxies.trouble?.port === this.#door.port) {
      this.#deps.log(
        'err',
        `another program took port ${this.#door.port} while the core was gone: it could read what programs sent there`,
      )
    }
    this.#door = door
    this.#keepProxy()
  }

  /** At the person's word; resolves when the system is as the settings want it now. */
  applyProxy(): Promise<void> {
    return this.#keeper.again(this.#proxyWish())
  }

  /** The same, for what failed or something else has changed; only where there is something to put into force. */
  async reapplyProxy(): Promise<void> {
    if (this.#proxyWish() === undefined) throw new AppError('proxy-off', 'the system proxy is not in use')
    await this.applyProxy()
  }

  async #begin(isAgain: boolean, attempt: number): Promise<void> {
    // Until the core is asked to start, whatever is said comes from the one before.
    this.#switches += 1
    try {
      await this.#stopping?.catch(() => undefined)
      if (isAgain) await this.#deps.core.stop()
    } finally {
      this.#switches -= 1
    }
    if (attempt !== this.#attempt) return
    this.#config = this.#deps.config()
    try {
      await this.#deps.core.start(this.#config)
    } catch (error) {
      this.#onStartFailed(error)
    }
  }

  #onStartFailed(error: unknown): void {
    // It crashed at once and is being started again: the connection's state says so.
    if (this.#deps.core.state.kind === 'gone') return
    this.#fail(error, 'the core could not be started')
  }

  /**
   * A core that does not follow would go on as it did before: directly, for somebody who has just chosen bridges. So it
   * is ended. One that is gone is told when it starts again; one that never came is spoken of by its start.
   */
  #onChangeFailed(error: unknown): void {
    const { kind } = reasonOf(error)
    if (kind === 'core-gone' || kind === 'closed') return
    this.#fail(error, 'the core did not take the new settings')
    void this.#deps.core.stop()
  }

  /** The attempt is over and still wanted: a system that points at our door stays there until the person lets it go. */
  #fail(error: unknown, what: string): void {
    if (!this.#isWanted || this.#stopping !== undefined) return
    const reason = reasonOf(error)
    this.#deps.log('warn', `${what}: ${reason.detail}`)
    this.#config = undefined
    // No way is gone by a core that is not there: the search begins anew with the next start.
    this.#deps.ways.end()
    this.#deps.connection.handle({ kind: 'start-failed', reason })
  }

  /** No attempt is wanted from here on, nor one that has not begun yet. */
  #letGo(): void {
    this.#isWanted = false
    this.#attempt += 1
    this.#deps.ways.end()
  }

  async #end(): Promise<void> {
    this.#letGo()
    this.#door = undefined
    this.#config = undefined
    const { connection, core } = this.#deps
    connection.handle({ kind: 'restoring', isRestoring: true })
    connection.handle({ kind: 'wanted', isWanted: false })
    try {
      await this.#keeper.want(undefined)
    } finally {
      await core.stop()
      connection.handle({ kind: 'restoring', isRestoring: false })
    }
  }

  #tellWay(): void {
    const way = this.#deps.way()
    if (isDeepStrictEqual(way, this.#way)) return
    this.#way = way
    const isInForce = this.#isInForce(this.#deps.config())
    this.#deps.connection.handle({ kind: 'way', way, isInForce })
  }

  async #reconfigure(): Promise<void> {
    const config = this.#deps.config()
    if (this.#config === undefined || this.#isInForce(config)) return
    this.#config = config
    try {
      await this.#deps.core.reconfigure(config)
    } catch (error) {
      this.#onChangeFailed(error)
    }
  }

  #isInForce(config: HostConfig): boolean {
    return isDeepStrictEqual(config, this.#config)
  }

  #keepProxy(): void {
    this.#keeper.follow(this.#proxyWish()).catch((error: unknown) => this.#sayProxyTrouble(error))
  }

  #proxyWish(): Parameters<SystemProxyPart['apply']>[0] | undefined {
    const settings = this.#deps.settings()
    if (!this.#isWanted || !settings.systemProxy || this.#door === undefined) return undefined
    return { ...this.#door, exceptions: settings.proxyExceptions }
  }

  /** Its own section of the snapshot shows it; here it only must not be lost. */
  #sayProxyTrouble(error: unknown): void {
    this.#deps.log('warn', `the system proxy: ${reasonOf(error).detail}`)
  }
}

function reasonOf(error: unknown): { readonly kind: string; readonly detail: string } {
  if (error instanceof AppError) return { kind: error.kind, detail: error.message }
  const kind = 'internal' satisfies AppErrorKind
  return { kind, detail: error instanceof Error ? error.message : 'an error without words' }
}
