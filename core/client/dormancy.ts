/**
 * Sends the client to sleep when nobody has used it for long, and wakes it with the next request (C tor's dormant
 * mode). An idle client that keeps fetching and building costs its user battery and the network work, for nothing.
 */
import type { StateStore } from '../persist/state-store.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'

const DOCUMENT_NAME = 'dormancy.json'
const VERSION = 1
const MINUTE_MS = 60_000
/** How often the time without use is written down, while it grows. */
const SAVE_EVERY_MS = 15 * MINUTE_MS
/** The wait is cut into pieces, for idle time counts by the monotonic clock, and a request need not set a timer. */
const LOOK_EVERY_MS = 5 * MINUTE_MS

export interface DormancyConfig {
  /** Undefined: never by itself. */
  readonly dormantClientTimeoutMs: number | undefined
  readonly dormantOnFirstStartup: boolean
  readonly dormantCanceledByStartup: boolean
}

export interface DormancyParts {
  readonly clock: Clock
  readonly log: Logger
  readonly store: StateStore
  readonly config: () => DormancyConfig
  /** Open streams keep the client awake, idle or not. */
  readonly hasStreams: () => boolean
}

/** What C tor keeps too: `Dormant` and `MinutesSinceUserActivity`. */
interface KeptDormancy {
  readonly isDormant: boolean
  readonly minutesSinceUse: number
}

/** Reads what the last run left. A document that cannot be read counts as none: it decides nothing of safety. */
export async function loadDormancy(parts: DormancyParts): Promise<Dormancy> {
  let kept: KeptDormancy | undefined
  try {
    const bytes = await parts.store.read(DOCUMENT_NAME)
    kept = bytes === undefined ? undefined : parseKept(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    parts.log.info('The dormancy state cannot be read and is begun anew: ', toTorError(error).message)
  }
  return new Dormancy(parts, startState(parts.config(), kept))
}

/** How a start begins, by the configuration and what the last run left. Pure. */
export function startState(config: DormancyConfig, kept: KeptDormancy | undefined): KeptDormancy {
  if (kept === undefined) return { isDormant: config.dormantOnFirstStartup, minutesSinceUse: 0 }
  return config.dormantCanceledByStartup ? { isDormant: false, minutesSinceUse: 0 } : kept
}

export class Dormancy {
  readonly isDormant: Watchable<boolean>
  readonly #isDormant: WatchedValue<boolean>
  readonly #parts: DormancyParts
  #lastUseMs: number
  #savedAtMs: number
  #timer: Timer | undefined
  #writes: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(parts: DormancyParts, start: KeptDormancy) {
    this.#parts = parts
    this.#isDormant = new WatchedValue(start.isDormant)
    this.isDormant = this.#isDormant
    const nowMs = parts.clock.monotonicMs()
    this.#lastUseMs = nowMs - start.minutesSinceUse * MINUTE_MS
    this.#savedAtMs = nowMs
    this.#arm()
  }

  /** Somebody wants something: wakes the client, and starts its time anew. Cheap enough for every request. */
  noteUse(): void {
    this.#lastUseMs = this.#parts.clock.monotonicMs()
    this.#set(false, 'a request came')
  }

  /** As C tor's SIGNAL DORMANT. */
  setDormant(): void {
    this.#set(true, 'it was asked to')
  }

  /** As C tor's SIGNAL ACTIVE. */
  wake(): void {
    this.#lastUseMs = this.#parts.clock.monotonicMs()
    this.#set(false, 'it was asked to')
  }

  /** Resolves when what is to be kept is written, or has failed to be. */
  async close(): Promise<void> {
    if (!this.#isClosed) this.#save()
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#writes
  }

  #arm(): void {
    if (this.#isClosed) return
    this.#timer = this.#parts.clock.setTimer(LOOK_EVERY_MS, () => {
      this.#look()
      this.#arm()
    })
  }

  #look(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    if (this.#parts.hasStreams()) this.#lastUseMs = nowMs
    const timeoutMs = this.#parts.config().dormantClientTimeoutMs
    if (timeoutMs !== undefined && nowMs - this.#lastUseMs >= timeoutMs) this.#set(true, 'nobody uses it')
    else if (!this.#isDormant.value && nowMs - this.#savedAtMs >= SAVE_EVERY_MS) this.#save()
  }

  #set(isDormant: boolean, why: string): void {
    if (this.#isClosed || this.#isDormant.value === isDormant) return
    this.#parts.log.notice(isDormant ? 'Going dormant: ' : 'Waking up: ', why)
    this.#isDormant.set(isDormant)
    this.#save()
  }

  #save(): void {
    const { clock, store, log } = this.#parts
    this.#savedAtMs = clock.monotonicMs()
    const minutesSinceUse = Math.floor((this.#savedAtMs - this.#lastUseMs) / MINUTE_MS)
    const kept = { version: VERSION, isDormant: this.#isDormant.value, minutesSinceUse }
    this.#writes = this.#writes
      .then(() => store.write(DOCUMENT_NAME, Buffer.from(`${JSON.stringify(kept)}\n`)))
      .catch((error: unknown) =>
        log.info('The dormancy state cannot be written: ', toTorError(error).message),
      )
  }
}

/** Undefined for whatever is not a document of ours. */
function parseKept(text: string): KeptDormancy | undefined {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return undefined
  if (!('version' in value) || value.version !== VERSION) return undefined
  if (!('isDormant' in value) || typeof value.isDormant !== 'boolean') return undefined
  if (!('minutesSinceUse' in value) || typeof value.minutesSinceUse !== 'number') return undefined
  const { isDormant, minutesSinceUse } = value
  if (!Number.isSafeInteger(minutesSinceUse) || minutesSinceUse < 0) return undefined
  return { isDormant, minutesSinceUse }
}
