/** Other protocols that arrive at the HTTP port because a program was told the wrong port. */
import { encodeSocks4Reply, SOCKS4_VERSION } from './socks4.ts'
import { SOCKS4_REJECTED } from './reply-codes.ts'
import { SOCKS5_VERSION } from './socks5.ts'

/** The first byte of a TLS record that holds a ClientHello. */
export const TLS_HANDSHAKE = 0x16

export interface ForeignProtocol {
  readonly kind: 'socks' | 'tls'
  /** In the protocol that the program speaks, where it has words for it. */
  readonly reply: Buffer | undefined
  readonly advice: string
}

const SOCKS_ADVICE =
  'An application speaks SOCKS to the HTTP port: enter this port as its HTTP proxy, or the SOCKS port as its SOCKS host.'

/** By the first byte, which no HTTP request has. */
export function describeForeign(bytes: Uint8Array): ForeignProtocol | undefined {
  switch (bytes[0]) {
    case SOCKS5_VERSION:
      return { kind: 'socks', reply: Buffer.from([SOCKS5_VERSION, 0xff]), advice: SOCKS_ADVICE }
    case SOCKS4_VERSION:
      return { kind: 'socks', reply: encodeSocks4Reply(SOCKS4_REJECTED), advice: SOCKS_ADVICE }
    case TLS_HANDSHAKE:
      return { kind: 'tls', reply: undefined, advice: TLS_ADVICE }
    default:
      return undefined
  }
}

/** For both kinds of ports. */
export const TLS_ADVICE =
  'An application speaks TLS to a proxy port: enter the proxy as http:// or socks5h://, not as https://.'
