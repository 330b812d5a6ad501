/** How likely a relay is chosen for a position: its bandwidth times the consensus's weight (dir-spec 3.8.3). */
import type { RelayColumns } from '../netdoc/relay-columns.ts'
import { RelayFlag } from '../netdoc/relay-flags.ts'

export type Position = 'guard' | 'middle' | 'exit' | 'directory'

/** A relay's class by its flags: Guard, Exit, both or neither. */
type RelayClass = 'guard' | 'exit' | 'both' | 'neither'

/** The names of the weights of each position; `undefined` is never chosen, whatever the consensus says. */
const WEIGHT_NAMES = {
  guard: { guard: 'Wgg', exit: undefined, both: 'Wgd', neither: 'Wgm' },
  middle: { guard: 'Wmg', exit: 'Wme', both: 'Wmd', neither: 'Wmm' },
  exit: { guard: 'Weg', exit: 'Wee', both: 'Wed', neither: 'Wem' },
  directory: { guard: 'Wbg', exit: 'Wbe', both: 'Wbd', neither: 'Wbm' },
} as const satisfies Record<Position, Record<RelayClass, string | undefined>>

/** A further factor, in every position, for relays that answer directory requests. */
const DIR_CACHE_NAMES = { guard: 'Wgb', exit: 'Web', both: 'Wdb', neither: 'Wmb' } as const

/** The weights of one consensus, as factors. */
export class BandwidthWeights {
  readonly #factors: Readonly<Record<Position, Float64Array>>

  /** `weights` is the consensus's line, `scale` its parameter bwweightscale (at least 1). A missing weight is 1. */
  constructor(weights: ReadonlyMap<string, number>, scale: number) {
    const factor = (name: string | undefined): number =>
      name === undefined ? 0 : Math.min(Math.max(weights.get(name) ?? scale, 0), scale) / scale
    const factors = (position: Position): Float64Array => {
      const plain = CLASSES.map((relayClass) => factor(WEIGHT_NAMES[position][relayClass]))
      const asDirCache = CLASSES.map(
        (relayClass, at) => (plain[at] ?? 0) * factor(DIR_CACHE_NAMES[relayClass]),
      )
      return Float64Array.from([...plain, ...asDirCache])
    }
    this.#factors = {
      guard: factors('guard'),
      middle: factors('middle'),
      exit: factors('exit'),
      directory: factors('directory'),
    }
  }

  /** The factor, 0 to 1, for a relay with these flags. A BadExit counts as no exit. */
  factor(position: Position, flags: number): number {
    return this.factors(position)[classIndex(flags)] ?? 0
  }

  /** The factors by `classIndex`; not to be changed. */
  factors(position: Position): Float64Array {
    return this.#factors[position]
  }
}

/** In the order of `classIndex`, whose bits are Guard, Exit, and, for the second half of the table, V2Dir. */
const CLASSES = ['neither', 'guard', 'exit', 'both'] as const

function classIndex(flags: number): number {
  const isExit = (flags & (RelayFlag.Exit | RelayFlag.BadExit)) === RelayFlag.Exit
  const isGuard = (flags & RelayFlag.Guard) !== 0
  const isDirCache = (flags & RelayFlag.V2Dir) !== 0
  return (isGuard ? 1 : 0) + (isExit ? 2 : 0) + (isDirCache ? 4 : 0)
}

/** Every relay's weight in every position, computed when first asked for; it depends on the consensus alone. */
export class WeightColumns {
  readonly #relays: Pick<RelayColumns, 'count' | 'bandwidths' | 'flags'>
  readonly #weights: BandwidthWeights
  readonly #columns = new Map<Position, Float64Array>()
  /** Nobody has measured the network: then every relay is as good as any other. */
  readonly #isUnmeasured: boolean

  constructor(relays: Pick<RelayColumns, 'count' | 'bandwidths' | 'flags'>, weights: BandwidthWeights) {
    this.#relays = relays
    this.#weights = weights
    this.#isUnmeasured = !relays.bandwidths.some((bandwidth) => bandwidth > 0)
  }

  /** Row `i` is the weight of relay `i`; not to be changed. */
  column(position: Position): Float64Array {
    const known = this.#columns.get(position)
    if (known !== undefined) return known
    const { count, bandwidths, flags } = this.#relays
    const factors = this.#weights.factors(position)
    const column = new Float64Array(count)
    for (let row = 0; row < count; row++) {
      const bandwidth = this.#isUnmeasured ? 1 : (bandwidths[row] ?? 0)
      column[row] = bandwidth * (factors[classIndex(flags[row] ?? 0)] ?? 0)
    }
    this.#columns.set(position, column)
    return column
  }
}
