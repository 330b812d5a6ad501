/** The options of the library's own calls, turned into those of the front doors. */
import { isolationKey } from '../circuit-manager/isolation.ts'
import type { StreamOptions } from './client-port.ts'
import { siteOf } from './site.ts'
import type { StreamHost } from './stream-target.ts'

export interface ConnectOptions {
  /** Streams with other parts never share a circuit. Parts are compared one by one, whatever they contain. */
  readonly isolation?: string | readonly string[]
  /** Whether streams to different sites never share a circuit either; true unless it is given. */
  readonly isolateBySite?: boolean
  readonly signal?: AbortSignal
}

export function toStreamOptions(
  { host }: Pick<StreamHost, 'host'>,
  { isolation = [], isolateBySite = true, signal }: ConnectOptions,
): StreamOptions {
  const parts = typeof isolation === 'string' ? [isolation] : isolation
  // No front door begins its keys with this word: a program's own streams are never mixed with an application's.
  const key = isolationKey(['library', isolationKey(parts), ...(isolateBySite ? [siteOf(host)] : [])])
  return { isolation: { key, keepsAlive: false }, ...(signal === undefined ? {} : { signal }) }
}
