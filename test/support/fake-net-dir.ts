/** A view of the network made of plain values, for tests of what is decided from it. */
import { NetParams } from '../../core/netdir/net-params.ts'
import type { Position } from '../../core/netdir/bandwidth-weights.ts'
import type { Relay } from '../../core/netdir/relay.ts'
import {
  type RsaIdentity,
  ed25519IdentityFromBytes,
  rsaIdentityFromBytes,
} from '../../core/linkspec/relay-ids.ts'
import { RelayFlag, type RelayFlagName } from '../../core/netdoc/relay-flags.ts'
import { NO_PROTOCOLS, parseProtocolVersions } from '../../core/netdoc/protocol-versions.ts'
import type { PathNetDir } from '../../core/path/exit-path.ts'

export interface FakeRelay {
  /** Distinguishes identities and, unless `subnet` is given, subnets. */
  readonly id: number
  readonly flags?: readonly RelayFlagName[]
  readonly bandwidth?: number
  /** Relays with the same number share a /16. */
  readonly subnet?: number
  readonly family?: number
  readonly hasMicrodescriptor?: boolean
  /** There is one, and nobody can use it. */
  readonly isMicrodescriptorBad?: boolean
  readonly ipv6?: string
  /** Ports that it exits to; none when left out. */
  readonly ports?: readonly number[]
  readonly ports6?: readonly number[]
  /** Another ed25519 identity than the one that goes with `id`. */
  readonly ed25519?: number
  /** Its protocol line. */
  readonly protocols?: string
}

/** Every flag of a well-behaved relay that is no exit. */
export const GOOD: readonly RelayFlagName[] = ['Running', 'Valid', 'Fast', 'Stable', 'V2Dir']
export const GOOD_GUARD: readonly RelayFlagName[] = [...GOOD, 'Guard']
export const GOOD_EXIT: readonly RelayFlagName[] = [...GOOD, 'Exit']

export function fakeIdentity(id: number): RsaIdentity {
  const bytes = Buffer.alloc(20)
  bytes.writeUInt32BE(id, 16)
  return rsaIdentityFromBytes(bytes)
}

export interface FakeNetDirOptions {
  readonly params?: ReadonlyMap<string, number>
  readonly validAfterMs?: number
}

export function fakeNetDir(relays: readonly FakeRelay[], options: FakeNetDirOptions = {}): PathNetDir {
  const rows = new Map(relays.map((relay, index) => [fakeIdentity(relay.id), index]))
  const at = (index: number): FakeRelay => {
    const relay = relays[index]
    if (relay === undefined) throw new RangeError(`no relay ${index}`)
    return relay
  }
  const flags = (index: number): number =>
    (at(index).flags ?? GOOD_GUARD).reduce((bits, name) => bits | RelayFlag[name], 0)
  const hasMicrodescriptor = (index: number): boolean => isComplete(at(index))
  const shares = (a: number, b: number, key: 'subnet' | 'family'): boolean =>
    a === b || (at(a)[key] !== undefined && at(a)[key] === at(b)[key])
  return {
    relayCount: relays.length,
    bridges: undefined,
    bridgeAt: () => undefined,
    bridgeRowOf: () => undefined,
    params: new NetParams(options.params ?? new Map()),
    validAfterMs: options.validAfterMs ?? 1_790_000_000_000,
    flags,
    hasMicrodescriptor,
    isMicrodescriptorMissing: (index) => at(index).hasMicrodescriptor === false,
    nickname: (index) => `relay${at(index).id}`,
    ipv4Value: (index) => ipv4Value(at(index)),
    relay: (index) => makeRelay(at(index), index, flags(index)),
    ids: (index) => makeRelay(at(index), index, flags(index)).ids,
    indexOf: (identity) => rows.get(identity),
    isUsable: (index) => hasMicrodescriptor(index) && fitsPosition(flags(index), 'middle'),
    isUsableAs: (index, position) =>
      (position === 'directory' || hasMicrodescriptor(index)) && fitsPosition(flags(index), position),
    weight: (index) => at(index).bandwidth ?? 1000,
    inSameFamily: (a, b) => shares(a, b, 'family'),
    inSameSubnet: (a, b) => shares(a, b, 'subnet'),
    allowsExitTo: (index, port, family) =>
      ((family === 'ipv4' ? at(index).ports : at(index).ports6) ?? []).includes(port),
  }
}

function fitsPosition(flags: number, position: Position): boolean {
  const has = (flag: number): boolean => (flags & flag) !== 0
  if (!has(RelayFlag.Running) || !has(RelayFlag.Valid)) return false
  switch (position) {
    case 'guard':
      return has(RelayFlag.Guard) && !has(RelayFlag.MiddleOnly)
    case 'exit':
      return !has(RelayFlag.BadExit) && !has(RelayFlag.MiddleOnly)
    case 'directory':
      return has(RelayFlag.V2Dir)
    case 'middle':
      return true
  }
}

function isComplete({ hasMicrodescriptor = true, isMicrodescriptorBad = false }: FakeRelay): boolean {
  return hasMicrodescriptor && !isMicrodescriptorBad
}

/** Of the address that `makeRelay` gives. */
function ipv4Value({ id, subnet = id }: FakeRelay): number {
  return ((10 + (subnet >> 8)) * 2 ** 24 + (subnet & 255) * 2 ** 16 + 1) >>> 0
}

function makeRelay(relay: FakeRelay, index: number, flags: number): Relay {
  const ed25519 = Buffer.alloc(32)
  ed25519.writeUInt32BE(relay.ed25519 ?? relay.id, 28)
  const subnet = relay.subnet ?? relay.id
  return {
    index,
    nickname: `relay${relay.id}`,
    ids: {
      rsa: fakeIdentity(relay.id),
      ed25519: isComplete(relay) ? ed25519IdentityFromBytes(ed25519) : undefined,
    },
    ipv4: { host: `${10 + (subnet >> 8)}.${subnet & 255}.0.1`, port: 9001 },
    ipv6: relay.ipv6 === undefined ? undefined : { host: relay.ipv6, port: 9001 },
    flags,
    bandwidth: relay.bandwidth ?? 1000,
    protocols: relay.protocols === undefined ? NO_PROTOCOLS : parseProtocolVersions(relay.protocols),
    ntorKey: isComplete(relay) ? Buffer.alloc(32, 1) : undefined,
    hasNtorV3: true,
    hasDirCache: true,
    exitPolicy: undefined,
    exitPolicy6: undefined,
  }
}
