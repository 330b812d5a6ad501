/** One relay's place on a circuit: who it is and the crypto shared with it. */
import type { RelayCrypto } from '../crypto/relay-crypto.ts'
import type { ChannelTarget } from '../linkspec/relay-target.ts'

export interface Hop {
  readonly target: ChannelTarget
  /** For people only. */
  readonly nickname: string
  readonly crypto: RelayCrypto
  /** Whether congestion control was agreed on with it; else its windows are fixed. */
  readonly hasCongestionControl: boolean
  /** From our asking for the hop to its answer: there and back, and the relay's work. Undefined where nobody measured. */
  readonly rttMs?: number | undefined
}
