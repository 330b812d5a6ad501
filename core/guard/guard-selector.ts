/** The guards as the layers around see them: path selection asks for one, channels report what became of it. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Watchable } from '../util/watched-value.ts'
import type { GuardNetDir } from './guard-sample.ts'

/** What one circuit asks of its guard. A restriction passes a guard over for this circuit and never changes the order. */
export interface GuardRestrictions {
  /** A `circuit` extends from the guard and needs its onion key; a `directory` circuit of one hop does not. */
  readonly purpose: 'circuit' | 'directory'
  /**
   * Only a primary guard that has not failed lately will do: what we can be without must not show us to further relays,
   * nor try those that are down before their time.
   */
  readonly isPrimaryOnly?: boolean
  excludes(index: number): boolean
}

/** What path selection sees of the guards. Indexes are rows of the given view of the network. */
export interface GuardSelector {
  /** Throws `no-path`, in words, when there is no guard for this. */
  pickGuard(netDir: GuardNetDir, restrictions: GuardRestrictions): number
}

/** How somebody waited in vain for a channel. */
export interface ChannelFailure {
  /** When the wait began, on the monotonic clock: all who waited for one attempt tell of the same failure. */
  readonly beganMs: number
  /** This machine had no way out, as far as it knows. */
  readonly isWithoutRoute: boolean
}

/** What channels report. Only their own establishment counts: a hostile exit must not be able to blame a guard. */
export interface GuardReports {
  /** An outgoing channel to the relay is being made; one of the two below follows, or nothing when it was aborted. */
  reportChannelAttempt(relay: RsaIdentity): void
  /** An outgoing channel to the relay could not be made: TCP, TLS or its proof of identity failed. */
  reportChannelFailure(relay: RsaIdentity, failure: ChannelFailure): void
  /** An outgoing channel to the relay is open. */
  reportChannelSuccess(relay: RsaIdentity): void
}

/** guard-spec 4.9: a circuit through a guard that is not our first choice waits while a better one may still answer. */
export type GuardReadiness = 'usable' | 'waiting' | 'unusable'

export interface GuardJudge {
  /**
   * Whether a complete circuit through this guard may carry streams now. `restrictions` are those it was picked with, and
   * `pickedFrom` is the view of the network whose rows they speak of: there may be another one by now.
   */
  readiness(relay: RsaIdentity, restrictions: GuardRestrictions, pickedFrom: GuardNetDir): GuardReadiness
  /** A new value whenever an earlier answer of `readiness` may have changed; also by time alone. */
  readonly changes: Watchable<number>
}
