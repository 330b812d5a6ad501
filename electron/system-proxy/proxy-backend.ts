/**
 * What every system's proxy setting is reduced to: a flat list of named texts that can be read, written and put back.
 * Journal, merging and watchdog work on that list alone; a backend knows its system's tools and the meaning of its names.
 */
import type { Settings } from '../ipc/settings.ts'
import type { ProxyAddress, SystemProxyBackend } from '../ipc/snapshot.ts'

export type ProxyExceptions = Settings['proxyExceptions']

/** Name -> the text that the system has for it; null where it has none. */
export type ProxyValues = Readonly<Record<string, string | null>>

/** In the order in which they are written. */
export type ProxyWrites = readonly (readonly [name: string, value: string | null])[]

/** Names that belong together: put back together, or left together to whoever changed one of them. */
export interface ProxyUnit {
  readonly names: readonly string[]
  /** Names whose change by somebody else keeps this unit as it is, too: a switch belongs to the proxy that it turns on. */
  readonly keptWith: readonly string[]
}

export interface ProxyBackend {
  readonly kind: SystemProxyBackend
  /** Whether this session has the setting and its tools. */
  isPresent(): Promise<boolean>
  /** Everything that `wanted` may name, and nothing that is secret. */
  read(): Promise<ProxyValues>
  /** What leads all traffic to `door`; the switch that turns it on is last. */
  wanted(current: ProxyValues, door: ProxyAddress, exceptions: ProxyExceptions): ProxyWrites
  /** What leads nowhere: for when the old values are not known. */
  direct(current: ProxyValues): ProxyWrites
  /** Whether any of the values, in force or not, names one of these doors. */
  leadsTo(values: ProxyValues, doors: readonly ProxyAddress[]): boolean
  /** Whether a value that comes from the journal may be given to the system. */
  isAcceptable(name: string, value: string | null): boolean
  /** Whether two values mean the same to the system. */
  isSame(name: string, left: string | null, right: string | null): boolean
  /** What a name can be for a moment while `value` is written: a crash may leave it so. */
  passedThrough(name: string, value: string | null): readonly string[]
  units(names: readonly string[]): readonly ProxyUnit[]
  /** One after the other; whoever calls it reads back. */
  write(writes: ProxyWrites): Promise<void>
  /** Tells running programs to look again, where the system does not do so by itself. */
  announce(): Promise<void>
  /** Something cheap that changes when the setting does: while it stays, the watchdog does not read. */
  fingerprint(): Promise<string>
}

/** The values of `writes` that differ from what is there. */
export function withoutSame(backend: ProxyBackend, current: ProxyValues, writes: ProxyWrites): ProxyWrites {
  return writes.filter(([name, value]) => !backend.isSame(name, current[name] ?? null, value))
}
