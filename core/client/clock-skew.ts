/**
 * Says whether this computer's clock is wrong, by how much, which way, and from which evidence. Only a person may act
 * on it: a clock that followed what relays say could be led by them, so nothing here moves one.
 */
import type { ClockEvidence } from '../directory/clock-evidence.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'

export interface ClockSkew {
  /** How far our clock is ahead of the right time; negative when it is behind. */
  readonly aheadMs: number
  /** False when it may be more. */
  readonly isExact: boolean
  /** What it follows from, each named once. */
  readonly evidence: readonly ClockEvidence['source'][]
  /** How many relays say so. */
  readonly relays: number
}

/** C tor's bound for a word to the user: less than an hour disturbs nothing. */
const LEAST_SKEW_MS = 60 * 60 * 1000
/** One relay may lie, or have a wrong clock of its own. */
const LEAST_RELAYS = 2
/** The newest words of so many relays are kept. */
const MAX_RELAYS = 32

/** What one relay said last. */
interface Witness {
  readonly exact: ClockEvidence | undefined
  readonly atLeast: ClockEvidence | undefined
}

export class ClockSkewJudge {
  readonly skew: Watchable<ClockSkew | undefined>
  readonly #skew = new WatchedValue<ClockSkew | undefined>(undefined)
  readonly #witnesses = new Map<RsaIdentity, Witness>()
  readonly #proofs = new Map<ClockEvidence['source'], ClockEvidence>()

  constructor() {
    this.skew = this.#skew
  }

  add(evidence: ClockEvidence): void {
    if (evidence.isProof) this.#proofs.set(evidence.source, evidence)
    const earlier = this.#witnesses.get(evidence.relay)
    this.#witnesses.delete(evidence.relay)
    this.#witnesses.set(evidence.relay, {
      exact: evidence.precision === 'exact' ? evidence : earlier?.exact,
      atLeast: evidence.precision === 'at-least' ? evidence : earlier?.atLeast,
    })
    for (const oldest of this.#witnesses.keys()) {
      if (this.#witnesses.size <= MAX_RELAYS) break
      this.#witnesses.delete(oldest)
    }
    this.#judge()
  }

  /** The clock was changed: what was said of it before says nothing of it now. */
  clear(): void {
    this.#witnesses.clear()
    this.#proofs.clear()
    this.#judge()
  }

  #judge(): void {
    const skew = judgeClockSkew([...this.#witnesses.values()], [...this.#proofs.values()])
    // Each answer differs by milliseconds; watchers want to hear of differences that a person would notice.
    if (describe(skew) !== describe(this.#skew.value)) this.#skew.set(skew)
  }
}

/** The majority of the relays that have a word to say must agree on the direction, and be two at least. */
function judgeClockSkew(
  witnesses: readonly Witness[],
  proofs: readonly ClockEvidence[],
): ClockSkew | undefined {
  const words = witnesses.flatMap((witness) => wordOf(witness) ?? [])
  const proof = proofs.filter(isNotable).sort((a, b) => a.aheadMs - b.aheadMs)[0]
  const ahead = words.filter((word) => isNotable(word) && word.aheadMs > 0)
  const behind = words.filter((word) => isNotable(word) && word.aheadMs < 0)
  const agreeing = proof !== undefined || behind.length > ahead.length ? behind : ahead
  const isMajority = agreeing.length >= LEAST_RELAYS && agreeing.length > words.length / 2
  if (!isMajority && proof === undefined) return undefined
  const exact = agreeing.filter((word) => word.precision === 'exact')
  const believed = isMajority ? (exact.length >= LEAST_RELAYS ? exact : agreeing) : []
  const middle = medianOf(believed.map((word) => word.aheadMs))
  const said = proof === undefined ? middle : Math.min(middle ?? 0, proof.aheadMs)
  const sources = [...agreeing, ...(proof === undefined ? [] : [proof])].map((word) => word.source)
  return {
    aheadMs: said ?? 0,
    isExact: said === middle && exact.length >= LEAST_RELAYS,
    evidence: [...new Set(sources)],
    relays: agreeing.length,
  }
}

/** Its clock, if it told it; else the bound that its documents set, if they do. */
function wordOf({ exact, atLeast }: Witness): ClockEvidence | undefined {
  if (exact !== undefined) return exact
  return atLeast !== undefined && isNotable(atLeast) ? atLeast : undefined
}

function isNotable({ aheadMs }: ClockEvidence): boolean {
  return Math.abs(aheadMs) >= LEAST_SKEW_MS
}

/** Of two in the middle the one nearer to zero: nobody shall be able to exaggerate alone. */
function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => Math.abs(a) - Math.abs(b))
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

const SOURCE_WORDS: Readonly<Record<ClockEvidence['source'], string>> = {
  netinfo: 'their clocks',
  date: 'the dates of their answers',
  'link-certificate': 'their link certificates',
  consensus: "the consensus's dates",
  certificate: "the authorities' certificates",
}

/** One sentence for people: "This computer's clock is 3 days ahead, by what 4 relays say (their clocks)." */
export function describeClockSkew(skew: ClockSkew): string {
  const way = skew.aheadMs > 0 ? 'ahead' : 'behind'
  const least = skew.isExact ? '' : 'at least '
  const who = skew.relays === 1 ? 'one relay' : `${skew.relays} relays`
  const whence = skew.evidence.map((source) => SOURCE_WORDS[source]).join(', ')
  const by = skew.relays === 0 ? `by ${whence}` : `by what ${who} say (${whence})`
  return `This computer's clock is ${least}${formatSpan(Math.abs(skew.aheadMs))} ${way}, ${by}`
}

function describe(skew: ClockSkew | undefined): string {
  return skew === undefined ? '' : describeClockSkew(skew)
}

/** In the largest unit of which there are two, rounded. */
function formatSpan(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}
