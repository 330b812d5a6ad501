/** The usable view of the network: a consensus joined with its microdescriptors. Immutable; rows are relays. */
import {
  type RelayIds,
  type RsaIdentity,
  ed25519IdentityFromBytes,
  rsaIdentityBytes,
  rsaIdentityFromBytes,
} from '../linkspec/relay-ids.ts'
import type { CircuitTarget, Endpoint } from '../linkspec/relay-target.ts'
import { formatIpv4Value } from '../netdoc/ascii.ts'
import type { Consensus } from '../netdoc/consensus.ts'
import type { Microdescriptors } from '../netdoc/microdescriptor-columns.ts'
import { RelayFlag, hasFlag } from '../netdoc/relay-flags.ts'
import { type Slices, finishSlices } from '../netdoc/slices.ts'
import { parseAddress } from '../util/address-range.ts'
import { TorError } from '../util/errors.ts'
import { BandwidthWeights, type Position, WeightColumns } from './bandwidth-weights.ts'
import {
  bridgeCircuitTarget,
  bridgeFamily,
  bridgeFlags,
  bridgeIpv4Value,
  bridgeIpv6Prefix,
  bridgeNickname,
  type BridgeRelay,
  BridgeRows,
  describeBridge,
} from './bridge-relay.ts'
import { circuitFeatures } from './circuit-features.ts'
import { addBatch, carryOver, SLICE_ROWS } from './detail-sources.ts'
import { familyLists, shareFamilyId } from './family.ts'
import { KeyTable } from './key-table.ts'
import { NetParams } from './net-params.ts'
import { RelayDetails } from './relay-details.ts'
import { findUsable, mayServeAs, POSITION_RULES } from './position-rules.ts'
import type { Relay } from './relay.ts'

export interface NetDirInputs {
  readonly consensus: Consensus
  /** Batches in any order; documents that no relay lists are ignored. They are copied from, not kept. */
  readonly microdescriptors?: readonly Microdescriptors[]
  /** Microdescriptors are carried over from here for relays that still list them. */
  readonly previous?: NetDir | undefined
  /** Parameters that win over the consensus's. */
  readonly paramOverrides?: ReadonlyMap<string, number>
}

/** What a view is made of besides its parameters. */
interface NetDirRows {
  readonly consensus: Consensus
  readonly details: RelayDetails
  readonly byDigest: KeyTable
  readonly weights: WeightColumns
}

export class NetDir {
  readonly consensus: Consensus
  readonly params: NetParams
  readonly #details: RelayDetails
  /** Microdescriptor digest to rows; the same for every view of one consensus. */
  readonly #byDigest: KeyTable
  readonly #weights: WeightColumns
  /** 1 where `isUsable`. */
  readonly #usable: Uint8Array
  readonly #rows: NetDirRows
  readonly #bridges: BridgeRows | undefined

  private constructor(params: NetParams, rows: NetDirRows, bridges?: readonly BridgeRelay[]) {
    this.consensus = rows.consensus
    this.#rows = rows
    this.#bridges = bridges === undefined ? undefined : new BridgeRows(rows.consensus.relays.count, bridges)
    this.params = params
    this.#details = rows.details
    this.#byDigest = rows.byDigest
    this.#weights = rows.weights
    this.#usable = findUsable(rows.consensus, rows.details)
  }

  /** Takes a few milliseconds for 8,000 relays, and some thirty before the code is compiled: see `buildInSlices`. */
  static build(inputs: NetDirInputs): NetDir {
    return finishSlices(NetDir.buildInSlices(inputs))
  }

  /** The same in slices, one per `next()`, so that the caller can give the event loop a turn in between. */
  static *buildInSlices(inputs: NetDirInputs): Slices<NetDir> {
    const { consensus, previous } = inputs
    const { count, microdescDigests } = consensus.relays
    const byDigest = new KeyTable(microdescDigests, count)
    for (let row = 0; row < count; row++) {
      byDigest.add(row)
      if (row % SLICE_ROWS === SLICE_ROWS - 1) yield undefined
    }
    const details = RelayDetails.empty(count)
    if (previous !== undefined) yield* carryOver(details, byDigest, previous.consensus, previous.#details)
    for (const batch of inputs.microdescriptors ?? []) yield* addBatch(details, byDigest, batch)
    const params = new NetParams(consensus.params, inputs.paramOverrides)
    const scale = params.get('bwweightscale')
    const weights = new WeightColumns(
      consensus.relays,
      new BandwidthWeights(consensus.bandwidthWeights, scale),
    )
    return new NetDir(params, { consensus, details, byDigest, weights })
  }

  /** A new view with one more batch; this one stays as it is. Documents that no relay lists are ignored. */
  withMicrodescriptors(batch: Microdescriptors): NetDir {
    const details = this.#details.copy()
    finishSlices(addBatch(details, this.#byDigest, batch))
    const { consensus } = this
    return new NetDir(this.params, { consensus, details, byDigest: this.#byDigest, weights: this.#weights })
  }

  /** The same view for a user of these bridges, and of no other guard; undefined for one who uses none. */
  withBridges(bridges: readonly BridgeRelay[] | undefined): NetDir {
    return new NetDir(this.params, this.#rows, bridges)
  }

  /** Undefined when bridges are not used; empty when none can be. Their rows begin at `relayCount`. */
  get bridges(): readonly BridgeRelay[] | undefined {
    return this.#bridges?.bridges
  }

  bridgeAt(index: number): BridgeRelay | undefined {
    return index < this.relayCount ? undefined : this.#bridges?.at(index)
  }

  bridgeRowOf(rsa: RsaIdentity): number | undefined {
    return this.#bridges?.rowOf(rsa)
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

  /** Of the consensus. */
  get relayCount(): number {
    return this.consensus.relays.count
  }

  /** `index` is 0 to `relayCount - 1`, or a bridge's row. */
  relay(index: number): Relay {
    const bridge = this.bridgeAt(index)
    if (bridge !== undefined) return describeBridge(bridge, index)
    const { relays } = this.consensus
    const protocols = relays.protocols(index)
    return {
      index,
      nickname: relays.nickname(index),
      ids: this.ids(index),
      ipv4: this.#ipv4(index),
      ipv6: this.#ipv6(index),
      flags: this.flags(index),
      bandwidth: relays.bandwidths[index] ?? 0,
      protocols,
      ntorKey: this.#details.ntorKey(index),
      hasNtorV3: protocols.supports('Relay', 4),
      hasDirCache: hasFlag(this.flags(index), RelayFlag.V2Dir),
      exitPolicy: this.#details.exitPolicy(index),
      exitPolicy6: this.#details.exitPolicy6(index),
    }
  }

  ids(index: number): RelayIds {
    const bridge = this.bridgeAt(index)
    if (bridge !== undefined) return bridge.ids
    const ed25519 = this.#details.ed25519Id(index)
    return {
      rsa: this.#rsa(index),
      ed25519: ed25519 === undefined ? undefined : ed25519IdentityFromBytes(ed25519),
    }
  }

  nickname(index: number): string {
    const bridge = this.bridgeAt(index)
    return bridge !== undefined ? bridgeNickname(bridge) : this.consensus.relays.nickname(index)
  }

  /** Big-endian: 1.2.3.4 is 0x01020304. */
  ipv4Value(index: number): number {
    const bridge = this.bridgeAt(index)
    return bridge !== undefined ? bridgeIpv4Value(bridge) : (this.consensus.relays.ipv4[index] ?? 0)
  }

  flags(index: number): number {
    return this.consensus.relays.flags[index] ?? bridgeFlags(this.bridgeAt(index))
  }

  /** Of a bridge: its descriptor, which says what a microdescriptor would. */
  hasMicrodescriptor(index: number): boolean {
    return this.#details.has(index) || this.bridgeAt(index)?.descriptor !== undefined
  }

  /** Still to be fetched: not one that is known and cannot be used. */
  isMicrodescriptorMissing(index: number): boolean {
    const bridge = this.bridgeAt(index)
    return bridge !== undefined ? bridge.descriptor === undefined : this.#details.isMissing(index)
  }

  /**
   * With every address that it has: which of them may be dialled is for whoever dials it to ask (`dial-constraints`).
   * Throws `no-path` when the relay has no ntor key yet.
   */
  circuitTarget(index: number): CircuitTarget {
    const bridge = this.bridgeAt(index)
    if (bridge !== undefined) return bridgeCircuitTarget(bridge)
    const ntorKey = this.#details.ntorKey(index)
    if (ntorKey === undefined) throw new TorError('no-path', "the relay's microdescriptor is missing")
    const ipv6 = this.#ipv6(index)
    const endpoints = ipv6 === undefined ? [this.#ipv4(index)] : [this.#ipv4(index), ipv6]
    const features = circuitFeatures(this.consensus.relays.protocols(index))
    return { ids: this.ids(index), endpoints, ntorKey, ...features, nickname: this.nickname(index) }
  }

  indexOf(rsaIdentity: RsaIdentity): number | undefined {
    return this.consensus.relays.rowOf(rsaIdentityBytes(rsaIdentity))
  }

  /** Running, Valid, with ntor key and an ed25519 identity that no other relay claims, and not flagged as a Sybil. */
  isUsable(index: number): boolean {
    return this.#usable[index] === 1
  }

  /**
   * Usable, and the flags allow the position; a directory cache may do without microdescriptor, to bootstrap from.
   * Fast and Stable are the picker's to demand, since not every circuit needs them.
   */
  isUsableAs(index: number, position: Position): boolean {
    const bridge = this.bridgeAt(index)
    if (bridge !== undefined) return position === 'guard' && bridge.descriptor !== undefined
    const flags = this.flags(index)
    if (!mayServeAs(flags, position)) return false
    if (position === 'directory' && !this.#details.has(index)) return true
    if (!this.isUsable(index)) return false
    return position !== 'exit' || this.#allowsAnyExit(index)
  }

  /** Relative chance of the relay in this position by its bandwidth; 0 is never. It does not ask `isUsableAs`. */
  weight(index: number, position: Position): number {
    return this.#weights.column(position)[index] ?? 0
  }

  /** Whether the relay's exit policy summary allows the port over this address family. */
  allowsExitTo(index: number, port: number, family: 'ipv4' | 'ipv6'): boolean {
    const policy = family === 'ipv4' ? this.#details.exitPolicy(index) : this.#details.exitPolicy6(index)
    return policy !== undefined && policy.allowsPort(port)
  }

  /** Whether both declare each other, or share a family id; a relay is in its own family. */
  inSameFamily(a: number, b: number): boolean {
    if (a === b || this.#isOneRelay(a, b)) return true
    if (this.params.get('use-family-ids') === 1) {
      if (shareFamilyId(this.#details.familyIds(a), this.#details.familyIds(b))) return true
    }
    return (
      this.params.get('use-family-lists') === 1 && this.#declaresFamily(a, b) && this.#declaresFamily(b, a)
    )
  }

  /** Whether they share an IPv4 /16 or an IPv6 /32. */
  inSameSubnet(a: number, b: number): boolean {
    if (this.ipv4Value(a) >>> 16 === this.ipv4Value(b) >>> 16) return true
    const prefix = this.#ipv6Prefix(a)
    return prefix !== undefined && prefix === this.#ipv6Prefix(b)
  }

  /** Digests (32 bytes each, views) of the microdescriptors to fetch, in consensus order. */
  missingMicrodescDigests(): Buffer[] {
    const digests: Buffer[] = []
    for (let row = 0; row < this.relayCount; row++) {
      if (!this.#details.isMissing(row)) continue
      digests.push(this.consensus.relays.microdescDigests.subarray(row * 32, row * 32 + 32))
    }
    return digests
  }

  /**
   * The share of all possible paths, weighted by bandwidth, that could be built now: 0 to 1 (path-spec 2.1.0).
   * A network without exits is measured by its internal paths.
   */
  usablePathFraction(): number {
    const middle = this.#usableFraction('middle') ?? 0
    return (this.#usableFraction('guard') ?? 0) * middle * (this.#usableFraction('exit') ?? middle)
  }

  /** Of the relays whose flags fit the position, the weighted share that is usable; undefined when there are none. */
  #usableFraction(position: Position): number | undefined {
    const { flags } = this.consensus.relays
    const weights = this.#weights.column(position)
    const rule = POSITION_RULES[position]
    // Only the flag makes an exit that many paths can end at: a relay without it may let out an odd port.
    const required = position === 'exit' ? rule.required | RelayFlag.Exit : rule.required
    const decisive = required | rule.refused
    let usable = 0
    let all = 0
    let usableCount = 0
    let count = 0
    for (let row = 0; row < flags.length; row++) {
      if (((flags[row] ?? 0) & decisive) !== required) continue
      const weight = weights[row] ?? 0
      all += weight
      count++
      if (this.#usable[row] !== 1) continue
      usable += weight
      usableCount++
    }
    if (count === 0) return undefined
    return all > 0 ? usable / all : usableCount / count
  }

  #allowsAnyExit(index: number): boolean {
    const policy = this.#details.exitPolicy(index)
    const policy6 = this.#details.exitPolicy6(index)
    return (policy !== undefined && !policy.rejectsAll) || (policy6 !== undefined && !policy6.rejectsAll)
  }

  /** A relay that is used as a bridge may be in the consensus too. */
  #isOneRelay(a: number, b: number): boolean {
    if (this.bridgeAt(a) === undefined && this.bridgeAt(b) === undefined) return false
    return this.ids(a).rsa === this.ids(b).rsa
  }

  #declaresFamily(by: number, of: number): boolean {
    const bridge = this.bridgeAt(by)
    const family = bridge === undefined ? this.#details.family(by) : bridgeFamily(bridge)
    return family !== '' && familyLists(family, this.#rsa(of), this.nickname(of))
  }

  #rsa(index: number): RsaIdentity {
    const { rsaIds } = this.consensus.relays
    return this.bridgeAt(index)?.ids.rsa ?? rsaIdentityFromBytes(rsaIds.subarray(index * 20, index * 20 + 20))
  }

  /** The first 32 bits; undefined where there is no IPv6 address. */
  #ipv6Prefix(index: number): number | undefined {
    const bridge = this.bridgeAt(index)
    if (bridge !== undefined) return bridgeIpv6Prefix(bridge)
    const { ipv6Addresses, ipv6Ports } = this.consensus.relays
    if ((ipv6Ports[index] ?? 0) !== 0) return ipv6Addresses.readUInt32BE(index * 16)
    const fromMicrodescriptor = this.#details.ipv6(index)
    return fromMicrodescriptor === undefined ? undefined : parseAddress(fromMicrodescriptor.host)[0]
  }

  #ipv4(index: number): Endpoint {
    const { ipv4, orPorts } = this.consensus.relays
    return { host: formatIpv4Value(ipv4[index] ?? 0), port: orPorts[index] ?? 0 }
  }

  #ipv6(index: number): Endpoint | undefined {
    return this.consensus.relays.ipv6(index) ?? this.#details.ipv6(index)
  }
}
