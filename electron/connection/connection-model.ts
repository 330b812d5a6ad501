/** All that the state machine remembers, as one immutable value. */
import type { SystemProxyState } from '../ipc/snapshot.ts'
import type { AttemptView, AttemptWay, ConnectionState } from '../ipc/snapshot-connection.ts'
import type { CoreState } from '../parts.ts'
import type { ConnectionEvidence, Hold, Moment, Reason } from './connection-event.ts'

/** The attempt that runs; `id` is that of its row. */
export interface RunningAttempt {
  readonly id: number
  /** Counted by `activeMs`. */
  readonly startedAt: number
  readonly movedAt: number
  /** Finer than the percent: descriptors that have come. */
  readonly done: number
  readonly isSlow: boolean
  readonly isStalled: boolean
}

export interface ConnectionModel {
  readonly isWanted: boolean
  readonly isRestoring: boolean
  readonly core: CoreState
  /** Set from a crash until the core runs again. */
  readonly restart: { readonly count: number; readonly nextMs: number | undefined } | undefined
  /** What the core that runs now said last. */
  readonly evidence: ConnectionEvidence | undefined
  readonly proxy: { readonly isWanted: boolean; readonly state: SystemProxyState }
  /** Since when the proxy is wanted and not in force. */
  readonly proxyMissingSince: number | undefined
  readonly way: AttemptWay
  /** Set while no way is taken. */
  readonly hold: Hold | undefined
  /** Why the attempt was given up. */
  readonly failure: Reason | undefined
  /** A new attempt is to have its row as soon as there is a core for it. */
  readonly isAttemptDue: boolean
  readonly attempt: RunningAttempt | undefined
  /** The running one's row is the last. */
  readonly attempts: readonly AttemptView[]
  /** This core was connected: what follows is a loss, not a beginning. */
  readonly wasConnected: boolean
  readonly lostSince: number | undefined
  readonly networkGoneSince: number | undefined
  readonly hasConnectedBefore: boolean
  readonly verifiedMs: number | undefined
  readonly clockAheadMs: number | undefined
  readonly shown: { readonly state: ConnectionState; readonly sinceMs: number }
  /** The state that would be shown, were it not for the hold. */
  readonly pending: { readonly state: ConnectionState; readonly since: number } | undefined
  readonly loss: {
    readonly hadProtection: boolean
    readonly since: number | undefined
    readonly isTold: boolean
  }
  /** Time in which somebody was there to look; every `since` and `At` of this model counts by it. */
  readonly activeMs: number
  readonly lastMonotonicMs: number
}

export const NO_LOSS: ConnectionModel['loss'] = { hadProtection: false, since: undefined, isTold: false }

export function initialModel(moment: Moment, hasConnectedBefore: boolean): ConnectionModel {
  return {
    isWanted: false,
    isRestoring: false,
    core: { kind: 'stopped' },
    restart: undefined,
    evidence: undefined,
    proxy: { isWanted: false, state: 'off' },
    proxyMissingSince: undefined,
    way: { kind: 'direct' },
    hold: undefined,
    failure: undefined,
    isAttemptDue: false,
    attempt: undefined,
    attempts: [],
    wasConnected: false,
    lostSince: undefined,
    networkGoneSince: undefined,
    hasConnectedBefore,
    verifiedMs: undefined,
    clockAheadMs: undefined,
    shown: { state: 'off', sinceMs: moment.wallMs },
    pending: undefined,
    loss: NO_LOSS,
    activeMs: 0,
    lastMonotonicMs: moment.monotonicMs,
  }
}

/** A real stream went through the core that runs, and nothing newer says otherwise. */
export function isVerified({ isWanted, core, evidence, failure }: ConnectionModel): boolean {
  return isWanted && failure === undefined && core.kind === 'running' && evidence?.isConnected === true
}

/**
 * Whether anything could be judged differently a moment later, with no news from anybody. Connected, and not waiting for
 * a system proxy, it could not: who is at rest need not look at the clock.
 */
export function dependsOnTime(model: ConnectionModel): boolean {
  const { isWanted, shown, pending, proxyMissingSince, networkGoneSince, clockAheadMs, evidence } = model
  const isSettled =
    pending === undefined &&
    proxyMissingSince === undefined &&
    networkGoneSince === undefined &&
    // What was said of a wrong clock is taken back a step after the state that it explained.
    clockAheadMs === evidence?.clockAheadMs
  return isWanted && !(isVerified(model) && shown.state === 'connected' && isSettled)
}

export function isNetworkGone({ evidence }: ConnectionModel): boolean {
  return evidence?.network === 'down' || evidence?.blockage?.cause === 'no-network'
}
