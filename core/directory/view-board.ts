/**
 * Holds the newest view of the network and decides when it is shown: once there is enough of it, again when it is
 * complete, and no longer when it is too old. Keeps the progress that watchers see in step with it.
 */
import type { NetDir } from '../netdir/net-dir.ts'
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { WatchedValue } from '../util/watched-value.ts'
import {
  clearBlockage,
  countDescriptors,
  type DirectoryPhase,
  type DirectoryProgress,
  INITIAL_PROGRESS,
  reachPhase,
  reportFailure,
  setFreshness,
} from './bootstrap-state.ts'
import { isReasonablyLive, judgeFreshness } from './download-schedule.ts'
import { FreshnessWatch } from './freshness-watch.ts'

export class ViewBoard {
  readonly current = new WatchedValue<NetDir | undefined>(undefined)
  readonly progress = new WatchedValue<DirectoryProgress>(INITIAL_PROGRESS)
  readonly freshness: FreshnessWatch
  readonly #clock: Clock
  readonly #log: Logger
  readonly #pathsNeeded: number | undefined
  #newest: NetDir | undefined

  /** `pathsNeeded` is a fraction of all paths; undefined takes the consensus parameter. */
  constructor(clock: Clock, log: Logger, pathsNeeded: number | undefined) {
    this.#clock = clock
    this.#log = log
    this.#pathsNeeded = pathsNeeded
    this.freshness = new FreshnessWatch(clock, () => this.updateFreshness())
  }

  /** The newest view, shown or not. Throws `internal` before there is one. */
  get newest(): NetDir {
    if (this.#newest === undefined) throw new TorError('internal', 'there is no view of the network yet')
    return this.#newest
  }

  /** The same, for who can do without. */
  get newestIfAny(): NetDir | undefined {
    return this.#newest
  }

  /** A new consensus, with whatever microdescriptors are known. */
  begin(view: NetDir): void {
    this.#newest = view
    this.clear()
    this.reach('requesting-descriptors')
    this.updateFreshness()
    this.show(true)
  }

  /** The same consensus with more microdescriptors; yet more may come in a moment. */
  grow(view: NetDir): void {
    this.#newest = view
    this.reach('loading-descriptors')
    this.show(false)
  }

  /** `isResting` says that the view will not change again soon; between, only the first enough one is shown. */
  show(isResting: boolean): void {
    const view = this.newest
    this.progress.set(countDescriptors(this.progress.value, countSettled(view), view.relayCount))
    const shown = this.current.value
    if (shown === view || (!isResting && shown?.consensus === view.consensus)) return
    if (!isReasonablyLive(judgeFreshness(view, this.#clock.wallMs())) || !this.hasEnough()) return
    this.reach('enough-dirinfo')
    this.current.set(view)
  }

  /** Whether enough paths could be built from the newest view (path-spec 2.1.0). */
  hasEnough(): boolean {
    const view = this.newest
    const needed = this.#pathsNeeded ?? view.params.get('min_paths_for_circs_pct') / 100
    return view.usablePathFraction() >= needed
  }

  /** Whether what is shown is within its validity, so that a failed refresh is nobody's worry yet. */
  isLive(): boolean {
    const { freshness } = this.progress.value
    const isValid = freshness === 'early' || freshness === 'fresh' || freshness === 'live'
    return isValid && this.current.value !== undefined
  }

  /** Says how old the newest view is, and takes it away when it is too old to build circuits from. */
  updateFreshness(): void {
    if (this.#newest === undefined) return
    const freshness = this.freshness.judge(this.#newest)
    this.progress.set(setFreshness(this.progress.value, freshness))
    if (isReasonablyLive(freshness)) {
      // The clock was wrong for a while, and what was taken away then serves again.
      if (this.current.value === undefined) this.show(true)
      return
    }
    if (this.current.value === undefined) return
    this.#log.warn(
      'The consensus is more than a day out of date, or the clock is wrong: no circuits until there is a new one',
    )
    this.current.set(undefined)
  }

  /** Takes the view away for good. */
  withdraw(): void {
    this.freshness.stop()
    this.current.set(undefined)
  }

  reach(phase: DirectoryPhase): void {
    this.progress.set(reachPhase(this.progress.value, phase))
  }

  /** Another way to the network is taken: what was reached, and what failed, by the one before says nothing of it. */
  restart(): void {
    const { progress, freshness } = this.progress.value
    const kept = { progress, freshness, blockage: undefined }
    if (this.current.value !== undefined) this.progress.set({ ...kept, phase: 'enough-dirinfo' })
    else if (this.#newest !== undefined) this.progress.set({ ...kept, phase: 'requesting-descriptors' })
    else this.progress.set(INITIAL_PROGRESS)
  }

  fail(error: TorError): void {
    this.progress.set(reportFailure(this.progress.value, error, this.#clock.wallMs()))
  }

  clear(): void {
    this.progress.set(clearBlockage(this.progress.value))
  }
}

/** The relays for which nothing is left to be fetched. */
function countSettled(view: NetDir): number {
  let count = 0
  for (let row = 0; row < view.relayCount; row++) if (!view.isMicrodescriptorMissing(row)) count += 1
  return count
}
