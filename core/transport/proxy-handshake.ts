/**
 * What is said to an upstream proxy before TLS to the relay begins, and what its answers mean: SOCKS4, SOCKS5 with
 * RFC 1929 credentials, HTTP CONNECT with Basic ones. Pure: bytes in, bytes out. An answer that is about the relay
 * (refused, unreachable, not allowed) is `channel-failed`, as it would be without a proxy, so that another relay is
 * tried; everything else is `proxy-failed`, for which no relay is to blame.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { formatEndpoint } from '../linkspec/relay-target.ts'
import { TorError } from '../util/errors.ts'
import { parseIp } from '../util/ip-address.ts'
import type { ProxyCredentials, UpstreamProxy } from './upstream-proxy.ts'

/** Far more than any proxy's header; one that says more is none. */
export const MAX_PROXY_ANSWER_BYTES = 8192

/** What to do after an answer: `send` goes out next, `done` means that the relay listens behind the proxy. */
export type ProxyStep =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'send'; readonly bytes: Buffer; readonly usedBytes: number }
  | { readonly kind: 'done'; readonly usedBytes: number }

export interface ProxyTarget {
  /** An IP literal, or a name for the proxy to look up: then it is that of a web server in front of a transport. */
  readonly host: string
  readonly port: number
}

export interface ProxyHandshake {
  readonly firstBytes: Buffer
  /** Reads the answer at the start of `bytes`. Throws `proxy-failed` or `channel-failed`, in words. */
  onAnswer(bytes: Buffer): ProxyStep
}

const INCOMPLETE: ProxyStep = { kind: 'incomplete' }

export function proxyFailed(what: string, cause?: unknown): TorError {
  return new TorError('proxy-failed', `the upstream proxy ${what}`, { cause, retry: 'later' })
}

/** `{it}` in `what` stands for the target. */
function targetFailed(what: string, { host }: ProxyTarget): TorError {
  const words = what.replaceAll('{it}', isIP(host) === 0 ? 'the web server' : 'the relay')
  return new TorError('channel-failed', `the upstream proxy says: ${words}`, { retry: 'elsewhere' })
}

/** Throws `bad-config` for a proxy that can never be used: a host that is a name, credentials that do not fit. */
export function checkUpstreamProxy(proxy: UpstreamProxy): void {
  if (isIP(proxy.endpoint.host) === 0) {
    throw new TorError('bad-config', 'an upstream proxy must be an IP address: names are never looked up')
  }
  if (proxy.kind === 'socks4' || proxy.credentials === undefined) return
  const { username, password } = proxy.credentials
  if (proxy.kind === 'http') {
    if (username.includes(':')) throw new TorError('bad-config', "an HTTP proxy's user name has no colon")
    return
  }
  for (const [what, text] of [
    ['user name', username],
    ['password', password],
  ] as const) {
    const length = Buffer.byteLength(text)
    if (length < 1 || length > 255) {
      throw new TorError('bad-config', `a SOCKS5 proxy's ${what} has 1 to 255 bytes`)
    }
  }
}

export function startProxyHandshake(proxy: UpstreamProxy, target: ProxyTarget): ProxyHandshake {
  checkUpstreamProxy(proxy)
  switch (proxy.kind) {
    case 'socks4':
      return startSocks4(target)
    case 'socks5':
      return new Socks5Handshake(target, proxy.credentials)
    case 'http':
      return startHttpConnect(target, proxy.credentials)
  }
}

function portBytes({ port }: ProxyTarget): Buffer {
  return Buffer.of(port >> 8, port & 255)
}

const SOCKS4_ANSWER_BYTES = 8
const SOCKS4_GRANTED = 90
const SOCKS4_REJECTED = 91
/** 0.0.0.x with x other than zero: a name follows. */
const SOCKS4A_NO_ADDRESS = Buffer.of(0, 0, 0, 1)

function startSocks4(target: ProxyTarget): ProxyHandshake {
  if (isIPv6(target.host)) throw targetFailed('a SOCKS4 proxy cannot reach IPv6 addresses', target)
  return {
    firstBytes: socks4Request(target),
    onAnswer(bytes) {
      if (bytes.length > 0 && bytes[0] !== 0) throw proxyFailed('does not speak SOCKS4')
      if (bytes.length < SOCKS4_ANSWER_BYTES) return INCOMPLETE
      const code = bytes.readUInt8(1)
      if (code === SOCKS4_GRANTED) return { kind: 'done', usedBytes: SOCKS4_ANSWER_BYTES }
      if (code === SOCKS4_REJECTED) {
        throw targetFailed('the connection to {it} was rejected or failed', target)
      }
      throw proxyFailed(`refuses us: SOCKS4 answer ${code}`)
    },
  }
}

/** The user id stays empty: nobody needs to know. A name takes the form that SOCKS4A added. */
function socks4Request(target: ProxyTarget): Buffer {
  const isName = !isIPv4(target.host)
  const address = isName ? SOCKS4A_NO_ADDRESS : parseIp(target.host)
  const request = [Buffer.of(4, 1), portBytes(target), address, Buffer.of(0)]
  return Buffer.concat(isName ? [...request, Buffer.from(`${target.host}\0`, 'latin1')] : request)
}

const SOCKS5_NO_AUTH = 0
const SOCKS5_PASSWORD = 2
const SOCKS5_NO_METHOD = 255

/** RFC 1928 section 6: answers about the destination. */
const SOCKS5_ABOUT_TARGET: ReadonlyMap<number, string> = new Map([
  [1, 'the connection to {it} failed'],
  [2, 'a connection to {it} is not allowed'],
  [3, "{it}'s network is unreachable"],
  [4, '{it} is unreachable'],
  [5, '{it} refused the connection'],
  [6, '{it} did not answer in time'],
])

const SOCKS5_ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 4],
  [4, 16],
])
const SOCKS5_NAME = 3

class Socks5Handshake implements ProxyHandshake {
  readonly firstBytes: Buffer
  readonly #target: ProxyTarget
  readonly #credentials: ProxyCredentials | undefined
  #state: 'method' | 'password' | 'connect' = 'method'

  constructor(target: ProxyTarget, credentials: ProxyCredentials | undefined) {
    this.#target = target
    this.#credentials = credentials
    const methods = credentials === undefined ? [SOCKS5_NO_AUTH] : [SOCKS5_NO_AUTH, SOCKS5_PASSWORD]
    this.firstBytes = Buffer.of(5, methods.length, ...methods)
  }

  onAnswer(bytes: Buffer): ProxyStep {
    if (bytes.length < 2) {
      const expected = this.#state === 'password' ? 1 : 5
      if (bytes.length === 1 && bytes[0] !== expected) throw proxyFailed('does not speak SOCKS5')
      return INCOMPLETE
    }
    switch (this.#state) {
      case 'method':
        return this.#onMethod(bytes)
      case 'password':
        if (bytes[0] !== 1) throw proxyFailed('does not speak SOCKS5')
        if (bytes[1] !== 0) throw proxyFailed('does not accept the user name and password')
        return this.#sendConnect()
      case 'connect':
        return onSocks5Reply(bytes, this.#target)
    }
  }

  #onMethod(bytes: Buffer): ProxyStep {
    if (bytes[0] !== 5) throw proxyFailed('does not speak SOCKS5')
    const method = bytes[1]
    if (method === SOCKS5_NO_AUTH) return this.#sendConnect()
    if (method === SOCKS5_NO_METHOD) {
      throw proxyFailed(
        this.#credentials === undefined
          ? 'wants a user name and password'
          : 'accepts neither no user name nor one with a password',
      )
    }
    if (method !== SOCKS5_PASSWORD || this.#credentials === undefined) {
      throw proxyFailed('chose a way to log in that was not offered')
    }
    this.#state = 'password'
    const username = Buffer.from(this.#credentials.username)
    const password = Buffer.from(this.#credentials.password)
    const lengths = [Buffer.of(1, username.length), Buffer.of(password.length)] as const
    return {
      kind: 'send',
      bytes: Buffer.concat([lengths[0], username, lengths[1], password]),
      usedBytes: 2,
    }
  }

  #sendConnect(): ProxyStep {
    this.#state = 'connect'
    const bytes = Buffer.concat([
      Buffer.of(5, 1, 0),
      socks5Address(this.#target.host),
      portBytes(this.#target),
    ])
    return { kind: 'send', bytes, usedBytes: 2 }
  }
}

/** With its type before it; the name's length is that of a name that was checked. */
function socks5Address(host: string): Buffer {
  if (isIP(host) === 0) {
    const name = Buffer.from(host, 'latin1')
    return Buffer.concat([Buffer.of(SOCKS5_NAME, name.length), name])
  }
  const address = parseIp(host)
  return Buffer.concat([Buffer.of(address.length === 4 ? 1 : 4), address])
}

function onSocks5Reply(bytes: Buffer, target: ProxyTarget): ProxyStep {
  const [version, code = 0, , addressType] = bytes
  if (version !== 5) throw proxyFailed('does not speak SOCKS5')
  const aboutTarget = SOCKS5_ABOUT_TARGET.get(code)
  if (aboutTarget !== undefined) throw targetFailed(aboutTarget, target)
  if (code !== 0) throw proxyFailed(`does not do what is needed: SOCKS5 answer ${code}`)
  if (addressType === undefined) return INCOMPLETE
  const nameBytes = addressType === SOCKS5_NAME ? bytes[4] : undefined
  if (addressType === SOCKS5_NAME && nameBytes === undefined) return INCOMPLETE
  const addressBytes = nameBytes === undefined ? SOCKS5_ADDRESS_BYTES.get(addressType) : 1 + nameBytes
  if (addressBytes === undefined) throw proxyFailed('does not speak SOCKS5')
  const usedBytes = 4 + addressBytes + 2
  return bytes.length < usedBytes ? INCOMPLETE : { kind: 'done', usedBytes }
}

/** The proxy's words for trouble on the way to the relay. */
const HTTP_ABOUT_TARGET: ReadonlyMap<number, string> = new Map([
  [403, 'a connection to {it} is not allowed'],
  [502, 'the connection to {it} failed'],
  [503, 'the connection to {it} failed'],
  [504, '{it} did not answer in time'],
])

const HTTP_PREFIX = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?$/

function startHttpConnect(target: ProxyTarget, credentials: ProxyCredentials | undefined): ProxyHandshake {
  const authority = formatEndpoint(target)
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  if (credentials !== undefined) {
    const login = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
    lines.push(`Proxy-Authorization: Basic ${login}`)
  }
  return {
    firstBytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    onAnswer(bytes) {
      const start = bytes.toString('latin1', 0, HTTP_PREFIX.length)
      if (!HTTP_PREFIX.startsWith(start)) throw proxyFailed('does not speak HTTP')
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) return INCOMPLETE
      const status = httpStatus(bytes.toString('latin1', 0, bytes.indexOf('\r\n')))
      checkHttpStatus(status, target, credentials)
      return { kind: 'done', usedBytes: end + 4 }
    },
  }
}

function httpStatus(line: string): number {
  const status = STATUS_LINE.exec(line)?.[1]
  if (status === undefined) throw proxyFailed('does not speak HTTP')
  return Number(status)
}

function checkHttpStatus(
  status: number,
  target: ProxyTarget,
  credentials: ProxyCredentials | undefined,
): void {
  if (status >= 200 && status < 300) return
  if (status === 407) {
    throw proxyFailed(
      credentials === undefined
        ? 'wants a user name and password'
        : 'does not accept the user name and password',
    )
  }
  const aboutTarget = HTTP_ABOUT_TARGET.get(status)
  if (aboutTarget !== undefined) throw targetFailed(aboutTarget, target)
  throw proxyFailed(`answers CONNECT with ${status}`)
}
