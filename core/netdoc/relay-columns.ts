/** The relays of a consensus as columns: one typed array per field, so that 8,000 relays cost about a megabyte. */
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { ProtocolVersions } from './protocol-versions.ts'

/** Row `i` of every column is the same relay; rows ascend strictly by RSA identity, as in the document. */
export interface RelayColumns {
  readonly count: number
  /** 20 bytes a relay. */
  readonly rsaIds: Buffer
  /** SHA-256 of the relay's microdescriptor, 32 bytes a relay. */
  readonly microdescDigests: Buffer
  /** Big-endian value of the address: 1.2.3.4 is 0x01020304. */
  readonly ipv4: Uint32Array
  readonly orPorts: Uint16Array
  /** Bits of `RelayFlag`; only flags that the consensus lists as known count. */
  readonly flags: Uint32Array
  /** The "w" line's Bandwidth= in kilobytes per second; 0 when the relay has none. */
  readonly bandwidths: Uint32Array
  /** Index into `protocolSets`. */
  readonly protocolIndex: Uint16Array
  readonly protocolSets: readonly ProtocolVersions[]
  nickname(row: number): string
  /** The first IPv6 address of the relay's "a" lines. */
  ipv6(row: number): Endpoint | undefined
}
