/** Every answer that the HTTP port gives by itself (http-connect of the Tor specifications, proposal 365). */
import type { TorError } from '../util/errors.ts'
import {
  CAPABILITIES_HEADER,
  encodeHttpHead,
  encodeHttpPage,
  SERVER_HEADER,
  VIA_HEADER,
} from './http-page.ts'
import { type HttpStatus, httpFailureFor } from './reply-codes.ts'

const BAD_REQUEST: HttpStatus = { code: 400, phrase: 'Bad Request' }
export const HEAD_TOO_LARGE: HttpStatus = { code: 431, phrase: 'Request Header Fields Too Large' }

export const CAPABILITIES_REPLY: Buffer = encodeHttpHead({ code: 200, phrase: 'OK' }, [
  'Allow: OPTIONS, CONNECT',
  CAPABILITIES_HEADER,
  SERVER_HEADER,
  'Content-Length: 0',
])

export const TUNNEL_REPLY: Buffer = encodeHttpHead({ code: 200, phrase: 'OK' }, [
  CAPABILITIES_HEADER,
  VIA_HEADER,
])

export const RPC_REPLY: Buffer = encodeHttpHead({ code: 501, phrase: 'Not implemented (No RPC Support)' }, [
  CAPABILITIES_HEADER,
  VIA_HEADER,
  'Content-Length: 0',
  'Connection: close',
])

export const NOT_A_WEB_SITE_PAGE: Buffer = encodeHttpPage(
  { code: 405, phrase: 'Method Not Allowed' },
  'This is an HTTP proxy',
  'This port is a proxy into the Tor network and no web site. Enter this address and port as the HTTP proxy of a program.',
  ['Allow: OPTIONS, CONNECT', CAPABILITIES_HEADER, SERVER_HEADER],
)

/** `why` is one of our own sentences: nothing that the application sent is in it. */
export function encodeRefusal(why: string, status: HttpStatus = BAD_REQUEST): Buffer {
  return encodeHttpPage(status, 'This request cannot be served', `${why}.`, [CAPABILITIES_HEADER, VIA_HEADER])
}

export function encodeTunnelFailure({ kind }: TorError): Buffer {
  const failure = httpFailureFor(kind)
  return encodeHttpHead(failure, [
    CAPABILITIES_HEADER,
    VIA_HEADER,
    `Tor-Request-Failed: ${failure.reason}`,
    'Content-Length: 0',
    'Connection: close',
  ])
}

/** For a browser that shows it: 504 when time ran out, else 502, so that it never looks like the site's own answer. */
export function encodeForwardFailure({ kind }: TorError): Buffer {
  const failure = httpFailureFor(kind)
  const status =
    failure.code === 504
      ? failure
      : { code: 502, phrase: `Bad Gateway (${failure.reason.slice('end/'.length)})` }
  return encodeHttpPage(
    status,
    'The page could not be fetched through Tor',
    FORWARD_FAILURES[failure.reason] ?? 'The request failed inside Tor. Trying again may help.',
    [CAPABILITIES_HEADER, VIA_HEADER, `Tor-Request-Failed: ${failure.reason}`],
  )
}

const FORWARD_FAILURES: Readonly<Record<string, string>> = {
  'end/RESOLVEFAILED': 'The exit relay found no address for this name.',
  'end/NOROUTE': 'The exit relay found no route to the server.',
  'end/CONNECTREFUSED': 'The server refused the connection.',
  'end/CONNRESET': 'The server broke off the connection.',
  'end/DONE': 'The server closed the connection without an answer.',
  'end/EXITPOLICY': 'No exit relay allows connections to this server and port.',
  'end/ENTRYPOLICY': 'Your own settings forbid this connection.',
  'end/TIMEOUT': 'The server or the Tor network did not answer in time.',
  'end/NET_UNREACHABLE': 'The Tor network cannot be reached.',
  'end/TORPROTOCOL': 'The address is not one that can be reached through Tor.',
}
