/**
 * The HTTP CONNECT front door (HTTPTunnelPort): a bounded parser of its own for the head of one request, and its
 * answers. Pure and incremental. Only CONNECT is served, and other methods learn nothing from a page of a web site
 * that was rebound to this address.
 */
import { isIPv4, isIPv6 } from 'node:net'
import type { ErrorKind } from '../util/errors.ts'
import { type HandshakeParser, type HandshakeStep, NEED_MORE } from './app-request.ts'
import { HandshakeBuffer } from './handshake-buffer.ts'
import { encodeHttpHead, encodeHttpPage } from './http-page.ts'
import { type HttpStatus, httpStatusFor } from './reply-codes.ts'
import { type Credentials, NO_CREDENTIALS } from './request-isolation.ts'

/** Browsers stay below 8 KiB; a longer head is not a CONNECT request of anybody. */
export const MAX_HTTP_HEAD_BYTES = 16_384
const MAX_HTTP_HEADERS = 100
/** What isolates is kept as part of a key for as long as its circuits: more than any password or token needs. */
const MAX_ISOLATION_CHARS = 1_024

const REQUEST_LINE = /^([A-Z]{1,32}) ([\x21-\x7e]{1,8192}) HTTP\/1\.[01]$/
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/
const PORT = /^(0|[1-9][0-9]{0,4})$/
const HEAD_END = '\r\n\r\n'

const BAD_REQUEST: HttpStatus = { code: 400, phrase: 'Bad Request' }
const FORBIDDEN: HttpStatus = { code: 403, phrase: 'Forbidden' }
const METHOD_NOT_ALLOWED: HttpStatus = { code: 405, phrase: 'Method Not Allowed' }
const HEAD_TOO_LARGE: HttpStatus = { code: 431, phrase: 'Request Header Fields Too Large' }

const ONLY_CONNECT_PAGE: Buffer = encodeHttpPage(
  METHOD_NOT_ALLOWED,
  'This proxy tunnels with CONNECT',
  'Only requests with the method CONNECT are served here: the program can use this proxy for https, or use the SOCKS port for everything.',
  ['Allow: CONNECT'],
)

export class HttpConnectParser implements HandshakeParser {
  readonly #buffer: HandshakeBuffer
  /** Where the next search for the end of the head begins, so that many small chunks stay linear. */
  #searched = 0

  /** `limitBytes` bounds the head with the bytes behind it; the head alone has a limit of its own. */
  constructor(limitBytes: number) {
    this.#buffer = new HandshakeBuffer(limitBytes)
  }

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes)
  }

  next(): HandshakeStep {
    const { bytes } = this.#buffer
    const end = bytes.indexOf(HEAD_END, this.#searched, 'latin1')
    const headLength = end === -1 ? bytes.length : end
    if (headLength > MAX_HTTP_HEAD_BYTES) return refuse(HEAD_TOO_LARGE, 'the HTTP request head is too long')
    this.#searched = Math.max(0, bytes.length - HEAD_END.length + 1)
    if (end === -1) return NEED_MORE
    const head = this.#buffer.consume(end + HEAD_END.length).toString('latin1', 0, end)
    return this.#readHead(head.split('\r\n'))
  }

  #readHead(lines: readonly string[]): HandshakeStep {
    const [, method, target] = REQUEST_LINE.exec(lines[0] ?? '') ?? []
    if (method === undefined || target === undefined) return refuse(BAD_REQUEST, 'no HTTP/1.x request line')
    const headers = readHeaders(lines.slice(1))
    if (headers === undefined) return refuse(BAD_REQUEST, 'a malformed or repeated HTTP header')
    if (method !== 'CONNECT') return refuseMethod(target, headers.get('host'))
    const authority = parseAuthority(target)
    if (authority === undefined) return refuse(BAD_REQUEST, 'the target of CONNECT is not host:port')
    const credentials = readCredentials(headers)
    if (credentials === undefined) return refuse(BAD_REQUEST, 'an isolation header is too long')
    const request = {
      command: 'connect',
      protocol: 'http',
      ...authority,
      credentials,
      replies: HTTP_REPLIES,
    } as const
    return { kind: 'request', request, rest: this.#buffer.takeRest() }
  }
}

/** Names in lower case; undefined for a malformed line, too many, or a repeated header that decides something. */
function readHeaders(lines: readonly string[]): Map<string, string> | undefined {
  if (lines.length > MAX_HTTP_HEADERS) return undefined
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = HEADER_LINE.exec(line) ?? []
    if (name === undefined || value === undefined || hasControlCharacter(value)) return undefined
    const key = name.toLowerCase()
    if (headers.has(key) && DECISIVE_HEADERS.has(key)) return undefined
    headers.set(key, value.trimEnd())
  }
  return headers
}

/** Read by us: two values of one of these would leave open which of them counts. */
const DECISIVE_HEADERS = new Set([
  'host',
  'proxy-authorization',
  'tor-stream-isolation',
  'x-tor-stream-isolation',
])

function hasControlCharacter(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}

/** `host:port` or `[ipv6]:port`. The host is checked later, with all others. */
function parseAuthority(target: string): { host: string; port: number } | undefined {
  const colon = target.lastIndexOf(':')
  if (colon < 1) return undefined
  const portText = target.slice(colon + 1)
  const hostText = target.slice(0, colon)
  if (!PORT.test(portText) || Number(portText) > 65_535) return undefined
  if (!hostText.startsWith('['))
    return hostText.includes(':') ? undefined : { host: hostText, port: Number(portText) }
  const host = hostText.slice(1, -1)
  return hostText.endsWith(']') && isIPv6(host) ? { host, port: Number(portText) } : undefined
}

/** The older name of the isolation header counts when the newer is absent (proposal 365). */
function readCredentials(headers: ReadonlyMap<string, string>): Credentials | undefined {
  const authorization = headers.get('proxy-authorization')
  const streamIsolation = headers.get('tor-stream-isolation') ?? headers.get('x-tor-stream-isolation')
  if (Math.max(authorization?.length ?? 0, streamIsolation?.length ?? 0) > MAX_ISOLATION_CHARS)
    return undefined
  if (authorization === undefined && streamIsolation === undefined) return NO_CREDENTIALS
  return { kind: 'http', authorization, streamIsolation }
}

/**
 * A program that wanted this proxy for plain http asks with an absolute URL and gets the page. A request in origin
 * form is a web page's: it gets the page only when it names this machine, or a site could rebind its name to us and
 * read the answer (proposal 365).
 */
function refuseMethod(target: string, host: string | undefined): HandshakeStep {
  const isProxyRequest = /^http:\/\//i.test(target)
  if (!isProxyRequest && !namesThisMachine(host)) return refuse(FORBIDDEN, 'an HTTP request for another host')
  return { kind: 'refused', bytes: ONLY_CONNECT_PAGE, reason: 'an HTTP method other than CONNECT' }
}

function namesThisMachine(host: string | undefined): boolean {
  if (host === undefined) return false
  const name = host.replace(/:[0-9]{1,5}$/, '').toLowerCase()
  return name === 'localhost' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'))
}

function refuse(status: HttpStatus, reason: string): HandshakeStep {
  return { kind: 'refused', bytes: encodeClosing(status), reason }
}

function encodeClosing(status: HttpStatus): Buffer {
  return encodeHttpHead(status, ['Content-Length: 0', 'Connection: close'])
}

const HTTP_REPLIES = {
  connected: (): Buffer => encodeHttpHead({ code: 200, phrase: 'Connection established' }, []),
  resolved: (): undefined => undefined,
  failed: (kind: ErrorKind): Buffer => encodeClosing(httpStatusFor(kind)),
}
