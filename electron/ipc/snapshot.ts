/**
 * What the app shows, as one immutable value: main owns it, renderers mirror it. It is made of sections; an event
 * carries whole sections that changed. States and causes are words to be matched, never text to be shown; the few
 * `detail` strings are technical English for the log and the support bundle. Times are wall clock, in milliseconds
 * since 1970, unless a name says otherwise.
 */
import type { FileTrouble } from './file-trouble.ts'
import type { BridgesView } from './snapshot-bridges.ts'
import type { CircuitsView, SitesView } from './snapshot-circuits.ts'
import type { ConnectionView } from './snapshot-connection.ts'
import type { DoctorView } from './snapshot-doctor.ts'
import type { ListsView } from './snapshot-lists.ts'
import type { ProgramGuide } from './snapshot-programs.ts'
import type { WayFindingView } from './snapshot-ways.ts'
import type { Settings } from './settings.ts'

export interface AppSnapshot {
  readonly about: AboutView
  readonly settings: Settings
  /** Set when the defaults hold in place of a file. */
  readonly settingsTrouble: FileTrouble | undefined
  readonly upstreamPassword: PasswordStorage
  readonly connection: ConnectionView
  readonly circuits: CircuitsView
  readonly sites: SitesView
  readonly traffic: TrafficView
  readonly bridges: BridgesView
  readonly ways: WayFindingView
  readonly lists: ListsView
  readonly proxies: ProxiesView
  readonly systemProxy: SystemProxyView
  readonly protection: ProtectionView
  readonly doctor: DoctorView
}

/** How the password of the upstream proxy is kept; the page never sees the password itself. */
export type PasswordStorage =
  | 'none'
  | 'encrypted'
  /** The system has no store for secrets, so whoever reads the settings file can read it. */
  | 'plain'
  /** It was encrypted, and could not be decrypted at this start. */
  | 'locked'

/** What this program is made of. */
export interface AboutView {
  readonly version: string
  readonly electronVersion: string
  readonly chromeVersion: string
  readonly nodeVersion: string
  /** As `process.platform` and `process.arch`. */
  readonly platform: string
  readonly arch: string
  /** Days, as `2026-11-22`, on which the built-in data was compiled. */
  readonly dataDates: { readonly countries: string; readonly relays: string; readonly bridges: string }
  /** True where the window runs on a runtime that is for tests only. */
  readonly isTestRuntime: boolean
  /** True on a network of the demonstration: nothing leaves this computer. */
  readonly isDemo: boolean
  /** What the system offers: where it has no tray, no notifications or no start at login, the switch is not shown. */
  readonly canStartAtLogin: boolean
  readonly canNotify: boolean
  readonly hasTray: boolean
}

export interface TrafficView {
  /** Application bytes since the app connected first. */
  readonly readBytes: number
  readonly writtenBytes: number
  /**
   * One sample a second, the oldest first, at most `MAX_TRAFFIC_SAMPLES`. A second without a sample was like the one
   * before it: of seconds without bytes only the first has one.
   */
  readonly samples: readonly TrafficSample[]
}

/** Five minutes of graph. */
export const MAX_TRAFFIC_SAMPLES = 300

export interface TrafficSample {
  readonly atMs: number
  /** Bytes within that second. */
  readonly readBytes: number
  readonly writtenBytes: number
}

/** Where programs find the front doors; undefined while the core does not run. */
export interface ProxiesView {
  readonly socks: ProxyAddress | undefined
  readonly http: ProxyAddress | undefined
  /** Why a door could not be opened on the port that the settings ask for. */
  readonly trouble: { readonly port: number; readonly detail: string } | undefined
}

export interface ProxyAddress {
  readonly host: string
  readonly port: number
}

export type SystemProxyBackend = 'gnome' | 'kde' | 'macos' | 'windows'

export type SystemProxyState =
  | 'off'
  | 'applying'
  /** Applied and read back. */
  | 'on'
  /** Something else changed the setting while it was ours. */
  | 'changed'
  | 'failed'
  | 'restoring'
  /** The old settings could not be put back; the journal is kept, and the next try is due. */
  | 'restore-failed'

/** Why the setting could not be made, read or put back; also the kind of the error that its commands answer with. */
export const SYSTEM_PROXY_TROUBLES = [
  /** No proxy setting that we know. */
  'proxy-unsupported',
  /** The system's own tool for it is not installed. */
  'proxy-tool-missing',
  'proxy-tool-timeout',
  'proxy-tool-failed',
  /** The tool wants rights that we do not have. */
  'proxy-denied',
  /** The tool said something that we do not understand, so nothing was changed. */
  'proxy-unreadable',
  /** An administrator decides it; or a proxy with a password is set, which we could not put back. */
  'proxy-managed',
  /** Everything was written, and the system says otherwise (no session bus, a locked setting). */
  'proxy-not-applied',
  'proxy-not-restored',
  /** The note of the old settings cannot be written, so nothing was changed. */
  'proxy-journal-failed',
  /** The note of the old settings was damaged: it was kept under another name, and a setting of ours was turned off. */
  'proxy-journal-broken',
] as const
export type SystemProxyTrouble = (typeof SYSTEM_PROXY_TROUBLES)[number]

export interface SystemProxyView {
  /** Undefined where the system has no proxy setting that we know. */
  readonly backend: SystemProxyBackend | undefined
  /** What the person wants. */
  readonly isWanted: boolean
  readonly state: SystemProxyState
  readonly sinceMs: number
  readonly trouble: SystemProxyTrouble | undefined
  readonly detail: string | undefined
  /** Settings of an earlier run that had crashed were put back at this start. */
  readonly restoredAtStart: boolean
  /** Which programs follow the setting on this system, and the lines for those that do not; empty while no door is open. */
  readonly programs: readonly ProgramGuide[]
}

/** What was checked, in the order in which it is shown. */
export const PROTECTION_CHECKS = ['stream', 'exit', 'system-proxy', 'dns'] as const
export type ProtectionCheck = (typeof PROTECTION_CHECKS)[number]

export type ProtectionVerdict = 'good' | 'bad' | 'unknown' | 'not-used'

/** The one thing to do about it. */
export type ProtectionFix =
  | 'none'
  | 'connect'
  | 'wait-and-retry'
  | 'turn-on-system-proxy'
  | 'reapply-system-proxy'
  | 'new-identity'
  | 'change-check-address'
  | 'use-proxy-with-names'

/** `impostor`: whoever answered could not prove to be the check service, so somebody on the way plays its part. */
export type ProtectionFinding = 'impostor'

export interface ProtectionResult {
  readonly check: ProtectionCheck
  readonly verdict: ProtectionVerdict
  readonly fix: ProtectionFix
  readonly detail: string | undefined
  /** Set where the verdict has a cause with words of its own. */
  readonly finding?: ProtectionFinding | undefined
}

export interface ProtectionView {
  readonly isRunning: boolean
  /** Undefined until the first check. */
  readonly checkedAtMs: number | undefined
  /** How the Internet sees us, by the check service. */
  readonly exitAddress: string | undefined
  readonly results: readonly ProtectionResult[]
}
