/** Which relays may stand together in one path (path-spec 2.2). */
import type { NetDir } from '../netdir/net-dir.ts'
import type { Relay } from '../netdir/relay.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'

/** What the user set for all paths; a `ClientConfig` is one. */
export interface PathConstraints {
  readonly enforceDistinctSubnets: boolean
  /** Over which address families we dial guards and directories. */
  readonly useIpv4: boolean
  readonly useIpv6: boolean
  readonly preferIpv6OrPort: boolean
}

/** The relays of a path so far. */
export class ChosenRelays {
  readonly #netDir: Pick<NetDir, 'inSameFamily' | 'inSameSubnet'>
  readonly #enforceDistinctSubnets: boolean
  readonly #indexes: number[]

  constructor(
    netDir: Pick<NetDir, 'inSameFamily' | 'inSameSubnet'>,
    constraints: Pick<PathConstraints, 'enforceDistinctSubnets'>,
    ...indexes: number[]
  ) {
    this.#netDir = netDir
    this.#enforceDistinctSubnets = constraints.enforceDistinctSubnets
    this.#indexes = indexes
  }

  add(index: number): void {
    this.#indexes.push(index)
  }

  /** Whether the relay is in the path already, or shares a family or a subnet with one that is. */
  conflictsWith(index: number): boolean {
    return this.#indexes.some(
      (chosen) =>
        chosen === index ||
        (this.#enforceDistinctSubnets && this.#netDir.inSameSubnet(chosen, index)) ||
        this.#netDir.inSameFamily(chosen, index),
    )
  }
}

/** Of these endpoints the ones that we may dial, in our order of preference. */
export function reachableEndpoints(endpoints: readonly Endpoint[], constraints: PathConstraints): Endpoint[] {
  const isIpv6 = (endpoint: Endpoint): boolean => endpoint.host.includes(':')
  const reachable = endpoints.filter((endpoint) =>
    isIpv6(endpoint) ? constraints.useIpv6 : constraints.useIpv4,
  )
  const ipv6 = reachable.filter(isIpv6)
  const ipv4 = reachable.filter((endpoint) => !isIpv6(endpoint))
  return constraints.preferIpv6OrPort ? [...ipv6, ...ipv4] : [...ipv4, ...ipv6]
}

/** Where the relay can be dialled under the constraints, in order of preference; may be empty. */
export function relayEndpoints(relay: Relay, constraints: PathConstraints): Endpoint[] {
  return reachableEndpoints(relay.ipv6 === undefined ? [relay.ipv4] : [relay.ipv4, relay.ipv6], constraints)
}
