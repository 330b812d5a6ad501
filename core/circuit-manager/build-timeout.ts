/**
 * Learns how long a circuit may take (path-spec 2.4): slow circuits are given up, so that they are neither waited for
 * nor used. What is learned is kept over restarts; a network that changed is noticed and learned anew.
 */
import type { NetDir } from '../netdir/net-dir.ts'
import { NET_PARAM_RANGES, type NetParamName } from '../netdir/net-param-ranges.ts'
import type { StateStore } from '../persist/state-store.ts'
import { loadDocument, saveDocument } from '../persist/versioned-document.ts'
import { toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Random, shuffled } from '../util/random.ts'
import {
  BUILD_TIMES_KEPT,
  BUILD_TIMES_SCHEMA,
  type BuildTimesState,
  buildTimeHistogram,
  estimateBuildTime,
  MAX_BUILD_TIME_MS,
  scaleForHops,
} from './build-times.ts'

/** Saved after so many new times, and at the end: a crash costs little, and the disk is left alone. */
const SAVE_EVERY = 10

/** After one doubling after another: longer than this is no timeout any more. */
const MAX_TIMEOUT_MS = 10 * 60_000

export interface BuildTimeoutSettings {
  /** What the user set; undefined takes cbtinitialtimeout. */
  readonly initialTimeoutMs: number | undefined
  readonly isLearning: boolean
}

export interface BuildTimeoutParts {
  readonly store: StateStore
  readonly random: Random
  readonly log: Logger
  readonly settings: () => BuildTimeoutSettings
}

export interface BuildLimits {
  /** The circuit is not waited for any longer. */
  readonly timeoutMs: number
  /** It is closed; until then it is built on, only to learn how long it takes. Not less than `timeoutMs`. */
  readonly closeMs: number
}

/** How a circuit failed to be built in time. */
export interface MissedBuild {
  /** Whether its first hop was there. What happens before that says nothing of the network behind the guard. */
  readonly hasFirstHop: boolean
  /** Whether anything at all came over its channel meanwhile: else the network was down. */
  readonly hasHeard: boolean
}

/** Never throws: without the kept times learning starts anew, which costs some patience and nothing else. */
export async function loadBuildTimeout(parts: BuildTimeoutParts): Promise<BuildTimeout> {
  let state: BuildTimesState = { bins: [] }
  try {
    const loaded = await loadDocument(parts.store, BUILD_TIMES_SCHEMA, parts.log)
    if (loaded.kind === 'loaded') state = loaded.value
  } catch (error) {
    parts.log.warn('What was learned of build times cannot be read: ', toTorError(error, 'state').message)
  }
  return new BuildTimeout(parts, state)
}

export class BuildTimeout {
  readonly #parts: BuildTimeoutParts
  /** Oldest first. */
  #timesMs: number[]
  /** Whether each of the last circuits with a first hop missed its timeout. Not kept: it is about the network of now. */
  #recent: boolean[] = []
  #params: NetDir['params'] | undefined
  #learned: BuildLimits | undefined
  /** What a change of the network left behind, until enough is learned again. */
  #resetTimeoutMs: number | undefined
  #unsaved = 0
  #saving: Promise<void> | undefined

  constructor(parts: BuildTimeoutParts, state: BuildTimesState) {
    this.#parts = parts
    // The order is not kept; without shuffling the slowest would be forgotten last.
    this.#timesMs = shuffled(
      parts.random,
      state.bins.flatMap(([ms, count]) => Array.from({ length: count }, () => ms)),
    )
  }

  useParams(params: NetDir['params']): void {
    this.#params = params
    this.#estimate()
  }

  get isLearning(): boolean {
    return this.#parts.settings().isLearning && this.#param('cbtdisabled') === 0
  }

  /** Whether more circuits should be built only to learn from them. */
  get wantsTestCircuits(): boolean {
    return this.isLearning && this.#timesMs.length < this.#param('cbtmincircs')
  }

  /** How many times are known. */
  get count(): number {
    return this.#timesMs.length
  }

  /** The limits for a circuit with so many hops. */
  limits(hops: number): BuildLimits {
    const { timeoutMs, closeMs } = this.#limits()
    return { timeoutMs: scaleForHops(timeoutMs, hops), closeMs: scaleForHops(closeMs, hops) }
  }

  /** The third hop was reached in this time, whether or not that was in time. */
  recordBuilt(timeMs: number, wasInTime: boolean): void {
    if (!this.isLearning) return
    // A sleep of the machine, or a clock that jumped: says nothing of relays.
    if (timeMs <= 0 || timeMs > Math.min(2 * this.#limits().closeMs + 1_000, MAX_BUILD_TIME_MS)) return
    this.#timesMs.push(timeMs)
    if (this.#timesMs.length > BUILD_TIMES_KEPT) this.#timesMs.shift()
    if (wasInTime) this.#noteRecent(false)
    this.#unsaved++
    if (this.#unsaved >= SAVE_EVERY) this.#save()
    this.#estimate()
  }

  /**
   * A circuit missed its timeout. When most of the recent ones did, this is another network than the one that was
   * learned: everything is forgotten (path-spec 2.4.4). A circuit that is never finished adds nothing to the times:
   * relays that swallow circuits must not be able to fill the history and stretch the timeout.
   */
  recordTimeout(missed: MissedBuild): void {
    if (!this.isLearning || !missed.hasFirstHop || !missed.hasHeard) return
    this.#noteRecent(true)
    const timeouts = this.#recent.filter(Boolean).length
    if (timeouts > this.#maxTimeouts()) this.#reset()
  }

  /** Waits until what is learned is on disk, or could not be saved. */
  async flush(): Promise<void> {
    if (this.#unsaved > 0) this.#save()
    await this.#saving
  }

  #limits(): BuildLimits {
    if (this.isLearning && this.#learned !== undefined) return this.#learned
    const timeoutMs = (this.isLearning ? this.#resetTimeoutMs : undefined) ?? this.#initialMs()
    return { timeoutMs, closeMs: timeoutMs }
  }

  #initialMs(): number {
    const chosenMs = this.#parts.settings().initialTimeoutMs ?? this.#param('cbtinitialtimeout')
    return Math.max(chosenMs, this.#param('cbtmintimeout'))
  }

  /** The window must be able to hold more timeouts than are allowed, or a change would never be noticed. */
  #maxTimeouts(): number {
    return Math.min(this.#param('cbtmaxtimeouts'), this.#recentCount() - 1)
  }

  #recentCount(): number {
    return this.#param('cbtrecentcount')
  }

  #noteRecent(hasTimedOut: boolean): void {
    this.#recent.push(hasTimedOut)
    this.#recent = this.#recent.slice(-this.#recentCount())
  }

  #estimate(): void {
    if (this.#timesMs.length < this.#param('cbtmincircs')) return
    const estimate = estimateBuildTime(this.#timesMs, {
      modes: this.#param('cbtnummodes'),
      quantile: this.#param('cbtquantile') / 100,
      closeQuantile: Math.max(this.#param('cbtclosequantile'), this.#param('cbtquantile')) / 100,
    })
    if (estimate === undefined) return
    const timeoutMs = Math.max(estimate.timeoutMs, this.#param('cbtmintimeout'))
    // A steep curve ends right behind the timeout: nothing slower would be learned from.
    const closeMs = Math.max(estimate.closeMs, this.#initialMs(), timeoutMs)
    this.#learned = { timeoutMs, closeMs }
  }

  #reset(): void {
    const beforeMs = this.#limits().timeoutMs
    const initialMs = this.#initialMs()
    this.#resetTimeoutMs = beforeMs < initialMs ? initialMs : Math.min(2 * beforeMs, MAX_TIMEOUT_MS)
    this.#learned = undefined
    this.#timesMs = []
    this.#recent = []
    this.#save()
    this.#parts.log.notice(
      `Circuits suddenly take longer than ${Math.round(beforeMs)} ms: the network seems to have changed. `,
      `They get ${Math.round(this.#resetTimeoutMs)} ms until the new one is known.`,
    )
  }

  #param(name: NetParamName): number {
    return this.#params?.get(name) ?? NET_PARAM_RANGES[name].default
  }

  #save(): void {
    this.#unsaved = 0
    const { store, log } = this.#parts
    const state = { bins: [...buildTimeHistogram(this.#timesMs)] }
    this.#saving = saveDocument(store, BUILD_TIMES_SCHEMA, state).catch((error: unknown) => {
      log.info('build times could not be saved: ', toTorError(error, 'state').message)
    })
  }
}
