/**
 * Keeps clean circuits and sets ready for the ports that will be wanted, so that a request does not wait for three hops
 * (path-spec 2.1.1); and, while the build timeout is learned, builds some only to learn from them (2.4.3).
 */
import type { NetDir } from '../netdir/net-dir.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { isTorError, type TorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { Random } from '../util/random.ts'
import type { RetryDelay } from '../util/retry-delay.ts'
import type { BuildTimeout } from './build-timeout.ts'
import type { BuildPhase } from './circuit-builder.ts'
import type { CircuitPool } from './circuit-pool.ts'
import { cleanUsage, type ExitUsage, isClean, isSet, type PoolEntry, servesExitOf } from './pool-entry.ts'
import { PredictedPorts, type PredictedUse } from './predicted-ports.ts'
import { PreemptiveSets, preemptiveRetry } from './preemptive-sets.ts'

/** path-spec 2.1.1: so many clean circuits for each predicted port. */
const CIRCUITS_PER_PORT = 2

/** C tor's MAX_UNUSED_OPEN_CIRCUITS: more would load relays for nothing. Legs of sets count here, as they do not there. */
const MAX_CLEAN = 14

export interface PreemptiveParts {
  readonly pool: CircuitPool
  readonly learning: Pick<BuildTimeout, 'wantsTestCircuits'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly netDir: () => NetDir | undefined
  readonly maxBuilding: () => number
  /** How long a request is a reason to expect its like; drawn anew whenever there was no reason any more. */
  readonly drawPredictionMs: () => number
  /** ConfluxEnabled; undefined is "auto". */
  readonly isConfluxEnabled: () => boolean | undefined
  readonly onLaunch: (entry: PoolEntry) => void
}

export class PreemptiveCircuits {
  readonly #parts: PreemptiveParts
  readonly #predicted: PredictedPorts
  readonly #retry: RetryDelay
  readonly #sets: PreemptiveSets
  #isRunning = false
  #timer: Timer | undefined
  #lastTestMs = Number.NEGATIVE_INFINITY
  /** The pool's change after which nothing was missing; undefined when something else is expected since. */
  #filledAtChange: number | undefined

  constructor(parts: PreemptiveParts) {
    this.#parts = parts
    this.#predicted = new PredictedPorts(parts.drawPredictionMs)
    this.#retry = preemptiveRetry(parts.random)
    const uses = (): readonly PredictedUse[] => this.#currentUses()
    this.#sets = new PreemptiveSets({ ...parts, uses }, MAX_CLEAN)
  }

  /** From now on. `onPhase` follows the first circuit. */
  start(onPhase?: (phase: BuildPhase) => void): void {
    this.#isRunning = true
    this.#filledAtChange = undefined
    this.#predicted.reset(this.#parts.clock.monotonicMs())
    this.fill(onPhase)
  }

  /** What is there lives on until it dies of age. */
  stop(): void {
    this.#isRunning = false
    this.#timer?.cancel()
    this.#timer = undefined
    this.#sets.stop()
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  noteRequest(use: PredictedUse): void {
    if (this.#predicted.note(use, this.#parts.clock.monotonicMs())) this.#filledAtChange = undefined
  }

  /** What was wanted says nothing any more: the next identity wants other things. */
  forget(): void {
    this.#filledAtChange = undefined
    this.#predicted.reset(this.#parts.clock.monotonicMs())
  }

  /** There is a reason to think that what failed before works now. */
  retryNow(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#retry.reset()
    this.#sets.retryNow()
    this.fill()
  }

  /** A circuit or a set serves somebody. */
  noteSuccess(entry: PoolEntry): void {
    if (isSet(entry)) this.#sets.noteSuccess()
    this.#retry.reset()
  }

  /** A circuit is complete, or a set is linked. */
  noteBuilt(entry: PoolEntry): void {
    if (isSet(entry)) this.#sets.noteBuilt()
    this.fill()
  }

  /** A set could not be built, or ended before anybody used it: single circuits are built all the same. */
  noteSetFailure({ tunnel }: PoolEntry, error: TorError): void {
    this.#sets.retryLater(error, tunnel !== undefined)
    this.fill()
  }

  /** Builds what is missing, unless a failure is being waited out. Costs nothing when nothing has changed. */
  fill(onPhase?: (phase: BuildPhase) => void): void {
    if (!this.#isRunning) return
    this.#fillSingle(onPhase)
    this.#sets.fill()
  }

  #fillSingle(onPhase?: (phase: BuildPhase) => void): void {
    if (this.#timer !== undefined) return
    const { changes } = this.#parts.pool
    if (this.#filledAtChange === changes.value) return
    for (const use of this.#currentUses()) {
      const usage = cleanUsage(use)
      for (let ready = this.#cleanFor(usage); ready < CIRCUITS_PER_PORT; ready++) {
        if (!this.#launch(usage, MAX_CLEAN, onPhase)) return
      }
    }
    this.#filledAtChange = changes.value
  }

  /** To be called every few seconds: one more circuit to learn from, while too little is known. */
  learn(): void {
    const { clock, learning, netDir } = this.#parts
    const params = netDir()?.params
    if (!this.#isRunning || this.#timer !== undefined || params === undefined) return
    if (!learning.wantsTestCircuits) return
    const nowMs = clock.monotonicMs()
    const [use] = this.#currentUses()
    if (use === undefined || nowMs - this.#lastTestMs < params.get('cbttestfreq') * 1000) return
    this.#lastTestMs = nowMs
    this.#launch(cleanUsage(use), Math.min(params.get('cbtmaxopencircs'), MAX_CLEAN))
  }

  retryLater(error: unknown): void {
    const { clock, log } = this.#parts
    if (!this.#isRunning || this.#timer !== undefined) return
    if (!isTorError(error, 'aborted')) log.info('no circuit ahead of need: ', String(error))
    this.#timer = clock.setTimer(this.#retry.nextMs(), () => {
      this.#timer = undefined
      this.fill()
    })
  }

  #currentUses(): readonly PredictedUse[] {
    return this.#isRunning ? this.#predicted.current(this.#parts.clock.monotonicMs()) : []
  }

  /** Circuits, each leg of a set that is linked for itself, as in C tor: where sets are ready nothing else is missing. */
  #cleanFor(usage: ExitUsage): number {
    let count = 0
    for (const entry of this.#parts.pool.entries) {
      const isPromise = isSet(entry) && entry.tunnel === undefined
      if (!isPromise && isClean(entry) && servesExitOf(entry, usage)) count += entry.legs.length
    }
    return count
  }

  /** Whether there may be a next one. */
  #launch(usage: ExitUsage, maxClean: number, onPhase?: (phase: BuildPhase) => void): boolean {
    const { pool, netDir, maxBuilding, onLaunch } = this.#parts
    const view = netDir()
    if (view === undefined || pool.cleanCount >= maxClean || pool.buildingCount >= maxBuilding()) return false
    try {
      onLaunch(pool.launch(view, usage, new Set(), onPhase))
      return true
    } catch (error) {
      this.retryLater(error)
      return false
    }
  }
}
