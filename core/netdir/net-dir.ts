/** The usable view of the network: a consensus joined with its microdescriptors. Immutable; rows are relays. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { CircuitTarget } from '../linkspec/relay-target.ts'
import type { Consensus } from '../netdoc/consensus.ts'
import type { Microdescriptors } from '../netdoc/microdescriptor.ts'
import { TorError } from '../util/errors.ts'
import type { Position } from './bandwidth-weights.ts'
import { NetParams } from './net-params.ts'
import type { Relay } from './relay.ts'

/** Which address families we may dial, and which first; the default is both, IPv4 first. */
export interface AddressPreference {
  readonly preferIpv6?: boolean
  readonly useIpv4?: boolean
  readonly useIpv6?: boolean
}

export interface NetDirInputs {
  readonly consensus: Consensus
  /** Batches in any order; documents that no relay lists are ignored. They are copied from, not kept. */
  readonly microdescriptors?: readonly Microdescriptors[]
  /** Microdescriptors are carried over from here for relays that still list them. */
  readonly previous?: NetDir | undefined
  /** Parameters that win over the consensus's. */
  readonly paramOverrides?: ReadonlyMap<string, number>
}

export class NetDir {
  readonly consensus: Consensus
  readonly params: NetParams

  private constructor(consensus: Consensus, params: NetParams) {
    this.consensus = consensus
    this.params = params
  }

  static build(inputs: NetDirInputs): NetDir {
    return new NetDir(inputs.consensus, new NetParams(inputs.consensus.params, inputs.paramOverrides))
  }

  /** A new view with one more batch; this one stays as it is. */
  withMicrodescriptors(_batch: Microdescriptors): NetDir {
    return notBuilt()
  }

  get validAfterMs(): number {
    return this.consensus.validAfterMs
  }

  get freshUntilMs(): number {
    return this.consensus.freshUntilMs
  }

  get validUntilMs(): number {
    return this.consensus.validUntilMs
  }

  get relayCount(): number {
    return this.consensus.relays.count
  }

  /** `index` is 0 to `relayCount - 1`. */
  relay(_index: number): Relay {
    return notBuilt()
  }

  flags(index: number): number {
    return this.consensus.relays.flags[index] ?? 0
  }

  hasMicrodescriptor(_index: number): boolean {
    return notBuilt()
  }

  /** Throws `no-path` when the relay has no ntor key yet, or no address of an allowed family. */
  circuitTarget(_index: number, _preference?: AddressPreference): CircuitTarget {
    return notBuilt()
  }

  indexOf(_rsaIdentity: RsaIdentity): number | undefined {
    return notBuilt()
  }

  /** Running, Valid, with ntor key and unambiguous ed25519 identity, and not flagged as a Sybil. */
  isUsable(_index: number): boolean {
    return notBuilt()
  }

  /** Usable, and the flags allow the position. Fast and Stable are the picker's to demand. */
  isUsableAs(_index: number, _position: Position): boolean {
    return notBuilt()
  }

  /** Relative chance of the relay in this position; 0 is never. */
  weight(_index: number, _position: Position): number {
    return notBuilt()
  }

  /** Whether the relay's exit policy summary allows the port over this address family. */
  allowsExitTo(_index: number, _port: number, _family: 'ipv4' | 'ipv6'): boolean {
    return notBuilt()
  }

  /** Whether both declare each other, or share a family id; a relay is in its own family. */
  inSameFamily(_a: number, _b: number): boolean {
    return notBuilt()
  }

  /** Whether they share an IPv4 /16 or an IPv6 /32. */
  inSameSubnet(_a: number, _b: number): boolean {
    return notBuilt()
  }

  /** Digests (32 bytes each) of the microdescriptors to fetch, in consensus order. */
  missingMicrodescDigests(): Buffer[] {
    return notBuilt()
  }

  /** The share of all possible paths, weighted by bandwidth, that could be built now: 0 to 1 (path-spec 2.1.0). */
  usablePathFraction(): number {
    return notBuilt()
  }
}

function notBuilt(): never {
  throw new TorError('internal', 'not built yet')
}
