/** What BEGIN says for a target, and what the target demands of the exit (tor-spec 6.2). */
import { BeginFlag, type BeginMessage } from '../cell/relay-message.ts'
import type { AssignedCircuit } from '../circuit-manager/circuit-manager.ts'
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import type { ExitUsage } from '../circuit-manager/pool-entry.ts'
import { TorError } from '../util/errors.ts'
import { hasUsualCharacters, lastLabelOf } from '../util/host-name.ts'
import { isInternalAddress } from '../util/internal-address.ts'
import type { FamilyPreference } from './client-port.ts'
import type { ClientConfig } from './config.ts'
import type { StreamHost, StreamTarget } from './stream-target.ts'

/** Names that mean this machine or its network to everybody, and would mean the exit's there. */
const INTERNAL_NAMES: ReadonlySet<string> = new Set(['localhost', 'local'])

/** C tor's clients with their default settings: both families, IPv6 where there is a choice. */
export const ANY_FAMILY: FamilyPreference = { allowsIpv4: true, allowsIpv6: true, prefersIpv6: true }

export type TargetRules = Pick<ClientConfig, 'rejectInternalAddresses' | 'allowNonRfc953Hostnames'>

/** Throws `bad-target` for what must not be asked of an exit. */
export function checkTarget({ host, kind }: StreamHost, rules: TargetRules): void {
  if (kind === 'onion') {
    throw new TorError('bad-target', 'onion services cannot be reached by this release')
  }
  checkNoExitName({ host, kind })
  if (kind === 'name' && !rules.allowNonRfc953Hostnames && !hasUsualCharacters(host)) {
    throw new TorError('bad-target', 'the host has characters that no host name has')
  }
  if (!rules.rejectInternalAddresses) return
  if (isInternalAddress(host) || INTERNAL_NAMES.has(lastLabelOf(host))) {
    throw new TorError('bad-target', 'an address inside a private network cannot be reached through an exit')
  }
}

/** Throws `bad-target` for a name with which a web page could choose our exit. */
export function checkNoExitName({ host, kind }: StreamHost): void {
  if (kind === 'name' && lastLabelOf(host) === 'exit') {
    throw new TorError('bad-target', 'choosing the exit by a .exit name is not allowed')
  }
}

/** Throws `bad-target` when the front door lets no connection to this host through. */
export function checkFamilies({ kind }: Pick<StreamHost, 'kind'>, families: FamilyPreference): void {
  const { allowsIpv4, allowsIpv6 } = families
  if (kind === 'ipv4' && !allowsIpv4) throw new TorError('bad-target', 'IPv4 is not allowed on this listener')
  if (kind === 'ipv6' && !allowsIpv6) throw new TorError('bad-target', 'IPv6 is not allowed on this listener')
  if (!allowsIpv4 && !allowsIpv6 && kind !== 'onion') {
    throw new TorError('bad-target', 'neither IPv4 nor IPv6 is allowed on this listener')
  }
}

/** A name whose IPv4 addresses must not be used needs an exit that does IPv6. */
export function exitUsage(
  { kind, port }: StreamTarget,
  isolation: IsolationKey,
  { allowsIpv4 }: FamilyPreference = ANY_FAMILY,
): ExitUsage {
  const ofName = allowsIpv4 ? undefined : 'ipv6'
  return { isolation, family: kind === 'ipv4' || kind === 'ipv6' ? kind : ofName, port }
}

/** The flags are C tor's: IPv6 is welcome where the exit's policy has it, and preferred only beside IPv4. */
export function beginMessage(
  { host, port }: StreamTarget,
  assigned: Pick<AssignedCircuit, 'mayExitOverIpv6'>,
  { allowsIpv4, allowsIpv6, prefersIpv6 }: FamilyPreference = ANY_FAMILY,
): BeginMessage {
  let flags = 0
  if (!allowsIpv4) flags |= BeginFlag.IPV4_NOT_OK
  if (allowsIpv6 && assigned.mayExitOverIpv6(port)) {
    flags |= BeginFlag.IPV6_OK
    if (allowsIpv4 && prefersIpv6) flags |= BeginFlag.IPV6_PREFERRED
  }
  return { kind: 'begin', host, port, flags }
}
