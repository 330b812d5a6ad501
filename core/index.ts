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
export {
  type ExitPin,
  readSitePolicies,
  setAsideDamagedRules,
  type SitePolicy,
  type SitePolicyChoice,
  type SitePolicyEntry,
} from './client/site-policies.ts'
export { siteOf } from './client/site.ts'
export type {
  BandwidthStatus,
  Blockage,
  BootstrapPhase,
  BootstrapStatus,
  BridgeStatus,
  ChannelStatus,
  CircuitStatus,
  ClientStatus,
  HopReasonStatus,
  HopStatus,
  SiteStatus,
  StreamStatus,
} from './client/status.ts'
export { parseStreamTarget, type StreamTarget } from './client/stream-target.ts'
export { parseClientConfig } from './daemon/torrc-config.ts'
export { tuneRuntime } from './daemon/runtime.ts'
export { BootstrapLog } from './daemon/bootstrap-log.ts'
export type { ConnectOptions } from './client/connect-options.ts'
export { type ClientDeps, TorClient } from './client/tor-client.ts'
export {
  type BridgeLine,
  BridgeLineError,
  type BridgeLineFault,
  formatBridgeLine,
  parseBridgeLine,
} from './linkspec/bridge-line.ts'
export { type Authority, DEFAULT_AUTHORITIES, parseDirAuthority } from './netdir/authorities.ts'
export { BUILT_IN_DATA_DATES } from './netdir/data-dates.ts'
export { DEFAULT_FALLBACK_DIRS, type FallbackDir, parseFallbackDir } from './netdir/fallback-dirs.ts'
export { EMPTY_NODE_SET, type NodeSet, parseNodeSet } from './netdir/node-set.ts'
export type { ExitCountry } from './path/exit-countries.ts'
export { NO_NODE_CHOICES, type NodeChoices } from './path/node-choices.ts'
export { type ApplicationRules, DEFAULT_APPLICATION_RULES } from './proxy/application-rules.ts'
export {
  DEFAULT_TRAFFIC,
  type ListenAddress,
  type ListenerOptions,
  type ProxyProtocol,
  type TrafficRules,
} from './proxy/listener-options.ts'
export { type ListenerDeps, ProxyListener } from './proxy/proxy-listener.ts'
export { DEFAULT_ISOLATION, type ListenerIsolation } from './proxy/request-isolation.ts'
export {
  MAX_PEER_MESSAGE_BYTES,
  NO_OUTSIDE,
  type Outside,
  type PeerChannel,
  type PeerConnector,
  type PeerOffer,
  type PeerOfferOptions,
  type PeerSink,
  type WebRequest,
  type WebRequester,
  type WebResponse,
} from './transport/outside.ts'
export { dialTcp } from './transport/tcp-dialler.ts'
export { dialName } from './transport/web/dial-name.ts'
export { lookUpName } from './transport/web/look-up-name.ts'
export { plainWebRequester } from './transport/web/plain-web-request.ts'
export { parseFront, parseWebUrl } from './transport/web/web-target.ts'
export { checkBridgeArguments, TRANSPORT_NAMES } from './transport/pluggable-transport.ts'
export { transportParts } from './transport/transport-parts.ts'
export { systemRandom } from './crypto/system-random.ts'
export type { UpstreamProxy } from './transport/upstream-proxy.ts'
export { type AddressPolicy, parseAddressPolicy } from './util/address-policy.ts'
export type { ByteSink, ByteStream } from './util/byte-stream.ts'
export { type Clock, systemClock, type Timer } from './util/clock.ts'
export {
  type ErrorKind,
  isTorError,
  type RetryAdvice,
  systemCodeOf,
  TorError,
  toTorError,
} from './util/errors.ts'
export { formatLogParts, Logger, type LogLevel, type LogRecord, type LogSink, Sensitive } from './util/log.ts'
export { isPublicAddress } from './util/public-address.ts'
export type { Watchable } from './util/watched-value.ts'
export type { MoatRefusal, MoatSetting, MoatSettings } from './circumvention/moat-answer.ts'
export {
  askMoat,
  fetchMoatBuiltIn,
  fetchMoatMap,
  frontedPath,
  type MoatAccess,
  type MoatPath,
  type MoatQuestion,
} from './circumvention/moat-client.ts'
export { MOAT_FRONTS, MOAT_SERVICE, type MoatFront, type MoatService } from './circumvention/moat-targets.ts'
