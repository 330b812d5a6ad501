/** The way to relays that the configuration asks for: plain TCP, or one upstream proxy and never anything beside it. */
import { isIP } from 'node:net'
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import { TorError } from '../util/errors.ts'
import { refusalOfEndpoint } from './bridge-rule.ts'
import { NO_OUTSIDE, type Outside } from './outside.ts'
import { NO_OTHER_TRANSPORTS, transportOf } from './pluggable-transport.ts'
import { checkUpstreamProxy } from './proxy-handshake.ts'
import { localAddressFor, type OutboundBind } from './tcp-dialler.ts'
import type { Transport } from './transport.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

export interface TransportSettings {
  readonly upstreamProxy: UpstreamProxy | undefined
  /** Undefined: relays are dialled. Otherwise these and nothing else. */
  readonly bridges: readonly BridgeLine[] | undefined
  readonly outboundBindAddress: OutboundBind
  /** Whether relays, and what transports lead to them, may have private addresses: only on testing networks. */
  readonly allowPrivateRelayAddresses: boolean
}

export const DIRECT: TransportSettings = {
  upstreamProxy: undefined,
  bridges: undefined,
  outboundBindAddress: { ipv4: undefined, ipv6: undefined },
  allowPrivateRelayAddresses: false,
}

/**
 * `settings` is asked for each new connection, so that a reload takes effect. With a proxy that cannot be used
 * `carrierFor` throws `bad-config`: a relay is never dialled directly instead. What the rule about bridges forbids is
 * `not-allowed`.
 */
export function createTransport(
  settings: () => TransportSettings,
  outside: Outside = NO_OUTSIDE,
  others = NO_OTHER_TRANSPORTS,
): Transport {
  return {
    carrierFor(relay, bridge) {
      const { upstreamProxy: proxy, bridges, outboundBindAddress, allowPrivateRelayAddresses } = settings()
      if (isIP(relay.host) === 0) throw new TorError('internal', 'a relay endpoint must be an IP address')
      const refusal = refusalOfEndpoint(bridges, relay, bridge)
      if (refusal !== undefined) throw refusal
      const transport = bridge === undefined ? undefined : transportOf(bridge, others)
      if (proxy !== undefined) checkUpstreamProxy(proxy)
      const localAddress = localAddressFor((proxy?.endpoint ?? relay).host, outboundBindAddress)
      if (bridge !== undefined && transport !== undefined) {
        const outboundBind = outboundBindAddress
        const way = { proxy, localAddress, outboundBind, allowsPrivatePeers: allowPrivateRelayAddresses }
        return { kind: 'pluggable', transport, bridge, way, outside }
      }
      if (proxy === undefined) return { kind: 'tcp', relay, localAddress }
      return { kind: 'proxied', proxy, relay, localAddress }
    },
  }
}

export const directTransport: Transport = createTransport(() => DIRECT)
