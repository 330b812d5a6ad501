/**
 * The heads that plain forward proxying sends on: the request as the server gets it and the response as the application
 * gets it, each without what belongs to one connection only and without what would tell of us or of other proxies. Pure.
 */
import { formatEndpoint } from '../linkspec/relay-target.ts'
import { TorError } from '../util/errors.ts'
import { type BodyFraming, responseFraming } from '../util/http-body.ts'
import { type HttpHeader, headerTokens, type ResponseHead } from '../util/http-head.ts'
import type { ForwardRequest } from './http-request.ts'

/** RFC 9110 7.6.1, and what some still send. Upgrade goes too: who wants another protocol can have a tunnel. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])
/** Of an application's own proxies, which must not be told to anybody behind Tor. */
const TELLS_OF_PROXIES: ReadonlySet<string> = new Set(['via', 'forwarded', 'x-real-ip', 'client-ip'])
const TELLING_PREFIXES = ['proxy-', 'tor-', 'x-tor-', 'x-forwarded-']

const PORT_WITHOUT_MENTION = 80

/** The request in origin form, with the Host of its URL, for a stream that carries nothing else. */
export function encodeForwardHead(request: ForwardRequest): Buffer {
  const { head, originTarget, framing } = request
  const host = `Host: ${authorityOf(request)}`
  const lines = [`${head.method} ${originTarget} HTTP/1.1`]
  if (!head.headers.some(({ name }) => name.toLowerCase() === 'host')) lines.push(host)
  const isDropped = dropRule(head.headers)
  for (const { name, value } of head.headers) {
    const key = name.toLowerCase()
    if (key === 'host') lines.push(host)
    else if (key === 'expect' && !head.isHttp11) continue
    else if (key !== 'content-length' && !isDropped(key)) lines.push(`${name}: ${value}`)
  }
  if (framing.kind === 'length') lines.push(`Content-Length: ${framing.bytes}`)
  if (framing.kind === 'chunked') lines.push('Transfer-Encoding: chunked')
  return Buffer.from([...lines, 'Connection: close', '', ''].join('\r\n'), 'latin1')
}

/** How a response goes on to the application. */
export interface ForwardedResponse {
  readonly head: Buffer
  /** How its content comes from the server. */
  readonly framing: BodyFraming
  /** Whether its content goes out in chunks, although it may have come otherwise. */
  readonly isChunked: boolean
  /** Whether the application's connection closes behind it. */
  readonly closes: boolean
}

/** Throws `malformed` and `protocol-violation` for what must not reach the application. */
export function forwardResponse(response: ResponseHead, request: ForwardRequest): ForwardedResponse {
  const { status } = response
  if (status === 101)
    throw new TorError('protocol-violation', 'the server changes to a protocol nobody asked for')
  // From a server this would have the browser ask its user for the password of the proxy.
  if (status === 407)
    throw new TorError('protocol-violation', 'the server poses as a proxy that wants a password')
  const framing = responseFraming(response, request.head.method)
  const isChunked = request.head.isHttp11 && (framing.kind === 'chunked' || framing.kind === 'until-close')
  const isDelimited = isChunked || framing.kind === 'none' || framing.kind === 'length'
  const closes = !request.keepsAlive || !isDelimited
  const isDropped = dropRule(response.headers)
  const lines = [`HTTP/1.1 ${status} ${response.phrase}`]
  for (const { name, value } of response.headers) {
    const key = name.toLowerCase()
    if (key !== 'content-length' && !isDropped(key)) lines.push(`${name}: ${value}`)
  }
  const length = contentLength(response, framing)
  if (length !== undefined) lines.push(`Content-Length: ${length}`)
  if (isChunked) lines.push('Transfer-Encoding: chunked')
  if (closes) lines.push('Connection: close')
  return { head: Buffer.from([...lines, '', ''].join('\r\n'), 'latin1'), framing, isChunked, closes }
}

/** An interim response (100 Continue, 103 Early Hints), or nothing for an application that cannot read one. */
export function encodeInterim(response: ResponseHead, request: ForwardRequest): Buffer | undefined {
  if (!request.head.isHttp11) return undefined
  const isDropped = dropRule(response.headers)
  // An interim response has no body (RFC 9110 15.2); an application that believed a length would take the next for it.
  const kept = response.headers
    .map(({ name, value }) => ({ name, value, key: name.toLowerCase() }))
    .filter(({ key }) => key !== 'content-length' && !isDropped(key))
  const lines = [
    `HTTP/1.1 ${response.status} ${response.phrase}`,
    ...kept.map(({ name, value }) => `${name}: ${value}`),
  ]
  return Buffer.from([...lines, '', ''].join('\r\n'), 'latin1')
}

/** A response without a body may say how long it would have been (HEAD, 304). */
function contentLength({ status, headers }: ResponseHead, framing: BodyFraming): string | undefined {
  if (framing.kind === 'length') return String(framing.bytes)
  if (framing.kind !== 'none' || status === 204) return undefined
  return headers.find(({ name }) => name.toLowerCase() === 'content-length')?.value
}

function dropRule(headers: readonly HttpHeader[]): (key: string) => boolean {
  const named = new Set(headerTokens(headers, 'connection'))
  return (key) =>
    named.has(key) ||
    HOP_BY_HOP.has(key) ||
    TELLS_OF_PROXIES.has(key) ||
    TELLING_PREFIXES.some((prefix) => key.startsWith(prefix))
}

/** The URL's authority, in which the port of http is not said. */
function authorityOf({ host, port }: ForwardRequest): string {
  if (port !== PORT_WITHOUT_MENTION) return formatEndpoint({ host: host.toLowerCase(), port })
  return host.includes(':') ? `[${host.toLowerCase()}]` : host.toLowerCase()
}
