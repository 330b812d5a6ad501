/**
 * Bridges as rows of a view of the network, behind the rows of the consensus: path selection and circuits then need not
 * know how their first hop came to be known. They serve in that one position.
 */
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import type { RelayIds, RsaIdentity } from '../linkspec/relay-ids.ts'
import type { ChannelTarget, CircuitTarget } from '../linkspec/relay-target.ts'
import { NO_PROTOCOLS } from '../netdoc/protocol-versions.ts'
import { RelayFlag } from '../netdoc/relay-flags.ts'
import type { ServerDescriptor } from '../netdoc/server-descriptor.ts'
import { parseAddress } from '../util/address-range.ts'
import { TorError } from '../util/errors.ts'
import { circuitFeatures } from './circuit-features.ts'
import { normalizeFamily } from './family.ts'
import type { Relay } from './relay.ts'

export interface BridgeRelay {
  readonly line: BridgeLine
  /** The RSA identity is the line's, or the one that was learned; the ed25519 one comes with the descriptor. */
  readonly ids: RelayIds
  /** Undefined until the bridge has sent it: it cannot be a guard before. */
  readonly descriptor: ServerDescriptor | undefined
}

/** No authority vouches for a bridge; the user does. */
const BRIDGE_FLAGS =
  RelayFlag.Running | RelayFlag.Valid | RelayFlag.Guard | RelayFlag.Fast | RelayFlag.Stable | RelayFlag.V2Dir

export class BridgeRows {
  readonly bridges: readonly BridgeRelay[]
  readonly #firstRow: number

  constructor(firstRow: number, bridges: readonly BridgeRelay[]) {
    this.#firstRow = firstRow
    this.bridges = bridges
  }

  at(index: number): BridgeRelay | undefined {
    return this.bridges[index - this.#firstRow]
  }

  rowOf(rsa: RsaIdentity): number | undefined {
    const place = this.bridges.findIndex(({ ids }) => ids.rsa === rsa)
    return place < 0 ? undefined : this.#firstRow + place
  }
}

export function bridgeFlags(bridge: BridgeRelay | undefined): number {
  return bridge === undefined ? 0 : BRIDGE_FLAGS
}

export function bridgeNickname({ descriptor }: BridgeRelay): string {
  return descriptor?.nickname ?? ''
}

/** The address where it is dialled stands in the place of IPv4, of whichever family it is. */
export function describeBridge(bridge: BridgeRelay, index: number): Relay {
  const protocols = bridge.descriptor?.protocols ?? NO_PROTOCOLS
  return {
    index,
    nickname: bridgeNickname(bridge),
    ids: bridge.ids,
    ipv4: bridge.line.endpoint,
    ipv6: undefined,
    flags: BRIDGE_FLAGS,
    bandwidth: 0,
    protocols,
    ntorKey: bridge.descriptor?.ntorKey,
    hasNtorV3: protocols.supports('Relay', 4),
    hasDirCache: true,
    exitPolicy: undefined,
    exitPolicy6: undefined,
  }
}

/** For a channel: the line says where, whatever the bridge says of itself. */
export function bridgeTarget({ line, ids }: Pick<BridgeRelay, 'line' | 'ids'>): ChannelTarget {
  return { ids, endpoints: [line.endpoint], bridge: line }
}

/** Throws `no-path` while its descriptor is missing. */
export function bridgeCircuitTarget(bridge: BridgeRelay): CircuitTarget {
  const { descriptor } = bridge
  if (descriptor === undefined) throw new TorError('no-path', "the bridge's descriptor is missing")
  const { ntorKey, nickname, protocols } = descriptor
  return { ...bridgeTarget(bridge), ntorKey, ...circuitFeatures(protocols), nickname }
}

/** Big-endian; 0 where no IPv4 address is known. Behind a transport only the bridge itself knows its address. */
export function bridgeIpv4Value({ line, descriptor }: BridgeRelay): number {
  const isDialled = line.transport === undefined && !line.endpoint.host.includes(':')
  const address = isDialled ? line.endpoint.host : descriptor?.address
  return address === undefined ? 0 : (parseAddress(address)[0] ?? 0)
}

/** The first 32 bits of the IPv6 address where it is dialled; undefined where there is none. */
export function bridgeIpv6Prefix({ line }: BridgeRelay): number | undefined {
  const { host } = line.endpoint
  return line.transport === undefined && host.includes(':') ? parseAddress(host)[0] : undefined
}

/** Normalized. */
export function bridgeFamily({ descriptor }: BridgeRelay): string {
  return normalizeFamily(descriptor?.family ?? '')
}
