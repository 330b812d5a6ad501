/** The part of the snapshot that the big button shows: one state, its attempts, the two lights. */

import type { WaySource } from './snapshot-ways.ts'

/** The state language of the app; every one has its words, its colour and its one next step in the renderer. */
export const CONNECTION_STATES = [
  'off',
  /** Asked to connect; the core starts and looks at the network. */
  'checking',
  'no-network',
  /** By `clock`. */
  'clock-wrong',
  'connecting',
  /** Progress is made, but slower than is usual. */
  'slow',
  /** No progress for a while: the watchdog looks at progress, never at the time in all. */
  'stalled',
  /** There is a network, and no relay answers. */
  'blocked',
  /** A real stream went through three hops and back. */
  'connected',
  /** Connected; the system proxy is wanted and is not in force. */
  'proxy-not-applied',
  /** Was connected; circuits fail or the guard is down. Streams wait; what uses no proxy of ours does not. */
  'degraded',
  /** This attempt has ended; `attempts` says why. */
  'failed',
  /** The core is gone and is being started again; a system proxy that is on still points at the closed door. */
  'protected-down',
  /** Turning off: the old system settings are being put back. */
  'restoring',
] as const
export type ConnectionState = (typeof CONNECTION_STATES)[number]

export type BootstrapPhaseName =
  | 'starting'
  | 'conn'
  | 'conn-done'
  | 'handshake'
  | 'handshake-done'
  | 'onehop-create'
  | 'requesting-status'
  | 'loading-status'
  | 'loading-keys'
  | 'requesting-descriptors'
  | 'loading-descriptors'
  | 'enough-dirinfo'
  | 'ap-conn'
  | 'ap-conn-done'
  | 'ap-handshake'
  | 'ap-handshake-done'
  | 'circuit-create'
  | 'done'

/** For people there are six steps; each phase belongs to one. */
export const CONNECT_STEPS = [
  'start',
  'reach-network',
  'get-directory',
  'get-relays',
  'build-circuit',
  'verify',
] as const
export type ConnectStep = (typeof CONNECT_STEPS)[number]

export type InternetLight = 'unknown' | 'up' | 'down'
export type TorLight = 'off' | 'working' | 'connected' | 'trouble'

/** How one attempt goes about it. */
export type AttemptWay =
  | { readonly kind: 'direct'; readonly source?: WaySource }
  | {
      readonly kind: 'bridges'
      readonly transports: readonly string[]
      readonly count: number
      /** Undefined: what the settings say. */
      readonly source?: WaySource
    }

export type AttemptOutcome = 'running' | 'connected' | 'cancelled' | 'failed' | 'stalled'

/** What the app does next, or what the person can. */
export type AttemptNext =
  | 'none'
  | 'retrying'
  /** `nextWay` says which; it begins at once, or when its addresses have cooled down. */
  | 'next-way'
  /** The bridge service is asked for other ways. */
  | 'asking-help'
  /** All ways were tried: the next round begins after a while. */
  | 'next-round'
  | 'waiting-for-network'
  | 'fix-clock'
  | 'add-bridges'
  | 'check-proxy'
  | 'restarting-core'
  | 'update-app'

export interface AttemptView {
  readonly id: number
  readonly way: AttemptWay
  readonly startedMs: number
  readonly endedMs: number | undefined
  /** How far it came. */
  readonly step: ConnectStep
  readonly percent: number
  readonly outcome: AttemptOutcome
  /** Why it stopped or what holds it up: the core's error kind and its technical words. */
  readonly reason: { readonly kind: string; readonly detail: string } | undefined
  readonly next: AttemptNext
  /** Set with `next-way`. */
  readonly nextWay?: AttemptWay | undefined
}

export interface ConnectionView {
  readonly state: ConnectionState
  readonly sinceMs: number
  readonly internet: InternetLight
  readonly tor: TorLight
  readonly phase: BootstrapPhaseName | undefined
  readonly step: ConnectStep
  /** 0 to 100. */
  readonly percent: number
  /** Counted where it can be: relay descriptors, for example. */
  readonly progress: { readonly done: number; readonly total: number } | undefined
  /** When this attempt began; undefined while off. */
  readonly startedMs: number | undefined
  readonly clock: { readonly aheadMs: number } | undefined
  readonly blockage: { readonly kind: string; readonly detail: string; readonly failures: number } | undefined
  /** The newest last, at most `MAX_ATTEMPTS`. */
  readonly attempts: readonly AttemptView[]
  /** When a real stream last went through. */
  readonly verifiedMs: number | undefined
  /** Set while the core is gone: how often it was started again, and when the next start is due. */
  readonly coreRestart: { readonly count: number; readonly nextMs: number | undefined } | undefined
  /** True once the app has connected on this computer: only then may it be told to connect at start. */
  readonly hasConnectedBefore: boolean
}

export const MAX_ATTEMPTS = 50
