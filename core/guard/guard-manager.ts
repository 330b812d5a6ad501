/**
 * Chooses the relay that sees our address. The choice is made once and kept: every new guard is a new chance for an
 * adversary to be it, so only a guard that cannot be reached is passed over, and only for a while (guard-spec).
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { BridgeRelay } from '../netdir/bridge-relay.ts'
import type { Timer } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { sensitive } from '../util/log.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import {
  chooseAmongDown,
  chooseGuard,
  countUsable,
  fits,
  type GuardChoice,
  type GuardSituation,
  retryWaitMs,
} from './guard-choice.ts'
import { drawUnkeptGuard } from './guard-draw.ts'
import { loadGuardState } from './guard-files.ts'
import { type GuardFilter, NO_GUARD_FILTER } from './guard-filter.ts'
import { DEFAULT_GUARD_OPTIONS, type GuardOptions } from './guard-limits.ts'
import { GuardReachability } from './guard-reachability.ts'
import { isFirstChoice, judgeGuard } from './guard-readiness.ts'
import type { GuardNetDir, SampledGuard } from './guard-sample.ts'
import { GuardSamples, type GuardSamplesParts } from './guard-samples.ts'
import type {
  ChannelFailure,
  GuardJudge,
  GuardReadiness,
  GuardReports,
  GuardRestrictions,
  GuardSelector,
} from './guard-selector.ts'
import type { GuardView } from './guard-set.ts'
import { EMPTY_GUARD_STATE, type GuardState } from './guard-state.ts'

export interface GuardManagerParts extends GuardSamplesParts {
  /** What the user set; the consensus's numbers when left out. */
  readonly options?: GuardOptions
  /** Which guards the user permits; all when left out. */
  readonly filter?: GuardFilter
}

/**
 * Reads the kept choice. Throws `state` when the disk cannot be read and `newer-guards` for what a newer version wrote,
 * since guards are never changed because of that, and `bad-config` when the options cannot all hold.
 */
export async function loadGuardManager(parts: GuardManagerParts): Promise<GuardManager> {
  const log = parts.log.in('guard')
  const { state, needsRepair } = await loadGuardState(parts.store, log)
  const manager = new GuardManager({ ...parts, log }, state)
  if (needsRepair) manager.saveAgain()
  return manager
}

/** Made by `loadGuardManager`; decides at once and saves in the background. */
export class GuardManager implements GuardSelector, GuardReports, GuardJudge {
  readonly #parts: GuardManagerParts
  readonly #samples: GuardSamples
  readonly #reachability: GuardReachability
  readonly #changes = new WatchedValue(0)
  /** Guards that we gave out in this run: what becomes of other relays says nothing of our choice. */
  readonly #picked = new Set<RsaIdentity>()
  #lastAnswerMs: number | undefined
  #wakeUp: { readonly atMs: number; readonly timer: Timer } | undefined
  #isClosed = false

  constructor(parts: GuardManagerParts, state: GuardState = EMPTY_GUARD_STATE) {
    const { options = DEFAULT_GUARD_OPTIONS, filter = NO_GUARD_FILTER } = parts
    this.#parts = parts
    this.#samples = new GuardSamples(parts, state, options, filter)
    this.#reachability = new GuardReachability(parts.random)
  }

  /** The guards of the sample in use, in the order in which they were drawn. */
  get sample(): readonly SampledGuard[] {
    return this.#samples.sample
  }

  /** When the relay was confirmed as our guard, blurred by days as it is kept; undefined when it is none. Wall clock. */
  confirmedMs(relay: RsaIdentity): number | undefined {
    return this.sample.find(({ rsa }) => rsa === relay)?.confirmed?.atMs
  }

  /** The bridges that were used before, the first choice first: for the order in which to ask while there is no view. */
  get knownBridges(): readonly RsaIdentity[] {
    return this.#samples.knownBridges
  }

  get changes(): Watchable<number> {
    return this.#changes
  }

  /**
   * Takes over the user's choices from now on. Guards that are no longer permitted keep their places. Throws
   * `bad-config` when the options cannot all hold.
   */
  useChoices(options: GuardOptions, filter: GuardFilter): void {
    this.#samples.useChoices(options, filter)
    this.#noteChange()
  }

  /**
   * One of the first guards that can be reached (guard-spec 4.6). When all of them failed, others are tried, and when
   * those failed too, all are tried again, at a pace. Throws `no-path` when there is nobody to try now.
   */
  pickGuard(netDir: GuardNetDir, restrictions: GuardRestrictions): number {
    const view = this.#samples.useNetDir(netDir)
    if (!this.#samples.options.useEntryGuards) return this.#drawUnkept(view, restrictions)
    const choice = this.#choose(view, restrictions)
    switch (choice.kind) {
      case 'chosen':
        this.#picked.add(choice.entry.guard.rsa)
        return choice.entry.index
      case 'microdescriptor-missing':
        throw noPath('the microdescriptor of a guard is still missing')
      case 'none':
        if (restrictions.isPrimaryOnly === true) throw noPath('no further primary guard can be used now')
        throw this.#explainNoGuard(view, restrictions)
    }
  }

  /** The rows of the guards that are used while they can be reached: their microdescriptors are to be fetched first. */
  primaryGuards(netDir: GuardNetDir): number[] {
    this.#samples.useNetDir(netDir)
    return this.#samples.order.primary.map((entry) => entry.index)
  }

  reportChannelAttempt(relay: RsaIdentity): void {
    this.#reachability.markAttempt(relay, this.#nowMs())
  }

  reportChannelFailure(relay: RsaIdentity, { beganMs, isWithoutRoute }: ChannelFailure): void {
    if (!this.#picked.has(relay)) return this.#reachability.forgetAttempt(relay)
    if (!this.#reachability.markFailed(relay, beganMs, this.#nowMs())) return
    // The network is most likely down; who answers next shows that it was (guard-spec 4.8), or goes on being used where
    // there is no way to this guard alone.
    if (isWithoutRoute) this.#lastAnswerMs = undefined
    this.#parts.log.info('Guard ', sensitive(relay), ' cannot be reached')
    this.#noteChange()
  }

  reportChannelSuccess(relay: RsaIdentity): void {
    // A channel that was open already is no news of the network.
    const isNew = this.#reachability.attemptAtMs(relay) !== undefined
    const wasOutage = isNew && this.#isInternetLikelyDown()
    if (isNew) this.#lastAnswerMs = this.#nowMs()
    this.#reachability.forgetAttempt(relay)
    // guard-spec 4.8: the failures while nothing answered say nothing of the guards.
    if (wasOutage)
      this.#reachability.forgiveFailures(this.#samples.order.primary.map(({ guard }) => guard.rsa))
    if (this.#picked.has(relay)) {
      this.#reachability.markAnswered(relay, this.#nowMs())
      this.#confirmIfFirst(relay)
    }
    this.#noteChange()
  }

  /**
   * Time was lost, as in a sleep, after which the network may be another one: every guard is worth a try now, the first
   * ones first. Nothing that happens on the network may lead here.
   */
  forgiveFailures(): void {
    this.#reachability.forgiveFailures(this.sample.map(({ rsa }) => rsa))
    this.#noteChange()
  }

  readiness(relay: RsaIdentity, restrictions: GuardRestrictions, pickedFrom: GuardNetDir): GuardReadiness {
    if (!this.#samples.options.useEntryGuards) return 'usable'
    const { view } = this.#samples
    if (view === undefined) return 'unusable'
    const { readiness, untilMs } = judgeGuard(this.#situation(view), relay, restrictions, pickedFrom)
    if (untilMs !== undefined) this.#wakeUpAt(untilMs)
    return readiness
  }

  /** Writes the choice as it was loaded: a copy of it was lost. */
  saveAgain(): void {
    this.#samples.saveAgain()
  }

  /** Waits until the choice is on disk, or until saving it failed (which was said). */
  flush(): Promise<void> {
    return this.#samples.flush()
  }

  /** Flushes, and stops all timers. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#wakeUp?.timer.cancel()
    await this.#samples.close()
  }

  #choose(view: GuardView, restrictions: GuardRestrictions): GuardChoice {
    const { random } = this.#parts
    const choice = chooseGuard(this.#situation(view), restrictions, random)
    if (choice.kind !== 'none' || restrictions.isPrimaryOnly === true) return choice
    this.#growSample(view, restrictions)
    const grown = chooseGuard(this.#situation(view), restrictions, random)
    return grown.kind === 'none' ? chooseAmongDown(this.#situation(view), restrictions, random) : grown
  }

  /**
   * More guards are drawn one by one, and only while few are left that did not fail. Not while nothing answers at all:
   * then they would fail too, and whoever cuts our network must not make us go through guards until one is theirs.
   */
  #growSample(view: GuardView, restrictions: GuardRestrictions): void {
    const enough = view.limits.minFilteredGuards
    let usable = countUsable(this.#situation(view))
    if (this.#isInternetLikelyDown() || usable >= enough) return
    this.#samples.extend(view, ({ index }) => {
      usable++
      return fits(view.netDir, index, restrictions) || usable >= enough
    })
  }

  #drawUnkept({ netDir, filter }: GuardView, restrictions: GuardRestrictions): number {
    const isEligible = (row: number): boolean =>
      filter.permits(netDir, row) && fits(netDir, row, restrictions)
    const index = drawUnkeptGuard(netDir, this.#parts.random, isEligible)
    if (index === undefined) throw noPath('the consensus lists no guard that can be used for this path')
    return index
  }

  #explainNoGuard(view: GuardView, restrictions: GuardRestrictions): TorError {
    const { primary, others } = this.#samples.order
    const count = primary.length + others.length
    const { bridges } = view.netDir
    const what = bridges === undefined ? 'guards' : 'bridges'
    if (bridges !== undefined && count === 0) return noPath(whyNoBridge(bridges))
    if (count === 0 && view.filter.isRestricting) {
      return noPath('the configuration permits none of the guards that the consensus lists')
    }
    if (count === 0) return noPath('the consensus lists no relay that can be a guard')
    const waitMs = retryWaitMs(this.#situation(view), restrictions)
    if (waitMs === undefined) return noPath(`none of the ${count} ${what} can be used for this path`)
    const seconds = Math.ceil(waitMs / 1000)
    return noPath(`none of the ${count} ${what} could be reached; the next try is in ${seconds} seconds`)
  }

  /** A restriction may have led a circuit to a guard that is not our first choice: then the order stays as it is. */
  #confirmIfFirst(relay: RsaIdentity): void {
    const { view } = this.#samples
    if (view !== undefined && isFirstChoice(this.#situation(view), relay)) this.#samples.confirm(relay, view)
  }

  #situation({ netDir, limits }: GuardView): GuardSituation {
    return {
      netDir,
      limits,
      order: this.#samples.order,
      reachability: this.#reachability,
      nowMs: this.#nowMs(),
      isInternetLikelyDown: this.#isInternetLikelyDown(),
    }
  }

  #isInternetLikelyDown(): boolean {
    const afterMs = this.#samples.view?.limits.internetLikelyDownMs ?? 0
    return this.#lastAnswerMs === undefined || this.#nowMs() - this.#lastAnswerMs >= afterMs
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs()
  }

  #noteChange(): void {
    this.#changes.set(this.#changes.value + 1)
  }

  /** One timer for the earliest moment at which an answer changes by itself. */
  #wakeUpAt(atMs: number): void {
    if (this.#isClosed || (this.#wakeUp !== undefined && this.#wakeUp.atMs <= atMs)) return
    this.#wakeUp?.timer.cancel()
    const timer = this.#parts.clock.setTimer(atMs - this.#nowMs(), () => {
      this.#wakeUp = undefined
      this.#noteChange()
    })
    this.#wakeUp = { atMs, timer }
  }
}

function whyNoBridge(bridges: readonly BridgeRelay[]): string {
  if (bridges.length === 0) return 'bridges are wanted, and none has been reached yet'
  const isAnyReady = bridges.some(({ descriptor }) => descriptor !== undefined)
  return isAnyReady
    ? 'the configuration permits none of the bridges'
    : `none of the ${bridges.length} bridges has sent its descriptor yet`
}

function noPath(words: string): TorError {
  return new TorError('no-path', words, { retry: 'later' })
}
