/** The part of the snapshot about the connection doctor: what it would ask, what it found, and the one fix for each. */

/** In the order in which they are asked: each needs those before it. */
export const DOCTOR_CHECKS = [
  'link',
  'proxy',
  'portal',
  'tcp',
  'clock',
  'names',
  'tls',
  'udp',
  'ports',
] as const
export type DoctorCheck = (typeof DOCTOR_CHECKS)[number]

export type DoctorVerdict =
  | 'good'
  | 'bad'
  /** It was asked, and the answer tells nothing. */
  | 'unknown'
  /** Not asked: something before it failed, or nothing may be sent. */
  | 'not-asked'
  /** It does not matter here: no proxy is set, or everything goes through one. */
  | 'not-used'

/** What exactly was found, where the verdict has more than one cause. */
export const DOCTOR_FINDINGS = [
  // link
  'no-address',
  'self-assigned',
  // proxy
  'proxy-silent',
  'behind-proxy',
  // portal
  'sign-in-page',
  'other-answer',
  // clock
  'clock-ahead',
  'clock-behind',
  // names
  'names-invented',
  'names-changed',
  'names-of-tor-hidden',
  'names-unanswered',
  // tls
  'tls-intercepted',
  'tls-cut',
  'tls-dates',
  // ports
  'ports-filtered',
  // Why it was not asked.
  'after-failure',
  'hidden',
  'no-servers',
] as const
export type DoctorFinding = (typeof DOCTOR_FINDINGS)[number]

/** The one thing to do about it. */
export const DOCTOR_FIXES = [
  'none',
  'join-network',
  'check-proxy',
  'set-proxy',
  'sign-in',
  'set-clock',
  'use-bridge',
  'use-obfs4',
  'end-inspection',
  'avoid-snowflake',
  'use-open-ports',
] as const
export type DoctorFix = (typeof DOCTOR_FIXES)[number]

export interface DoctorResult {
  readonly check: DoctorCheck
  readonly verdict: DoctorVerdict
  readonly fix: DoctorFix
  readonly finding: DoctorFinding | undefined
  /** Set with the findings about the clock; negative when it is behind. */
  readonly clockAheadMs?: number | undefined
  /** Set with `ports-filtered`, and where ports were found open. */
  readonly openPorts?: readonly number[] | undefined
}

/** What a check sends, and to whom: to be shown before it is run. */
export interface DoctorPlanRow {
  readonly check: DoctorCheck
  /** The names or addresses, with ports where they say something; empty when nothing leaves this computer. */
  readonly asks: readonly string[]
}

export interface DoctorView {
  /** By the settings: whether anything may be sent in the clear without asking for that run. */
  readonly mustAsk: boolean
  /** What a run that may send something would do. */
  readonly plan: readonly DoctorPlanRow[]
  readonly isRunning: boolean
  /** What is being asked now. */
  readonly running: DoctorCheck | undefined
  /** Undefined until the first run has ended. */
  readonly ranAtMs: number | undefined
  /** Whether that run sent anything. */
  readonly hasSent: boolean
  /** In the order of the checks; while it runs, those that are done. */
  readonly results: readonly DoctorResult[]
}

export const NO_DOCTOR: DoctorView = {
  mustAsk: true,
  plan: [],
  isRunning: false,
  running: undefined,
  ranAtMs: undefined,
  hasSent: false,
  results: [],
}
