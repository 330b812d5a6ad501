/** How likely a relay is chosen for a position: its bandwidth times the consensus's weight (dir-spec 3.8.3). */
import { RelayFlag, hasFlag } from '../netdoc/relay-flags.ts'

export type Position = 'guard' | 'middle' | 'exit' | 'directory'

/** Factors from 0 to 1 by the relay's class: Guard flag, Exit flag, both or neither. */
interface ClassFactors {
  readonly guard: number
  readonly exit: number
  readonly both: number
  readonly neither: number
}

/** The names of the weights of each position; `undefined` is never chosen, whatever the consensus says. */
const WEIGHT_NAMES = {
  guard: { guard: 'Wgg', exit: undefined, both: 'Wgd', neither: 'Wgm' },
  middle: { guard: 'Wmg', exit: 'Wme', both: 'Wmd', neither: 'Wmm' },
  exit: { guard: 'Weg', exit: 'Wee', both: 'Wed', neither: 'Wem' },
  directory: { guard: 'Wbg', exit: 'Wbe', both: 'Wbd', neither: 'Wbm' },
} as const satisfies Record<Position, Record<keyof ClassFactors, string | undefined>>

/** A further factor, in every position, for relays that answer directory requests. */
const DIR_CACHE_NAMES = { guard: 'Wgb', exit: 'Web', both: 'Wdb', neither: 'Wmb' } as const

/** The weights of one consensus. */
export class BandwidthWeights {
  readonly #factors: Readonly<Record<Position, ClassFactors>>
  readonly #dirCache: ClassFactors

  /** `weights` is the consensus's line, `scale` its parameter bwweightscale (at least 1). A missing weight is 1. */
  constructor(weights: ReadonlyMap<string, number>, scale: number) {
    const factor = (name: string | undefined): number =>
      name === undefined ? 0 : Math.min(Math.max(weights.get(name) ?? scale, 0), scale) / scale
    const factors = (names: Record<keyof ClassFactors, string | undefined>): ClassFactors => ({
      guard: factor(names.guard),
      exit: factor(names.exit),
      both: factor(names.both),
      neither: factor(names.neither),
    })
    this.#factors = {
      guard: factors(WEIGHT_NAMES.guard),
      middle: factors(WEIGHT_NAMES.middle),
      exit: factors(WEIGHT_NAMES.exit),
      directory: factors(WEIGHT_NAMES.directory),
    }
    this.#dirCache = factors(DIR_CACHE_NAMES)
  }

  /** The factor, 0 to 1, for a relay with these flags. A BadExit counts as no exit. */
  factor(position: Position, flags: number): number {
    const relayClass = classOf(flags)
    const factor = this.#factors[position][relayClass]
    return hasFlag(flags, RelayFlag.V2Dir) ? factor * this.#dirCache[relayClass] : factor
  }
}

function classOf(flags: number): keyof ClassFactors {
  const isGuard = hasFlag(flags, RelayFlag.Guard)
  const isExit = hasFlag(flags, RelayFlag.Exit) && !hasFlag(flags, RelayFlag.BadExit)
  if (isGuard) return isExit ? 'both' : 'guard'
  return isExit ? 'exit' : 'neither'
}
