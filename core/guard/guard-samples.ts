/** The samples that are kept, which of them is in use under the network and the user's filter, and their saving. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Logger } from '../util/log.ts'
import type { Random } from '../util/random.ts'
import { chooseSample, type GuardFilter, type SampleChoice, type SampleName } from './guard-filter.ts'
import { checkGuardOptions, type GuardOptions, guardLimits } from './guard-limits.ts'
import type { FilteredGuard, GuardOrder } from './guard-order.ts'
import type { GuardNetDir, SampledGuard } from './guard-sample.ts'
import { type GuardContent, GuardSaver, type GuardSaverParts } from './guard-saver.ts'
import { GuardSet, type GuardView } from './guard-set.ts'
import type { GuardState } from './guard-state.ts'

export interface GuardSamplesParts extends GuardSaverParts {
  readonly random: Random
}

export class GuardSamples {
  readonly #log: Logger
  readonly #sets: Readonly<Record<SampleName, GuardSet>>
  readonly #otherSamples: GuardState['otherSamples']
  readonly #saver: GuardSaver
  #options: GuardOptions
  #filter: GuardFilter
  #view: GuardView | undefined
  /** Whether the user's choices changed since. */
  #isStale = false
  #choice: SampleChoice | undefined
  /** What is on disk, on its way, or waits in the saver for the next try. */
  #saved: GuardContent['samples']

  constructor(parts: GuardSamplesParts, state: GuardState, options: GuardOptions, filter: GuardFilter) {
    const { random, log } = parts
    checkGuardOptions(options)
    this.#log = log
    this.#sets = {
      default: new GuardSet('default', state.samples.default, random),
      restricted: new GuardSet('restricted', state.samples.restricted, random),
      bridges: new GuardSet('bridges', state.samples.bridges, random),
    }
    this.#otherSamples = state.otherSamples
    this.#saver = new GuardSaver(parts, state.serial)
    this.#saved = state.samples
    this.#options = options
    this.#filter = filter
  }

  get options(): GuardOptions {
    return this.#options
  }

  /** What the sample in use was last brought up to date with. */
  get view(): GuardView | undefined {
    return this.#view
  }

  /** The bridges that were used before, the first choice first. */
  get knownBridges(): readonly RsaIdentity[] {
    const { sample } = this.#sets.bridges
    const placeOf = ({ confirmed }: SampledGuard): number => confirmed?.place ?? Infinity
    return [...sample].sort((a, b) => placeOf(a) - placeOf(b) || 0).map(({ rsa }) => rsa)
  }

  /** The sample in use, in the order in which it was drawn. */
  get sample(): readonly SampledGuard[] {
    return this.#set.sample
  }

  get order(): GuardOrder {
    return this.#set.order
  }

  useNetDir(netDir: GuardNetDir): GuardView {
    return this.#view?.netDir === netDir && !this.#isStale ? this.#view : this.#lookAt(netDir)
  }

  useChoices(options: GuardOptions, filter: GuardFilter): void {
    checkGuardOptions(options)
    this.#options = options
    this.#filter = filter
    this.#isStale = true
    if (this.#view !== undefined) this.#lookAt(this.#view.netDir)
  }

  /** Draws guards one by one until one that the filter permits is `wanted`, or the sample is full. */
  extend(view: GuardView, isWanted: (entry: FilteredGuard) => boolean): void {
    this.#set.extend(view, isWanted)
    this.#saveChanges()
  }

  confirm(relay: RsaIdentity, view: GuardView): void {
    this.#set.confirm(relay, view)
    this.#saveChanges()
  }

  /** Writes everything as it is: a copy on disk was lost. */
  saveAgain(): void {
    this.#saver.save({ samples: this.#saved, otherSamples: this.#otherSamples })
  }

  /** Waits until everything is on disk, or until saving it failed (which was said). */
  flush(): Promise<void> {
    return this.#saver.flush()
  }

  /** Flushes, and sets no more timers. */
  close(): Promise<void> {
    return this.#saver.close()
  }

  get #set(): GuardSet {
    return this.#sets[this.#choice?.name ?? 'default']
  }

  #lookAt(netDir: GuardNetDir): GuardView {
    const view = { netDir, filter: this.#filter, limits: guardLimits(netDir, this.#options) }
    const choice = chooseSample(netDir, this.#filter, this.#choice?.name)
    sayChoice(this.#log, choice, this.#choice)
    this.#view = view
    this.#choice = choice
    if (this.#options.useEntryGuards) this.#set.use(view)
    this.#isStale = false
    this.#saveChanges()
    return view
  }

  #saveChanges(): void {
    const { default: usual, restricted, bridges } = this.#sets
    const samples = { default: usual.sample, restricted: restricted.sample, bridges: bridges.sample }
    const saved = this.#saved
    const isSaved =
      samples.default === saved.default &&
      samples.restricted === saved.restricted &&
      samples.bridges === saved.bridges
    if (isSaved) return
    this.#saved = samples
    this.#saver.save({ samples, otherSamples: this.#otherSamples })
  }
}

/** Tells the user what a choice of guards costs, when it begins to cost it. */
function sayChoice(log: Logger, choice: SampleChoice, previous: SampleChoice | undefined): void {
  const share = `${choice.permittedCount} of the ${choice.guardCount} guards`
  if (choice.isExtreme && previous?.isExtreme !== true) {
    log.warn(
      `The configuration permits only ${share}: it makes you stand out, and those few see all your traffic.`,
    )
  }
  const isOther = choice.name !== (previous?.name ?? 'default')
  if (isOther && choice.name === 'restricted') {
    log.notice(`The configuration permits ${share}; a choice among these is kept beside the usual one.`)
  } else if (isOther && choice.name === 'bridges') {
    log.notice('Bridges are used in the place of guards; the usual guards are kept for later.')
  } else if (isOther) {
    log.notice('The usual guards are used again.')
  }
}
