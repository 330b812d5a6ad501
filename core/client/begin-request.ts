/** What BEGIN says for a target, and what the target demands of the exit (tor-spec 6.2). */
import { BeginFlag, type BeginMessage } from '../cell/relay-message.ts'
import type { AssignedCircuit } from '../circuit-manager/circuit-manager.ts'
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import type { ExitUsage } from '../circuit-manager/pooled-circuit.ts'
import { TorError } from '../util/errors.ts'
import { isInternalAddress } from '../util/internal-address.ts'
import type { StreamTarget } from './stream-target.ts'

/** Names that mean this machine or its network to everybody, and would mean the exit's there. */
const INTERNAL_NAMES: ReadonlySet<string> = new Set(['localhost', 'local'])

/** Throws `bad-target` for what must not be asked of an exit. */
export function checkTarget(
  target: Pick<StreamTarget, 'host' | 'kind'>,
  rejectInternalAddresses: boolean,
): void {
  if (target.kind === 'onion') {
    throw new TorError('bad-target', 'onion services cannot be reached by this release')
  }
  const lastLabel = target.host.slice(target.host.lastIndexOf('.') + 1)
  if (target.kind === 'name' && lastLabel === 'exit') {
    throw new TorError('bad-target', 'choosing the exit by a .exit name is not allowed')
  }
  if (!rejectInternalAddresses) return
  if (isInternalAddress(target.host) || INTERNAL_NAMES.has(lastLabel)) {
    throw new TorError('bad-target', 'an address inside a private network cannot be reached through an exit')
  }
}

export function exitUsage(target: StreamTarget, isolation: IsolationKey): ExitUsage {
  const family = target.kind === 'ipv4' || target.kind === 'ipv6' ? target.kind : undefined
  return { isolation, family, port: target.port }
}

/**
 * The flags are those of C tor's clients with their default settings: IPv6 is welcome, and preferred, where the exit's
 * policy has it.
 */
export function beginMessage(target: StreamTarget, assigned: AssignedCircuit): BeginMessage {
  const isIpv6Welcome = assigned.mayExitOverIpv6(target.port)
  const flags = isIpv6Welcome ? BeginFlag.IPV6_OK | BeginFlag.IPV6_PREFERRED : 0
  return { kind: 'begin', host: target.host, port: target.port, flags }
}
