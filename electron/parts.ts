/**
 * The parts of the main process, as `app.ts` wires them together: each owns some sections of the snapshot, publishes
 * them through a function that it was given, and answers some commands. A part knows the others only by the small
 * interfaces in here, so that each can be tested alone.
 */
import type { AttemptEnding, Hold } from './connection/connection-event.ts'
import type { HostArgument, HostConfig, HostMethodName, HostResult, HostStatus } from './host/protocol.ts'
import type { LogLevelName, LogLine } from './ipc/contract.ts'
import type { Settings, SettingsChange } from './ipc/settings.ts'
import type { AppSnapshot, ProxiesView, SystemProxyView } from './ipc/snapshot.ts'
import type { HelpAnswer } from './ipc/snapshot-ways.ts'
import type { BridgeFileContent, BridgeLineResult } from './ipc/snapshot-bridges.ts'
import type { AttemptWay, ConnectionView } from './ipc/snapshot-connection.ts'

/** How a part gives its section a new value: equal values cost nothing, and nobody is told more than four times a second. */
export type Publish<Section extends keyof AppSnapshot> = (value: AppSnapshot[Section]) => void

/** Where every part's lines go; `sensitive` values must not be in them, the store scrubs what it can recognize. */
export type AppLog = (level: LogLevelName, text: string) => void

/** electron/logs: keeps the newest lines of the app and of the core, scrubbed, with ids. */
export interface LogPart {
  /** Numbers and keeps the lines; returns them as they were kept. */
  add(lines: readonly Omit<LogLine, 'id'>[]): readonly LogLine[]
  readAfter(afterId: number): readonly LogLine[]
  /** The support bundle, scrubbed. */
  supportText(snapshot: AppSnapshot): string
}

/** electron/settings: the one file with what the person chose. */
export interface SettingsPart {
  readonly current: Settings
  /** Applies the rules between settings (`hide` wants bridges), writes, then tells the watchers. Rejects with an AppError. */
  change(change: SettingsChange): Promise<void>
  watch(watcher: (now: Settings, before: Settings) => void): () => void
}

/** How the core host fares, as its supervisor sees it. */
export type CoreState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  /** Crashed, or silent and therefore ended; it is started again at `nextMs` (wall clock). */
  | {
      readonly kind: 'gone'
      readonly reason: 'crashed' | 'silent'
      readonly detail: string
      readonly count: number
      readonly nextMs: number
    }

/** What the connection's state machine is told. */
export type ConnectionEvent =
  /** The person (or the app at its start) wants to be connected, or not any more. */
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
  | { readonly kind: 'status'; readonly status: HostStatus }
  | { readonly kind: 'system-proxy'; readonly view: SystemProxyView }
  /** The doors could not be opened or the settings not be applied: this attempt is over. */
  | { readonly kind: 'start-failed'; readonly reason: { readonly kind: string; readonly detail: string } }
  /** After `wanted: false`: old settings are being put back, the core ends; then `false`. */
  | { readonly kind: 'restoring'; readonly isRestoring: boolean }

/** electron/connection: decides the one state that the big button shows. Keeps its own timer for the watchdog. */
export interface ConnectionPart {
  readonly view: ConnectionView
  handle(event: ConnectionEvent): void
  close(): void
}

/** The core host, supervised: what calls it and keeps it alive. */
export interface CorePart {
  readonly state: CoreState
  /** Forks the host and starts the core; resolves when the doors are open. */
  start(config: HostConfig): Promise<void>
  /** The newest configuration counts for restarts too. */
  reconfigure(config: HostConfig): Promise<void>
  /** Stops the core in good order, ends the process; resolves when it is gone. */
  stop(): Promise<void>
  call<Name extends HostMethodName>(method: Name, argument: HostArgument<Name>): Promise<HostResult<Name>>
}

/** electron/system-proxy: the system's own proxy setting, with its journal and its watchdog. */
export interface SystemProxyPart {
  readonly view: SystemProxyView
  /** Puts back what a crashed run left; before anything else. Never rejects: `view` says what became of it. */
  restoreLeftovers(): Promise<void>
  /** What the person wants, for the view alone. */
  setWanted(isWanted: boolean): void
  /** Where the doors are, for the lines that are shown to programs; both undefined while they are closed. */
  showDoors(doors: Pick<ProxiesView, 'socks' | 'http'>): void
  /** Looks now: `ours` is in force as it was applied, `changed` is not, `unknown` could not be read. */
  readBack(): Promise<'ours' | 'changed' | 'off' | 'unknown'>
  /** Points the system at the HTTP door; resolves when it was applied and read back. */
  apply(door: {
    readonly host: string
    readonly port: number
    readonly exceptions: Settings['proxyExceptions']
  }): Promise<void>
  /** Puts our setting back after something else changed it. */
  reapply(): Promise<void>
  /** Puts the old settings back; resolves when that was read back, rejects when it could not be done. */
  restore(): Promise<void>
  close(): void
}

/** electron/bridges: the bridges of the person and the built-in ones. */
export interface BridgesPart {
  /** Lines that the core is to use, in the order to try; empty when there is none. */
  activeLines(): readonly string[]
  /** Lines that are there and that the person has turned off. */
  disabledLines(): readonly string[]
  onHostStatus(status: HostStatus): void
  /** Looks at pasted lines and changes nothing. */
  check(text: string): Promise<readonly BridgeLineResult[]>
  add(text: string): Promise<readonly BridgeLineResult[]>
  /** Has them all added and turned on; rejects with an AppError, and changes nothing, where one cannot be. */
  use(lines: readonly string[]): Promise<void>
  remove(ids: readonly string[]): Promise<void>
  enable(ids: readonly string[], isEnabled: boolean): Promise<void>
  /** Rejects with an AppError for a transport that this version has not. */
  chooseBuiltIn(transport: string | null): Promise<void>
  /** The text of a QR code on the screen. */
  readQrFromScreen(): Promise<string | null>
  /** The built-in ones are others than before. */
  onBuiltIn(): void
  /** How bridges fared on which network. */
  forgetNetworks(): Promise<void>
  /** Calls back when `activeLines` gives something else than before, and with the lines that were removed or turned off. */
  watch(watcher: (dropped: readonly string[]) => void): () => void
}

/** electron/escalation: finds a way in by itself, one after the other. */
export interface WaysPart {
  skip(): Promise<void>
  keep(): Promise<void>
  undo(): Promise<void>
  forgetNetworks(): Promise<void>
  /** Rejects with an AppError. */
  ask(country: string | null): Promise<HelpAnswer>
  cancelAsking(): Promise<void>
}

/** electron/lists: the lists that everybody has. */
export interface ListsPart {
  /** Rejects with an AppError. */
  refresh(): Promise<void>
}

/** electron/bridges: bridges to a file and back, each by the system's dialog. */
export interface BridgeFilesPart {
  /** Sealed with the passphrase; open where it is null. */
  save(ids: readonly string[], passphrase: string | null): Promise<'saved' | 'cancelled'>
  open(): Promise<BridgeFileContent>
  unlock(passphrase: string): Promise<string>
}

/** electron/doctor: examines the connection when asked. */
export interface DoctorPart {
  /** `maySend`: the person saw what would be sent. */
  run(maySend: boolean): Promise<void>
  stop(): Promise<void>
}

/** electron/desktop: what the system starts with the person's session. The words of an entry are in `language`. */
export interface AutostartPart {
  /** Resolves when the system says that it is so; rejects with an `AppError` where it does not follow. */
  apply(isWanted: boolean, language: string): Promise<void>
  /**
   * Puts an entry right that an update or a move of the program has left pointing elsewhere. False where there is none,
   * or where somebody has turned it off in the system's own settings: it is not made again.
   */
  refresh(language: string): Promise<boolean>
}

/** electron/protection: runs the checks when asked. */
export interface ProtectionPart {
  check(): Promise<void>
}
