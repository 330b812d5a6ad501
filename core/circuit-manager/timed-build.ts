/**
 * The building of one circuit against the clock: given up when its timeout is over, and then built on for a while only
 * to learn how long it would have taken (path-spec 2.4).
 */
import type { Circuit } from '../circuit/circuit.ts'
import { abortError } from '../util/abort.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { BuildLimits, BuildTimeout } from './build-timeout.ts'

/** Times are taken at the third hop, whatever comes after, so that all of them are of one kind. */
const MEASURED_HOPS = 3

/** Circuits that are built on only to be measured; more would load the guard for nothing. */
const MAX_MEASURED = 16

/** A timer as late as this means that this process stood still: what came meanwhile has not been read yet. */
const LATE_TIMER_MS = 250

export interface TimedBuildParts {
  readonly clock: Clock
  readonly buildTimeout: Pick<BuildTimeout, 'limits' | 'recordBuilt' | 'recordTimeout'>
}

export interface BuildWork {
  /** Names the work in errors. */
  readonly doing: string
  readonly limits: BuildLimits
  /** Whether no other circuit works: giving this one up would leave nothing (C tor relaxes its timeout then too). */
  readonly isOnlyHope: () => boolean
  /** What has come over the circuit's channel so far. */
  readonly receivedBytes: () => number
  /** Makes the circuit, telling of each hop that is there; nothing is left open when it rejects. */
  readonly run: (signal: AbortSignal, onHop: (hops: number) => void) => Promise<Circuit>
}

export interface TimedBuild {
  /** The circuit, in time; or the error. */
  readonly circuit: Promise<Circuit>
  /** Resolves when nothing is built any more: later than the above when the circuit was measured on. */
  readonly over: Promise<void>
}

export class BuildTimer {
  readonly #parts: TimedBuildParts
  readonly #measured = new Set<BuildRun>()

  constructor(parts: TimedBuildParts) {
    this.#parts = parts
  }

  /** Begins now: the channel is open, and the first message leaves with the call. */
  start(work: BuildWork, signal?: AbortSignal): TimedBuild {
    const run = new BuildRun(this.#parts, work)
    run.onLate = () => {
      if (this.#measured.size >= MAX_MEASURED) return false
      this.#measured.add(run)
      return true
    }
    const over = run.start(signal).then(() => void this.#measured.delete(run))
    return { circuit: run.inTime.promise, over }
  }
}

class BuildRun {
  readonly inTime = createDeferred<Circuit>()
  /** Asked when the timeout is over: whether the circuit may be measured on. */
  onLate: () => boolean = () => false
  readonly #parts: TimedBuildParts
  readonly #work: BuildWork
  readonly #controller = new AbortController()
  readonly #startMs: number
  readonly #receivedAtStart: number
  #hops = 0
  #hasMissed = false
  #isLate = false
  /** How long the circuit took says nothing of relays. */
  #stoodStill = false
  #timeout: Timer | undefined

  constructor(parts: TimedBuildParts, work: BuildWork) {
    this.#parts = parts
    this.#work = work
    this.#startMs = parts.clock.monotonicMs()
    this.#receivedAtStart = work.receivedBytes()
  }

  /** Never rejects. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const { limits, run } = this.#work
    const onAbort = (): void => {
      if (signal !== undefined) this.#stop(abortError(signal))
    }
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    this.#timeout = this.#setTimer(limits.timeoutMs, () => this.#onTimeout())
    const end = this.#setTimer(limits.closeMs, () => this.#stop(this.#tooLate(limits.closeMs)))
    try {
      this.#deliver(await run(this.#controller.signal, (hops) => this.#onHop(hops)))
    } catch (error) {
      this.inTime.reject(toTorError(error, 'circuit-failed', this.#work.doing))
    } finally {
      this.#timeout.cancel()
      end.cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** The time can be over in the very moment in which the circuit is made: it must not live on without an owner. */
  #deliver(circuit: Circuit): void {
    const { signal } = this.#controller
    if (signal.aborted) circuit.close(abortError(signal))
    else if (this.#isLate) circuit.close()
    else this.inTime.resolve(circuit)
  }

  #onHop(hops: number): void {
    this.#hops = hops
    if (hops !== MEASURED_HOPS || this.#stoodStill) return
    this.#parts.buildTimeout.recordBuilt(this.#parts.clock.monotonicMs() - this.#startMs, !this.#hasMissed)
  }

  #onTimeout(): void {
    const { limits, isOnlyHope } = this.#work
    this.#noteMissed()
    if (isOnlyHope() && limits.closeMs > limits.timeoutMs) {
      // Looked at again and again: as soon as another one works, this one is given up.
      this.#timeout = this.#setTimer(limits.timeoutMs, () => this.#onTimeout())
      return
    }
    this.#isLate = true
    const error = this.#tooLate(limits.timeoutMs)
    this.inTime.reject(error)
    const hasToLearn = limits.closeMs > limits.timeoutMs && this.#hops < MEASURED_HOPS
    if (!hasToLearn || !this.onLate()) this.#stop(error)
  }

  /**
   * Timers run before what waits in the sockets is read. The one that finds that the process stood still waits as long
   * again, once: else all circuits that were being built then would count as missed, and as another network.
   */
  #setTimer(delayMs: number, callback: () => void): Timer {
    const { clock } = this.#parts
    const dueMs = clock.monotonicMs() + delayMs
    let timer = clock.setTimer(delayMs, () => {
      if (clock.monotonicMs() - dueMs < LATE_TIMER_MS) return callback()
      this.#stoodStill = true
      timer = clock.setTimer(delayMs, callback)
    })
    return { cancel: () => timer.cancel() }
  }

  #noteMissed(): void {
    if (this.#hasMissed) return
    this.#hasMissed = true
    const hasHeard = this.#work.receivedBytes() > this.#receivedAtStart
    this.#parts.buildTimeout.recordTimeout({ hasFirstHop: this.#hops > 0, hasHeard })
  }

  #stop(error: TorError): void {
    this.inTime.reject(error)
    this.#controller.abort(error)
  }

  #tooLate(afterMs: number): TorError {
    const text = `${this.#work.doing}: not done in ${Math.round(afterMs)} ms`
    return new TorError('timeout', text, { retry: 'elsewhere' })
  }
}
