/** Files and logs. */
import { list, off, optional, single } from './option.ts'
import { type LogRule, parseLogRule } from './log-rule.ts'
import { badValue } from '../torrc-line.ts'
import {
  boolean,
  duration,
  MINUTE_MS,
  oneOf,
  path,
  SECOND_MS,
  type ValueType,
  verbatim,
  zeroIsUnset,
} from './values.ts'

/** A divisor or a multiple of a second, as C tor: the next one up for any other. */
const granularity: ValueType<number> = {
  ...duration({ plainUnitMs: 1 }),
  parse(text, option) {
    const asked = duration({ plainUnitMs: 1 }).parse(text, option)
    if (asked < 1) badValue(option, 'a positive number of milliseconds', text)
    if (asked > SECOND_MS) return Math.ceil(asked / SECOND_MS) * SECOND_MS
    let taken = asked
    while (SECOND_MS % taken !== 0) taken++
    return taken
  },
  warn(text) {
    const taken = granularity.parse(text, '')
    if (taken === duration({ plainUnitMs: 1 }).parse(text, '')) return undefined
    return `${text} is neither a divisor nor a multiple of a second: it counts as ${taken} ms`
  },
}

/** Less would make a log of heartbeats. */
const MIN_HEARTBEAT_MS = 30 * MINUTE_MS

export const LOG_OPTIONS = {
  dataDirectory: optional('DataDirectory', path, 'Where state is kept', { isFixed: true }),
  dataDirectoryGroupReadable: off('DataDirectoryGroupReadable', 'the data directory is for its owner only'),
  pidFile: optional('PidFile', path, 'Where the process id is written', { isFixed: true }),
  log: list<LogRule>('Log', verbatim(parseLogRule), 'Which messages go where'),
  logMessageDomains: single('LogMessageDomains', boolean, '0', 'Each message says which part speaks'),
  logTimeGranularity: single(
    'LogTimeGranularity',
    granularity,
    '1000',
    'The steps of the time in logs, in milliseconds',
  ),
  truncateLogFile: single(
    'TruncateLogFile',
    boolean,
    '0',
    'Log files begin anew at the start and at a reload',
  ),
  safeLogging: single('SafeLogging', oneOf('0', '1', 'relay'), '1', 'Whether logs hide addresses and names'),
  heartbeatPeriod: single(
    'HeartbeatPeriod',
    zeroIsUnset(duration({ leastMs: MIN_HEARTBEAT_MS, isStrict: false })),
    '21600',
    'How often a line says that all is well; 0 never',
  ),
  avoidDiskWrites: single('AvoidDiskWrites', boolean, '0', 'Nothing: only changes are written'),
  protocolWarnings: single(
    'ProtocolWarnings',
    boolean,
    '0',
    'Nothing: what a relay does wrong is logged with severity info',
  ),
} as const
