/** What the consensus says of conflux (proposal 329), read once for a set, and what we ask of the exit. */
import { CELL_BODY_BYTES } from '../cell/commands.ts'
import type { CongestionDeps } from '../circuit/circuit-deps.ts'
import type { NetParams } from '../netdir/net-params.ts'

/** What the other end should send for (LINK, `desired_ux`). */
export const DesiredUx = {
  NONE: 0,
  MIN_LATENCY: 1,
  LOW_MEM_LATENCY: 2,
  HIGH_THROUGHPUT: 3,
  LOW_MEM_THROUGHPUT: 4,
} as const

export type DesiredUx = (typeof DesiredUx)[keyof typeof DesiredUx]

/**
 * The most that messages ahead of their turn may take, 16 MB, whatever the consensus says, which by default knows no
 * limit. It is what a fast circuit brings in seconds while the other leg stands still.
 */
const MOST_QUEUED_BYTES = 32_768 * CELL_BODY_BYTES

export interface ConfluxParams {
  /** Bytes of messages ahead of their turn; a sender that needs more is cut off. */
  readonly mostQueuedBytes: number
}

export function confluxParams(params: NetParams): ConfluxParams {
  return { mostQueuedBytes: Math.min(params.get('cfx_max_oooq_bytes'), MOST_QUEUED_BYTES) }
}

/**
 * What streams on a set of so many legs work with. After XOFF, and after END, more may come than on one circuit: what was
 * under way on all legs, and what waited for its turn.
 */
export function congestionOfSet(
  congestion: CongestionDeps,
  legs: number,
  { mostQueuedBytes }: ConfluxParams,
): CongestionDeps {
  const { stream } = congestion.params
  const queuedCells = Math.ceil(mostQueuedBytes / CELL_BODY_BYTES)
  const underWayCells = legs * stream.underWayCells + queuedCells
  const stragglerCells = legs * stream.stragglerCells + queuedCells
  const streamOfSet = { ...stream, underWayCells, stragglerCells }
  return { ...congestion, params: { ...congestion.params, stream: streamOfSet } }
}
