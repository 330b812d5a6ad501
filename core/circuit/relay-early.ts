/**
 * The RELAY_EARLY cells of a circuit (tor-spec 5.6): every EXTEND2 needs one, and the rest go to whatever is first said to
 * a hop behind the first, so that they do not tell how long the circuit is.
 */
import { TorError } from '../util/errors.ts'
import { type Random, randomBelow } from '../util/random.ts'

/** C tor keeps a random 0 or 1 of them back, and so do we. */
const RELAY_EARLY_CELLS = 8

export class RelayEarlyBudget {
  #left: number

  constructor(random: Random) {
    this.#left = RELAY_EARLY_CELLS - randomBelow(random, 2)
  }

  /** Sets one aside for an EXTEND2. Throws `limit` when there is none. */
  reserve(): void {
    if (this.take(1) === 0) throw new TorError('limit', 'the circuit has no RELAY_EARLY cell left')
  }

  /** How many of so many cells, the first of them, are to be RELAY_EARLY. */
  take(cells: number): number {
    const taken = Math.min(cells, this.#left)
    this.#left -= taken
    return taken
  }
}
