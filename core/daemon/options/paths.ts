/** Which relays are used. */
import { EMPTY_NODE_SET, type NodeSet, parseNodeSet } from '../../netdir/node-set.ts'
import { list, off, optional, single } from './option.ts'
import {
  autoBoolean,
  boolean,
  duration,
  fractionWithin,
  integer,
  path,
  type ValueType,
  verbatim,
  zeroIsUnset,
} from './values.ts'

const nodes: ValueType<NodeSet> = verbatim((text, option) =>
  text === '' ? EMPTY_NODE_SET : parseNodeSet(text, option),
)
const nodeList = (name: string, doc: string) => single(name, nodes, '', doc, { joinsLines: true })
const count = zeroIsUnset(integer(0))
const NO_BIAS_CHECK = 'guards are not judged by the circuits that fail through them in this release'
const biasOff = (name: string) => off(name, NO_BIAS_CHECK, '-1', '0')
const biasRateOff = (name: string) => off(name, NO_BIAS_CHECK, '-1.000000', '-1', '0')

export const PATH_OPTIONS = {
  entryNodes: nodeList('EntryNodes', 'The only relays that may be first on a circuit'),
  middleNodes: nodeList('MiddleNodes', 'The only relays that may be in the middle'),
  exitNodes: nodeList('ExitNodes', 'The only relays that may be exits'),
  excludeNodes: nodeList('ExcludeNodes', 'Relays that are never used'),
  excludeExitNodes: nodeList('ExcludeExitNodes', 'Relays that are never exits'),
  strictNodes: single(
    'StrictNodes',
    boolean,
    '0',
    'ExcludeNodes holds even where nothing works without an excluded relay',
  ),
  nodeFamily: list('NodeFamily', nodes, 'No two of these relays on one circuit'),
  geoIpFile: optional('GeoIPFile', path, 'The countries of IPv4 addresses, instead of the built-in table'),
  geoIpv6File: optional(
    'GeoIPv6File',
    path,
    'The countries of IPv6 addresses, instead of the built-in table',
  ),
  geoIpExcludeUnknown: single(
    'GeoIPExcludeUnknown',
    autoBoolean,
    'auto',
    'Whether relays of unknown country count as excluded where a country is; auto says yes',
  ),
  enforceDistinctSubnets: single(
    'EnforceDistinctSubnets',
    boolean,
    '1',
    'No two relays of a circuit in one network',
    {
      testing: '0',
    },
  ),
  extendAllowPrivateAddresses: single(
    'ExtendAllowPrivateAddresses',
    boolean,
    '0',
    'Whether relays on private addresses are used',
    { testing: '1' },
  ),
  pathsNeededToBuildCircuits: single(
    'PathsNeededToBuildCircuits',
    fractionWithin(0.25, 0.95),
    '-1.000000',
    'The fraction of paths that must be known before circuits are built',
  ),
  useEntryGuards: single(
    'UseEntryGuards',
    boolean,
    '1',
    'Keeps to few first relays for months; 0 is for testing networks',
  ),
  numEntryGuards: single(
    'NumEntryGuards',
    count,
    '0',
    'How many guards are used at once; 0 as the consensus says',
  ),
  numPrimaryGuards: single(
    'NumPrimaryGuards',
    count,
    '0',
    'How many guards are preferred; 0 as the consensus says',
  ),
  numDirectoryGuards: single(
    'NumDirectoryGuards',
    count,
    '0',
    'How many guards give the directory; 0 as the consensus says',
  ),
  guardLifetime: single(
    'GuardLifetime',
    zeroIsUnset(duration()),
    '0',
    'How long a guard is kept; 0 as the consensus says',
  ),
  useGuardFraction: off('UseGuardFraction', 'authorities no longer publish it', 'auto', '0'),
  vanguardsLiteEnabled: off(
    'VanguardsLiteEnabled',
    'there are no onion services in this release',
    'auto',
    '0',
  ),
  extendByEd25519Id: off('ExtendByEd25519ID', 'both identities are always named', 'auto', '1'),
  pathBiasCircThreshold: biasOff('PathBiasCircThreshold'),
  pathBiasNoticeRate: biasRateOff('PathBiasNoticeRate'),
  pathBiasWarnRate: biasRateOff('PathBiasWarnRate'),
  pathBiasExtremeRate: biasRateOff('PathBiasExtremeRate'),
  pathBiasScaleThreshold: biasOff('PathBiasScaleThreshold'),
  pathBiasDropGuards: off('PathBiasDropGuards', NO_BIAS_CHECK),
  pathBiasUseThreshold: biasOff('PathBiasUseThreshold'),
  pathBiasNoticeUseRate: biasRateOff('PathBiasNoticeUseRate'),
  pathBiasExtremeUseRate: biasRateOff('PathBiasExtremeUseRate'),
  pathBiasScaleUseThreshold: biasOff('PathBiasScaleUseThreshold'),
} as const
