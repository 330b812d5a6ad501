/** The words shared by C tor's `DirAuthority` and `FallbackDir` option values: addresses, ports, fingerprints. */
import { isIPv4, isIPv6 } from 'node:net'
import { type RsaIdentity, parseRsaIdentity } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import { TorError } from '../util/errors.ts'

const DECIMAL = /^[0-9]{1,5}$/
/** Far more than a line has; keeps a pasted novel from being quoted back. */
const MAX_LINE_LENGTH = 1_000

/** Throws the error for a bad value of `option`. */
export function badOption(option: string, expected: string, got: string): never {
  throw new TorError('bad-config', `${option}: expected ${expected}, got "${got.slice(0, 100)}"`)
}

export function splitWords(option: string, text: string): string[] {
  if (text.length > MAX_LINE_LENGTH) badOption(option, `at most ${MAX_LINE_LENGTH} characters`, text)
  return text.split(/[ \t]+/).filter((word) => word !== '')
}

/** `name=value` split at the first `=`; the name in lower case. */
export function splitSetting(word: string): { name: string; value: string } {
  const equals = word.indexOf('=')
  if (equals < 0) return { name: word.toLowerCase(), value: '' }
  return { name: word.slice(0, equals).toLowerCase(), value: word.slice(equals + 1) }
}

/** `least` is 0 where a port may be absent. */
export function parsePort(option: string, text: string, least: 0 | 1): number {
  const port = DECIMAL.test(text) ? Number(text) : -1
  if (port < least || port > 65_535) badOption(option, 'a port', text)
  return port
}

export function parseIpv4Endpoint(option: string, text: string, least: 0 | 1): Endpoint {
  const [host = '', port = '', ...extra] = text.split(':')
  if (!isIPv4(host) || extra.length > 0) badOption(option, 'IPv4:port', text)
  return { host, port: parsePort(option, port, least) }
}

export function parseIpv6Endpoint(option: string, text: string): Endpoint {
  const close = text.lastIndexOf(']:')
  const host = text.slice(1, close)
  if (!text.startsWith('[') || close < 0 || !isIPv6(host) || host.includes('%')) {
    badOption(option, '[IPv6]:port', text)
  }
  return { host, port: parsePort(option, text.slice(close + 2), 1) }
}

/** A fingerprint may be written in groups: `ABCD EF01 ...`. */
export function parseFingerprint(option: string, words: readonly string[]): RsaIdentity {
  try {
    return parseRsaIdentity(words.join(''))
  } catch {
    return badOption(option, 'a fingerprint of 40 hex digits', words.join(' '))
  }
}

export function parseWeight(option: string, text: string): number {
  const weight = /^[0-9]{1,9}(\.[0-9]{1,9})?$/.test(text) ? Number(text) : -1
  if (weight < 0) badOption(option, 'a weight that is a number from 0', text)
  return weight
}
