/**
 * The lines of a transport plugin's standard output (pt-spec 3.3), each as a value. Pure. What a line means when is
 * `plugin-handshake`'s to say; a line that is none of these is `unknown`, for later versions of the protocol may have
 * more.
 */
import { isIPv4, isIPv6 } from 'node:net'
import type { Endpoint } from '../../linkspec/relay-target.ts'

export type PluginLine =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'version-error' }
  | { readonly kind: 'env-error'; readonly message: string }
  | { readonly kind: 'proxy-done' }
  | { readonly kind: 'proxy-error'; readonly message: string }
  | { readonly kind: 'method'; readonly method: PluginMethod }
  | { readonly kind: 'method-error'; readonly transport: string; readonly message: string }
  | { readonly kind: 'methods-done' }
  | { readonly kind: 'log'; readonly severity: PluginSeverity; readonly message: string }
  | { readonly kind: 'status'; readonly words: string }
  /** Begins as a line of the protocol and is none. */
  | { readonly kind: 'malformed'; readonly keyword: string }
  | { readonly kind: 'unknown' }

/** Where the plugin takes connections for a transport. */
export interface PluginMethod {
  readonly transport: string
  readonly socks: 'socks4' | 'socks5'
  /** The host is an IP literal; whether it is this machine is not asked here. */
  readonly endpoint: Endpoint
}

export type PluginSeverity = 'error' | 'warning' | 'notice' | 'info' | 'debug'

const SEVERITIES: readonly PluginSeverity[] = ['error', 'warning', 'notice', 'info', 'debug']
const MAX_PORT = 65_535

/** `line` comes without its end. */
export function parsePluginLine(line: string): PluginLine {
  const [keyword, rest] = cutAtBlank(line)
  switch (keyword) {
    case 'VERSION':
      return rest === '' ? malformed(keyword) : { kind: 'version', version: rest }
    case 'VERSION-ERROR':
      return { kind: 'version-error' }
    case 'ENV-ERROR':
      return { kind: 'env-error', message: rest }
    case 'PROXY':
      return rest === 'DONE' ? { kind: 'proxy-done' } : malformed(keyword)
    case 'PROXY-ERROR':
      return { kind: 'proxy-error', message: rest }
    case 'CMETHOD':
      return parseMethod(rest)
    case 'CMETHOD-ERROR': {
      const [transport, message] = cutAtBlank(rest)
      return transport === '' ? malformed(keyword) : { kind: 'method-error', transport, message }
    }
    case 'CMETHODS':
      return rest === 'DONE' ? { kind: 'methods-done' } : malformed(keyword)
    case 'LOG':
      return parseLog(rest)
    case 'STATUS':
      return rest === '' ? malformed(keyword) : { kind: 'status', words: rest }
    default:
      return { kind: 'unknown' }
  }
}

/** `transport socks5 127.0.0.1:port`; options that may follow in later versions mean nothing. */
function parseMethod(rest: string): PluginLine {
  const [transport = '', socks = '', address = ''] = rest.split(' ')
  const endpoint = parseIpAndPort(address)
  if (transport === '' || (socks !== 'socks4' && socks !== 'socks5') || endpoint === undefined) {
    return malformed('CMETHOD')
  }
  return { kind: 'method', method: { transport, socks, endpoint } }
}

function parseIpAndPort(text: string): Endpoint | undefined {
  const [, host = '', portText = ''] =
    /^\[([0-9A-Fa-f:.]+)\]:([0-9]{1,5})$/.exec(text) ?? /^([0-9.]+):([0-9]{1,5})$/.exec(text) ?? []
  const port = Number(portText)
  const isAddress = text.startsWith('[') ? isIPv6(host) : isIPv4(host)
  return isAddress && port >= 1 && port <= MAX_PORT ? { host, port } : undefined
}

/** `SEVERITY=warning MESSAGE="…"`, in any order; the message may have quotes and C escapes. */
function parseLog(rest: string): PluginLine {
  const values = parseKeyValues(rest)
  const severity = SEVERITIES.find((name) => name === values?.get('SEVERITY'))
  const message = values?.get('MESSAGE')
  if (severity === undefined || message === undefined) return malformed('LOG')
  return { kind: 'log', severity, message }
}

/** Undefined when it is no such list. Each character is looked at once. */
function parseKeyValues(text: string): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>()
  let at = 0
  while (at < text.length) {
    const equals = text.indexOf('=', at)
    if (equals <= at) return undefined
    const key = text.slice(at, equals)
    const isQuoted = text[equals + 1] === '"'
    const read = isQuoted ? readQuoted(text, equals + 2) : readPlain(text, equals + 1)
    if (read === undefined) return undefined
    values.set(key, read.value)
    at = read.end
    while (text[at] === ' ') at++
  }
  return values
}

interface ReadValue {
  readonly value: string
  readonly end: number
}

function readPlain(text: string, start: number): ReadValue {
  const blank = text.indexOf(' ', start)
  const end = blank === -1 ? text.length : blank
  return { value: text.slice(start, end), end }
}

const ESCAPED = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/** Escapes of digits are kept as they are written: they stand for nothing that a log should show. */
function readQuoted(text: string, start: number): ReadValue | undefined {
  let value = ''
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '"') return { value, end: at + 1 }
    if (char !== '\\') {
      value += char
      continue
    }
    at++
    const next = text.charAt(at)
    if (next === '') return undefined
    value += ESCAPED.get(next) ?? (/[0-9x]/.test(next) ? `\\${next}` : next)
  }
  return undefined
}

/** The text before the first blank, and what follows it. */
function cutAtBlank(text: string): readonly [string, string] {
  const blank = text.indexOf(' ')
  return blank === -1 ? [text, ''] : [text.slice(0, blank), text.slice(blank + 1)]
}

function malformed(keyword: string): PluginLine {
  return { kind: 'malformed', keyword }
}
