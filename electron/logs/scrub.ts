/**
 * Takes out of a text what could tell who somebody is, whom they talk to, or through whom. Those who write log lines
 * leave such things out themselves; this is the door that catches what they forgot. It would rather take a word too
 * many than leave one in: a log is read by people who help, and is pasted in public.
 */
import { isIPv6 } from 'node:net'
import { parse } from 'tldts'

/** What the text of this computer itself would give away. */
export interface Identity {
  readonly homeFolder: string
  readonly userName: string
  readonly hostName: string
}

export type Scrub = (text: string) => string

/** Longer lines say nothing more, and patterns over them cost time: this much is looked at ... */
const MAX_INPUT = 20_000
/** ... and this much is kept, cut after scrubbing, so that no half of an address is left at the cut. */
const MAX_OUTPUT = 2_000

/** Names as common as these tell nobody apart, and taking them out would spoil the text. */
const COMMON_NAMES = new Set([
  'root',
  'user',
  'admin',
  'home',
  'allium',
  'localhost',
  'guest',
  'debian',
  'ubuntu',
])
/** Shorter ones are parts of other words. */
const SHORTEST_NAME = 4

/** No public suffixes, and hosts all the same. */
const PRIVATE_SUFFIX =
  /\.(?:onion|exit|test|example|invalid|local|localdomain|lan|home|internal|intranet|corp|private|i2p|arpa)$/i

/** With a number behind it, this is a place in a program and no host with its port. */
const SOURCE_FILE = /\.(?:[cm]?[jt]sx?|json|node|asar|html|css)$/i

/** Line breaks and colours that would forge lines, and marks that turn the direction of text around. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

type Rule = readonly [pattern: RegExp, replacement: string | ((match: string) => string)]

/** In this order: the greater first, so that no part of it remains when a smaller one has been taken out. */
const RULES: readonly Rule[] = [
  [/\b(?:app:\/\/allium)(?=[/\s]|$)/g, 'app:'],
  [/(?<![\w+.-])[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, '[url]'],
  // A bridge line, with or without its transport, its fingerprint and its arguments.
  [
    /(?:\bbridge\s+)?(?<![\w-])(?:[a-z][a-z0-9_]{1,20}\s+)?(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]{2,45}\]):\d{1,5}\s+\$?[0-9a-f]{40}(?:\s+[\w-]+=[^\s]+)*/gi,
    '[bridge line]',
  ],
  [
    /(?<!\w)(?:cert|url|fronts?|ice|sni|servername|fingerprint|sqsqueue|sqscreds|ampcache|pass(?:word|wd)?|user(?:name)?|secret|token|cookie|auth(?:orization)?|key)\s?[=:]\s?(?:(?:basic|bearer)\s+)?[^\s,;]+/gi,
    '[secret]',
  ],
  [/(?<![^\s<("'=:,;])[^\s@<("'=:,;]+@[^\s@>)"',;]+/g, '[mail]'],
  [/(?<![0-9a-f:])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![0-9a-f:])/gi, '[hardware address]'],
  // Also behind a word and "=", as options and documents have them, and in a path.
  [/(?<![0-9a-z])\$?[0-9a-f]{32,}(?:[~=][A-Za-z0-9]{1,19})?(?![0-9a-z])/gi, '[fingerprint]'],
  [/(?<![\w+/-])[\w+/-]{26,}={0,2}(?![\w+/=-])/g, maskKey],
  [
    /(?<![\w:.])\[?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}(?:%[\w.-]{1,20})?\]?(?::\d{1,5})?(?![\w:])/gi,
    maskIpv6,
  ],
  [/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?(?::\d{1,5})?(?![\w]|\.\d)/g, maskIpv4],
  [
    /(?<![\p{L}\p{N}_.-])(?:[\p{L}\p{N}_-]{1,63}\.){1,20}[\p{L}][\p{L}\p{N}-]{1,62}\.?(?::\d{1,5})?(?![\p{L}\p{N}_])/gu,
    maskHost,
  ],
  // A name without a dot is a host where a port follows and a word before says so.
  [/(?<=\b(?:to|for|from|host|target|via|at|with)\s)(?!localhost\b)[a-z][\w-]{0,62}:\d{1,5}\b/gi, '[host]'],
  [/(\/(?:home|Users|media|mnt\/home|var\/home)\/)[^/\s:"']+/g, '$1[user]'],
]
const WINDOWS_HOME = /(\b[a-z]:(?:\\{1,2}|\/)users(?:\\{1,2}|\/))[^\\/:"*?<>|]+/gi

export function createScrub({ homeFolder, userName, hostName }: Identity): Scrub {
  const own: Rule[] = homeSpellings(homeFolder).map((spelling) => [literal(spelling), '~'])
  for (const name of [userName, hostName, hostName.split('.')[0] ?? '']) {
    if (name.length >= SHORTEST_NAME && !COMMON_NAMES.has(name.toLowerCase()))
      own.push([word(name), '[name]'])
  }
  return (text) => {
    let scrubbed = text.slice(0, MAX_INPUT).replace(CONTROL, ' ')
    for (const [pattern, replacement] of own) scrubbed = replace(scrubbed, pattern, replacement)
    scrubbed = scrubbed.replace(WINDOWS_HOME, '$1[user]')
    for (const [pattern, replacement] of RULES) scrubbed = replace(scrubbed, pattern, replacement)
    return scrubbed.length <= MAX_OUTPUT ? scrubbed : `${scrubbed.slice(0, MAX_OUTPUT)} [cut]`
  }
}

function replace(text: string, pattern: RegExp, by: Rule[1]): string {
  return typeof by === 'string' ? text.replace(pattern, by) : text.replace(pattern, by)
}

/** As it is, with the other slashes, with doubled ones as in JSON, and as in an address. The root of all paths is no home. */
function homeSpellings(home: string): readonly string[] {
  if (home.length < 2) return []
  const spellings = [home, home.replaceAll('\\', '/'), home.replaceAll('\\', '\\\\'), encodeURI(home)]
  return [...new Set(spellings)].sort((a, b) => b.length - a.length)
}

function literal(text: string): RegExp {
  return new RegExp(`${escape(text)}(?![\\p{L}\\p{N}_-])`, 'giu')
}

function word(text: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_])${escape(text)}(?![\\p{L}\\p{N}_])`, 'giu')
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** Our own doors are no secret, they are what somebody who helps has to see; what begins with 0 is a version of tor. */
function maskIpv4(text: string): string {
  return /^(?:127|0)\./.test(text) ? text : '[address]'
}

/** A dot behind it ends the sentence. */
function maskIpv6(text: string): string {
  const end = /\.*$/.exec(text)?.[0] ?? ''
  return maskWholeIpv6(text.slice(0, text.length - end.length)) + end
}

function maskWholeIpv6(text: string): string {
  const bare = text.replace(/^\[|\](?::\d+)?$/g, '').replace(/%.*$/, '')
  const isAddress = isIPv6(bare) || isIPv6(bare.replace(/:\d+$/, ''))
  return isAddress && bare !== '::1' && bare !== '::' ? '[address]' : text
}

/** Keys in base64 have all kinds of letters; names of files and of things in programs seldom do. */
function maskKey(text: string): string {
  const isKey = /\d/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text)
  return isKey || /^[a-z2-7]{56}$/.test(text) ? '[key]' : text
}

function maskHost(text: string): string {
  const host = text.replace(/:\d+$/, '').replace(/\.$/, '')
  const hasPort = /:\d+$/.test(text) && !SOURCE_FILE.test(host)
  const isHost = hasPort || PRIVATE_SUFFIX.test(host) || parse(host).isIcann === true
  return isHost ? '[host]' : text
}
