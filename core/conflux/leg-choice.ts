/** Which leg goes on sending (proposal 329, section 3): the receiver says what it wishes for, the sender chooses. */
import { DesiredUx } from './conflux-params.ts'

/** `min-rtt` keeps to the fastest leg, and waits when that is full; `low-rtt` takes the fastest one that has room. */
export type LegAlgorithm = 'min-rtt' | 'low-rtt'

export interface LegView {
  /** The round trip of late. */
  readonly roundTripMs: number
  /** Whether its congestion window and its channel have room. */
  readonly hasRoom: boolean
}

/**
 * What a receiver gets that wishes for this. A wish for little memory is served by the fewest changes of legs, as in C tor;
 * exits wish for the least latency, so that their queues stay short.
 */
export function algorithmFor(desiredUx: number): LegAlgorithm {
  return desiredUx === DesiredUx.NONE || desiredUx === DesiredUx.HIGH_THROUGHPUT ? 'low-rtt' : 'min-rtt'
}

/** The leg for the next DATA, or undefined when all must wait. Of equal legs the one that is sending stays. */
export function chooseLeg<Leg extends LegView>(
  algorithm: LegAlgorithm,
  legs: readonly Leg[],
  current: Leg | undefined,
): Leg | undefined {
  let chosen: Leg | undefined
  for (const leg of legs) {
    if (algorithm === 'low-rtt' && !leg.hasRoom) continue
    const isFaster = chosen === undefined || leg.roundTripMs < chosen.roundTripMs
    if (isFaster || (leg === current && leg.roundTripMs === chosen?.roundTripMs)) chosen = leg
  }
  return chosen?.hasRoom === true ? chosen : undefined
}
