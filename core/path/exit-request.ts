/** What an exit must serve, as path selection is asked for it. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { CountryCode } from '../netdir/country-lookup.ts'
import type { NetDir } from '../netdir/net-dir.ts'

export interface ExitRequest {
  readonly hostKind: 'name' | 'ipv4' | 'ipv6'
  /** Undefined for circuits built ahead of need and for lookups of names: an exit for the web serves them. */
  readonly port: number | undefined
  /** For ports whose connections live long: only relays with the Stable flag, where there are such. */
  readonly needsStable?: boolean
  /** Where the exit must be, in lower case; the request is refused rather than served from elsewhere. */
  readonly exitCountry?: CountryCode | undefined
  /** The one exit to take; as strict. */
  readonly exit?: RsaIdentity | undefined
  /** Exits not to take again: they failed this request before. */
  readonly isExcluded?: (index: number) => boolean
}

/**
 * What an exit must allow, the best first: without a port, both ports of the web or else one of them. A name may turn
 * out to be of either family; exits all have IPv4.
 */
export function exitTests(
  netDir: Pick<NetDir, 'allowsExitTo'>,
  request: Pick<ExitRequest, 'hostKind' | 'port'>,
): ((index: number) => boolean)[] {
  const family = request.hostKind === 'ipv6' ? 'ipv6' : 'ipv4'
  const { port } = request
  if (port !== undefined) return [(index) => netDir.allowsExitTo(index, port, family)]
  const allowsHttp = (index: number): boolean => netDir.allowsExitTo(index, 80, family)
  const allowsHttps = (index: number): boolean => netDir.allowsExitTo(index, 443, family)
  return [(index) => allowsHttp(index) && allowsHttps(index), allowsHttps, allowsHttp]
}
