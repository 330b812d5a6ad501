/**
 * Turns what is known of a request (the listener it came through, the application's address, the credentials it
 * carried, where it wants to go) into the key that decides which streams may share a circuit (path-spec 3, proposal 171).
 */
import { type IsolationKey, type StreamIsolation, isolationKey } from '../circuit-manager/isolation.ts'
import { siteOf } from '../client/site.ts'
import { unreachable } from '../util/errors.ts'

/** What the application presented. Any value is accepted: credentials here isolate, they do not authenticate. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'socks4'; readonly userId: string }
  | { readonly kind: 'socks5'; readonly username: string; readonly password: string }
  /** `<torS0X>0` (proposal 351): the password alone isolates, and never together with the form above. */
  | { readonly kind: 'socks5-extended'; readonly isolation: string }
  /** The header values as they came; undefined where the header was not there. */
  | {
      readonly kind: 'http'
      readonly authorization: string | undefined
      readonly streamIsolation: string | undefined
      /** X-Tor-Stream-Isolation, the older name: a part of its own (http-connect, "stream isolation"). */
      readonly legacyIsolation: string | undefined
    }

export const NO_CREDENTIALS: Credentials = { kind: 'none' }

/** What an application speaks to us. */
export type ClientProtocol = 'socks4' | 'socks5' | 'http' | 'dns'

/** What is known of a request. */
export interface RequestOrigin {
  /** The application's IP address; empty through a unix socket. */
  readonly clientAddress: string
  readonly protocol: ClientProtocol
  readonly credentials: Credentials
  /** Checked and lower case, as in a `StreamTarget`. */
  readonly host: string
  /** 0 for a look-up. */
  readonly port: number
}

/** The isolation flags of one listener, by C tor's names; `isolateSite` is our own. */
export interface ListenerIsolation {
  /** Unlike every other listener's unless SessionGroup joins them: C tor gives each listener a group of its own. */
  readonly sessionGroup: string
  /** IsolateClientAddr: applications on different addresses never share a circuit. */
  readonly isolateClientAddr: boolean
  /** IsolateSOCKSAuth: requests with different credentials never share a circuit. */
  readonly isolateSocksAuth: boolean
  /** IsolateClientProtocol: SOCKS4, SOCKS5, HTTP and DNS never share a circuit. */
  readonly isolateClientProtocol: boolean
  /** IsolateDestPort: requests for different ports never share a circuit. */
  readonly isolateDestPort: boolean
  /** IsolateDestAddr: requests for different hosts never share a circuit. */
  readonly isolateDestAddr: boolean
  /** IsolateSite: requests for different sites (registrable domains) never share a circuit. */
  readonly isolateSite: boolean
  /** KeepAliveIsolateSOCKSAuth: a circuit of one credential grows old from its last use (proposal 368). */
  readonly keepAliveIsolateSocksAuth: boolean
}

/** What a listener isolates by unless it is told otherwise: as C tor, and by client protocol and site. */
export const DEFAULT_ISOLATION: Omit<ListenerIsolation, 'sessionGroup'> = {
  isolateClientAddr: true,
  isolateSocksAuth: true,
  isolateClientProtocol: true,
  isolateDestPort: false,
  isolateDestAddr: false,
  isolateSite: true,
  keepAliveIsolateSocksAuth: false,
}

/**
 * Each part has its place in the key, written with its length, so that nothing in one can pass for another. Absent and
 * empty credentials differ, and so do equal words in different protocols: more isolation, never less.
 */
export function isolateRequest(listener: ListenerIsolation, origin: RequestOrigin): StreamIsolation {
  const auth = listener.isolateSocksAuth ? credentialParts(origin.credentials) : []
  const key = isolationKey([
    `listener ${listener.sessionGroup}`,
    listener.isolateClientAddr ? origin.clientAddress : '',
    listener.isolateClientProtocol ? origin.protocol : '',
    listener.isolateDestPort ? String(origin.port) : '',
    listener.isolateDestAddr ? origin.host : '',
    listener.isolateSite ? siteOf(origin.host) : '',
    ...auth,
  ])
  return { key, keepsAlive: listener.keepAliveIsolateSocksAuth && auth.length > 0 }
}

/**
 * Who shares the addresses that AutomapHostsOnResolve makes up: one program, known by its address and its credentials.
 * Listener, protocol, port and site do not count: a name is looked up at one front door, and its address connected to
 * at another.
 */
export function mapScopeOf(
  listener: Pick<ListenerIsolation, 'isolateSocksAuth'>,
  { clientAddress, credentials }: Pick<RequestOrigin, 'clientAddress' | 'credentials'>,
): IsolationKey {
  const auth = listener.isolateSocksAuth ? credentialParts(credentials) : []
  return isolationKey(['virtual addresses', clientAddress, ...auth])
}

function credentialParts(credentials: Credentials): readonly string[] {
  switch (credentials.kind) {
    case 'none':
      return []
    case 'socks4':
      return ['socks4', credentials.userId]
    case 'socks5':
      return ['socks5', credentials.username, credentials.password]
    case 'socks5-extended':
      return ['socks5-extended', credentials.isolation]
    case 'http':
      return [
        'http',
        optionalPart(credentials.authorization),
        optionalPart(credentials.streamIsolation),
        optionalPart(credentials.legacyIsolation),
      ]
    default:
      return unreachable(credentials)
  }
}

function optionalPart(value: string | undefined): string {
  return value === undefined ? '-' : `=${value}`
}
