/** What a circuit is given when it is made. */
import type { Clock } from '../util/clock.ts'
import type { QueueMemory } from '../util/queue-memory.ts'
import type { Random } from '../util/random.ts'
import type { TurnShare } from '../util/turn-share.ts'
import type { CongestionParams } from './congestion-params.ts'

/** What congestion and flow control work with. */
export interface CongestionDeps {
  readonly params: CongestionParams
  readonly clock: Pick<Clock, 'monotonicMs' | 'setTimer'>
}

export interface CircuitDeps {
  readonly random: Random
  /** The limit over all queues. */
  readonly queues: QueueMemory
  /** Consensus parameter ExtendByEd25519ID. */
  readonly extendByEd25519: boolean
  /** From `Circuit.takeId`, for circuits that are shown before they exist. */
  readonly id?: number
  /** Measures the round trips to hops; without it they are not known. */
  readonly clock?: Pick<Clock, 'monotonicMs'>
  /** Consensus parameter circwindow: DATA cells ahead of SENDMEs where windows are fixed; 1000 without it. */
  readonly circuitWindow?: number
  /** With it, congestion control is asked for; without it, windows are fixed. */
  readonly congestion?: CongestionDeps | undefined
  /** Spreads the ends of handshakes over turns of the event loop; without it each is worked out when it comes. */
  readonly steps?: Pick<TurnShare, 'take'>
}
