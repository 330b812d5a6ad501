/**
 * The system proxy as the app knows it: one state, one change at a time, and a watchdog that notices when something
 * else changed the setting. It fails closed: once the setting is ours it stays, whatever becomes of the core, until it
 * is put back on purpose.
 */
import { AppError } from '../app-error.ts'
import type { Clock, Timer } from '../clock.ts'
import {
  type ProxiesView,
  type ProxyAddress,
  SYSTEM_PROXY_TROUBLES,
  type SystemProxyBackend,
  type SystemProxyState,
  type SystemProxyTrouble,
  type SystemProxyView,
} from '../ipc/snapshot.ts'
import type { ProgramGuide } from '../ipc/snapshot-programs.ts'
import type { SystemProxyPart } from '../parts.ts'
import type { ProxyBackend, ProxyExceptions } from './proxy-backend.ts'
import type { ProxyChanges, RestoreOutcome } from './proxy-changes.ts'

/** Soon enough that a person still knows what they did; one short process each time. */
const WATCH_INTERVAL_MS = 5_000
/** A restoration that failed is tried again: a session bus or a locked keychain may come back. */
const RETRY_INTERVAL_MS = 30_000
/** One or two looks in a row may fail on a busy system; after more nobody knows that the setting is still in force. */
const MAX_BLIND_LOOKS = 3

export interface SystemProxyDeps {
  readonly changes: ProxyChanges
  readonly clock: Clock
  readonly publish: (view: SystemProxyView) => void
  readonly log: (level: 'warn' | 'notice', text: string) => void
  /** Doors that a setting of ours can lead to, for when the journal is broken. */
  readonly knownDoors: () => readonly ProxyAddress[]
  readonly programs: (
    backend: SystemProxyBackend | undefined,
    doors: Pick<ProxiesView, 'socks' | 'http'>,
  ) => readonly ProgramGuide[]
}

interface Applied {
  readonly backend: ProxyBackend
  readonly door: ProxyAddress
  readonly exceptions: ProxyExceptions
}

function isSameApplication(left: Applied, right: Applied): boolean {
  return (
    left.backend === right.backend &&
    left.door.host === right.door.host &&
    left.door.port === right.door.port &&
    left.exceptions.loopback === right.exceptions.loopback &&
    left.exceptions.lan === right.exceptions.lan
  )
}

function isDoor(host: string, port: number): boolean {
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) && Number.isInteger(port) && port > 0 && port <= 65_535
}

function troubleOf(error: unknown): SystemProxyTrouble {
  if (!(error instanceof AppError)) return 'proxy-tool-failed'
  return SYSTEM_PROXY_TROUBLES.find((each) => each === error.kind) ?? 'proxy-tool-failed'
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export class SystemProxy implements SystemProxyPart {
  readonly #deps: SystemProxyDeps
  #view: SystemProxyView
  /** What is in force by our last knowledge; undefined while nothing of ours is. */
  #applied: Applied | undefined
  /** The mark of the setting when it was last found to be ours. */
  #fingerprint: string | undefined
  /** Looks in a row at which the setting could not be read. */
  #blindLooks = 0
  #doors: Pick<ProxiesView, 'socks' | 'http'> = { socks: undefined, http: undefined }
  #queue: Promise<unknown> = Promise.resolve()
  #timer: Timer | undefined
  #isClosed = false

  constructor(deps: SystemProxyDeps) {
    this.#deps = deps
    this.#view = {
      backend: undefined,
      isWanted: false,
      state: 'off',
      sinceMs: deps.clock.wallMs(),
      trouble: undefined,
      detail: undefined,
      restoredAtStart: false,
      programs: [],
    }
  }

  get view(): SystemProxyView {
    return this.#view
  }

  setWanted(isWanted: boolean): void {
    if (isWanted !== this.#view.isWanted) this.#show({ isWanted })
  }

  showDoors(doors: Pick<ProxiesView, 'socks' | 'http'>): void {
    this.#doors = doors
    this.#show({ programs: this.#deps.programs(this.#view.backend, doors) })
  }

  restoreLeftovers(by: 'start' | 'person' = 'start'): Promise<void> {
    return this.#enqueue(async () => {
      const { changes, knownDoors } = this.#deps
      try {
        const outcome = await (by === 'person'
          ? changes.restoreOrTurnOff(knownDoors())
          : changes.restore(knownDoors()))
        this.#show({ restoredAtStart: outcome.kind !== 'nothing-to-do' && outcome.hasChanged })
        this.#showOff(outcome)
        if (this.#view.restoredAtStart)
          this.#deps.log('notice', 'Put back the system proxy of an earlier run.')
      } catch (error) {
        this.#showTrouble('restore-failed', error)
      }
      // Only what is offered depends on this; what was left behind is put right without it.
      const backend = await changes.present().catch(() => undefined)
      this.#show({ backend: backend?.kind, programs: this.#deps.programs(backend?.kind, this.#doors) })
    })
  }

  apply(door: ProxyAddress & { readonly exceptions: ProxyExceptions }): Promise<void> {
    return this.#enqueue(async () => {
      const { host, port, exceptions } = door
      if (!isDoor(host, port)) {
        throw new AppError('proxy-not-applied', 'a system proxy leads to this computer, or nowhere')
      }
      await this.#apply({ backend: await this.#findBackend(), door: { host, port }, exceptions })
    })
  }

  reapply(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#applied === undefined) throw new AppError('proxy-not-applied', 'the system proxy is off')
      await this.#apply(this.#applied)
    })
  }

  restore(): Promise<void> {
    return this.#enqueue(() => this.#restore())
  }

  readBack(): Promise<'ours' | 'changed' | 'off' | 'unknown'> {
    return this.#enqueue(async () => {
      if (this.#applied === undefined) return 'off'
      this.#fingerprint = undefined
      return (await this.#look(this.#applied)) ?? 'unknown'
    })
  }

  /** Ends the watching and nothing else: what is in force stays, and the journal with it. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  async #findBackend(): Promise<ProxyBackend> {
    try {
      const backend = await this.#deps.changes.present()
      if (backend !== undefined) return backend
      throw new AppError('proxy-unsupported', 'this desktop has no proxy setting that we know')
    } catch (error) {
      this.#showTrouble('failed', error)
      throw error
    }
  }

  async #apply(wish: Applied): Promise<void> {
    const isSame = this.#applied !== undefined && isSameApplication(this.#applied, wish)
    if (isSame && this.#view.state === 'on' && (await this.#look(wish)) === 'ours') return
    this.#showState('applying')
    try {
      await this.#deps.changes.apply(wish.backend, wish.door, wish.exceptions)
      this.#applied = wish
      this.#fingerprint = undefined
      this.#blindLooks = 0
      this.#showState('on', { backend: wish.backend.kind })
      this.#schedule(WATCH_INTERVAL_MS)
    } catch (error) {
      // What was ours before is held on to: the next try is for the newer wish.
      if (this.#applied !== undefined) this.#applied = wish
      const isHalfWay = troubleOf(error) === 'proxy-not-restored'
      this.#showTrouble(isHalfWay ? 'restore-failed' : 'failed', error)
      throw error
    }
  }

  async #restore(): Promise<void> {
    const isOff = this.#view.state === 'off'
    if (!isOff) this.#showState('restoring')
    try {
      this.#showOff(await this.#deps.changes.restore(this.#deps.knownDoors()))
    } catch (error) {
      this.#showTrouble('restore-failed', error)
      throw error
    }
  }

  #showOff(outcome: RestoreOutcome): void {
    this.#applied = undefined
    this.#timer?.cancel()
    if (outcome.kind !== 'journal-broken') this.#showState('off')
    else this.#showState('off', { trouble: 'proxy-journal-broken', detail: outcome.detail })
  }

  /** What became of our setting; undefined where it cannot be read just now. */
  async #look(applied: Applied): Promise<'ours' | 'changed' | undefined> {
    try {
      const mark = await applied.backend.fingerprint()
      const isSame = mark === this.#fingerprint && this.#view.state === 'on'
      const { backend, door, exceptions } = applied
      const found = isSame ? 'ours' : await this.#deps.changes.look(backend, door, exceptions)
      const wasBlind = this.#blindLooks >= MAX_BLIND_LOOKS
      this.#blindLooks = 0
      this.#fingerprint = found === 'ours' ? mark : undefined
      if (found === 'new-places') return await this.#cover(applied)
      this.#showFound(found, wasBlind)
      return found
    } catch (error) {
      this.#onBlindLook(error)
      return undefined
    }
  }

  #showFound(found: 'ours' | 'changed', wasBlind: boolean): void {
    const state = found === 'ours' ? 'on' : 'changed'
    // What is still to be put back is not in force by anybody's wish, and the retry goes by this state.
    if (this.#view.state === 'restore-failed' || this.#view.state === state) return
    // Why it failed says more than that it is not ours.
    const isExplained = this.#view.state === 'failed' && state === 'changed' && !wasBlind
    if (!isExplained) this.#showState(state)
  }

  /** What goes past us because it was not there before. Never while the old settings are to be put back. */
  async #cover({ backend, door, exceptions }: Applied): Promise<'ours' | 'changed'> {
    if (this.#view.state === 'restore-failed') return 'changed'
    try {
      await this.#deps.changes.apply(backend, door, exceptions)
    } catch (error) {
      this.#showTrouble('failed', error)
      return 'changed'
    }
    this.#deps.log('notice', 'A new network service was pointed at the proxy, too.')
    this.#showFound('ours', false)
    return 'ours'
  }

  #onBlindLook(error: unknown): void {
    this.#blindLooks += 1
    if (this.#blindLooks >= MAX_BLIND_LOOKS && this.#view.state === 'on') this.#showTrouble('failed', error)
    else this.#deps.log('warn', `The system proxy cannot be read: ${detailOf(error)}`)
  }

  /** One look, or one more try to put back; then the next is due. */
  #schedule(delayMs: number): void {
    this.#timer?.cancel()
    if (this.#isClosed) return
    this.#timer = this.#deps.clock.setTimer(delayMs, () => void this.#enqueue(() => this.#onTimer()))
  }

  async #onTimer(): Promise<void> {
    if (this.#isClosed) return
    if (this.#view.state === 'restore-failed') {
      // It has shown and logged its failure, and made the next try due.
      await this.#restore().catch(() => undefined)
    } else if (this.#applied !== undefined) {
      await this.#look(this.#applied)
      this.#schedule(WATCH_INTERVAL_MS)
    }
  }

  #showTrouble(state: 'failed' | 'restore-failed', error: unknown): void {
    const detail = detailOf(error)
    this.#deps.log('warn', `System proxy: ${detail}`)
    this.#showState(state, { trouble: troubleOf(error), detail })
    if (state === 'restore-failed') this.#schedule(RETRY_INTERVAL_MS)
  }

  #showState(
    state: SystemProxyState,
    more: Partial<Pick<SystemProxyView, 'trouble' | 'detail' | 'backend'>> = {},
  ): void {
    const sinceMs = state === this.#view.state ? this.#view.sinceMs : this.#deps.clock.wallMs()
    this.#show({ trouble: undefined, detail: undefined, ...more, state, sinceMs })
  }

  #show(change: Partial<SystemProxyView>): void {
    this.#view = { ...this.#view, ...change }
    this.#deps.publish(this.#view)
  }

  #enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return result
  }
}
