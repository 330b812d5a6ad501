/**
 * Spreads heavy work that comes all at once over turns of the event loop: so many pieces in each, in the order in which
 * they came. Between them everybody else has a turn, and who comes alone waits for nothing.
 */
import type { Clock } from './clock.ts'
import { createDeferred, type Deferred } from './deferred.ts'

export class TurnShare {
  readonly #clock: Pick<Clock, 'atTurnEnd'>
  readonly #perTurn: number
  readonly #waiting: Deferred<void>[] = []
  #left: number
  #isTurnCounted = false

  constructor(clock: Pick<Clock, 'atTurnEnd'>, perTurn: number) {
    this.#clock = clock
    this.#perTurn = perTurn
    this.#left = perTurn
  }

  /** Undefined when the caller may do a piece of work at once; or resolves in the turn in which it may. */
  take(): Promise<void> | undefined {
    if (!this.#isTurnCounted) {
      this.#isTurnCounted = true
      this.#clock.atTurnEnd(() => this.#onTurnEnd())
    }
    if (this.#left > 0) {
      this.#left--
      return undefined
    }
    const place = createDeferred<void>()
    this.#waiting.push(place)
    return place.promise
  }

  #onTurnEnd(): void {
    const next = this.#waiting.splice(0, this.#perTurn)
    this.#left = this.#perTurn - next.length
    this.#isTurnCounted = next.length > 0
    if (this.#isTurnCounted) this.#clock.atTurnEnd(() => this.#onTurnEnd())
    for (const place of next) place.resolve()
  }
}
