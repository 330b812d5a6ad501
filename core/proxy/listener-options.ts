/**
 * Everything that one listening front door can be told, as one immutable value: where it listens, what keeps its
 * applications apart, and what they may ask for. The torrc reader and library users both make one.
 */
import type { FamilyPreference } from '../client/client-port.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { ListenerIsolation } from './request-isolation.ts'

/** `socks` speaks SOCKS4, SOCKS4a and SOCKS5; `http` speaks CONNECT and plain forward proxying. */
export type ProxyProtocol = 'socks' | 'http'

/** Where a front door listens. */
export type ListenAddress =
  /** The host is an IP literal without brackets; port 0 takes a free one (`auto`). */
  | { readonly kind: 'tcp'; readonly endpoint: Endpoint }
  | {
      readonly kind: 'unix'
      /** Absolute. */
      readonly path: string
      /** Who may connect: us alone (0600), our group too (GroupWritable, 0660), everybody (WorldWritable, 0666). */
      readonly access: 'owner' | 'group' | 'world'
      /** False with RelaxDirModeCheck: the directory may let its group in although the socket does not. */
      readonly checksDirectory: boolean
    }

/** What the applications of a listener may ask for, by C tor's flags. */
export interface TrafficRules {
  /** IPv4Traffic, IPv6Traffic, PreferIPv6: what an exit may use for a name, and which literals are taken at all. */
  readonly families: FamilyPreference
  /** False with NoDNSRequest: names cannot be asked for, neither to connect nor to resolve; onion addresses can. */
  readonly allowsNames: boolean
  /** False with NoOnionTraffic. */
  readonly allowsOnion: boolean
  /** False with OnionTrafficOnly. */
  readonly allowsExit: boolean
}

export interface ListenerOptions {
  readonly protocol: ProxyProtocol
  readonly address: ListenAddress
  readonly isolation: ListenerIsolation
  readonly traffic: TrafficRules
  /** ExtendedErrors: SOCKS5 replies say more of an onion service's failure (proposal 304). */
  readonly extendedErrors: boolean
  /** PreferSOCKSNoAuth: a SOCKS5 application that offers both is not asked for user name and password. */
  readonly prefersNoAuth: boolean
}

/** C tor's defaults (`IPv4Traffic IPv6Traffic PreferIPv6`), for names, onion services and the rest. */
export const DEFAULT_TRAFFIC: TrafficRules = {
  families: { allowsIpv4: true, allowsIpv6: true, prefersIpv6: true },
  allowsNames: true,
  allowsOnion: true,
  allowsExit: true,
}
