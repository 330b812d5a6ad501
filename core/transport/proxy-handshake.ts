/**
 * What is said to an upstream proxy before TLS to the relay begins, and what its answers mean: SOCKS4, SOCKS5 with
 * RFC 1929 credentials, HTTP CONNECT with Basic ones. Pure: bytes in, bytes out. An answer that is about the relay
 * (refused, unreachable, not allowed) is `channel-failed`, as it would be without a proxy, so that another relay is
 * tried; everything else is `proxy-failed`, for which no relay is to blame.
 */
import { isIP, isIPv4 } from 'node:net'
import { formatEndpoint, type Endpoint } from '../linkspec/relay-target.ts'
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

export interface ProxyHandshake {
  readonly firstBytes: Buffer
  /** Reads the answer at the start of `bytes`. Throws `proxy-failed` or `channel-failed`, in words. */
  onAnswer(bytes: Buffer): ProxyStep
}

const INCOMPLETE: ProxyStep = { kind: 'incomplete' }

export function proxyFailed(what: string, cause?: unknown): TorError {
  return new TorError('proxy-failed', `the upstream proxy ${what}`, { cause, retry: 'later' })
}

function relayFailed(what: string): TorError {
  return new TorError('channel-failed', `the upstream proxy says: ${what}`, { retry: 'elsewhere' })
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

export function startProxyHandshake(proxy: UpstreamProxy, relay: Endpoint): ProxyHandshake {
  checkUpstreamProxy(proxy)
  switch (proxy.kind) {
    case 'socks4':
      return startSocks4(relay)
    case 'socks5':
      return new Socks5Handshake(relay, proxy.credentials)
    case 'http':
      return startHttpConnect(relay, proxy.credentials)
  }
}

function portBytes({ port }: Endpoint): Buffer {
  return Buffer.of(port >> 8, port & 255)
}

const SOCKS4_ANSWER_BYTES = 8
const SOCKS4_GRANTED = 90
const SOCKS4_REJECTED = 91

function startSocks4(relay: Endpoint): ProxyHandshake {
  if (!isIPv4(relay.host)) throw relayFailed('a SOCKS4 proxy cannot reach IPv6 addresses')
  return {
    // The user id stays empty: nobody needs to know.
    firstBytes: Buffer.concat([Buffer.of(4, 1), portBytes(relay), parseIp(relay.host), Buffer.of(0)]),
    onAnswer(bytes) {
      if (bytes.length > 0 && bytes[0] !== 0) throw proxyFailed('does not speak SOCKS4')
      if (bytes.length < SOCKS4_ANSWER_BYTES) return INCOMPLETE
      const code = bytes.readUInt8(1)
      if (code === SOCKS4_GRANTED) return { kind: 'done', usedBytes: SOCKS4_ANSWER_BYTES }
      if (code === SOCKS4_REJECTED) throw relayFailed('the connection to the relay was rejected or failed')
      throw proxyFailed(`refuses us: SOCKS4 answer ${code}`)
    },
  }
}

const SOCKS5_NO_AUTH = 0
const SOCKS5_PASSWORD = 2
const SOCKS5_NO_METHOD = 255

/** RFC 1928 section 6: answers about the destination. */
const SOCKS5_ABOUT_RELAY: ReadonlyMap<number, string> = new Map([
  [1, 'the connection to the relay failed'],
  [2, 'a connection to this relay is not allowed'],
  [3, "the relay's network is unreachable"],
  [4, 'the relay is unreachable'],
  [5, 'the relay refused the connection'],
  [6, 'the relay did not answer in time'],
])

const SOCKS5_ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 4],
  [4, 16],
])
const SOCKS5_NAME = 3

class Socks5Handshake implements ProxyHandshake {
  readonly firstBytes: Buffer
  readonly #relay: Endpoint
  readonly #credentials: ProxyCredentials | undefined
  #state: 'method' | 'password' | 'connect' = 'method'

  constructor(relay: Endpoint, credentials: ProxyCredentials | undefined) {
    this.#relay = relay
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
        return onSocks5Reply(bytes)
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
    const address = parseIp(this.#relay.host)
    const type = address.length === 4 ? 1 : 4
    const bytes = Buffer.concat([Buffer.of(5, 1, 0, type), address, portBytes(this.#relay)])
    return { kind: 'send', bytes, usedBytes: 2 }
  }
}

function onSocks5Reply(bytes: Buffer): ProxyStep {
  const [version, code = 0, , addressType] = bytes
  if (version !== 5) throw proxyFailed('does not speak SOCKS5')
  const aboutRelay = SOCKS5_ABOUT_RELAY.get(code)
  if (aboutRelay !== undefined) throw relayFailed(aboutRelay)
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
const HTTP_ABOUT_RELAY: ReadonlyMap<number, string> = new Map([
  [403, 'a connection to this relay is not allowed'],
  [502, 'the connection to the relay failed'],
  [503, 'the connection to the relay failed'],
  [504, 'the relay did not answer in time'],
])

const HTTP_PREFIX = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?$/

function startHttpConnect(relay: Endpoint, credentials: ProxyCredentials | undefined): ProxyHandshake {
  const target = formatEndpoint(relay)
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`]
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
      return onHttpStatus(bytes.toString('latin1', 0, bytes.indexOf('\r\n')), end + 4, credentials)
    },
  }
}

function onHttpStatus(line: string, usedBytes: number, credentials: ProxyCredentials | undefined): ProxyStep {
  const status = Number(STATUS_LINE.exec(line)?.[1] ?? Number.NaN)
  if (Number.isNaN(status)) throw proxyFailed('does not speak HTTP')
  if (status >= 200 && status < 300) return { kind: 'done', usedBytes }
  if (status === 407) {
    throw proxyFailed(
      credentials === undefined
        ? 'wants a user name and password'
        : 'does not accept the user name and password',
    )
  }
  const aboutRelay = HTTP_ABOUT_RELAY.get(status)
  throw aboutRelay === undefined ? proxyFailed(`answers CONNECT with ${status}`) : relayFailed(aboutRelay)
}
