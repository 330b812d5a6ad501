/** A new identity: nothing that comes can be tied by us to what was (control-spec, SIGNAL NEWNYM). */
import type { CircuitManager } from '../circuit-manager/circuit-manager.ts'
import { abortable, throwIfAborted } from '../util/abort.ts'
import { type Clock, sleep } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import type { TrackedExits } from './tracked-exits.ts'

/** C tor's: every new identity costs the network new circuits. */
const MIN_INTERVAL_MS = 10_000

/** What a new identity changes, and what it leaves. Whoever shows it to people should show both. */
export const IDENTITY_CHANGES = [
  /** No stream will use a circuit from before; streams that are open stay where they are. */
  'circuits-retired',
  /** Circuits that carried no stream are closed. */
  'idle-circuits-closed',
  /** Which ports were used is no longer used to build ahead. */
  'predicted-ports-forgotten',
  /** TrackHostExits begins anew. */
  'tracked-exits-forgotten',
  /** Who watches `epochs` has forgotten what it held: automatically mapped addresses, notes on exits. */
  'caches-dropped',
] as const

export const IDENTITY_KEEPS = [
  /** Changing them would expose us to more relays. */
  'guards',
  /** They are the person's, not the identity's. */
  'site-policies',
  'open-streams',
] as const

export interface NewIdentity {
  /** Counts up from 0 at the start. */
  readonly epoch: number
  readonly changed: typeof IDENTITY_CHANGES
  readonly kept: typeof IDENTITY_KEEPS
}

export interface IdentityParts {
  readonly circuits: Pick<CircuitManager, 'retireAll' | 'forgetPredictions'>
  readonly tracked: Pick<TrackedExits, 'clear'>
  readonly clock: Clock
  readonly log: Logger
  readonly lifetime: AbortSignal
}

export class IdentityEpochs {
  readonly #parts: IdentityParts
  readonly #epochs = new WatchedValue(0)
  #lastMs = Number.NEGATIVE_INFINITY
  #pending: Promise<NewIdentity> | undefined

  constructor(parts: IdentityParts) {
    this.#parts = parts
  }

  /** A new value with each new identity: whatever is remembered across requests is to be dropped then. */
  get epochs(): Watchable<number> {
    return this.#epochs
  }

  /**
   * Resolves when it is done: at once, or ten seconds after the last one. Who asks meanwhile gets the same one. The
   * signal ends only the waiting.
   */
  next(signal?: AbortSignal): Promise<NewIdentity> {
    this.#pending ??= this.#change().finally(() => {
      this.#pending = undefined
    })
    this.#pending.catch(() => {})
    return abortable(this.#pending, signal)
  }

  async #change(): Promise<NewIdentity> {
    const { clock, log, lifetime, circuits, tracked } = this.#parts
    throwIfAborted(lifetime)
    const waitMs = this.#lastMs + MIN_INTERVAL_MS - clock.monotonicMs()
    if (waitMs > 0) {
      log.notice(
        `A new identity was asked for; the last one is too new. It comes in ${Math.ceil(waitMs / 1000)} s.`,
      )
      await sleep(clock, waitMs, lifetime)
    }
    this.#lastMs = clock.monotonicMs()
    tracked.clear()
    circuits.forgetPredictions()
    this.#epochs.set(this.#epochs.value + 1)
    circuits.retireAll('a new identity')
    return { epoch: this.#epochs.value, changed: IDENTITY_CHANGES, kept: IDENTITY_KEEPS }
  }
}
