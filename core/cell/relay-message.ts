/**
 * What a relay cell can say, as a tagged union. Addresses are IP literals, ports numbers; every Buffer belongs to
 * the message and shares no memory with the cell that it came in.
 */
import type { LinkSpecifier } from '../linkspec/link-specifier.ts'

/** Bits of BEGIN's flags (tor-spec 6.2). */
export const BeginFlag = {
  IPV6_OK: 1,
  IPV4_NOT_OK: 2,
  IPV6_PREFERRED: 4,
} as const

export interface BeginMessage {
  readonly kind: 'begin'
  /** A name, an IP literal without brackets, or empty on the circuit of an onion service. */
  readonly host: string
  readonly port: number
  /** `BeginFlag` bits. */
  readonly flags: number
}

export interface EndMessage {
  readonly kind: 'end'
  /** An `EndReason`, or a number that we do not know. */
  readonly reason: number
  /** The address that the exit's policy forbids; only ever with EXITPOLICY. */
  readonly address: string | undefined
  readonly ttlSeconds: number | undefined
}

export interface ConnectedMessage {
  readonly kind: 'connected'
  /** Where the exit connected to; nothing for directories and onion services. */
  readonly address: string | undefined
  readonly ttlSeconds: number | undefined
}

export type ResolvedAnswer =
  | { readonly kind: 'address'; readonly address: string; readonly ttlSeconds: number }
  | { readonly kind: 'name'; readonly name: string; readonly ttlSeconds: number }
  | { readonly kind: 'transient-error' | 'fatal-error'; readonly ttlSeconds: number }
  /** A type that we do not know, or a name that is no printable ASCII. */
  | { readonly kind: 'unknown'; readonly type: number; readonly value: Buffer; readonly ttlSeconds: number }

export interface Extend2Message {
  readonly kind: 'extend2'
  readonly specifiers: readonly LinkSpecifier[]
  readonly handshakeType: number
  readonly request: Buffer
}

/** LINK and LINKED have one shape (proposal 329). */
export interface ConfluxLinkMessage {
  readonly kind: 'conflux-link' | 'conflux-linked'
  /** 32 bytes. */
  readonly nonce: Buffer
  readonly lastSentSequence: bigint
  readonly lastReceivedSequence: bigint
  /** 0 none, 1 least latency, 2 the same with little memory, 3 most throughput, 4 the same with little memory. */
  readonly desiredUx: number
}

/** Circuit padding (padding-spec 3). */
export interface CircuitPaddingNegotiateMessage {
  readonly kind: 'padding-negotiate'
  readonly action: 'start' | 'stop'
  readonly machine: number
  readonly machineCounter: number
}

export interface CircuitPaddingNegotiatedMessage {
  readonly kind: 'padding-negotiated'
  readonly action: 'start' | 'stop'
  readonly isAccepted: boolean
  readonly machine: number
  readonly machineCounter: number
}

export type RelayMessage =
  | BeginMessage
  | { readonly kind: 'begin-dir' }
  | { readonly kind: 'data'; readonly data: Buffer }
  | EndMessage
  | ConnectedMessage
  /** No tag: the unauthenticated version 0. */
  | { readonly kind: 'sendme'; readonly tag: Buffer | undefined }
  | Extend2Message
  | { readonly kind: 'extended2'; readonly reply: Buffer }
  | { readonly kind: 'truncate' }
  /** A `DestroyReason`, or a number that we do not know; NONE when it was missing. */
  | { readonly kind: 'truncated'; readonly reason: number }
  | { readonly kind: 'drop' }
  | { readonly kind: 'resolve'; readonly name: string }
  | { readonly kind: 'resolved'; readonly answers: readonly ResolvedAnswer[] }
  /** In kilobytes (1000 bytes) per second; 0 means without limit. */
  | { readonly kind: 'xon'; readonly kilobytesPerSecond: number }
  | { readonly kind: 'xoff' }
  | ConfluxLinkMessage
  | { readonly kind: 'conflux-linked-ack' }
  /** Added to the sequence number of the leg that it arrives on. */
  | { readonly kind: 'conflux-switch'; readonly relativeSequence: number }
  | CircuitPaddingNegotiateMessage
  | CircuitPaddingNegotiatedMessage
  /** A command of onion services, or one that we do not know. */
  | { readonly kind: 'other'; readonly command: number; readonly body: Buffer }
