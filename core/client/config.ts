/** Everything a client can be told, as one immutable value. The torrc reader and library users both make one. */
import { DesiredUx } from '../conflux/conflux-params.ts'
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import type { Authority } from '../netdir/authorities.ts'
import type { FallbackDir } from '../netdir/fallback-dirs.ts'
import { NO_NODE_CHOICES, type NodeChoices } from '../path/node-choices.ts'
import type { TransportPlugin } from '../transport/managed/transport-plugin.ts'
import type { UpstreamProxy } from '../transport/upstream-proxy.ts'
import type { AddressPolicy } from '../util/address-policy.ts'

export interface ClientConfig {
  /** Where the directory cache and the guard choice are kept; undefined keeps everything in memory. */
  readonly dataDirectory: string | undefined
  readonly authorities: readonly Authority[]
  readonly fallbackDirs: readonly FallbackDir[]

  // How relays are reached.
  /** At least one of the two families must be allowed. */
  readonly useIpv4: boolean
  readonly useIpv6: boolean
  readonly preferIpv6OrPort: boolean
  /** Which relays' addresses and ports a firewall lets us reach; undefined is all of them. */
  readonly reachableAddresses: AddressPolicy | undefined
  readonly upstreamProxy: UpstreamProxy | undefined
  /**
   * Undefined: relays are reached directly. Otherwise only by these bridges, and nothing else is ever dialled; with an
   * empty list nothing connects.
   */
  readonly bridges: readonly BridgeLine[] | undefined
  /** Who speaks transports for us; also those that we speak ourselves. The first that names a transport has it. */
  readonly transportPlugins: readonly TransportPlugin[]
  /** The local address that connections to relays leave from; undefined lets the system choose. */
  readonly outboundBindAddress: { readonly ipv4: string | undefined; readonly ipv6: string | undefined }
  /** Whether nothing at all is connected to. */
  readonly isNetworkDisabled: boolean
  /** `auto` pads where the relay does, as the consensus says (padding-spec 2). */
  readonly connectionPadding: 'on' | 'off' | 'auto'
  readonly reducedConnectionPadding: boolean
  /** A channel on which nothing was sent for so long sends one padding cell. */
  readonly keepaliveMs: number

  // Which relays.
  readonly nodes: NodeChoices
  /** Country tables in C tor's text form that replace the built-in ones. */
  readonly geoIpFile: string | undefined
  readonly geoIpv6File: string | undefined
  /** No two relays of one circuit in the same IPv4 /16 or IPv6 /32. */
  readonly enforceDistinctSubnets: boolean
  /** Fraction (0..1) of usable paths before circuits are built; undefined takes the consensus parameter. */
  readonly pathsNeededToBuildCircuits: number | undefined
  /** False draws a new first relay for each circuit, which is dangerous and for testing networks. */
  readonly useEntryGuards: boolean
  /** Undefined takes the consensus's numbers. */
  readonly numPrimaryGuards: number | undefined
  readonly numEntryGuards: number | undefined
  readonly numDirectoryGuards: number | undefined
  readonly guardLifetimeMs: number | undefined
  /** Destination ports whose connections live long: their circuits have Stable relays only. */
  readonly longLivedPorts: readonly number[]

  // Circuits.
  /** How long one circuit may take to build; with learning, until enough was learned. */
  readonly circuitBuildTimeoutMs: number
  readonly learnCircuitBuildTimeout: boolean
  /** No new streams on a circuit this long after its first use. */
  readonly maxCircuitDirtinessMs: number
  /** Undefined takes the consensus parameter (nf_conntimeout_clients). */
  readonly circuitsAvailableTimeoutMs: number | undefined
  readonly maxClientCircuitsPending: number
  /** Whether two circuits to one exit may be joined to a conflux set; undefined takes the consensus parameter (cfx_enabled). */
  readonly confluxEnabled: boolean | undefined
  /** What such sets should be good for. */
  readonly confluxUx: DesiredUx
  /** Hosts, or `.domain` for all below, whose streams keep to the exit that served them before. */
  readonly trackHostExits: readonly string[]
  readonly trackHostExitsExpireMs: number
  /** What may wait in all queues together before circuits are closed; undefined is a share of the machine's memory. */
  readonly maxMemInQueuesBytes: number | undefined

  // Streams.
  /** How long an application's request may take, all tries together. */
  readonly streamTimeoutMs: number
  /** How long one exit may take to answer; undefined is 10 s for the first two and 15 s after. */
  readonly circuitStreamTimeoutMs: number | undefined
  /** Whether streams to loopback, private and link-local addresses are refused. */
  readonly rejectInternalAddresses: boolean
  /** Whether such addresses in exits' answers to look-ups are not believed. */
  readonly rejectInternalDnsAnswers: boolean
  /** Ports to which no stream is opened, and ports of which the user is warned: what exits see there is mostly in the clear. */
  readonly rejectPlaintextPorts: readonly number[]
  readonly warnPlaintextPorts: readonly number[]
  /** Whether a circuit may be extended to private addresses: only on testing networks. */
  readonly allowPrivateRelayAddresses: boolean
  /** `from` (a host, an IP address, `*.domain`) is replaced by `to`. */
  readonly addressMap: readonly { readonly from: string; readonly to: string }[]
  /** Whether look-ups of names with one of the suffixes are answered with an address of our own making. */
  readonly automapHostsOnResolve: boolean
  readonly automapHostsSuffixes: readonly string[]
  /** Networks, `address/bits`, that such addresses come from. */
  readonly virtualNetworkIpv4: string
  readonly virtualNetworkIpv6: string
  /** Whether names may hold characters outside letters, digits, dot, hyphen and underscore. */
  readonly allowNonRfc953Hostnames: boolean

  // Sleep.
  /** Without use for so long, the client goes dormant; undefined never. */
  readonly dormantClientTimeoutMs: number | undefined
  readonly dormantOnFirstStartup: boolean
  readonly dormantCanceledByStartup: boolean
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export const DEFAULT_CLIENT_CONFIG: Omit<ClientConfig, 'authorities' | 'fallbackDirs'> = {
  dataDirectory: undefined,

  useIpv4: true,
  useIpv6: true,
  preferIpv6OrPort: false,
  reachableAddresses: undefined,
  upstreamProxy: undefined,
  bridges: undefined,
  transportPlugins: [],
  outboundBindAddress: { ipv4: undefined, ipv6: undefined },
  isNetworkDisabled: false,
  connectionPadding: 'auto',
  reducedConnectionPadding: false,
  keepaliveMs: 5 * MINUTE_MS,

  nodes: NO_NODE_CHOICES,
  geoIpFile: undefined,
  geoIpv6File: undefined,
  enforceDistinctSubnets: true,
  pathsNeededToBuildCircuits: undefined,
  useEntryGuards: true,
  numPrimaryGuards: undefined,
  numEntryGuards: undefined,
  numDirectoryGuards: undefined,
  guardLifetimeMs: undefined,
  // C tor's LongLivedPorts.
  longLivedPorts: [21, 22, 706, 1863, 5050, 5190, 5222, 5223, 6523, 6667, 6697, 8300],

  // path-spec 2.4: cbtinitialtimeout, until build times are learned.
  circuitBuildTimeoutMs: MINUTE_MS,
  learnCircuitBuildTimeout: true,
  // path-spec 2.1.6: MaxCircuitDirtiness.
  maxCircuitDirtinessMs: 10 * MINUTE_MS,
  circuitsAvailableTimeoutMs: undefined,
  // More at once would be a burst of load on one guard, and visible as such.
  maxClientCircuitsPending: 32,
  confluxEnabled: undefined,
  // C tor's.
  confluxUx: DesiredUx.HIGH_THROUGHPUT,
  trackHostExits: [],
  trackHostExitsExpireMs: 30 * MINUTE_MS,
  maxMemInQueuesBytes: undefined,

  // C tor's SocksTimeout.
  streamTimeoutMs: 2 * MINUTE_MS,
  circuitStreamTimeoutMs: undefined,
  rejectInternalAddresses: true,
  rejectInternalDnsAnswers: true,
  rejectPlaintextPorts: [],
  // C tor's: telnet, finger of mail with passwords in the clear.
  warnPlaintextPorts: [23, 109, 110, 143],
  allowPrivateRelayAddresses: false,
  addressMap: [],
  automapHostsOnResolve: false,
  automapHostsSuffixes: ['.onion', '.exit'],
  virtualNetworkIpv4: '127.192.0.0/10',
  virtualNetworkIpv6: '[FE80::]/10',
  allowNonRfc953Hostnames: false,

  dormantClientTimeoutMs: 24 * HOUR_MS,
  dormantOnFirstStartup: false,
  dormantCanceledByStartup: false,
}
