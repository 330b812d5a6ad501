/**
 * Spreads heavy work that comes all at once over turns of the event loop: so much time in each, in the order in which
 * the work came. Between them everybody else has a turn, and who comes alone waits for nothing. Time and not pieces: the
 * same piece takes ten times as long while its code is cold, on a slow machine, or beside other programs.
 */
import type { Clock } from './clock.ts'
import { createDeferred, type Deferred } from './deferred.ts'

/** A frame of a display has 16 ms: two or three kinds of work may fall into one turn. */
const SHARE_MS = 4

/** What waits gets a place at the end of the turn for each of so many; more fit into no share. */
const MAX_PLACES = 64

export class TurnShare {
  readonly #clock: Pick<Clock, 'atTurnEnd' | 'monotonicMs'>
  readonly #shareMs: number
  readonly #onTurnEnd = (): void => this.#onPlace()
  readonly #waiting: Deferred<void>[] = []
  /** Places that the end of this turn has yet to give, or only to be told of the end. */
  #placesLeft = 0
  /** When the first piece of this turn began; undefined until then. */
  #startedMs: number | undefined

  constructor(clock: Pick<Clock, 'atTurnEnd' | 'monotonicMs'>, shareMs: number = SHARE_MS) {
    this.#clock = clock
    this.#shareMs = shareMs
  }

  /** Undefined when the caller may do a piece of work at once; or resolves in the turn in which it may. */
  take(): Promise<void> | undefined {
    if (this.#placesLeft === 0) this.#askForPlaces(1)
    if (this.#waiting.length === 0 && this.#hasTime()) return undefined
    const place = createDeferred<void>()
    this.#waiting.push(place)
    return place.promise
  }

  /** The first piece of a turn always has time, so that all get on whatever else the turns are full of. */
  #hasTime(): boolean {
    const nowMs = this.#clock.monotonicMs()
    this.#startedMs ??= nowMs
    return nowMs - this.#startedMs < this.#shareMs
  }

  #askForPlaces(places: number): void {
    this.#placesLeft = places
    this.#startedMs = undefined
    // Each a callback of its own: what it lets go has run when the next one looks at the clock.
    for (let place = 0; place < places; place++) this.#clock.atTurnEnd(this.#onTurnEnd)
  }

  #onPlace(): void {
    this.#placesLeft--
    if (this.#waiting.length > 0 && this.#hasTime()) this.#waiting.shift()?.resolve()
    if (this.#placesLeft > 0 || this.#waiting.length === 0) return
    this.#askForPlaces(Math.min(this.#waiting.length, MAX_PLACES))
  }
}
