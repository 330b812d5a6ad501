/** What an application is told when its request failed: one table from our error kinds to each protocol's codes. */
import { type ErrorKind, unreachable } from '../util/errors.ts'
import { isOnionAddress, isOnionName } from './onion-name.ts'

/** RFC 1928 section 6, and what ExtendedErrors adds (proposal 304). */
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
  onionAddressInvalid: 0xf6,
} as const

export type Socks5Reply = (typeof SOCKS5_REPLY)[keyof typeof SOCKS5_REPLY]

/** SOCKS4 knows "granted" and "rejected"; its other two codes speak of identd, which nobody runs. */
export const SOCKS4_GRANTED = 0x5a
export const SOCKS4_REJECTED = 0x5b

export interface HttpStatus {
  readonly code: number
  readonly phrase: string
}

/** What an HTTP application is told: the status, and the token of `Tor-Request-Failed` (proposal 365). */
export interface HttpFailure extends HttpStatus {
  readonly reason: string
}

/** The reply code for a failed request, as C tor would choose it for the END reason behind the kind. */
export function socks5ReplyFor(kind: ErrorKind): Socks5Reply {
  return replyFor(kind).socks5
}

/** The extended code for a failed request to `host`; undefined where only the plain one is known. */
export function extendedReplyFor(kind: ErrorKind, host: string): Socks5Reply | undefined {
  const name = host.toLowerCase()
  const isInvalidOnion = kind === 'bad-target' && isOnionName(name) && !isOnionAddress(name)
  return isInvalidOnion ? SOCKS5_REPLY.onionAddressInvalid : undefined
}

export function httpFailureFor(kind: ErrorKind): HttpFailure {
  const { code, phrase, reason } = replyFor(kind)
  return { code, phrase, reason: `end/${reason}` }
}

interface FailureReply extends HttpFailure {
  readonly socks5: Socks5Reply
}

function failure(
  socks5: keyof typeof SOCKS5_REPLY,
  code: number,
  phrase: string,
  reason: string,
): FailureReply {
  return { socks5: SOCKS5_REPLY[socks5], code, phrase, reason }
}

function replyFor(kind: ErrorKind): FailureReply {
  switch (kind) {
    case 'resolve-failed':
      return failure('hostUnreachable', 503, 'Service Unavailable (resolve failed)', 'RESOLVEFAILED')
    case 'host-unreachable':
      return failure('hostUnreachable', 503, 'Service Unavailable (no route)', 'NOROUTE')
    case 'connection-refused':
      return failure('connectionRefused', 403, 'Forbidden (connection refused)', 'CONNECTREFUSED')
    case 'connection-reset':
      return failure('connectionRefused', 403, 'Forbidden (connection reset)', 'CONNRESET')
    case 'closed':
      // The destination closed before it answered: C tor calls that refused as well.
      return failure('connectionRefused', 502, 'Bad Gateway (unexpected close)', 'DONE')
    case 'exit-policy':
      return failure('notAllowed', 403, 'Forbidden (exit policy)', 'EXITPOLICY')
    case 'not-allowed':
      return failure('notAllowed', 403, 'Forbidden (not allowed here)', 'ENTRYPOLICY')
    case 'blocked':
      return failure('notAllowed', 403, 'Forbidden (blocked by the user)', 'ENTRYPOLICY')
    case 'connect-timeout':
    case 'timeout':
      return failure('ttlExpired', 504, 'Gateway Timeout', 'TIMEOUT')
    case 'channel-failed':
    case 'proxy-failed':
      return failure('networkUnreachable', 502, 'Bad Gateway (network unreachable)', 'NET_UNREACHABLE')
    case 'bad-target':
      return failure('generalFailure', 400, 'Bad Request (destination refused)', 'TORPROTOCOL')
    case 'connect-failed':
      return failure('generalFailure', 500, 'Internal Server Error (the exit gave no reason)', 'MISC')
    case 'exit-overloaded':
      return failure('generalFailure', 502, 'Bad Gateway (resource limit)', 'RESOURCELIMIT')
    case 'no-path':
    case 'circuit-failed':
    case 'protocol-violation':
    case 'wrong-identity':
      return failure('generalFailure', 502, 'Bad Gateway (no circuit)', 'DESTROY')
    case 'limit':
      return failure('generalFailure', 503, 'Service Unavailable (too many requests)', 'RESOURCELIMIT')
    case 'malformed':
    case 'aborted':
    case 'bad-directory':
    case 'directory-refused':
    case 'obsolete-client':
    case 'bad-config':
    case 'state':
    case 'damaged-rules':
    case 'newer-guards':
    case 'internal':
      return failure('generalFailure', 500, 'Internal Server Error', 'INTERNAL')
    default:
      return unreachable(kind)
  }
}
