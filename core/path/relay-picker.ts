/** Draws one relay for a position, in proportion to its weight there, among those that the caller allows. */
import type { Position } from '../netdir/bandwidth-weights.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { hasFlag } from '../netdoc/relay-flags.ts'
import { type Random, randomBelow } from '../util/random.ts'
import { chooseWeighted } from '../util/weighted-choice.ts'

export type PickerNetDir = Pick<NetDir, 'relayCount' | 'flags' | 'isUsableAs' | 'weight'>

/** Drawing again costs one pass over the relays; asking about every relay once costs more than this many passes. */
const MAX_REDRAWS = 16

/** The relays that can stand in one position with some set of flags. */
interface Candidates {
  readonly rows: Int32Array
  /** One for each of `rows`, above 0. */
  readonly weights: Float64Array
  /** Working space for one draw, as long as `weights`. */
  readonly scratch: Float64Array
  /** Rows of the usable relays whose weight is 0: for when there is nobody else. */
  readonly weightless: readonly number[]
}

/** A view of the network and what is permitted in it never change: what follows from them holds as long as they live. */
const candidatesOf = new WeakMap<PickerNetDir | Uint8Array, Map<string, Candidates>>()

/**
 * The row of a relay that is usable in `position`, has all of `flags` and is allowed; each with the probability of its
 * weight over the sum of all such relays' weights (path-spec 2.2, dir-spec 3.8.3). Relays of weight 0 are drawn only,
 * and then evenly, when no other is left, as can happen on tiny networks. Undefined when there is none at all.
 * `isAllowed` is asked about few relays, must always answer the same and must not draw itself. `permitted` is a first
 * choice among the rows of this very view, with 1 for those that may be drawn; it must not change, and is best kept, since
 * what is computed from it is kept with it.
 */
export function pickRelay(
  netDir: PickerNetDir,
  position: Position,
  flags: number,
  random: Random,
  isAllowed: (index: number) => boolean,
  permitted?: Uint8Array,
): number | undefined {
  const { rows, weights, scratch, weightless } = candidatesFor(netDir, position, flags, permitted)
  scratch.set(weights)
  // Drawing from all, and again without the refused one, gives the allowed ones their exact probabilities.
  for (let draws = 0; draws < MAX_REDRAWS; draws++) {
    const place = chooseWeighted(random, scratch)
    const row = rows[place]
    if (row === undefined) return pickEvenly(weightless.filter(isAllowed), random)
    if (isAllowed(row)) return row
    scratch[place] = 0
  }
  for (const [place, row] of rows.entries()) {
    if (scratch[place] !== 0 && !isAllowed(row)) scratch[place] = 0
  }
  return rows[chooseWeighted(random, scratch)] ?? pickEvenly(weightless.filter(isAllowed), random)
}

function pickEvenly(indexes: readonly number[], random: Random): number | undefined {
  return indexes.length === 0 ? undefined : indexes[randomBelow(random, indexes.length)]
}

function candidatesFor(
  netDir: PickerNetDir,
  position: Position,
  flags: number,
  permitted: Uint8Array | undefined,
): Candidates {
  const keeper = permitted ?? netDir
  let known = candidatesOf.get(keeper)
  if (known === undefined) {
    known = new Map()
    candidatesOf.set(keeper, known)
  }
  const key = `${position} ${flags}`
  let candidates = known.get(key)
  if (candidates === undefined) {
    candidates = findCandidates(netDir, position, flags, permitted)
    known.set(key, candidates)
  }
  return candidates
}

function findCandidates(
  netDir: PickerNetDir,
  position: Position,
  flags: number,
  permitted: Uint8Array | undefined,
): Candidates {
  const rows: number[] = []
  const weights: number[] = []
  const weightless: number[] = []
  for (let row = 0; row < netDir.relayCount; row++) {
    if (permitted !== undefined && permitted[row] !== 1) continue
    if (!hasFlag(netDir.flags(row), flags) || !netDir.isUsableAs(row, position)) continue
    const weight = netDir.weight(row, position)
    if (weight === 0) weightless.push(row)
    else {
      rows.push(row)
      weights.push(weight)
    }
  }
  return {
    rows: Int32Array.from(rows),
    weights: Float64Array.from(weights),
    scratch: new Float64Array(weights.length),
    weightless,
  }
}
