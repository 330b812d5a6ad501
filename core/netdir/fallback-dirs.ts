/** Fallback directories: stable relays, built in or given as `FallbackDir` lines, to bootstrap from. */
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import { TorError } from '../util/errors.ts'

export interface FallbackDir extends ChannelTarget {
  /** Relative chance to be asked; 1 unless said otherwise. */
  readonly weight: number
}

export const DEFAULT_FALLBACK_DIRS: readonly FallbackDir[] = []

/** Parses the value of C tor's `FallbackDir` option: `ipv4:port orport=port id=fingerprint`. Throws `bad-config`. */
export function parseFallbackDir(_text: string): FallbackDir {
  throw new TorError('internal', 'not built yet')
}
