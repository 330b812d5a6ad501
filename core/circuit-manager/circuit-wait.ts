/**
 * A request's wait for the circuit that was begun for it. One that makes it wait longer than it should has another begun
 * beside it, and whichever is ready first serves.
 */
import type { Tunnel } from '../circuit/tunnel.ts'
import { abortable } from '../util/abort.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { type StopSignal, StopSource } from '../util/stop-signal.ts'
import type { TurnShare } from '../util/turn-share.ts'
import type { CircuitPool } from './circuit-pool.ts'
import type { Wanted } from './launch-queue.ts'
import { maySupport, type PoolEntry, readyTunnel } from './pool-entry.ts'

/**
 * As long as the first exits get for an answer. Until build times are learnt a circuit is built for a minute (path-spec
 * 2.4), and one relay on it that says nothing must not cost the request that minute.
 */
const OVERDUE_MS = 10_000

export interface CircuitWaitParts {
  readonly clock: Clock
  readonly turns: Pick<TurnShare, 'take'>
  readonly pool: Pick<CircuitPool, 'find' | 'hasAny' | 'changes'>
  /** Begins another circuit for the request, when its turn has come; it is the request's then. */
  readonly launch: (wanted: Wanted, signal: StopSignal) => Promise<PoolEntry>
}

/**
 * The circuit; or undefined when another is ready for the usage while this one still waits for its guard's betters, or is
 * overdue. That a better guard answers shows only when somebody tries it. Rejects with what ended the building, or with
 * the signal's error.
 */
export function waitForCircuit(
  parts: CircuitWaitParts,
  entry: PoolEntry,
  wanted: Wanted,
  signal: StopSignal | undefined,
): Promise<Tunnel | undefined> {
  const wait = new CircuitWait(parts, entry, wanted)
  return wait.start(signal).finally(() => wait.end())
}

class CircuitWait {
  readonly #parts: CircuitWaitParts
  readonly #entry: PoolEntry
  readonly #wanted: Wanted
  readonly #over = new StopSource()
  #isAsking = false
  #timer: Timer | undefined

  constructor(parts: CircuitWaitParts, entry: PoolEntry, wanted: Wanted) {
    this.#parts = parts
    this.#entry = entry
    this.#wanted = wanted
  }

  start(signal: StopSignal | undefined): Promise<Tunnel | undefined> {
    return new Promise((resolve, reject) => {
      const look = (): void => this.#look(() => resolve(undefined))
      this.#over.addEventListener('abort', this.#parts.pool.changes.watch(look))
      abortable(this.#inItsTurn(), signal).then(resolve, reject)
      look()
      this.#lookAgain(look)
    })
  }

  end(): void {
    this.#timer?.cancel()
    this.#over.abort(new TorError('aborted', 'nobody waits any more'))
  }

  async #inItsTurn(): Promise<Tunnel> {
    const circuit = await this.#entry.ready.promise
    await this.#parts.turns.take()
    return circuit
  }

  /** Nothing changes in the pool when a circuit becomes overdue. */
  #lookAgain(look: () => void): void {
    const leftMs = this.#entry.begunMs + OVERDUE_MS - this.#parts.clock.monotonicMs()
    this.#timer = this.#parts.clock.setTimer(leftMs > 0 ? leftMs : OVERDUE_MS, () => {
      look()
      this.#lookAgain(look)
    })
  }

  #look(onBetter: () => void): void {
    const { pool } = this.#parts
    const { usage, excludedExits } = this.#wanted
    if (!this.#isTooSlow() || !maySupport(this.#entry, usage, excludedExits)) return
    const better = pool.find(usage, excludedExits)
    if (better !== undefined && readyTunnel(better) !== undefined) return onBetter()
    // One that waits for its guard counts too: guards that keep each other waiting must not make us build on and on.
    const isHope = (other: PoolEntry): boolean => other !== this.#entry && !this.#isOverdue(other)
    if (!this.#isAsking && !pool.hasAny(usage, excludedExits, isHope)) this.#askForAnother()
  }

  #askForAnother(): void {
    this.#isAsking = true
    const asked = (): void => {
      this.#isAsking = false
    }
    this.#parts.launch(this.#wanted, this.#over).then(asked, asked)
  }

  #isTooSlow(): boolean {
    return this.#entry.isWaiting || this.#isOverdue(this.#entry)
  }

  #isOverdue({ tunnel, begunMs }: PoolEntry): boolean {
    return tunnel === undefined && this.#parts.clock.monotonicMs() - begunMs >= OVERDUE_MS
  }
}
