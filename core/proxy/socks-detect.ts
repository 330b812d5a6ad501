/** One SOCKS port speaks versions 4 and 5; the first byte says which. A browser that took it for HTTP gets a page. */
import { type HandshakeParser, type HandshakeStep, NEED_MORE } from './app-request.ts'
import { encodeHttpPage } from './http-page.ts'
import { SOCKS4_VERSION, Socks4Parser } from './socks4.ts'
import { SOCKS5_VERSION, Socks5Parser } from './socks5.ts'

/** First letters of GET, HEAD, POST, PUT, PATCH, CONNECT, OPTIONS, DELETE and TRACE. */
const HTTP_METHOD_INITIALS = 'GHPCODT'

export const SOCKS_IS_NOT_HTTP_PAGE: Buffer = encodeHttpPage(
  { code: 501, phrase: 'This is a SOCKS proxy' },
  'This is a SOCKS proxy',
  'This port speaks SOCKS and was addressed as an HTTP proxy or a web page. In the proxy settings of the program, enter ' +
    'this address and port as its SOCKS host (version 5, with names resolved by the proxy) and leave the HTTP proxy empty.',
)

export class SocksParser implements HandshakeParser {
  readonly #limitBytes: number
  #parser: HandshakeParser | undefined
  #refusal: HandshakeStep | undefined

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  push(bytes: Uint8Array): void {
    const [first] = bytes
    if (first === undefined || this.#refusal !== undefined) return
    this.#parser ??= this.#choose(first)
    this.#parser?.push(bytes)
  }

  next(): HandshakeStep {
    return this.#refusal ?? this.#parser?.next() ?? NEED_MORE
  }

  #choose(first: number): HandshakeParser | undefined {
    if (first === SOCKS5_VERSION) return new Socks5Parser(this.#limitBytes)
    if (first === SOCKS4_VERSION) return new Socks4Parser(this.#limitBytes)
    this.#refusal = HTTP_METHOD_INITIALS.includes(String.fromCharCode(first))
      ? {
          kind: 'refused',
          bytes: SOCKS_IS_NOT_HTTP_PAGE,
          reason: 'an application speaks HTTP to a SOCKS port',
        }
      : { kind: 'refused', bytes: Buffer.alloc(0), reason: `unknown SOCKS version ${first}` }
    return undefined
  }
}
