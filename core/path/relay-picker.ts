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
  /** One weight for each row; 0 for a relay that is no candidate. */
  readonly weights: Float64Array
  /** Usable relays whose weight is 0: for when there is nobody else. */
  readonly weightless: readonly number[]
}

interface PickerTables {
  readonly candidates: Map<string, Candidates>
  /** Working space for one draw. */
  readonly scratch: Float64Array
}

/** A view of the network never changes, so what was computed from it holds for as long as it lives. */
const tablesOf = new WeakMap<PickerNetDir, PickerTables>()

/**
 * The row of a relay that is usable in `position`, has all of `flags` and is allowed; each with the probability of its
 * weight over the sum of all such relays' weights (path-spec 2.2, dir-spec 3.8.3). Relays of weight 0 are drawn only,
 * and then evenly, when no other is left, as can happen on tiny networks. Undefined when there is none at all.
 * `isAllowed` is asked about few relays, must always answer the same and must not draw itself.
 */
export function pickRelay(
  netDir: PickerNetDir,
  position: Position,
  flags: number,
  random: Random,
  isAllowed: (index: number) => boolean,
): number | undefined {
  const tables = tablesFor(netDir)
  const { weights, weightless } = candidatesFor(netDir, tables, position, flags)
  const { scratch } = tables
  scratch.set(weights)
  // Drawing from all, and again without the refused one, gives the allowed ones their exact probabilities.
  for (let draws = 0; draws < MAX_REDRAWS; draws++) {
    const index = chooseWeighted(random, scratch)
    if (index === -1) return pickEvenly(weightless.filter(isAllowed), random)
    if (isAllowed(index)) return index
    scratch[index] = 0
  }
  for (const [index, weight] of scratch.entries()) {
    if (weight > 0 && !isAllowed(index)) scratch[index] = 0
  }
  const index = chooseWeighted(random, scratch)
  return index === -1 ? pickEvenly(weightless.filter(isAllowed), random) : index
}

function pickEvenly(indexes: readonly number[], random: Random): number | undefined {
  return indexes.length === 0 ? undefined : indexes[randomBelow(random, indexes.length)]
}

function tablesFor(netDir: PickerNetDir): PickerTables {
  const known = tablesOf.get(netDir)
  if (known !== undefined) return known
  const tables = { candidates: new Map<string, Candidates>(), scratch: new Float64Array(netDir.relayCount) }
  tablesOf.set(netDir, tables)
  return tables
}

function candidatesFor(
  netDir: PickerNetDir,
  tables: PickerTables,
  position: Position,
  flags: number,
): Candidates {
  const key = `${position} ${flags}`
  const known = tables.candidates.get(key)
  if (known !== undefined) return known
  const candidates = findCandidates(netDir, position, flags)
  tables.candidates.set(key, candidates)
  return candidates
}

function findCandidates(netDir: PickerNetDir, position: Position, flags: number): Candidates {
  const weights = new Float64Array(netDir.relayCount)
  const weightless: number[] = []
  for (let index = 0; index < netDir.relayCount; index++) {
    if (!hasFlag(netDir.flags(index), flags) || !netDir.isUsableAs(index, position)) continue
    const weight = netDir.weight(index, position)
    weights[index] = weight
    if (weight === 0) weightless.push(index)
  }
  return { weights, weightless }
}
