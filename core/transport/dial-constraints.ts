/**
 * Where a relay can be dialled: asked when a relay is chosen, and again where sockets are made, since the options may have
 * changed on the way.
 */
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { Relay } from '../netdir/relay.ts'
import type { AddressPolicy } from '../util/address-policy.ts'
import { TorError } from '../util/errors.ts'
import { isInternalAddress } from '../util/internal-address.ts'

/** What decides which addresses of relays we connect to. */
export interface DialConstraints {
  /** Over which address families we dial guards and directories. */
  readonly useIpv4: boolean
  readonly useIpv6: boolean
  readonly preferIpv6OrPort: boolean
  /** Undefined is all of them. */
  readonly reachableAddresses: AddressPolicy | undefined
  readonly allowPrivateRelayAddresses: boolean
  /** Undefined: none are used. Otherwise nothing else is dialled. */
  readonly bridges: readonly BridgeLine[] | undefined
}

/** Of these endpoints the ones that we may dial, in our order of preference. */
export function reachableEndpoints(endpoints: readonly Endpoint[], constraints: DialConstraints): Endpoint[] {
  const isIpv6 = (endpoint: Endpoint): boolean => endpoint.host.includes(':')
  const reachable = endpoints.filter((endpoint) => mayDial(endpoint, constraints))
  const ipv6 = reachable.filter(isIpv6)
  const ipv4 = reachable.filter((endpoint) => !isIpv6(endpoint))
  return constraints.preferIpv6OrPort ? [...ipv6, ...ipv4] : [...ipv4, ...ipv6]
}

function mayDial({ host, port }: Endpoint, constraints: DialConstraints): boolean {
  if (!(host.includes(':') ? constraints.useIpv6 : constraints.useIpv4)) return false
  if (!constraints.allowPrivateRelayAddresses && isInternalAddress(host)) return false
  return constraints.reachableAddresses?.accepts(host, port) ?? true
}

/** A private address is as good as another where the user names it; a transport sees to its own way. */
export function mayDialBridge({ transport, endpoint }: BridgeLine, constraints: DialConstraints): boolean {
  return transport !== undefined || mayDial(endpoint, { ...constraints, allowPrivateRelayAddresses: true })
}

/** Why the options do not let this address be dialled; undefined when they do. `bridge` is the one that listens there. */
export function refusalOfAddress(
  endpoint: Endpoint,
  bridge: BridgeLine | undefined,
  constraints: DialConstraints,
): TorError | undefined {
  if (bridge === undefined ? mayDial(endpoint, constraints) : mayDialBridge(bridge, constraints))
    return undefined
  const words = 'the options on address families and reachable addresses forbid this address'
  return new TorError('not-allowed', words, { retry: 'elsewhere' })
}

/** Where the relay can be dialled under the constraints, in order of preference; may be empty. */
export function relayEndpoints(relay: Relay, constraints: DialConstraints): Endpoint[] {
  return reachableEndpoints(relay.ipv6 === undefined ? [relay.ipv4] : [relay.ipv4, relay.ipv6], constraints)
}
