/**
 * What a request on the HTTP port asks for: a tunnel (CONNECT), a page to be fetched (absolute form), what we can do
 * (OPTIONS), or nothing that we answer. Pure; http-connect of the Tor specifications and proposal 365.
 */
import { isIPv6 } from 'node:net'
import type { FamilyPreference } from '../client/client-port.ts'
import { malformed, TorError } from '../util/errors.ts'
import { type BodyFraming, requestFraming } from '../util/http-body.ts'
import {
  type HttpHeader,
  headerTokens,
  headerValues,
  type RequestHead,
  singleHeader,
} from '../util/http-head.ts'
import { type Credentials, NO_CREDENTIALS } from './request-isolation.ts'

/** What isolates is kept as part of a key for as long as its circuits: more than any password or token needs. */
const MAX_ISOLATION_CHARS = 1_024
/** What chooses circuits and addresses for a tunnel. */
const TUNNEL_HEADERS = ['tor-stream-isolation', 'x-tor-stream-isolation', 'tor-family-preference']
const PORT = /^(0|[1-9][0-9]{0,4})$/
const HTTP_PORT = 80

interface TorRequest {
  readonly host: string
  readonly port: number
  readonly credentials: Credentials
  /** From Tor-Family-Preference; undefined leaves it to the listener. */
  readonly families: FamilyPreference | undefined
}

export interface TunnelRequest extends TorRequest {
  readonly kind: 'tunnel'
}

/** A plain HTTP request that goes out in origin form. */
export interface ForwardRequest extends TorRequest {
  readonly kind: 'forward'
  readonly head: RequestHead
  /** Path and query, or `*`. */
  readonly originTarget: string
  readonly framing: BodyFraming
  /** Whether the application's connection may serve another request. */
  readonly keepsAlive: boolean
}

export type HttpRequest =
  | TunnelRequest
  | ForwardRequest
  /** OPTIONS from this machine: what can this proxy do? */
  | { readonly kind: 'capabilities'; readonly keepsAlive: boolean }
  /** Another request in origin form that names this machine: somebody looks at the port with a browser. */
  | { readonly kind: 'visit' }
  /** It names another host, or a page of a web site caused it: no answer, not even an error. */
  | { readonly kind: 'rebound' }
  | { readonly kind: 'rpc' }

/** Throws `malformed` with words for the application, `bad-target` and `not-allowed`. */
export function readHttpRequest(head: RequestHead): HttpRequest {
  const isTunnel = head.method === 'CONNECT'
  if (!isTunnel && !/^[a-z][a-z0-9+.-]*:/i.test(head.target)) return readOriginForm(head)
  if (headerValues(head.headers, 'tor-rpc-target').length > 0) return { kind: 'rpc' }
  const credentials = readCredentials(head)
  const families = readFamilies(head)
  if (isTunnel) return { kind: 'tunnel', ...readAuthority(head.target), credentials, families }
  refuseTunnelHeaders(head)
  const { authority, originTarget } = readUrl(head)
  // A second Host header could mean another site to whoever stands behind us (RFC 9112 3.2).
  if (singleHeader(head.headers, 'host') === undefined && head.isHttp11)
    malformed('HTTP/1.1 request', 'a Host header')
  return {
    kind: 'forward',
    ...readAuthority(authority, HTTP_PORT),
    ...{ credentials, families, head, originTarget },
    framing: requestFraming(head),
    keepsAlive: keepsAlive(head),
  }
}

/** Whether an unreadable head comes from somebody who meant a proxy, and may be told what was wrong with it. */
export function isMeantForProxy(opening: string): boolean {
  return /^(CONNECT |[A-Z]{1,32} [a-z][a-z0-9+.-]*:)/i.test(opening)
}

/**
 * Whether a request in origin form comes from somebody who looks at this machine, and may have an answer (http-connect,
 * "avoiding cross-site probing attacks"). A page of a web site may not, even by our right name: that anything answers
 * would tell the site that its visitor has Tor. Browsers mark what pages cause.
 */
export function isVisit(headers: readonly HttpHeader[]): boolean {
  const hosts = headerValues(headers, 'host')
  const isCausedByPage =
    headerValues(headers, 'origin').length > 0 ||
    headerValues(headers, 'sec-fetch-site').some((site) => site !== 'none')
  return hosts.length === 1 && namesThisMachine(hosts[0]) && !isCausedByPage
}

function namesThisMachine(host: string | undefined): boolean {
  const name = host?.replace(/:[0-9]{0,5}$/, '').toLowerCase()
  return name === 'localhost' || name === '127.0.0.1' || name === '[::1]' || name === '::1'
}

function readOriginForm(head: RequestHead): HttpRequest {
  if (!isVisit(head.headers)) return { kind: 'rebound' }
  // A body would be read as the next request.
  if (head.method !== 'OPTIONS' || requestFraming(head).kind !== 'none') return { kind: 'visit' }
  return { kind: 'capabilities', keepsAlive: keepsAlive(head) }
}

function keepsAlive({ headers, isHttp11 }: RequestHead): boolean {
  const options = [...headerTokens(headers, 'connection'), ...headerTokens(headers, 'proxy-connection')]
  return isHttp11 && !options.includes('close')
}

function readUrl({ method, target }: RequestHead): { authority: string; originTarget: string } {
  const [, scheme = '', authority, rest = ''] = /^([^:]*):(?:\/\/([^/?#]*)(.*))?/s.exec(target) ?? []
  if (scheme.toLowerCase() === 'https' || scheme.toLowerCase() === 'wss') {
    throw new TorError('bad-target', 'https is not fetched here but tunnelled: let the program use CONNECT')
  }
  if (scheme.toLowerCase() !== 'http') throw new TorError('bad-target', 'only http URLs can be fetched')
  if (authority === undefined || authority.includes('@')) malformed('URL', 'a host, without a user name')
  if (rest.includes('#')) malformed('URL', 'no fragment')
  // RFC 9112 3.2.4: OPTIONS for the server as a whole.
  if (rest === '' && method === 'OPTIONS') return { authority, originTarget: '*' }
  return { authority, originTarget: rest.startsWith('/') ? rest : `/${rest}` }
}

/** `host:port` or `[ipv6]:port`. The name in it is checked later, with all others. */
function readAuthority(text: string, defaultPort?: number): { host: string; port: number } {
  const [, hostText = '', portText = ''] = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]*))?$/.exec(text) ?? []
  const port = portText === '' ? defaultPort : Number(portText)
  if (port === undefined || (portText !== '' && !PORT.test(portText)) || port > 65_535) {
    malformed('target', 'a host and a port')
  }
  if (!hostText.startsWith('['))
    return hostText === '' ? malformed('target', 'a host') : { host: hostText, port }
  const host = hostText.slice(1, -1)
  return isIPv6(host) ? { host, port } : malformed('target', 'an IPv6 address in the brackets')
}

/**
 * Only programs can send CONNECT, but any page can have its script put these into a request to its own site: a circuit for
 * every request, through the exits of its choice. Proxy-Authorization no script can set (Fetch 2.2.2). To drop what
 * a program asked for would serve it with less than it believes it has.
 */
function refuseTunnelHeaders({ headers }: RequestHead): void {
  if (TUNNEL_HEADERS.every((name) => headerValues(headers, name).length === 0)) return
  throw new TorError(
    'not-allowed',
    'Headers that choose circuits or addresses count with CONNECT only, for the script of a web page could set them here: ' +
      'keep plain requests apart by Proxy-Authorization, and choose addresses by the flags of the port',
  )
}

/** Two values of one of them would leave open which counts. */
function readCredentials({ headers }: RequestHead): Credentials {
  const authorization = singleHeader(headers, 'proxy-authorization')
  const streamIsolation = singleHeader(headers, 'tor-stream-isolation')
  const legacyIsolation = singleHeader(headers, 'x-tor-stream-isolation')
  const parts = [authorization, streamIsolation, legacyIsolation].filter((part) => part !== undefined)
  if (parts.some((part) => part.length > MAX_ISOLATION_CHARS)) {
    malformed('isolation header', `at most ${MAX_ISOLATION_CHARS} characters`)
  }
  if (parts.length === 0) return NO_CREDENTIALS
  return { kind: 'http', authorization, streamIsolation, legacyIsolation }
}

/** What is not one of the four values counts as the first. */
function readFamilies({ headers }: RequestHead): FamilyPreference | undefined {
  const value = singleHeader(headers, 'tor-family-preference')?.toLowerCase()
  if (value === undefined) return undefined
  return {
    allowsIpv4: value !== 'ipv6-only',
    allowsIpv6: value !== 'ipv4-only',
    prefersIpv6: value === 'ipv6-preferred' || value === 'ipv6-only',
  }
}
