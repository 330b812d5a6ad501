/**
 * What it costs to leave from one country only, in steps that a person can weigh. The figures are the core's, from the
 * relays' weights in the live consensus; the steps are ours.
 */
import type { ExitCountryView } from '../../../electron/ipc/snapshot-circuits.ts'

export type CostLevel = 'small' | 'medium' | 'large'

export interface ExitCost {
  readonly level: CostLevel
  /** By how many times fewer relays an observer has to consider; at least 1. */
  readonly timesFewer: number
  /** So few exits that their operators matter more than any estimate. */
  readonly isFew: boolean
}

/** One person in ten: still a crowd. One in fifty: hardly. */
const MEDIUM_BELOW_SHARE = 0.1
const LARGE_BELOW_SHARE = 0.02
/** Two bits: a quarter of the relays is left. Five: one in thirty-two. */
const MEDIUM_FROM_BITS = 2
const LARGE_FROM_BITS = 5
const FEW_EXITS = 3

export function exitCost({ share, entropyLostBits, exits }: ExitCountryView): ExitCost {
  const isFew = exits <= FEW_EXITS
  const isLarge = isFew || share < LARGE_BELOW_SHARE || entropyLostBits >= LARGE_FROM_BITS
  const isMedium = share < MEDIUM_BELOW_SHARE || entropyLostBits >= MEDIUM_FROM_BITS
  return {
    level: isLarge ? 'large' : isMedium ? 'medium' : 'small',
    timesFewer: Math.max(Math.round(2 ** Math.max(entropyLostBits, 0)), 1),
    isFew,
  }
}
