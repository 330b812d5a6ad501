/** The options of the library's own calls, turned into those of the front doors. */
import { isolationKey } from '../circuit-manager/isolation.ts'
import type { StreamOptions } from './client-port.ts'

/** Parts of `isolation` are compared one by one, whatever they contain. */
export interface ConnectOptions {
  readonly isolation?: string | readonly string[]
  readonly signal?: AbortSignal
}

export function toStreamOptions({ isolation, signal }: ConnectOptions): StreamOptions {
  const parts = isolation === undefined ? [] : typeof isolation === 'string' ? [isolation] : isolation
  return {
    isolation: { key: isolationKey(parts), keepsAlive: false },
    ...(signal === undefined ? {} : { signal }),
  }
}
