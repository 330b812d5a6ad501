/**
 * The one table of options, joined from its rooms: name as in C tor, how the value is read, its default (also on a
 * testing network), and what it does. What is not in it is refused, with words from `foreign.ts` where C tor knows it.
 */
import { CIRCUIT_OPTIONS } from './circuits.ts'
import { FRONT_DOOR_OPTIONS } from './front-doors.ts'
import { LOG_OPTIONS } from './logs.ts'
import { NAME_OPTIONS } from './names.ts'
import { NETWORK_OPTIONS } from './network.ts'
import { PATH_OPTIONS } from './paths.ts'
import { PROGRAM_OPTIONS } from './program.ts'
import { REACHING_OPTIONS } from './reaching.ts'
import { SLEEP_OPTIONS } from './sleep.ts'
import { TESTING_OPTIONS } from './testing.ts'

export const OPTIONS = {
  ...FRONT_DOOR_OPTIONS,
  ...NAME_OPTIONS,
  ...LOG_OPTIONS,
  ...NETWORK_OPTIONS,
  ...REACHING_OPTIONS,
  ...PATH_OPTIONS,
  ...CIRCUIT_OPTIONS,
  ...SLEEP_OPTIONS,
  ...TESTING_OPTIONS,
  ...PROGRAM_OPTIONS,
} as const

export type AnyOption = (typeof OPTIONS)[keyof typeof OPTIONS]

/** The rooms, for who shows the options to people. */
export const OPTION_ROOMS: readonly { readonly title: string; readonly options: readonly AnyOption[] }[] = [
  { title: 'Front doors', options: Object.values(FRONT_DOOR_OPTIONS) },
  { title: 'Names', options: Object.values(NAME_OPTIONS) },
  { title: 'Reaching relays', options: Object.values(REACHING_OPTIONS) },
  { title: 'Choosing relays', options: Object.values(PATH_OPTIONS) },
  { title: 'Circuits and streams', options: Object.values(CIRCUIT_OPTIONS) },
  { title: 'Sleep', options: Object.values(SLEEP_OPTIONS) },
  { title: 'Files and logs', options: Object.values(LOG_OPTIONS) },
  { title: 'The network', options: Object.values(NETWORK_OPTIONS) },
  { title: 'Testing networks', options: Object.values(TESTING_OPTIONS) },
  { title: 'The program', options: Object.values(PROGRAM_OPTIONS) },
]

/** Older names that C tor still reads. */
export const OPTION_ALIASES: ReadonlyMap<string, string> = new Map([
  ['dirserver', 'DirAuthority'],
  ['sockssocketsgroupwritable', 'UnixSocksGroupWritable'],
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

/** Names of options that C tor warns of as out of use; we take or refuse them, in words. */
export const DEPRECATED_OPTIONS: readonly string[] = [
  'ClientPreferIPv6DirPort',
  'HTTPProxy',
  'HTTPProxyAuthenticator',
  'ReachableDirAddresses',
]
