/** One sample of guards under the current view of the network and the user's filter; all changes of it happen here. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { type Random, shuffled } from '../util/random.ts'
import { GuardDraw } from './guard-draw.ts'
import type { GuardFilter, SampleName } from './guard-filter.ts'
import { type GuardLimits, MAX_STORED_GUARDS } from './guard-limits.ts'
import { type FilteredGuard, type GuardOrder, NO_GUARDS, orderGuards } from './guard-order.ts'
import {
  confirmGuard,
  findListedGuard,
  type GuardNetDir,
  newGuard,
  type SampledGuard,
  updateSample,
} from './guard-sample.ts'

/** What the sample is seen through. */
export interface GuardView {
  readonly netDir: GuardNetDir
  readonly filter: GuardFilter
  readonly limits: GuardLimits
}

export class GuardSet {
  readonly name: SampleName
  readonly #random: Random
  #sample: readonly SampledGuard[]
  #filtered: readonly FilteredGuard[] = []
  #order: GuardOrder = NO_GUARDS

  constructor(name: SampleName, sample: readonly SampledGuard[], random: Random) {
    this.name = name
    this.#sample = sample
    this.#random = random
  }

  /** In the order in which they were drawn; a new array whenever something changed. */
  get sample(): readonly SampledGuard[] {
    return this.#sample
  }

  get order(): GuardOrder {
    return this.#order
  }

  has(relay: RsaIdentity): boolean {
    return this.#sample.some((guard) => guard.rsa === relay)
  }

  /** Takes note of a new view; draws guards until there are enough to choose from. */
  use(view: GuardView): void {
    const { netDir, limits } = view
    this.#sample = updateSample(this.#sample, netDir, limits, this.#random)
    if (this.name === 'bridges') this.#addBridges(view)
    this.#filter(view)
    let missing = limits.minFilteredGuards - this.#filtered.length
    if (missing > 0) this.extend(view, () => --missing <= 0)
    this.#reorder(limits)
  }

  /** Adds guards one by one until one that the filter permits is `wanted`, or the sample is full. */
  extend(view: GuardView, isWanted: (entry: FilteredGuard) => boolean): void {
    // All the bridges that there are belong to their sample.
    if (this.name === 'bridges') return
    const { netDir, filter, limits } = view
    // A restricted sample is drawn among those few that it is for; the other one must not depend on the user's choices.
    const isEligible = (index: number): boolean => this.name === 'default' || filter.permits(netDir, index)
    const draw = new GuardDraw(netDir, this.#sample, limits, this.#random, isEligible)
    for (let drawn = draw.next(); drawn !== undefined; drawn = draw.next()) {
      this.#sample = [...this.#sample, drawn.guard]
      if (!filter.permits(netDir, drawn.index)) continue
      this.#filtered = [...this.#filtered, drawn]
      if (isWanted(drawn)) break
    }
    this.#reorder(limits)
  }

  confirm(relay: RsaIdentity, view: GuardView): void {
    const { netDir, limits } = view
    const sample = confirmGuard(this.#sample, relay, netDir.validAfterMs, limits, this.#random)
    if (sample === this.#sample) return
    this.#sample = sample
    this.#filter(view)
    this.#reorder(limits)
  }

  /** The user chose each of them: chance decides their order only. */
  #addBridges({ netDir, limits }: GuardView): void {
    const known = new Set(this.#sample.map(({ rsa }) => rsa))
    const fresh = (netDir.bridges ?? []).flatMap(({ ids }) => {
      const row = known.has(ids.rsa) ? undefined : netDir.bridgeRowOf(ids.rsa)
      return row === undefined ? [] : newGuard(netDir, row, limits, this.#random)
    })
    if (fresh.length === 0) return
    this.#sample = [...this.#sample, ...shuffled(this.#random, fresh)].slice(0, MAX_STORED_GUARDS)
  }

  #filter({ netDir, filter }: GuardView): void {
    this.#filtered = this.#sample.flatMap((guard) => {
      const index = findListedGuard(netDir, guard)
      if (index === undefined || !filter.permits(netDir, index)) return []
      // What a bridge sends of itself is not another's to hold back: those that sent it come before those that did not.
      return netDir.bridgeAt(index) === undefined || netDir.hasMicrodescriptor(index) ? { guard, index } : []
    })
  }

  #reorder(limits: GuardLimits): void {
    this.#order = orderGuards(this.#filtered, limits.primaryGuards, this.#order)
  }
}
