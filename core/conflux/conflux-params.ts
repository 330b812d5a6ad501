/** What the consensus says of conflux (proposal 329), read once for a set, and what we ask of the exit. */
import type { NetParams } from '../netdir/net-params.ts'

/** What a set should be good for; the exit is told, and sends accordingly (LINK, `desired_ux`). */
export const DesiredUx = {
  NONE: 0,
  MIN_LATENCY: 1,
  LOW_MEM_LATENCY: 2,
  HIGH_THROUGHPUT: 3,
  LOW_MEM_THROUGHPUT: 4,
} as const

export type DesiredUx = (typeof DesiredUx)[keyof typeof DesiredUx]

/**
 * The most that messages ahead of their turn may take, 32 MB, whatever the consensus says, which by default knows no
 * limit: two legs with the largest windows that it allows in practice (cc_ss_max 5000 cells, 2.5 MB each) stay far below.
 */
const MOST_QUEUED_BYTES = 32 * 1024 * 1024

export interface ConfluxParams {
  /** Bytes of messages ahead of their turn; a sender that needs more is cut off. */
  readonly mostQueuedBytes: number
}

export function confluxParams(params: NetParams): ConfluxParams {
  return { mostQueuedBytes: Math.min(params.get('cfx_max_oooq_bytes'), MOST_QUEUED_BYTES) }
}
