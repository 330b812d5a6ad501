/** Relays dialled by TCP, on this machine too, as a client on a testing network does that was told nothing else. */
import { createTransport, type TransportSettings } from '../../core/transport/configured-transport.ts'

export const DIRECT: TransportSettings = {
  useIpv4: true,
  useIpv6: true,
  preferIpv6OrPort: false,
  reachableAddresses: undefined,
  upstreamProxy: undefined,
  bridges: undefined,
  outboundBindAddress: { ipv4: undefined, ipv6: undefined },
  allowPrivateRelayAddresses: true,
}

export const directTransport = createTransport(() => DIRECT)
