/** Testing networks, and how C tor paces its downloads on them. */
import { single } from './option.ts'
import { boolean, duration, HOUR_MS, integer, SECOND_MS } from './values.ts'

const EVENT_DRIVEN = 'Nothing: downloads start when something happens, not by a schedule'

/** Range-checked and without effect, for torrc files of testing networks. */
const schedule = (name: string, byDefault: string) =>
  single(name, duration(), byDefault, EVENT_DRIVEN, { isTestingOnly: true, testing: '0' })

export const TESTING_OPTIONS = {
  testingTorNetwork: single(
    'TestingTorNetwork',
    boolean,
    '0',
    'Other defaults, for a network of one machine; needs DirAuthority lines',
    { isFixed: true },
  ),
  clientDownloadDelay: schedule('TestingClientDownloadInitialDelay', '0'),
  clientConsensusDownloadDelay: schedule('TestingClientConsensusDownloadInitialDelay', '0'),
  bridgeDownloadDelay: schedule('TestingBridgeDownloadInitialDelay', '10800'),
  bridgeBootstrapDelay: schedule('TestingBridgeBootstrapDownloadInitialDelay', '0'),
  dirConnectionMaxStall: single(
    'TestingDirConnectionMaxStall',
    duration({ leastMs: 5 * SECOND_MS, mostMs: HOUR_MS }),
    '300',
    EVENT_DRIVEN,
    { isTestingOnly: true, testing: '30' },
  ),
  clientMaxIntervalWithoutRequest: single(
    'TestingClientMaxIntervalWithoutRequest',
    duration({ leastMs: SECOND_MS, mostMs: HOUR_MS }),
    '600',
    EVENT_DRIVEN,
    { isTestingOnly: true, testing: '5' },
  ),
  bootstrapAuthorityDelay: single(
    'ClientBootstrapConsensusAuthorityDownloadInitialDelay',
    duration(),
    '6',
    EVENT_DRIVEN,
  ),
  bootstrapFallbackDelay: single(
    'ClientBootstrapConsensusFallbackDownloadInitialDelay',
    duration(),
    '0',
    EVENT_DRIVEN,
  ),
  bootstrapAuthorityOnlyDelay: single(
    'ClientBootstrapConsensusAuthorityOnlyDownloadInitialDelay',
    duration(),
    '0',
    EVENT_DRIVEN,
  ),
  bootstrapTries: single(
    'ClientBootstrapConsensusMaxInProgressTries',
    integer(0),
    '3',
    'Nothing: the number of sources asked at once is our own',
  ),
} as const
