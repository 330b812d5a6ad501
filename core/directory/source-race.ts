/**
 * Asks directory sources until one succeeds: the next one starts when the one before fails, or beside it when it hangs
 * (the way of RFC 8305). Driven by events; the only timers are for hanging tries and for back-off after failures.
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { abortError, throwIfAborted } from '../util/abort.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { isTorError, TorError, toTorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import {
  type DirectorySource,
  decideNextStep,
  type RunningTry,
  type SourceRecord,
  type SourceTier,
} from './directory-sources.ts'
import type { SourceRecords } from './source-records.ts'

export interface SourceRaceParts<T> {
  /** Asked anew at each step: a race may last for hours, and guards come and go. */
  readonly tiers: () => readonly SourceTier[]
  /** Read and written: what is known of the sources outlives the race. */
  readonly records: SourceRecords
  readonly clock: Clock
  readonly random: Random
  /** One try. Calls `onProgress` at each sign of life, with the bytes that came. Must end soon after its signal fires. */
  readonly attempt: (
    source: DirectorySource,
    signal: AbortSignal,
    onProgress: (bytes: number) => void,
  ) => Promise<T>
  /** Releases a result that came when the race was over. */
  readonly discard: (result: T) => void
  readonly onFailure: (source: DirectorySource, error: TorError) => void
  /** Bounds of the back-off after failures. */
  readonly retry: RetryBounds
}

export interface RetryBounds {
  readonly baseMs: number
  readonly maxMs: number
}

/** While a person waits for the first consensus. */
export const BOOTSTRAP_RETRY: RetryBounds = { baseMs: 1_000, maxMs: 60_000 }

/** So many failures to reach a source cost no delay: bad luck with old lists is common, and others are at hand. */
const FREE_FAILURES = 3
/**
 * Resolves with the first result; the other tries are aborted. Rejects only when the signal fires, or with
 * `obsolete-client`, which no other source can mend. Without any source it waits for one.
 */
export function raceSources<T>(parts: SourceRaceParts<T>, signal: AbortSignal): Promise<T> {
  return new SourceRace(parts, signal).run()
}

class SourceRace<T> {
  readonly #parts: SourceRaceParts<T>
  readonly #signal: AbortSignal
  readonly #result = createDeferred<T>()
  readonly #retryDelay: RetryDelay
  readonly #startedMs: number
  readonly #running = new Map<RunningTry, AbortController>()
  /** Settle when their try has ended; they never reject. */
  readonly #tries = new Set<Promise<void>>()
  /** Whose latest try failed on the way to them. */
  readonly #unreached = new Set<RsaIdentity>()
  #lastAsked: DirectorySource | undefined
  #failures = 0
  #notBeforeMs = 0
  #timer: Timer | undefined
  #isOver = false

  constructor(parts: SourceRaceParts<T>, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
    this.#startedMs = parts.clock.monotonicMs()
    this.#retryDelay = new RetryDelay(parts.random, parts.retry.baseMs, parts.retry.maxMs)
  }

  async run(): Promise<T> {
    throwIfAborted(this.#signal)
    const onAbort = (): void => this.#finish(() => this.#result.reject(abortError(this.#signal)))
    this.#signal.addEventListener('abort', onAbort, { once: true })
    this.#step()
    try {
      return await this.#result.promise
    } catch (error) {
      // Every try ends soon after its signal: whoever closes us may rely on nothing being left.
      await Promise.all(this.#tries)
      throw error
    } finally {
      this.#signal.removeEventListener('abort', onAbort)
    }
  }

  #step(): void {
    while (!this.#isOver) {
      this.#timer?.cancel()
      const nowMs = this.#nowMs()
      const step = decideNextStep(
        {
          tiers: this.#parts.tiers(),
          running: [...this.#running.keys()],
          recordOf: (source) => this.#recordOf(source),
          isUnreached: (source) => this.#unreached.has(source.target.ids.rsa),
          lastAsked: this.#lastAsked,
          notBeforeMs: this.#notBeforeMs,
        },
        nowMs,
      )
      if (step.kind === 'start') {
        this.#start(step.source, nowMs)
        continue
      }
      if (step.kind === 'wait') {
        this.#timer = this.#parts.clock.setTimer(step.untilMs - nowMs, () => this.#step())
      }
      return
    }
  }

  #start(source: DirectorySource, nowMs: number): void {
    const controller = new AbortController()
    const run: RunningTry = { source, startedMs: nowMs, lastProgressMs: nowMs, receivedBytes: 0 }
    this.#running.set(run, controller)
    this.#lastAsked = source
    const onProgress = (bytes: number): void => {
      run.receivedBytes += bytes
      run.lastProgressMs = this.#nowMs()
    }
    const ended = this.#parts.attempt(source, controller.signal, onProgress).then(
      (result) => {
        if (this.#isOver) this.#parts.discard(result)
        else {
          this.#running.delete(run)
          this.#parts.records.succeed(source)
          this.#finish(() => this.#result.resolve(result))
        }
      },
      (error: unknown) => this.#onFailure(run, toTorError(error)),
    )
    this.#tries.add(ended)
    void ended.then(() => this.#tries.delete(ended))
  }

  #onFailure(run: RunningTry, error: TorError): void {
    if (this.#isOver) return
    this.#running.delete(run)
    this.#parts.onFailure(run.source, error)
    if (isTorError(error, 'obsolete-client')) {
      this.#finish(() => this.#result.reject(error))
      return
    }
    const nowMs = this.#nowMs()
    this.#parts.records.fail(run.source, error, nowMs + this.#startedMs)
    if (hasFailedToReach(error)) this.#unreached.add(run.source.target.ids.rsa)
    else this.#unreached.delete(run.source.target.ids.rsa)
    this.#failures += 1
    // What a source answers must not be able to drive us to new channels at its own pace.
    const isFree = hasFailedToReach(error) && this.#failures <= FREE_FAILURES
    if (!isFree) this.#notBeforeMs = nowMs + this.#retryDelay.nextMs()
    this.#step()
  }

  #finish(settle: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    settle()
    for (const controller of this.#running.values()) {
      controller.abort(new TorError('aborted', 'the directory request is no longer needed'))
    }
    this.#running.clear()
  }

  /** In the race's time. */
  #recordOf(source: DirectorySource): SourceRecord {
    const record = this.#parts.records.get(source)
    return { ...record, restUntilMs: record.restUntilMs - this.#startedMs }
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs() - this.#startedMs
  }
}

function hasFailedToReach(error: TorError): boolean {
  return ['channel-failed', 'circuit-failed', 'timeout', 'wrong-identity', 'closed'].includes(error.kind)
}
