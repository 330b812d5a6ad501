/** The directory authorities: the only trust roots of the network, built in or given as `DirAuthority` lines. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import { TorError } from '../util/errors.ts'

export interface Authority {
  readonly nickname: string
  /** Fingerprint of the identity key that signs its certificates; undefined for a bridge authority. */
  readonly v3Identity: RsaIdentity | undefined
  /** The identity of its relay. */
  readonly rsaIdentity: RsaIdentity
  /** Where its relay listens (ORPort); empty when the line names no ORPort. */
  readonly endpoints: readonly Endpoint[]
  readonly isBridgeAuthority: boolean
}

export const DEFAULT_AUTHORITIES: readonly Authority[] = []

/**
 * Parses the value of C tor's `DirAuthority` option:
 * `[nickname] [flags] ipv4:dirport fingerprint`. Throws `bad-config`.
 */
export function parseDirAuthority(_text: string): Authority {
  throw new TorError('internal', 'not built yet')
}
