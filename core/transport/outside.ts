/**
 * What transports need of the outside and the core has no good way to by itself: HTTPS that looks like a browser's, and
 * WebRTC. A program with a browser engine in it hands them over (`ClientDeps.outside`).
 */
import type { UpstreamProxy } from './upstream-proxy.ts'

export interface WebRequest {
  /** `http` or `https`. Its host goes into the Host header, where only the front's server reads it. */
  readonly url: string
  /**
   * The name that is looked up, dialled and shown in the TLS hello, with a port behind a colon where it is not the URL's;
   * undefined: the URL's own host.
   */
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
 * Rejects with `channel-failed`, `proxy-failed`, or `wrong-identity` for a certificate that proves nothing, in words
 * without addresses, or with the signal's error.
 */
export type WebRequester = (request: WebRequest, signal: AbortSignal) => Promise<WebResponse>

/** What a data channel tells its user. */
export interface PeerSink {
  /** One message; the bytes are the sink's own. The first ones may come before `accept` has resolved. */
  onMessage(message: Buffer): void
  /** There is room again after `send` returned false. */
  onDrain(): void
  /**
   * The other side closed, or the connection failed: comes once, and nothing follows. It does not come before `accept`
   * has resolved (which rejects then), nor after our own `close`. The reason is for the log, and without addresses.
   */
  onClose(reason: string): void
}

/** A reliable, ordered data channel to a peer. */
export interface PeerChannel {
  /**
   * Sends one message of at most `MAX_PEER_MESSAGE_BYTES`; the bytes are the channel's own from then on. Returns false
   * when enough waits (some tens of kilobytes: what waits here is sent even when it is stale): go on at `onDrain`.
   */
  send(message: Buffer): boolean
  /** Sends what waits, if it can, and closes the data channel and the connection. Again, or after `onClose`: nothing. */
  close(): void
}

/** What every WebRTC implementation takes as one message. */
export const MAX_PEER_MESSAGE_BYTES = 16_384

/** Our half of a WebRTC connection with one data channel, before the peer has answered. */
export interface PeerOffer {
  /**
   * Complete: gathering is over, or has lasted as long as it may. Candidates of this machine's own network may be in
   * it; who sends it to anybody takes them out.
   */
  readonly sdp: string
  /**
   * Resolves when the data channel is open. Rejects with `channel-failed` or the signal's error, closed then. The
   * candidates in the answer are those that may be tried.
   */
  accept(answerSdp: string, sink: PeerSink, signal: AbortSignal): Promise<PeerChannel>
  /** Closes the connection, whatever has become of it. */
  close(): void
}

export interface PeerOfferOptions {
  /** URLs, `stun:host:port`. All of them are asked. */
  readonly iceServers: readonly string[]
  /** Of the data channel; the peer sees it. */
  readonly label: string
  /** Whether peers may be in the same machine or network, as on a testing network: then addresses are told as they are. */
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
