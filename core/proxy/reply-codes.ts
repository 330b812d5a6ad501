/** What an application is told when its request failed: one table from our error kinds to each protocol's codes. */
import { type ErrorKind, unreachable } from '../util/errors.ts'

/** RFC 1928 section 6. */
export const SOCKS5_REPLY = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  connectionRefused: 5,
  ttlExpired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const

export type Socks5Reply = (typeof SOCKS5_REPLY)[keyof typeof SOCKS5_REPLY]

/** SOCKS4 knows "granted" and "rejected"; its other two codes speak of identd, which nobody runs. */
export const SOCKS4_GRANTED = 0x5a
export const SOCKS4_REJECTED = 0x5b

export interface HttpStatus {
  readonly code: number
  readonly phrase: string
}

/** The reply code for a failed request, as C tor would choose it for the END reason behind the kind. */
export function socks5ReplyFor(kind: ErrorKind): Socks5Reply {
  return replyFor(kind).socks5
}

export function httpStatusFor(kind: ErrorKind): HttpStatus {
  const { code, phrase } = replyFor(kind)
  return { code, phrase }
}

interface FailureReply extends HttpStatus {
  readonly socks5: Socks5Reply
}

function replyFor(kind: ErrorKind): FailureReply {
  switch (kind) {
    case 'resolve-failed':
      return { socks5: SOCKS5_REPLY.hostUnreachable, code: 404, phrase: 'Not Found (resolve failed)' }
    case 'host-unreachable':
      return { socks5: SOCKS5_REPLY.hostUnreachable, code: 404, phrase: 'Not Found (no route)' }
    case 'connection-refused':
      return { socks5: SOCKS5_REPLY.connectionRefused, code: 403, phrase: 'Forbidden (connection refused)' }
    case 'connection-reset':
      return { socks5: SOCKS5_REPLY.connectionRefused, code: 403, phrase: 'Forbidden (connection reset)' }
    case 'closed':
      // The destination closed before it answered (END reason DONE): C tor calls that refused as well.
      return { socks5: SOCKS5_REPLY.connectionRefused, code: 502, phrase: 'Bad Gateway (unexpected close)' }
    case 'exit-policy':
      return { socks5: SOCKS5_REPLY.notAllowed, code: 403, phrase: 'Forbidden (exit policy)' }
    case 'connect-timeout':
    case 'timeout':
      return { socks5: SOCKS5_REPLY.ttlExpired, code: 504, phrase: 'Gateway Timeout' }
    case 'channel-failed':
    case 'proxy-failed':
      return {
        socks5: SOCKS5_REPLY.networkUnreachable,
        code: 502,
        phrase: 'Bad Gateway (network unreachable)',
      }
    case 'bad-target':
      return { socks5: SOCKS5_REPLY.generalFailure, code: 400, phrase: 'Bad Request (destination refused)' }
    case 'connect-failed':
      return {
        socks5: SOCKS5_REPLY.generalFailure,
        code: 502,
        phrase: 'Bad Gateway (the exit gave no reason)',
      }
    case 'exit-overloaded':
      return { socks5: SOCKS5_REPLY.generalFailure, code: 502, phrase: 'Bad Gateway (exit out of resources)' }
    case 'no-path':
    case 'circuit-failed':
    case 'protocol-violation':
    case 'wrong-identity':
      return { socks5: SOCKS5_REPLY.generalFailure, code: 502, phrase: 'Bad Gateway (no circuit)' }
    case 'limit':
      return {
        socks5: SOCKS5_REPLY.generalFailure,
        code: 503,
        phrase: 'Service Unavailable (too many requests)',
      }
    case 'malformed':
    case 'aborted':
    case 'bad-directory':
    case 'directory-refused':
    case 'obsolete-client':
    case 'bad-config':
    case 'state':
    case 'internal':
      return { socks5: SOCKS5_REPLY.generalFailure, code: 500, phrase: 'Internal Server Error' }
    default:
      return unreachable(kind)
  }
}
