/** The Log option: which severities of which domains go where. */
import type { LogDomain, LogLevel, LogRecord } from '../../util/log.ts'
import { TorError } from '../../util/errors.ts'
import { path } from './values.ts'
import { badValue, quoteForMessage } from '../torrc-line.ts'

export type LogDestination =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'stderr' }
  | { readonly kind: 'file'; readonly path: string }

/** Lets a record through when its severity is in the range and its domain is among the domains. */
interface LogSelector {
  /** Undefined: every domain. */
  readonly domains: ReadonlySet<string> | undefined
  readonly least: LogLevel
  readonly most: LogLevel
}

export interface LogRule {
  readonly selectors: readonly LogSelector[]
  readonly destination: LogDestination
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'notice', 'warn', 'err']
/** C tor's domains. Ours are a part of them, and a torrc that names the others is no mistake. */
const DOMAINS = new Set(
  (
    'general crypto net config fs protocol mm http app control circ rend bug dir dirserv or edge acct hist ' +
    'handshake heartbeat channel sched guard consdiff dos process pt btrack mesg'
  ).split(' '),
)
const SEVERITIES = /^(?:\[([^\]]*)\][ \t]*)?([a-z]+)(?:-([a-z]+))?$/i
const EXPECTED = 'a severity (debug, info, notice, warn, err) and then stdout, stderr, or file and a path'

/** `[domains]least[-most] ... stdout|stderr|file PATH`; without a destination it is stdout. Throws `bad-config`. */
export function parseLogRule(text: string, option: string): LogRule {
  const words = joinDomains(text.split(/[ \t]+/))
  const isSelector = (word: string): boolean => !DESTINATIONS.has(word.toLowerCase())
  const end = words.findIndex((word) => !isSelector(word))
  const selectorWords = end === -1 ? words : words.slice(0, end)
  if (selectorWords.length === 0 || selectorWords[0] === '') badValue(option, EXPECTED, text)
  return {
    selectors: selectorWords.map((word) => parseSelector(word, option)),
    destination: parseDestination(end === -1 ? ['stdout'] : words.slice(end), text, option),
  }
}

const DESTINATIONS = new Set(['stdout', 'stderr', 'file', 'syslog', 'android'])

/** `[net, circ] info` may have spaces inside the brackets and behind them: it becomes one word. */
function joinDomains(words: readonly string[]): string[] {
  const joined: string[] = []
  let open: string[] = []
  let hasBracket = false
  for (const word of words) {
    open.push(word)
    hasBracket ||= word.includes(']')
    // A bracket that is still open, or closed with its severity still to come.
    if (open[0]?.startsWith('[') === true && (!hasBracket || word.endsWith(']'))) continue
    joined.push(open.join(''))
    open = []
    hasBracket = false
  }
  if (open.length > 0) joined.push(open.join(''))
  return joined
}

function parseSelector(word: string, option: string): LogSelector {
  const [, domains, least, most] = SEVERITIES.exec(word) ?? []
  if (least === undefined) badValue(option, EXPECTED, word)
  return {
    domains: domains === undefined ? undefined : parseDomains(domains, option),
    least: parseLevel(least, option),
    most: most === undefined ? 'err' : parseLevel(most, option),
  }
}

function parseLevel(word: string, option: string): LogLevel {
  const lower = word.toLowerCase()
  const level = LEVELS.find((candidate) => candidate === (lower === 'error' ? 'err' : lower))
  if (level === undefined) badValue(option, 'a severity: debug, info, notice, warn or err', word)
  return level
}

/** `net,circ`, `*`, `~net` (all but). Undefined stands for all. */
function parseDomains(text: string, option: string): ReadonlySet<string> | undefined {
  const chosen = new Set<string>()
  for (const [at, item] of text.toLowerCase().split(',').entries()) {
    const name = item.replace(/^~/, '')
    if (name !== '*' && !DOMAINS.has(name))
      badValue(option, `one of the domains ${[...DOMAINS].join(', ')}`, item)
    const isExcluded = item.startsWith('~')
    if (name === '*' || (isExcluded && at === 0)) for (const domain of DOMAINS) chosen.add(domain)
    if (isExcluded) chosen.delete(name)
    else if (name !== '*') chosen.add(name)
  }
  return chosen
}

function parseDestination(words: readonly string[], text: string, option: string): LogDestination {
  const [kind = '', ...excess] = words
  switch (kind.toLowerCase()) {
    case 'stdout':
      if (excess.length > 0) badValue(option, 'nothing behind stdout', text)
      return { kind: 'stdout' }
    case 'stderr':
      if (excess.length > 0) badValue(option, 'nothing behind stderr', text)
      return { kind: 'stderr' }
    case 'file':
      return { kind: 'file', path: path.parse(fileName(text), option) }
    default:
      throw new TorError(
        'bad-config',
        `${option}: ${quoteForMessage(kind)} is not supported: use stdout, stderr or file`,
      )
  }
}

/** The path may have spaces: it is everything behind the word `file`. */
function fileName(text: string): string {
  return /[ \t]file[ \t]+(.*)$/i.exec(text)?.[1] ?? ''
}

/** Whether the rule wants the record. */
export function admitsRecord(rule: LogRule, record: Pick<LogRecord, 'level' | 'domain'>): boolean {
  const rank = LEVELS.indexOf(record.level)
  return rule.selectors.some(
    ({ domains, least, most }) =>
      rank >= LEVELS.indexOf(least) && rank <= LEVELS.indexOf(most) && isAmong(domains, record.domain),
  )
}

function isAmong(domains: ReadonlySet<string> | undefined, domain: LogDomain): boolean {
  return domains === undefined || domains.has(domain)
}

/** The rules when no Log line says otherwise: C tor's quiet levels. */
export function defaultLogRules(quietness: 'normal' | 'hush' | 'quiet'): readonly LogRule[] {
  if (quietness === 'quiet') return []
  const least = quietness === 'hush' ? 'warn' : 'notice'
  return [{ selectors: [{ domains: undefined, least, most: 'err' }], destination: { kind: 'stdout' } }]
}
