/** Everything a client can be told, as one immutable value. The torrc reader and library users both make one. */
import type { Authority } from '../netdir/authorities.ts'
import type { FallbackDir } from '../netdir/fallback-dirs.ts'

export interface ClientConfig {
  /** Where the directory cache and the guard choice are kept; undefined keeps everything in memory. */
  readonly dataDirectory: string | undefined
  readonly authorities: readonly Authority[]
  readonly fallbackDirs: readonly FallbackDir[]
  /** At least one of the two families must be allowed. */
  readonly useIpv4: boolean
  readonly useIpv6: boolean
  readonly preferIpv6OrPort: boolean
  /** No two relays of one circuit in the same IPv4 /16 or IPv6 /32. */
  readonly enforceDistinctSubnets: boolean
  /** Fraction (0..1) of usable paths before circuits are built; undefined takes the consensus parameter. */
  readonly pathsNeededToBuildCircuits: number | undefined
  /** How long one circuit may take to build. */
  readonly circuitBuildTimeoutMs: number
  /** No new streams on a circuit this long after its first use. */
  readonly maxCircuitDirtinessMs: number
  /** How long an application's request may take, all tries together. */
  readonly streamTimeoutMs: number
  /** Whether streams to loopback, private and link-local addresses are refused. */
  readonly rejectInternalAddresses: boolean
  /** Whether a circuit may be extended to private addresses: only on testing networks. */
  readonly allowPrivateRelayAddresses: boolean
}

export const DEFAULT_CLIENT_CONFIG: Omit<ClientConfig, 'authorities' | 'fallbackDirs'> = {
  dataDirectory: undefined,
  useIpv4: true,
  useIpv6: true,
  preferIpv6OrPort: false,
  enforceDistinctSubnets: true,
  pathsNeededToBuildCircuits: undefined,
  // path-spec 2.4: cbtinitialtimeout, until build times are learned.
  circuitBuildTimeoutMs: 60_000,
  // path-spec 2.1.6: MaxCircuitDirtiness.
  maxCircuitDirtinessMs: 600_000,
  // C tor's SocksTimeout.
  streamTimeoutMs: 120_000,
  rejectInternalAddresses: true,
  allowPrivateRelayAddresses: false,
}
