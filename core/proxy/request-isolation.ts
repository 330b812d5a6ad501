/**
 * Turns what is known of a request (the listener it came through, the application's address,
 * the credentials it carried) into the key that
 * decides which streams may share a circuit (path-spec 3, proposal 171).
 */
import { type IsolationKey, isolationKey } from '../circuit-manager/isolation.ts'
import { unreachable } from '../util/errors.ts'

/** What the application presented. Any value is accepted: credentials here isolate, they do not authenticate. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'socks4'; readonly userId: string }
  | { readonly kind: 'socks5'; readonly username: string; readonly password: string }
  /** The header values as they came; undefined where the header was not there. */
  | {
      readonly kind: 'http'
      readonly authorization: string | undefined
      readonly streamIsolation: string | undefined
    }

export const NO_CREDENTIALS: Credentials = { kind: 'none' }

/** What an application speaks to us. */
export type ClientProtocol = 'socks4' | 'socks5' | 'http-connect'

/** What is known of a request besides its destination. */
export interface RequestOrigin {
  /** The application's IP address. */
  readonly clientAddress: string
  readonly protocol: ClientProtocol
  readonly credentials: Credentials
}

/** The isolation flags of one listener, by C tor's names. */
export interface ListenerIsolation {
  /** Unlike every other listener's: C tor gives each listener a session group of its own. */
  readonly sessionGroup: string
  /** IsolateSOCKSAuth: requests with different credentials never share a circuit. */
  readonly isolateSocksAuth: boolean
  /** IsolateClientAddr: applications on different addresses never share a circuit. */
  readonly isolateClientAddr: boolean
  /** IsolateClientProtocol: SOCKS4, SOCKS5 and HTTP never share a circuit. */
  readonly isolateClientProtocol: boolean
}

/** Absent and empty credentials differ, and so do equal words in different protocols: more isolation, never less. */
export function isolateRequest(
  listener: ListenerIsolation,
  { clientAddress, protocol, credentials }: RequestOrigin,
): IsolationKey {
  const client = listener.isolateClientAddr ? clientAddress : ''
  const spoken = listener.isolateClientProtocol ? protocol : ''
  const auth = listener.isolateSocksAuth ? credentialParts(credentials) : []
  return isolationKey([`listener ${listener.sessionGroup}`, client, spoken, ...auth])
}

function credentialParts(credentials: Credentials): readonly string[] {
  switch (credentials.kind) {
    case 'none':
      return []
    case 'socks4':
      return ['socks4', credentials.userId]
    case 'socks5':
      return ['socks5', credentials.username, credentials.password]
    case 'http':
      return ['http', optionalPart(credentials.authorization), optionalPart(credentials.streamIsolation)]
    default:
      return unreachable(credentials)
  }
}

function optionalPart(value: string | undefined): string {
  return value === undefined ? '-' : `=${value}`
}
