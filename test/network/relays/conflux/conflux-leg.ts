/** One circuit of a conflux set at the exit: how far each side has counted on it, and which leg sends next. */
import type { RelayMessage } from '../../../../core/cell/relay-message.ts'

/** What a set needs of a circuit. */
export interface LegCircuit {
  /** Whether DATA may leave on it now. */
  readonly maySend: boolean
  /** DATA is under way on it. */
  readonly isSendmeOwed: boolean
  /** Undefined before it was measured. */
  readonly rttMs: number | undefined
  send(streamId: number, message: RelayMessage): void
  close(reason: number): void
}

export interface ConfluxLeg {
  readonly circuit: LegCircuit
  /** Of the last message that was sent on it, counted over the whole set. */
  sentSequence: number
  receivedSequence: number
}

/** What a client wishes for (proposal 329, section 3): the quickest leg alone, or all of them. */
export type LegRule = 'min-rtt' | 'low-rtt'

const THROUGHPUT_UX = 3
const NO_OPINION_UX = 0

/** As C tor does it: what is to need little memory gets the rule that switches least. */
export function ruleOfUx(desiredUx: number): LegRule {
  return desiredUx === THROUGHPUT_UX || desiredUx === NO_OPINION_UX ? 'low-rtt' : 'min-rtt'
}

/** The leg on which DATA may leave now; undefined when it has to wait. */
export function chooseLeg(legs: readonly ConfluxLeg[], rule: LegRule): ConfluxLeg | undefined {
  if (rule === 'low-rtt') return quickest(legs.filter(({ circuit }) => circuit.maySend))
  const leg = quickest(legs)
  return leg?.circuit.maySend === true ? leg : undefined
}

/** Of those whose time was measured: one that the client has not acknowledged may not be there for it. */
export function quickest(legs: readonly ConfluxLeg[]): ConfluxLeg | undefined {
  let best: ConfluxLeg | undefined
  let bestMs = Number.POSITIVE_INFINITY
  for (const leg of legs) {
    const { rttMs } = leg.circuit
    if (rttMs === undefined || rttMs >= bestMs) continue
    best = leg
    bestMs = rttMs
  }
  return best
}
