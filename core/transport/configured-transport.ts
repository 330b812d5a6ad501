/** The way to relays that the configuration asks for: plain TCP, or one upstream proxy and never anything beside it. */
import { isIP } from 'node:net'
import { TorError } from '../util/errors.ts'
import { refusalOfEndpoint } from './bridge-rule.ts'
import { type DialConstraints, refusalOfAddress } from './dial-constraints.ts'
import { NO_OUTSIDE, type Outside } from './outside.ts'
import { NO_OTHER_TRANSPORTS, transportOf } from './pluggable-transport.ts'
import { checkUpstreamProxy } from './proxy-handshake.ts'
import { localAddressFor, type OutboundBind } from './tcp-dialler.ts'
import type { Transport } from './transport.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

/** `allowPrivateRelayAddresses` holds for what transports lead to as well. */
export interface TransportSettings extends DialConstraints {
  readonly upstreamProxy: UpstreamProxy | undefined
  readonly outboundBindAddress: OutboundBind
}

/**
 * `settings` is asked for each new connection, so that a reload takes effect. With a proxy that cannot be used
 * `carrierFor` throws `bad-config`: a relay is never dialled directly instead. What the rule about bridges or
 * the options on addresses forbid is `not-allowed`.
 */
export function createTransport(
  settings: () => TransportSettings,
  outside: Outside = NO_OUTSIDE,
  others = NO_OTHER_TRANSPORTS,
): Transport {
  return {
    carrierFor(relay, bridge) {
      const options = settings()
      const { upstreamProxy: proxy, bridges, outboundBindAddress, allowPrivateRelayAddresses } = options
      if (isIP(relay.host) === 0) throw new TorError('internal', 'a relay endpoint must be an IP address')
      const refusal = refusalOfEndpoint(bridges, relay, bridge) ?? refusalOfAddress(relay, bridge, options)
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
