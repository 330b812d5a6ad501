/** What the state machine of the connection is told, and what it tells besides its view. */
import type { HostStatus } from '../host/protocol.ts'
import type { SystemProxyState } from '../ipc/snapshot.ts'
import type { AttemptNext, AttemptOutcome, AttemptWay, ConnectionState } from '../ipc/snapshot-connection.ts'
import type { CoreState } from '../parts.ts'

export interface Reason {
  readonly kind: string
  readonly detail: string
}

/** What becomes of the attempt that runs. */
export interface AttemptEnding {
  readonly outcome: Exclude<AttemptOutcome, 'running'>
  readonly reason?: Reason | undefined
  readonly next: AttemptNext
  readonly nextWay?: AttemptWay | undefined
}

export type Hold = 'between' | 'resting'

/** As main says it (`parts.ts`), but asking for no more than is looked at. */
export type ConnectionEvent =
  /** The person (or the app at its start) wants to be connected, or not any more; quitting is the latter. */
  | { readonly kind: 'wanted'; readonly isWanted: boolean; readonly hold?: Hold | undefined }
  /** How the next attempt goes about it; before `wanted`, and when it changes meanwhile. */
  | {
      readonly kind: 'way'
      readonly way: AttemptWay
      readonly ending?: AttemptEnding | undefined
      /** To the core it is no other way than before: what it has said counts, and it will not say it again. */
      readonly isInForce?: boolean
    }
  /** Nothing is dialled until the next way: between two of them, or after all of them. */
  | { readonly kind: 'hold'; readonly hold: Hold; readonly ending: AttemptEnding }
  | { readonly kind: 'core'; readonly state: CoreState }
  | { readonly kind: 'status'; readonly status: ConnectionEvidence }
  | {
      readonly kind: 'system-proxy'
      readonly view: { readonly isWanted: boolean; readonly state: SystemProxyState }
    }
  /** The doors could not be opened or the settings not be applied: this attempt is over. */
  | { readonly kind: 'start-failed'; readonly reason: Reason }
  /** After `wanted: false`: old settings are being put back, the core ends; then `false`. */
  | { readonly kind: 'restoring'; readonly isRestoring: boolean }
  /** Time went by. */
  | { readonly kind: 'tick' }

/** The part of the core's status that decides about the connection. */
export type ConnectionEvidence = Pick<
  HostStatus,
  'phase' | 'progress' | 'blockage' | 'isConnected' | 'verifiedMs' | 'clockAheadMs' | 'network'
>

export interface Moment {
  /** Wall clock: for what is shown. */
  readonly wallMs: number
  /** Monotonic: for every duration. */
  readonly monotonicMs: number
}

/** What happened at a step, for those who do something about it. */
export type ConnectionNotice =
  /** Protection that was there is gone, and was not turned off; the state says what is wrong. */
  | { readonly kind: 'lost'; readonly state: ConnectionState }
  /** It is back after it was said to be lost. */
  | { readonly kind: 'regained' }
  /** The first success ever on this computer. */
  | { readonly kind: 'first-success' }
