/** A guard manager on a clock that a test turns by hand, and the small things that tests do to guards. */
import {
  type GuardManager,
  type GuardManagerParts,
  loadGuardManager,
} from '../../core/guard/guard-manager.ts'
import type { GuardNetDir } from '../../core/guard/guard-sample.ts'
import type { ChannelFailure, GuardReadiness, GuardRestrictions } from '../../core/guard/guard-selector.ts'
import type { RsaIdentity } from '../../core/linkspec/relay-ids.ts'
import { MemoryStateStore } from '../../core/persist/memory-state-store.ts'
import type { StateStore } from '../../core/persist/state-store.ts'
import { formatLogParts, Logger } from '../../core/util/log.ts'
import type { Random } from '../../core/util/random.ts'
import { type FakeRelay, fakeIdentity } from './fake-net-dir.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { seededRandom } from './seeded-random.ts'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

export const ANY: GuardRestrictions = { purpose: 'circuit', excludes: () => false }
export const DIRECTORY: GuardRestrictions = { purpose: 'directory', excludes: () => false }

/** The failure of an attempt that began after all that the guards know of. */
export const NEW_FAILURE: ChannelFailure = {
  beganMs: Number.POSITIVE_INFINITY,
  isWithoutRoute: false,
}

/** Guards of different bandwidths, with the numbers `from`, `from + 1` and so on. */
export function relays(count: number, from = 1): FakeRelay[] {
  return Array.from({ length: count }, (_, n) => ({ id: from + n, bandwidth: 100 * (1 + (n % 7)) }))
}

export class GuardBench {
  readonly clock: ManualClock = manualClock()
  readonly lines: string[] = []
  readonly random: Random
  readonly store: StateStore

  constructor(store: StateStore = new MemoryStateStore(), seed = 1) {
    this.store = store
    this.random = seededRandom(seed)
  }

  load(parts: Pick<GuardManagerParts, 'options' | 'filter'> = {}): Promise<GuardManager> {
    const log = new Logger((record) =>
      this.lines.push(`${record.level} ${formatLogParts(record.parts, false)}`),
    )
    const { store, clock, random } = this
    return loadGuardManager({ store, clock, random, log, ...parts })
  }

  warnings(): string[] {
    return this.lines.filter((line) => line.startsWith('warn'))
  }
}

/** Picks a guard for a circuit and connects to it; gives its row. */
export function connect(
  guards: GuardManager,
  netDir: GuardNetDir,
  isUp: (guard: RsaIdentity) => boolean,
  restrictions: GuardRestrictions = ANY,
): number {
  const index = guards.pickGuard(netDir, restrictions)
  const { rsa } = netDir.ids(index)
  guards.reportChannelAttempt(rsa)
  if (isUp(rsa)) guards.reportChannelSuccess(rsa)
  else guards.reportChannelFailure(rsa, NEW_FAILURE)
  return index
}

/** Connects to the guards in these places of the sample, wherever the order of preference has them. */
export function connectPlaces(
  guards: GuardManager,
  netDir: GuardNetDir,
  isUp: boolean,
  ...places: number[]
): void {
  for (const place of places) {
    const wanted = netDir.indexOf(rsaAt(guards, place))
    guards.pickGuard(netDir, { purpose: 'directory', excludes: (index) => index !== wanted })
    guards.reportChannelAttempt(rsaAt(guards, place))
    if (isUp) guards.reportChannelSuccess(rsaAt(guards, place))
    else guards.reportChannelFailure(rsaAt(guards, place), NEW_FAILURE)
  }
}

export function rsaAt(guards: GuardManager, place: number): RsaIdentity {
  return guards.sample[place]?.rsa ?? fakeIdentity(0)
}

export function placeOf(guards: GuardManager, netDir: GuardNetDir, index: number): number {
  return guards.sample.findIndex((guard) => guard.rsa === netDir.ids(index).rsa)
}

/** The places in the sample of the guards that many circuits get, in rising order. */
export function placesInUse(
  guards: GuardManager,
  netDir: GuardNetDir,
  restrictions: GuardRestrictions = ANY,
): number[] {
  const places = Array.from({ length: 40 }, () =>
    placeOf(guards, netDir, guards.pickGuard(netDir, restrictions)),
  )
  return [...new Set(places)].sort((a, b) => a - b)
}

/** Of a circuit that was picked from this view. */
export function readinessAt(
  guards: GuardManager,
  netDir: GuardNetDir,
  place: number,
  restrictions = ANY,
): GuardReadiness {
  return guards.readiness(rsaAt(guards, place), restrictions, netDir)
}
