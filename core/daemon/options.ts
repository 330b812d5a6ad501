/**
 * The one table of options: name as in C tor, how its value is read, its default (also on a testing network), and
 * what it does. What is not in this table is refused, with words from `foreign-options.ts` where C tor knows it.
 */
import { DEFAULT_CLIENT_CONFIG } from '../client/config.ts'
import { type Authority, parseDirAuthority } from '../netdir/authorities.ts'
import { type FallbackDir, parseFallbackDir } from '../netdir/fallback-dirs.ts'
import { type LogRule, parseLogRule } from './log-option.ts'
import {
  type ValueParser,
  durationBetween,
  fractionBetween,
  integerBetween,
  onlyOff,
  parseAutoBoolean,
  parseBoolean,
  parsePath,
} from './option-values.ts'
import { type PortSetting, parsePortSetting } from './port-option.ts'
import { badValue } from './torrc-line.ts'

interface OptionBase<T> {
  readonly name: string
  readonly parse: ValueParser<T>
  /** May be set only with TestingTorNetwork 1. */
  readonly isTestingOnly: boolean
  /** What it does here; "Nothing" and why, where C tor needs it and we do not. */
  readonly doc: string
}

/** Of several lines the last counts. */
export interface SingleOption<T> extends OptionBase<T> {
  readonly kind: 'single'
  readonly byDefault: T
  readonly onTestingNetwork: T
}

/** All lines count. */
export interface ListOption<T> extends OptionBase<T> {
  readonly kind: 'list'
}

interface Extra<T> {
  readonly onTestingNetwork?: T
  readonly isTestingOnly?: boolean
}

function single<T>(
  name: string,
  parse: ValueParser<T>,
  byDefault: T,
  doc: string,
  extra: Extra<T> = {},
): SingleOption<T> {
  const { onTestingNetwork = byDefault, isTestingOnly = false } = extra
  return { kind: 'single', name, parse, byDefault, onTestingNetwork, isTestingOnly, doc }
}

function list<T>(name: string, parse: ValueParser<T>, doc: string): ListOption<T> {
  return { kind: 'list', name, parse, isTestingOnly: false, doc }
}

/** A thing that we do not do: C tor's word for "off" is accepted. */
function off(name: string, instead: string, ...offValues: readonly string[]): SingleOption<undefined> {
  return single(name, onlyOff(instead, ...offValues), undefined, `Nothing: ${instead}`)
}

const SECOND_MS = 1_000
const MAX_MS = 0x7fff_ffff * SECOND_MS
const { circuitBuildTimeoutMs, maxCircuitDirtinessMs, streamTimeoutMs } = DEFAULT_CLIENT_CONFIG

type SafeLogging = '0' | '1' | 'relay'

const parseSafeLogging: ValueParser<SafeLogging> = (text, option) => {
  const lower = text.toLowerCase()
  return lower === '0' || lower === '1' || lower === 'relay' ? lower : badValue(option, '0, 1 or relay', text)
}

/** 0 leaves it to us, as long as build times are not learned. */
const parseCircuitBuildTimeout: ValueParser<number> = (text, option) =>
  text === '0' ? circuitBuildTimeoutMs : durationBetween(SECOND_MS)(text, option)

const EVENT_DRIVEN = 'Nothing: downloads start when something happens, not by a schedule'
const CLIENT_ONLY = 'this program is a client only'

/** Range-checked and without effect, for torrc files of testing networks. */
function schedule(name: string, byDefaultMs: number): SingleOption<number> {
  return single(name, durationBetween(0), byDefaultMs, EVENT_DRIVEN, {
    isTestingOnly: true,
    onTestingNetwork: 0,
  })
}

export const OPTIONS = {
  // Front doors.
  socksPort: list<PortSetting>('SocksPort', parsePortSetting, 'Where applications come in with SOCKS'),
  httpTunnelPort: list<PortSetting>(
    'HTTPTunnelPort',
    parsePortSetting,
    'Where they come in with HTTP CONNECT',
  ),
  socksTimeout: single(
    'SocksTimeout',
    durationBetween(SECOND_MS),
    streamTimeoutMs,
    'How long a request may wait',
  ),
  clientRejectInternalAddresses: single(
    'ClientRejectInternalAddresses',
    parseBoolean,
    true,
    'Whether streams to private addresses are refused',
    { onTestingNetwork: false },
  ),

  // Files and logs.
  dataDirectory: single<string | undefined>('DataDirectory', parsePath, undefined, 'Where state is kept'),
  log: list<LogRule>('Log', parseLogRule, 'Which messages go where'),
  safeLogging: single<SafeLogging>(
    'SafeLogging',
    parseSafeLogging,
    '1',
    'Whether logs hide addresses and names',
  ),
  logTimeGranularity: single(
    'LogTimeGranularity',
    durationBetween(1, MAX_MS, 1),
    SECOND_MS,
    'The steps of the time in logs',
  ),
  pidFile: single<string | undefined>('PidFile', parsePath, undefined, 'Where the process id is written'),
  avoidDiskWrites: single('AvoidDiskWrites', parseBoolean, false, 'Nothing: only changes are written'),
  protocolWarnings: single(
    'ProtocolWarnings',
    parseBoolean,
    false,
    'Nothing: what a relay does wrong is logged with severity info',
  ),

  // The network.
  dirAuthority: list<Authority>('DirAuthority', parseDirAuthority, 'Replaces the built-in authorities'),
  fallbackDir: list<FallbackDir>(
    'FallbackDir',
    parseFallbackDir,
    'Replaces the built-in fallback directories',
  ),
  useDefaultFallbackDirs: single(
    'UseDefaultFallbackDirs',
    parseBoolean,
    true,
    'Whether the built-in fallback directories are used',
  ),
  clientUseIpv4: single(
    'ClientUseIPv4',
    parseBoolean,
    DEFAULT_CLIENT_CONFIG.useIpv4,
    'Whether relays are reached by IPv4',
  ),
  clientUseIpv6: single(
    'ClientUseIPv6',
    parseBoolean,
    DEFAULT_CLIENT_CONFIG.useIpv6,
    'Whether relays are reached by IPv6',
  ),
  clientPreferIpv6OrPort: single<boolean | undefined>(
    'ClientPreferIPv6ORPort',
    parseAutoBoolean,
    undefined,
    'Which of the two is tried first',
  ),

  // Paths and circuits.
  enforceDistinctSubnets: single(
    'EnforceDistinctSubnets',
    parseBoolean,
    DEFAULT_CLIENT_CONFIG.enforceDistinctSubnets,
    'No two relays of a circuit in one network',
    { onTestingNetwork: false },
  ),
  extendAllowPrivateAddresses: single(
    'ExtendAllowPrivateAddresses',
    parseBoolean,
    DEFAULT_CLIENT_CONFIG.allowPrivateRelayAddresses,
    'Whether relays on private addresses are used',
    { onTestingNetwork: true },
  ),
  pathsNeededToBuildCircuits: single<number | undefined>(
    'PathsNeededToBuildCircuits',
    fractionBetween(0.25, 0.95),
    undefined,
    'The fraction of paths that must be known before circuits are built',
  ),
  circuitBuildTimeout: single(
    'CircuitBuildTimeout',
    parseCircuitBuildTimeout,
    circuitBuildTimeoutMs,
    'How long a circuit may take to build',
  ),
  maxCircuitDirtiness: single(
    'MaxCircuitDirtiness',
    durationBetween(10 * SECOND_MS, 30 * 86_400 * SECOND_MS),
    maxCircuitDirtinessMs,
    'How long a circuit takes new streams after its first',
  ),

  // Testing networks.
  testingTorNetwork: single(
    'TestingTorNetwork',
    parseBoolean,
    false,
    'Other defaults, for a network of one machine; needs DirAuthority lines',
  ),
  clientDownloadDelay: schedule('TestingClientDownloadInitialDelay', 0),
  clientConsensusDownloadDelay: schedule('TestingClientConsensusDownloadInitialDelay', 0),
  bridgeDownloadDelay: schedule('TestingBridgeDownloadInitialDelay', 10_800 * SECOND_MS),
  bridgeBootstrapDelay: schedule('TestingBridgeBootstrapDownloadInitialDelay', 0),
  dirConnectionMaxStall: single(
    'TestingDirConnectionMaxStall',
    durationBetween(5 * SECOND_MS, 3_600 * SECOND_MS),
    300 * SECOND_MS,
    EVENT_DRIVEN,
    { isTestingOnly: true, onTestingNetwork: 30 * SECOND_MS },
  ),
  clientMaxIntervalWithoutRequest: single(
    'TestingClientMaxIntervalWithoutRequest',
    durationBetween(SECOND_MS, 3_600 * SECOND_MS),
    600 * SECOND_MS,
    EVENT_DRIVEN,
    { isTestingOnly: true, onTestingNetwork: 5 * SECOND_MS },
  ),
  bootstrapAuthorityDelay: single(
    'ClientBootstrapConsensusAuthorityDownloadInitialDelay',
    durationBetween(0),
    6 * SECOND_MS,
    EVENT_DRIVEN,
  ),
  bootstrapFallbackDelay: single(
    'ClientBootstrapConsensusFallbackDownloadInitialDelay',
    durationBetween(0),
    0,
    EVENT_DRIVEN,
  ),
  bootstrapAuthorityOnlyDelay: single(
    'ClientBootstrapConsensusAuthorityOnlyDownloadInitialDelay',
    durationBetween(0),
    0,
    EVENT_DRIVEN,
  ),
  bootstrapTries: single(
    'ClientBootstrapConsensusMaxInProgressTries',
    integerBetween(0, 0x7fff_ffff),
    3,
    'Nothing: the number of sources asked at once is our own',
  ),

  // What a client's torrc says to be clear about, and what C tor does by default and we do in any case.
  clientOnly: single('ClientOnly', parseBoolean, false, `Nothing: ${CLIENT_ONLY}`),
  numCpus: single('NumCPUs', integerBetween(0, 128), 0, 'Nothing: one thread does the work'),
  shutdownWaitLength: single(
    'ShutdownWaitLength',
    durationBetween(0),
    30 * SECOND_MS,
    'Nothing: a client closes at once',
  ),
  useMicrodescriptors: off('UseMicrodescriptors', 'microdescriptors are always used', '1', 'auto'),
  runAsDaemon: off('RunAsDaemon', 'let a service manager run it in the background'),
  disableDebuggerAttachment: off('DisableDebuggerAttachment', 'debuggers are not kept out'),
  sandbox: off('Sandbox', 'there is no system call filter'),
  useBridges: off('UseBridges', 'bridges are not supported by this release'),
  controlPort: off('ControlPort', 'there is no control port in this release'),
  dnsPort: off('DNSPort', 'there is no DNS port in this release'),
  transPort: off('TransPort', 'there is no transparent proxy in this release'),
  natdPort: off('NATDPort', 'there is no transparent proxy in this release'),
  orPort: off('ORPort', CLIENT_ONLY),
  dirPort: off('DirPort', CLIENT_ONLY),
  exitRelay: off('ExitRelay', CLIENT_ONLY, '0', 'auto'),
  bridgeRelay: off('BridgeRelay', CLIENT_ONLY),
} as const

/** Older names that C tor still reads. */
export const OPTION_ALIASES: ReadonlyMap<string, string> = new Map([
  ['dirserver', 'DirAuthority'],
  ['testingclientbootstrapconsensusmaxinprogresstries', 'ClientBootstrapConsensusMaxInProgressTries'],
  [
    'testingclientbootstrapconsensusauthoritydownloadinitialdelay',
    'ClientBootstrapConsensusAuthorityDownloadInitialDelay',
  ],
  [
    'testingclientbootstrapconsensusfallbackdownloadinitialdelay',
    'ClientBootstrapConsensusFallbackDownloadInitialDelay',
  ],
  [
    'testingclientbootstrapconsensusauthorityonlydownloadinitialdelay',
    'ClientBootstrapConsensusAuthorityOnlyDownloadInitialDelay',
  ],
])
