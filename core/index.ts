/** The public door of the core: what another program may use. Everything else may change without notice. */
export { isolationKey, type IsolationKey, type StreamIsolation } from './circuit-manager/isolation.ts'
export type {
  FamilyPreference,
  ResolvedAddress,
  ResolvedName,
  StreamOpener,
  StreamOptions,
} from './client/client-port.ts'
export { type ClientConfig, DEFAULT_CLIENT_CONFIG } from './client/config.ts'
export type { AgentTlsOptions, TorHttpAgent, TorHttpsAgent } from './client/http-agent.ts'
export type { HttpRequestOptions, HttpResponse } from './client/http-request.ts'
export { IDENTITY_CHANGES, IDENTITY_KEEPS, type NewIdentity } from './client/identity.ts'
export type { ExitPin, SitePolicy, SitePolicyChoice, SitePolicyEntry } from './client/site-policies.ts'
export { siteOf } from './client/site.ts'
export type {
  BandwidthStatus,
  Blockage,
  BootstrapPhase,
  BootstrapStatus,
  ChannelStatus,
  CircuitStatus,
  ClientStatus,
  HopStatus,
  StreamStatus,
} from './client/status.ts'
export { parseStreamTarget, type StreamTarget } from './client/stream-target.ts'
export type { ConnectOptions } from './client/connect-options.ts'
export { type ClientDeps, TorClient } from './client/tor-client.ts'
export { type Authority, DEFAULT_AUTHORITIES, parseDirAuthority } from './netdir/authorities.ts'
export { DEFAULT_FALLBACK_DIRS, type FallbackDir, parseFallbackDir } from './netdir/fallback-dirs.ts'
export { EMPTY_NODE_SET, type NodeSet, parseNodeSet } from './netdir/node-set.ts'
export type { ExitCountry } from './path/exit-countries.ts'
export { NO_NODE_CHOICES, type NodeChoices } from './path/node-choices.ts'
export type { UpstreamProxy } from './transport/upstream-proxy.ts'
export { type AddressPolicy, parseAddressPolicy } from './util/address-policy.ts'
export type { ByteSink, ByteStream } from './util/byte-stream.ts'
export { type ErrorKind, isTorError, type RetryAdvice, TorError } from './util/errors.ts'
export { formatLogParts, Logger, type LogLevel, type LogRecord, type LogSink, Sensitive } from './util/log.ts'
export type { Watchable } from './util/watched-value.ts'
