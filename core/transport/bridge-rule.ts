/**
 * Who may be dialled: while bridges are used they and nobody else, and otherwise no bridge. It is asked where sockets
 * are made, so that no mistake in the choice of a relay can show the user to the network that bridges hide from.
 */
import { type BridgeLine, formatBridgeLine } from '../linkspec/bridge-line.ts'
import type { RelayIds } from '../linkspec/relay-ids.ts'
import type { ChannelTarget, Endpoint } from '../linkspec/relay-target.ts'
import { TorError } from '../util/errors.ts'

/** A relay as it is dialled: whose identity is not known yet can only be a bridge. */
export interface DialTarget extends Omit<ChannelTarget, 'ids'> {
  readonly ids: RelayIds | undefined
}

/** Why the target may not be dialled; undefined when it may. `bridges` are undefined where none are used. */
export function refusalToDial(
  bridges: readonly BridgeLine[] | undefined,
  { ids, endpoints, bridge }: DialTarget,
): TorError | undefined {
  if (bridges === undefined) {
    return bridge === undefined ? undefined : notAllowed('bridges are not used, and this relay is a bridge')
  }
  if (bridge === undefined || !isConfigured(bridges, bridge)) {
    return notAllowed('bridges are used, and this relay is none of them')
  }
  if (!endpoints.every((endpoint) => isSameEndpoint(endpoint, bridge.endpoint))) {
    return notAllowed("bridges are used, and this address is not the bridge's")
  }
  const isOther = ids !== undefined && bridge.fingerprint !== undefined && ids.rsa !== bridge.fingerprint
  return isOther ? notAllowed("bridges are used, and this identity is not the bridge's") : undefined
}

/** The same for an address alone. */
export function refusalOfEndpoint(
  bridges: readonly BridgeLine[] | undefined,
  endpoint: Endpoint,
  bridge: BridgeLine | undefined,
): TorError | undefined {
  return refusalToDial(bridges, { ids: undefined, endpoints: [endpoint], ...(bridge && { bridge }) })
}

export function isConfigured(bridges: readonly BridgeLine[], bridge: BridgeLine): boolean {
  const text = formatBridgeLine(bridge)
  return bridges.some((line) => line === bridge || formatBridgeLine(line) === text)
}

function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.host === b.host && a.port === b.port
}

function notAllowed(words: string): TorError {
  return new TorError('not-allowed', words, { retry: 'never' })
}
