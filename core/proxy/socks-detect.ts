/**
 * One SOCKS port speaks versions 4 and 5; the first byte says which. A program that took it for an HTTP proxy gets a
 * page, and a page of a web site that tries the port gets nothing.
 */
import { toTorError } from '../util/errors.ts'
import { MAX_READ_BYTES } from './app-socket.ts'
import { type HandshakeParser, type HandshakeStep, NEED_MORE } from './app-request.ts'
import { TLS_ADVICE, TLS_HANDSHAKE } from './http-foreign.ts'
import { HttpHeadReader, parseRequestHead } from '../util/http-head.ts'
import { encodeHttpPage } from './http-page.ts'
import { isMeantForProxy, isVisit } from './http-request.ts'
import { SOCKS4_VERSION, Socks4Parser } from './socks4.ts'
import { SOCKS5_VERSION, type Socks5Options, Socks5Parser } from './socks5.ts'

/** First letters of GET, HEAD, POST, PUT, PATCH, CONNECT, OPTIONS, DELETE and TRACE. */
const HTTP_METHOD_INITIALS = 'GHPCODT'
const MAX_HTTP_HEAD_BYTES = 16_384

const NO_ANSWER = Buffer.alloc(0)

export interface SocksDetectOptions extends Socks5Options {
  /** Where HTTP is spoken, as text for people, if anywhere. */
  readonly httpEndpoint: string | undefined
}

/** The longest SOCKS5 handshake: greeting 257, user and password 513, request 262; and what one read brings behind it. */
const MAX_SOCKS_BYTES = 1_032 + MAX_READ_BYTES

export class SocksParser implements HandshakeParser {
  readonly #options: SocksDetectOptions
  readonly #limitBytes: number
  #parser: HandshakeParser | undefined
  #refusal: HandshakeStep | undefined

  /** `limitBytes` bounds a SOCKS handshake with the bytes behind it. */
  constructor(options: SocksDetectOptions, limitBytes: number = MAX_SOCKS_BYTES) {
    this.#options = options
    this.#limitBytes = limitBytes
  }

  push(bytes: Uint8Array): void {
    const first = bytes[0]
    if (first === undefined || this.#refusal !== undefined) return
    this.#parser ??= this.#choose(first)
    this.#parser?.push(bytes)
  }

  next(): HandshakeStep {
    return this.#refusal ?? this.#parser?.next() ?? NEED_MORE
  }

  #choose(first: number): HandshakeParser | undefined {
    if (first === SOCKS5_VERSION) return new Socks5Parser(this.#limitBytes, this.#options)
    if (first === SOCKS4_VERSION) return new Socks4Parser(this.#limitBytes)
    if (HTTP_METHOD_INITIALS.includes(String.fromCharCode(first))) {
      return new HttpOnSocksParser(this.#options.httpEndpoint)
    }
    const reason = first === TLS_HANDSHAKE ? 'an application speaks TLS' : 'unknown SOCKS version'
    const refusal = { kind: 'refused', bytes: NO_ANSWER, reason } as const
    this.#refusal = first === TLS_HANDSHAKE ? { ...refusal, advice: TLS_ADVICE } : refusal
    return undefined
  }
}

/** Reads one HTTP head, to tell a misled program from a page of a web site, and refuses both. */
class HttpOnSocksParser implements HandshakeParser {
  readonly #httpEndpoint: string | undefined
  readonly #reader = new HttpHeadReader({
    maxHeadBytes: MAX_HTTP_HEAD_BYTES,
    maxHeldBytes: MAX_HTTP_HEAD_BYTES + MAX_READ_BYTES,
    allowsBareLf: true,
  })

  constructor(httpEndpoint: string | undefined) {
    this.#httpEndpoint = httpEndpoint
  }

  push(bytes: Uint8Array): void {
    this.#reader.push(bytes)
  }

  next(): HandshakeStep {
    const { opening } = this.#reader
    try {
      const lines = this.#reader.next()
      if (lines === undefined) return NEED_MORE
      const { headers } = parseRequestHead(lines)
      return isMeantForProxy(opening) || isVisit(headers) ? this.#explain() : refuseSilently()
    } catch (thrown) {
      return isMeantForProxy(opening) ? this.#explain() : refuseSilently(toTorError(thrown).message)
    }
  }

  #explain(): HandshakeStep {
    const where = this.#httpEndpoint === undefined ? '' : ` For HTTP, use ${this.#httpEndpoint} instead.`
    const text =
      'This port speaks SOCKS and was addressed as an HTTP proxy or a web page. In the proxy settings of the program, ' +
      `enter this address and port as its SOCKS host (version 5, with names resolved by the proxy).${where}`
    const title = 'This is a SOCKS proxy'
    const bytes = encodeHttpPage({ code: 501, phrase: 'This is a SOCKS proxy' }, title, text)
    const advice = `An application speaks HTTP to the SOCKS port.${where}`
    return { kind: 'refused', bytes, reason: 'an application speaks HTTP to a SOCKS port', advice }
  }
}

function refuseSilently(why = 'it names another host, or a web page caused it'): HandshakeStep {
  return { kind: 'refused', bytes: NO_ANSWER, reason: `an HTTP request to a SOCKS port: ${why}` }
}
