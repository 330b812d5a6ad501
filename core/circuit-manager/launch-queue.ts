/**
 * The requests for which a circuit has to be begun: so many are built at once, the others wait in the order in which
 * they came. Whoever can use what was begun for another waits no longer.
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { abortError } from '../util/abort.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { createDeferred, type Deferred } from '../util/deferred.ts'
import type { TorError } from '../util/errors.ts'
import type { StopSignal } from '../util/stop-signal.ts'
import type { TurnShare } from '../util/turn-share.ts'
import type { LaunchLimit } from './launch-limit.ts'
import { type ExitUsage, maySupport, type PoolEntry } from './pool-entry.ts'
import type { RequestTries } from './request-tries.ts'

/** What a circuit is wanted for. */
export interface Wanted {
  readonly usage: ExitUsage
  readonly excludedExits: ReadonlySet<RsaIdentity>
  /** When what was begun for it before has failed. */
  readonly tries: Pick<RequestTries, 'goesFirst' | 'waitMs' | 'retryNow'> | undefined
}

export interface LaunchQueueParts {
  readonly clock: Clock
  readonly limit: Pick<LaunchLimit, 'waitMs'>
  /** Choosing a path costs a quarter of a millisecond: when the wait after failures is over, there is room for dozens. */
  readonly turns: Pick<TurnShare, 'take'>
  /** Whether there is room for another circuit that is being built. */
  readonly hasRoom: () => boolean
  /** Begins a circuit; throws what the choice of its path throws. */
  readonly launch: (wanted: Wanted) => PoolEntry
  /** Gives a circuit to a request. */
  readonly claim: (entry: PoolEntry, usage: ExitUsage) => void
}

interface Waiting extends Wanted {
  readonly entry: Deferred<PoolEntry>
}

export class LaunchQueue {
  readonly #parts: LaunchQueueParts
  #waiting: Waiting[] = []
  #timer: Timer | undefined
  #awaitsTurn = false

  constructor(parts: LaunchQueueParts) {
    this.#parts = parts
  }

  /** A circuit that was begun, and that is claimed. Rejects as `launch` throws, or with the signal's error. */
  async enter(wanted: Wanted, signal: StopSignal | undefined): Promise<PoolEntry> {
    const waiting: Waiting = { ...wanted, entry: createDeferred() }
    const firstOther = goesFirst(wanted) ? this.#waiting.findIndex((other) => !goesFirst(other)) : -1
    this.#waiting.splice(firstOther === -1 ? this.#waiting.length : firstOther, 0, waiting)
    const onAbort = (): void => {
      if (signal === undefined) return
      this.#waiting = this.#waiting.filter((other) => other !== waiting)
      waiting.entry.reject(abortError(signal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.proceed()
    try {
      return await waiting.entry.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** There may be room, or a wait after failures may be over. */
  proceed(): void {
    while (!this.#awaitsTurn && this.#mayLaunch()) {
      const turn = this.#parts.turns.take()
      if (turn === undefined) this.#launchNext()
      else this.#proceedIn(turn)
    }
  }

  /** The network is there again: what a request waits out after failures is over. */
  retryNow(): void {
    for (const { tries } of this.#waiting) tries?.retryNow()
    this.proceed()
  }

  /** A circuit was begun, whoever it is for: those that can use it take it, the first to come first. */
  offer(entry: PoolEntry): void {
    if (this.#waiting.length === 0) return
    this.#waiting = this.#waiting.filter((waiting) => {
      if (!maySupport(entry, waiting.usage, waiting.excludedExits)) return true
      this.#give(entry, waiting)
      return false
    })
  }

  /** Nothing is begun any more. */
  close(reason: TorError): void {
    this.#timer?.cancel()
    for (const { entry } of this.#waiting.splice(0)) entry.reject(reason)
  }

  #proceedIn(turn: Promise<void>): void {
    this.#awaitsTurn = true
    void turn.then(() => {
      this.#awaitsTurn = false
      if (this.#mayLaunch()) this.#launchNext()
      this.proceed()
    })
  }

  #launchNext(): void {
    const at = this.#waiting.findIndex((waiting) => ownWaitMs(waiting) === 0)
    const [next] = at === -1 ? [] : this.#waiting.splice(at, 1)
    if (next !== undefined) this.#launchFor(next)
  }

  #launchFor(waiting: Waiting): void {
    try {
      const entry = this.#parts.launch(waiting)
      this.#give(entry, waiting)
      this.offer(entry)
    } catch (error) {
      waiting.entry.reject(error)
    }
  }

  #give(entry: PoolEntry, waiting: Waiting): void {
    this.#parts.claim(entry, waiting.usage)
    waiting.entry.resolve(entry)
  }

  /** Whether one of those that wait may begin its circuit now; if only time is missing, looks again when it has passed. */
  #mayLaunch(): boolean {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#waiting.length === 0) return false
    const waitMs = Math.max(this.#parts.limit.waitMs, shortestWaitMs(this.#waiting))
    if (waitMs === 0) return this.#parts.hasRoom()
    this.#timer = this.#parts.clock.setTimer(waitMs, () => this.proceed())
    return false
  }
}

function goesFirst({ tries }: Wanted): boolean {
  return tries?.goesFirst === true
}

function shortestWaitMs(waiting: readonly Waiting[]): number {
  let shortest = Number.POSITIVE_INFINITY
  for (const wanted of waiting) {
    shortest = Math.min(shortest, ownWaitMs(wanted))
    if (shortest === 0) break
  }
  return shortest
}

function ownWaitMs({ tries }: Wanted): number {
  return tries?.waitMs ?? 0
}
