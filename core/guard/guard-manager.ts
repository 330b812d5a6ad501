/**
 * Chooses the relay that sees our address. The choice is made once and kept: every new guard is a new chance for an
 * adversary to be it, so only a guard that cannot be reached is passed over, and only for a while (guard-spec).
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { StateStore } from '../persist/state-store.ts'
import { loadDocument, saveDocument } from '../persist/versioned-document.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type Logger, sensitive } from '../util/log.ts'
import type { Random } from '../util/random.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import { GuardReachability } from './guard-reachability.ts'
import {
  findListedGuard,
  GuardDraw,
  type GuardNetDir,
  MAX_STORED_GUARDS,
  type SampledGuard,
  updateListings,
} from './guard-sample.ts'
import type {
  GuardJudge,
  GuardReadiness,
  GuardReports,
  GuardRestrictions,
  GuardSelector,
} from './guard-selector.ts'
import { GUARD_STATE_SCHEMA } from './guard-state.ts'

export interface GuardManagerParts {
  readonly store: StateStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

interface ListedGuard {
  readonly guard: SampledGuard
  readonly index: number
}

/** Reads the kept choice. Throws `state` when the disk cannot be read: guards are never changed because of that. */
export async function loadGuardManager(parts: GuardManagerParts): Promise<GuardManager> {
  const log = parts.log.in('guard')
  const loaded = await loadDocument(parts.store, GUARD_STATE_SCHEMA, log)
  if (loaded.kind === 'set-aside') {
    log.warn(
      'New guards will be chosen, because the kept choice could not be read. Who can cause this can make you change ',
      'guards: if it happens again, find out why. To keep the old guards, put a working copy of the file back.',
    )
  }
  return new GuardManager({ ...parts, log }, loaded.kind === 'loaded' ? loaded.value.sample : [])
}

/** Made by `loadGuardManager`; decides at once and saves in the background. */
export class GuardManager implements GuardSelector, GuardReports, GuardJudge {
  readonly #parts: GuardManagerParts
  readonly #reachability: GuardReachability
  readonly #changes = new WatchedValue(0)
  #wakeUp: Timer | undefined
  #sample: readonly SampledGuard[]
  /** The view that the listings were last updated from. */
  #netDir: GuardNetDir | undefined
  #listed: readonly ListedGuard[] = []
  #lastAnswerMs: number | undefined
  #savedSample: readonly SampledGuard[]
  #saving: Promise<void> | undefined
  #hasSaidSaveFailure = false

  constructor(parts: GuardManagerParts, sample: readonly SampledGuard[]) {
    this.#parts = parts
    this.#reachability = new GuardReachability(parts.random)
    this.#sample = sample
    this.#savedSample = sample
  }

  /** In order of preference. */
  get sample(): readonly SampledGuard[] {
    return this.#sample
  }

  /**
   * The first guard in order that is listed, not excluded and not known to be down. When there is none the sample
   * grows by one guard at a time up to its limit; after that the failed ones are tried again rather than none.
   */
  pickGuard(netDir: GuardNetDir, restrictions: GuardRestrictions): number {
    this.#useNetDir(netDir)
    try {
      return this.#pick(netDir, restrictions)
    } finally {
      this.#save()
    }
  }

  /** The rows of the guards that are used while they can be reached: their microdescriptors are to be fetched first. */
  primaryGuards(netDir: GuardNetDir): number[] {
    this.#useNetDir(netDir)
    this.#save()
    return this.#listed.slice(0, primaryCount(netDir)).map((entry) => entry.index)
  }

  reportChannelAttempt(relay: RsaIdentity): void {
    if (this.#isSampled(relay)) this.#reachability.markAttempt(relay, this.#parts.clock.monotonicMs())
  }

  reportChannelFailure(relay: RsaIdentity): void {
    if (!this.#isSampled(relay)) return
    this.#reachability.markFailed(relay, this.#parts.clock.monotonicMs())
    this.#parts.log.info('Guard ', sensitive(relay), ' cannot be reached')
    this.#noteChange()
  }

  reportChannelSuccess(relay: RsaIdentity): void {
    if (!this.#isSampled(relay)) return
    const nowMs = this.#parts.clock.monotonicMs()
    this.#retryPrimariesAfterOutage(nowMs)
    this.#reachability.markAnswered(relay, nowMs)
    this.#lastAnswerMs = nowMs
    this.#noteChange()
  }

  get changes(): Watchable<number> {
    return this.#changes
  }

  /** guard-spec 4.9, with guards in the place of circuits: who connects to a better one may not use this one yet. */
  readiness(relay: RsaIdentity, restrictions: GuardRestrictions): GuardReadiness {
    const place = this.#listed.findIndex(({ guard }) => guard.rsa === relay)
    if (this.#netDir === undefined || place < 0) return 'unusable'
    if (place < primaryCount(this.#netDir)) return 'usable'
    for (const [other, entry] of this.#listed.slice(0, place).entries()) {
      if (restrictions.excludes(entry.index) || this.#isDown(entry, other)) continue
      if (this.#reachability.answeredAtMs(entry.guard.rsa) !== undefined) return 'unusable'
      if (other < primaryCount(this.#netDir) || this.#isPending(entry)) return this.#wait()
    }
    return 'usable'
  }

  /** Waits until the choice is on disk, or until saving it failed (which was said). */
  async flush(): Promise<void> {
    this.#save()
    await this.#saving
  }

  /** Flushes, and stops all timers. */
  async close(): Promise<void> {
    this.#wakeUp?.cancel()
    await this.flush()
  }

  #isSampled(relay: RsaIdentity): boolean {
    return this.#sample.some((guard) => guard.rsa === relay)
  }

  #isPending({ guard }: ListedGuard): boolean {
    const beganMs = this.#reachability.attemptAtMs(guard.rsa)
    return beganMs !== undefined && this.#parts.clock.monotonicMs() - beganMs < this.#connectTimeoutMs()
  }

  #connectTimeoutMs(): number {
    return (this.#netDir?.params.get('guard-nonprimary-guard-connect-timeout') ?? 0) * 1000
  }

  #wait(): GuardReadiness {
    this.#wakeUp ??= this.#parts.clock.setTimer(this.#connectTimeoutMs(), () => {
      this.#wakeUp = undefined
      this.#noteChange()
    })
    return 'waiting'
  }

  #noteChange(): void {
    this.#changes.set(this.#changes.value + 1)
  }

  #pick(netDir: GuardNetDir, restrictions: GuardRestrictions): number {
    const isDown = (entry: ListedGuard, place: number): boolean => this.#isDown(entry, place)
    const found =
      this.#firstFit(netDir, restrictions, 0, isDown) ?? this.#extendUntilFit(netDir, restrictions)
    if (found !== undefined) return found
    // guard-spec 4.6, last: with the whole sample exhausted, everything is worth a try again.
    const again = this.#firstFit(netDir, restrictions, 0, () => false)
    if (again === undefined) throw noGuard(this.#listed.length)
    this.#reachability.forgiveFailures(this.#listed.map(({ guard }) => guard.rsa))
    return again
  }

  #isDown({ guard }: ListedGuard, place: number): boolean {
    const isPrimary = this.#netDir !== undefined && place < primaryCount(this.#netDir)
    return this.#reachability.isDown(
      guard.rsa,
      { isPrimary, areAllDown: false },
      this.#parts.clock.monotonicMs(),
    )
  }

  /** guard-spec 4.7 (INTERNET_LIKELY_DOWN_INTERVAL): the failures while nothing answered say nothing of the guards. */
  #retryPrimariesAfterOutage(nowMs: number): void {
    if (this.#netDir === undefined) return
    const outageMs = this.#netDir.params.get('guard-internet-likely-down-interval') * 1000
    if (this.#lastAnswerMs !== undefined && nowMs - this.#lastAnswerMs < outageMs) return
    const primaries = this.#listed.slice(0, primaryCount(this.#netDir))
    this.#reachability.forgiveFailures(primaries.map(({ guard }) => guard.rsa))
  }

  #useNetDir(netDir: GuardNetDir): void {
    if (netDir === this.#netDir) return
    this.#netDir = netDir
    this.#sample = updateListings(this.#sample, netDir, this.#parts.random)
    this.#listed = listed(netDir, this.#sample)
    const missing = netDir.params.get('guard-min-filtered-sample-size') - this.#listed.length
    if (missing > 0) this.#extend(netDir, missing, () => false)
  }

  /** Adds up to `count` guards to the sample, until one of them is `wanted`. */
  #extend(netDir: GuardNetDir, count: number, isWanted: (entry: ListedGuard) => boolean): void {
    const draw = new GuardDraw(netDir, this.#sample, this.#parts.random)
    const room = Math.min(count, draw.maxSampleSize - this.#sample.length)
    for (let added = 0; added < room; added++) {
      const guard = draw.next(this.#parts.clock.wallMs())
      const index = guard === undefined ? undefined : findListedGuard(netDir, guard)
      if (guard === undefined || index === undefined) return
      const entry = { guard, index }
      this.#sample = [...this.#sample, guard]
      this.#listed = [...this.#listed, entry]
      if (isWanted(entry)) return
    }
  }

  #extendUntilFit(netDir: GuardNetDir, restrictions: GuardRestrictions): number | undefined {
    const before = this.#listed.length
    this.#extend(netDir, MAX_STORED_GUARDS, ({ index }) => isFit(netDir, index, restrictions))
    return this.#firstFit(netDir, restrictions, before, () => false)
  }

  /** The row of the first guard from place `from` on that fits and is not `isDown`. */
  #firstFit(
    netDir: GuardNetDir,
    restrictions: GuardRestrictions,
    from: number,
    isDown: (entry: ListedGuard, place: number) => boolean,
  ): number | undefined {
    for (const [place, entry] of this.#listed.entries()) {
      if (place < from || restrictions.excludes(entry.index) || isDown(entry, place)) continue
      if (isFit(netDir, entry.index, restrictions)) return entry.index
      const mayComeYet = !netDir.hasMicrodescriptor(entry.index)
      // Passing it over would let whoever serves the directory choose our guard by holding back the others' documents.
      if (mayComeYet && place < primaryCount(netDir)) throw waitForMicrodescriptor()
    }
    return undefined
  }

  /** Writes the sample when it changed; one write at a time, the last state wins. */
  #save(): void {
    if (this.#saving !== undefined || this.#savedSample === this.#sample) return
    this.#saving = this.#writeUntilSaved().finally(() => {
      this.#saving = undefined
    })
  }

  async #writeUntilSaved(): Promise<void> {
    const { store, log } = this.#parts
    while (this.#savedSample !== this.#sample) {
      const sample = this.#sample
      try {
        await saveDocument(store, GUARD_STATE_SCHEMA, { sample })
      } catch (error) {
        // Tried again at the next choice; said once.
        if (!this.#hasSaidSaveFailure) {
          log.warn('The choice of guards cannot be saved: ', toTorError(error, 'state').message)
        }
        this.#hasSaidSaveFailure = true
        return
      }
      this.#savedSample = sample
      this.#hasSaidSaveFailure = false
    }
  }
}

function primaryCount(netDir: GuardNetDir): number {
  return netDir.params.get('guard-n-primary-guards')
}

function listed(netDir: GuardNetDir, sample: readonly SampledGuard[]): ListedGuard[] {
  return sample.flatMap((guard) => {
    const index = findListedGuard(netDir, guard)
    return index === undefined ? [] : [{ guard, index }]
  })
}

function isFit(netDir: GuardNetDir, index: number, restrictions: GuardRestrictions): boolean {
  if (restrictions.excludes(index)) return false
  return restrictions.purpose === 'directory' || netDir.isUsableAs(index, 'guard')
}

function noGuard(listedCount: number): TorError {
  const words =
    listedCount === 0
      ? 'the consensus lists no relay that can be a guard'
      : `none of the ${listedCount} guards can be used for this path`
  return new TorError('no-path', words, { retry: 'later' })
}

function waitForMicrodescriptor(): TorError {
  return new TorError('no-path', 'the microdescriptor of a guard is still missing', { retry: 'later' })
}
