/** The part of the snapshot about bridges. */

import type { FileTrouble } from './file-trouble.ts'

/**
 * `unavailable`: this version has no transport for it.
 */
export type BridgeHealth = 'unknown' | 'in-use' | 'works' | 'failing' | 'unavailable'

export interface BridgeView {
  /** Stays the same as long as the line does. */
  readonly id: string
  /** The whole line; a secret between the person and the bridge's operator. */
  readonly line: string
  /** `vanilla` for a plain bridge. */
  readonly transport: string
  /** host:port. */
  readonly address: string
  /** Four of `BRIDGE_EMOJI`, the same in every program that shows them. */
  readonly emoji: readonly string[]
  readonly origin: 'added' | 'built-in'
  readonly isEnabled: boolean
  readonly health: BridgeHealth
  readonly failingSinceMs: number | undefined
  readonly lastWorkedMs: number | undefined
}

export interface BuiltInTransportView {
  readonly transport: string
  readonly count: number
  /** Whether this version can speak it. */
  readonly isAvailable: boolean
  readonly isChosen: boolean
}

export interface BridgesView {
  readonly bridges: readonly BridgeView[]
  readonly builtIn: readonly BuiltInTransportView[]
  /** The transports that the core has; `vanilla` is always one. */
  readonly transports: readonly string[]
  /** Set when the app began without the bridges of a file. */
  readonly trouble: FileTrouble | undefined
}

/** What is wrong with a line that was pasted. */
export type BridgeLineFault =
  | 'not-a-bridge-line'
  | 'bad-address'
  | 'bad-fingerprint'
  | 'bad-arguments'
  | 'unknown-transport'
  | 'transport-not-available'
  | 'already-there'
  | 'too-many'

export interface BridgeLineResult {
  /** Counted from 1, as pasted. */
  readonly lineNumber: number
  readonly text: string
  readonly fault: BridgeLineFault | undefined
  /** What a good line says, for the person to compare before it is added. */
  readonly bridge?: Pick<BridgeView, 'transport' | 'address' | 'emoji'> | undefined
}

/** What a file with bridges that the person has chosen holds. */
export type BridgeFileContent =
  | { readonly kind: 'cancelled' }
  /** It wants its passphrase. */
  | { readonly kind: 'locked' }
  /** To be looked at line by line, as if it had been pasted. */
  | { readonly kind: 'text'; readonly text: string }
