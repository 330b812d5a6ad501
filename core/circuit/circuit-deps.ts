/** What a circuit is given when it is made. */
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'

export interface CircuitDeps {
  readonly random: Random
  /** Consensus parameter ExtendByEd25519ID. */
  readonly extendByEd25519: boolean
  /** From `Circuit.takeId`, for circuits that are shown before they exist. */
  readonly id?: number
  /** Measures the round trips to hops; without it they are not known. */
  readonly clock?: Pick<Clock, 'monotonicMs'>
}
