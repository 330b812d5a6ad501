/** How many conflux sets are kept ready, by the consensus and the user (proposal 329, C tor's `conflux_params`). */
import { confluxExitShare } from '../netdir/conflux-exits.ts'
import type { NetDir } from '../netdir/net-dir.ts'

export interface SetNumbers {
  /** Clean ones, with those that are being built; 0 where there are to be none. */
  readonly prebuilt: number
  /** Of all that there are, also of those in use. */
  readonly most: number
  readonly legs: number
}

/** cfx_low_exit_threshold counts in hundredths of a percent. */
const THRESHOLD_SCALE = 10_000

const NO_SETS: SetNumbers = { prebuilt: 0, most: 0, legs: 0 }

/** `isEnabled` is the user's word; undefined leaves it to the consensus. */
export function setNumbers({ params, consensus }: NetDir, isEnabled: boolean | undefined): SetNumbers {
  if (!(isEnabled ?? params.get('cfx_enabled') === 1)) return NO_SETS
  const legs = params.get('cfx_num_legs_set')
  const share = confluxExitShare(consensus)
  if (legs < 2 || share === 0) return NO_SETS
  // With few such exits, many sets would send everybody to the same few.
  const isRare = share < params.get('cfx_low_exit_threshold') / THRESHOLD_SCALE
  const prebuilt = Math.min(params.get('cfx_max_prebuilt_set'), isRare ? 1 : Number.POSITIVE_INFINITY)
  return { prebuilt, most: params.get('cfx_max_linked_set'), legs }
}
