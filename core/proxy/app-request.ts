/**
 * What an application can ask a front door for, and the shape that every front door's parser has: pure, fed with
 * bytes in any chunks, bounded, and silent about sockets.
 */
import type { ResolvedAddress, ResolvedName } from '../client/client-port.ts'
import type { TorError } from '../util/errors.ts'
import type { ClientProtocol, Credentials } from './request-isolation.ts'

/** How this front door's protocol answers the request. Each reply is complete and is sent once. */
export interface RequestReplies {
  /** For a `connect`: the application's bytes may flow. */
  connected(): Buffer
  /** For a `resolve`; undefined when the protocol cannot carry any of the addresses. */
  resolved(addresses: readonly ResolvedAddress[]): Buffer | undefined
  /** For a `resolve-address`; undefined when the protocol cannot carry any of the names. */
  named(names: readonly ResolvedName[]): Buffer | undefined
  failed(error: TorError): Buffer
}

/** A request as the application spelled it: host and port are not checked yet. */
export interface AppRequest {
  readonly command: 'connect' | 'resolve' | 'resolve-address'
  readonly protocol: ClientProtocol
  /** Latin-1 text of what came, or an IP literal without brackets. Sensitive. */
  readonly host: string
  /** 0..65535; meaningless for look-ups. */
  readonly port: number
  /** Whether the application spoke of an address where a name could stand: it may have looked the name up itself. */
  readonly namesAddress: boolean
  readonly credentials: Credentials
  readonly replies: RequestReplies
}

export type HandshakeStep =
  | { readonly kind: 'need-more' }
  /** Send these bytes and ask for the next step. */
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  /** `rest` is what came behind the request, a copy. The parser is finished. */
  | { readonly kind: 'request'; readonly request: AppRequest; readonly rest: Buffer }
  /**
   * Send these bytes and close. `reason` is for the log, `advice` for the user, once; neither carries anything that the
   * application sent.
   */
  | {
      readonly kind: 'refused'
      readonly bytes: Buffer
      readonly reason: string
      readonly advice?: string
    }

export interface HandshakeParser {
  /** Copies the bytes. Throws `limit` when the application sends more than a handshake can hold. */
  push(bytes: Uint8Array): void
  /** Never blocks, never throws; after `request` or `refused` it must not be called again. */
  next(): HandshakeStep
}

export const NEED_MORE: HandshakeStep = { kind: 'need-more' }
