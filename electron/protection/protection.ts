/** Runs the checks of protection when asked: gathers the evidence through the core and from the system, and publishes. */
import { isIP } from 'node:net'
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import type { HostResult } from '../host/protocol.ts'
import { DEFAULT_SETTINGS, type Settings } from '../ipc/settings.ts'
import type { ProtectionView } from '../ipc/snapshot.ts'
import type { AppLog, ProtectionPart, Publish, SystemProxyPart } from '../parts.ts'
import { type Asked, judgeProtection, type ProtectionEvidence } from './judge-protection.ts'

/** The core gives each up after half of a minute; this is for a core that says nothing. */
const LIMIT_MS = 45_000

export interface ProtectionParts {
  readonly clock: Clock
  readonly log: AppLog
  readonly publish: Publish<'protection'>
  readonly settings: () => Pick<Settings, 'checkUrl' | 'systemProxy'>
  /** By the state of the connection. */
  readonly isConnected: () => boolean
  readonly checkStream: (url: string) => Promise<HostResult<'check.stream'>>
  readonly resolve: (host: string) => Promise<HostResult<'check.resolve'>>
  readonly systemProxy: Pick<SystemProxyPart, 'view' | 'readBack'>
}

const NOT_CHECKED: ProtectionView = {
  isRunning: false,
  checkedAtMs: undefined,
  exitAddress: undefined,
  results: [],
}

export class Protection implements ProtectionPart {
  readonly #parts: ProtectionParts
  #view = NOT_CHECKED
  #running: Promise<void> | undefined
  #round = 0

  constructor(parts: ProtectionParts) {
    this.#parts = parts
  }

  /** Asked again while it runs, it is the same check. */
  check(): Promise<void> {
    this.#running ??= this.#check().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** What was good while connected says nothing any more: after the end of a connection. */
  forget(): void {
    this.#round += 1
    this.#set({ ...NOT_CHECKED, isRunning: this.#running !== undefined })
  }

  async #check(): Promise<void> {
    const round = this.#round
    this.#set({ ...this.#view, isRunning: true })
    const evidence = await this.#gather()
    const results = judgeProtection(evidence)
    this.#parts.log(
      'info',
      `protection: ${results.map(({ check, verdict }) => `${check} ${verdict}`).join(', ')}`,
    )
    // Of a connection that has ended meanwhile nothing is said.
    if (round !== this.#round) return this.#set(NOT_CHECKED)
    this.#set({
      isRunning: false,
      checkedAtMs: this.#parts.clock.wallMs(),
      exitAddress: evidence.stream?.ok === true ? evidence.stream.value.address : undefined,
      results,
    })
  }

  async #gather(): Promise<ProtectionEvidence> {
    const { settings, isConnected, checkStream, resolve, systemProxy } = this.#parts
    const { checkUrl, systemProxy: isWanted } = settings()
    const mayAsk = isConnected()
    const [stream, resolved, readBack] = await Promise.all([
      mayAsk ? this.#ask(() => checkStream(checkUrl)) : undefined,
      mayAsk ? this.#ask(() => resolve(nameToResolve(checkUrl))) : undefined,
      this.#ask(() => systemProxy.readBack()),
    ])
    return {
      isConnected: mayAsk && isConnected(),
      stream,
      resolve: resolved,
      systemProxy: {
        isWanted,
        hasBackend: systemProxy.view.backend !== undefined,
        readBack: readBack.ok ? readBack.value : 'unknown',
      },
    }
  }

  async #ask<T>(ask: () => Promise<T>): Promise<Asked<T>> {
    const { clock } = this.#parts
    let giveUp = (): void => {}
    const limit = new Promise<never>((_, reject) => {
      const timer = clock.setTimer(LIMIT_MS, () => reject(new AppError('timeout', 'no answer')))
      giveUp = () => timer.cancel()
    })
    try {
      return { ok: true, value: await Promise.race([ask(), limit]) }
    } catch (error) {
      return { ok: false, kind: kindOf(error) }
    } finally {
      giveUp()
    }
  }

  #set(view: ProtectionView): void {
    this.#view = view
    this.#parts.publish(view)
  }
}

/** Addresses and onion services have no name to look up: the default service's is taken then. */
function nameToResolve(checkUrl: string): string {
  const { hostname } = new URL(checkUrl)
  const hasName = isIP(hostname.replace(/^\[|\]$/g, '')) === 0 && !hostname.endsWith('.onion')
  return hasName ? hostname : new URL(DEFAULT_SETTINGS.checkUrl).hostname
}

function kindOf(error: unknown): string {
  const kind: unknown = error instanceof Error ? Reflect.get(error, 'kind') : undefined
  return typeof kind === 'string' ? kind : 'internal'
}
