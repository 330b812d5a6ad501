/**
 * What transports need of the outside and the core has no good way to by itself: HTTPS that looks like a browser's, and
 * WebRTC. A program with a browser engine in it hands them over (`ClientDeps.outside`).
 */
import type { UpstreamProxy } from './upstream-proxy.ts'

export interface WebRequest {
  /** `http` or `https`. Its host goes into the Host header, where only the front's server reads it. */
  readonly url: string
  /** The name that is looked up, dialled and shown in the TLS hello; undefined: the URL's own host. */
  readonly front: string | undefined
  readonly method: 'GET' | 'POST'
  /** Beside Host and the length, and nothing is added to them that a browser would not send. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | undefined
  /** A longer answer is an error. */
  readonly maxResponseBytes: number
  /** Everything goes through it, the look-up of the name too. */
  readonly proxy: UpstreamProxy | undefined
}

export interface WebResponse {
  /** Redirects are not followed: they come back as they are. */
  readonly status: number
  readonly body: Buffer
}

/**
 * Sends one request and resolves with the whole answer. The server's certificate is checked for the front's name.
 * Rejects with `channel-failed` or `proxy-failed`, in words without addresses, or with the signal's error.
 */
export type WebRequester = (request: WebRequest, signal: AbortSignal) => Promise<WebResponse>

/** What a data channel tells its user. */
export interface PeerSink {
  /** One message; the bytes are the sink's own. */
  onMessage(message: Buffer): void
  /** There is room again after `send` returned false. */
  onDrain(): void
  /** Comes once; nothing follows. The reason is for the log, and without addresses. */
  onClose(reason: string): void
}

/** A reliable, ordered data channel to a peer. */
export interface PeerChannel {
  /** Sends one message. Returns false when enough waits: go on at `onDrain`. */
  send(message: Buffer): boolean
  close(): void
}

/** Our half of a WebRTC connection, before the peer has answered. */
export interface PeerOffer {
  /** Complete with its candidates, and none of them of this machine's own network. */
  readonly sdp: string
  /** Resolves when the data channel is open. Rejects with `channel-failed` or the signal's error, closed then. */
  accept(answerSdp: string, sink: PeerSink, signal: AbortSignal): Promise<PeerChannel>
  close(): void
}

export interface PeerOfferOptions {
  /** `stun:host:port`, as in bridge lines. */
  readonly iceServers: readonly string[]
  /** Whether candidates of loopback and private networks are told; only a network of one's own needs them. */
  readonly keepsLocalCandidates: boolean
}

/** Rejects with `channel-failed` or the signal's error. */
export type PeerConnector = (options: PeerOfferOptions, signal: AbortSignal) => Promise<PeerOffer>

export interface Outside {
  /** Undefined: the core's own HTTPS, whose hello is that of no browser. */
  readonly webRequest: WebRequester | undefined
  /** Undefined: there is no WebRTC, and transports that need it refuse in words. */
  readonly connectPeer: PeerConnector | undefined
}

export const NO_OUTSIDE: Outside = { webRequest: undefined, connectPeer: undefined }
