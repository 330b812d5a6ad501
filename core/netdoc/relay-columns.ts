/** The relays of a consensus as columns: one typed array per field, so that 8,000 relays cost about two megabytes. */
import type { Endpoint } from '../linkspec/relay-target.ts'
import { formatIp } from '../util/ip-address.ts'
import { NO_PROTOCOLS, type ProtocolVersions } from './protocol-versions.ts'

/** Longest nickname (dir-spec 2.1.3). */
export const MAX_NICKNAME_LENGTH = 19
/** A nickname's slot: its length in one byte, then its characters. */
export const NICKNAME_SLOT_BYTES = MAX_NICKNAME_LENGTH + 1

/** The typed arrays; row `i` of every one is the same relay. */
export interface RelayColumnArrays {
  /** 20 bytes a relay, strictly ascending, as in the document. */
  readonly rsaIds: Buffer
  /** SHA-256 of the relay's microdescriptor, 32 bytes a relay. */
  readonly microdescDigests: Buffer
  /** Big-endian value of the address: 1.2.3.4 is 0x01020304. */
  readonly ipv4: Uint32Array
  readonly orPorts: Uint16Array
  /** 16 bytes a relay: the first usable address of its "a" lines. */
  readonly ipv6Addresses: Buffer
  /** 0 where there is no IPv6 address. */
  readonly ipv6Ports: Uint16Array
  /** Bits of `RelayFlag`; only flags that the consensus lists as known count. */
  readonly flags: Uint32Array
  /** The "w" line's Bandwidth= in kilobytes per second, measured or not; 0 when the relay has none. */
  readonly bandwidths: Uint32Array
  /** Index into the protocol sets. */
  readonly protocolIndex: Uint16Array
  /** `NICKNAME_SLOT_BYTES` a relay. */
  readonly nicknames: Buffer
}

export class RelayColumns implements RelayColumnArrays {
  readonly count: number
  readonly rsaIds: Buffer
  readonly microdescDigests: Buffer
  readonly ipv4: Uint32Array
  readonly orPorts: Uint16Array
  readonly ipv6Addresses: Buffer
  readonly ipv6Ports: Uint16Array
  readonly flags: Uint32Array
  readonly bandwidths: Uint32Array
  readonly protocolIndex: Uint16Array
  readonly nicknames: Buffer
  readonly protocolSets: readonly ProtocolVersions[]

  /** Copies the first `count` rows out of `arrays`, which may be longer. */
  constructor(count: number, arrays: RelayColumnArrays, protocolSets: readonly ProtocolVersions[]) {
    this.count = count
    this.rsaIds = copyBytes(arrays.rsaIds, count * 20)
    this.microdescDigests = copyBytes(arrays.microdescDigests, count * 32)
    this.ipv4 = arrays.ipv4.slice(0, count)
    this.orPorts = arrays.orPorts.slice(0, count)
    this.ipv6Addresses = copyBytes(arrays.ipv6Addresses, count * 16)
    this.ipv6Ports = arrays.ipv6Ports.slice(0, count)
    this.flags = arrays.flags.slice(0, count)
    this.bandwidths = arrays.bandwidths.slice(0, count)
    this.protocolIndex = arrays.protocolIndex.slice(0, count)
    this.nicknames = copyBytes(arrays.nicknames, count * NICKNAME_SLOT_BYTES)
    this.protocolSets = protocolSets
  }

  nickname(row: number): string {
    const slot = row * NICKNAME_SLOT_BYTES
    return this.nicknames.toString('latin1', slot + 1, slot + 1 + (this.nicknames[slot] ?? 0))
  }

  ipv6(row: number): Endpoint | undefined {
    const port = this.ipv6Ports[row] ?? 0
    if (port === 0) return undefined
    return { host: formatIp(this.ipv6Addresses.subarray(row * 16, row * 16 + 16)), port }
  }

  protocols(row: number): ProtocolVersions {
    return this.protocolSets[this.protocolIndex[row] ?? 0] ?? NO_PROTOCOLS
  }

  /** The row of the relay with these 20 bytes of RSA identity, by binary search. */
  rowOf(rsaId: Uint8Array): number | undefined {
    let low = 0
    let high = this.count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const order = this.rsaIds.compare(rsaId, 0, 20, middle * 20, middle * 20 + 20)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }
}

/** Arrays with room for `capacity` rows. */
export function allocateRelayColumns(capacity: number): RelayColumnArrays {
  return {
    rsaIds: Buffer.alloc(capacity * 20),
    microdescDigests: Buffer.alloc(capacity * 32),
    ipv4: new Uint32Array(capacity),
    orPorts: new Uint16Array(capacity),
    ipv6Addresses: Buffer.alloc(capacity * 16),
    ipv6Ports: new Uint16Array(capacity),
    flags: new Uint32Array(capacity),
    bandwidths: new Uint32Array(capacity),
    protocolIndex: new Uint16Array(capacity),
    nicknames: Buffer.alloc(capacity * NICKNAME_SLOT_BYTES),
  }
}

function copyBytes(bytes: Buffer, length: number): Buffer {
  // Not Buffer.from: its shared pool would keep 8 kB alive for a short column.
  const copy = Buffer.allocUnsafeSlow(length)
  bytes.copy(copy, 0, 0, length)
  return copy
}
