/**
 * A Snowflake session: one KCP connection with one smux stream, carried by one proxy after another. Proxies are
 * volunteers' browsers and come and go; the server knows the session by its client id, and it goes on where it was.
 */
import { type Timer } from '../../util/clock.ts'
import { TorError, toTorError } from '../../util/errors.ts'
import { randomBytes } from '../../util/random.ts'
import { CLIENT_ID_BYTES } from './encapsulation.ts'
import { Kcp } from './kcp.ts'
import { PeerFinder, type PeerFinderParts } from './peer-finder.ts'
import type { ProxyPeer } from './proxy-peer.ts'
import { MAX_FRAME_DATA_BYTES } from './smux-frame.ts'
import { SmuxStream } from './smux-stream.ts'

/** The other side sends something every ten seconds; a proxy that brings nothing for so long is replaced. */
const SILENCE_LIMIT_MS = 20_000
/** A proxy that brings something, but takes nothing of ours to the server, is replaced after... */
const UNACKNOWLEDGED_LIMIT_MS = 30_000
/** ...and when so many in turn have done so, the server does not know us any more. */
const MAX_USELESS_PEERS = 3
/** As in the reference client. */
const KEEP_ALIVE_MS = 10_000
/** Without a frame for so long the session is over: the server has forgotten it, too. */
const SESSION_LIMIT_MS = 600_000
const WATCH_INTERVAL_MS = 1_000

export interface SnowflakeSessionEvents {
  /** The server has answered: there is a way to the bridge. Comes once. */
  onOpen(): void
  /** Bytes for the reader; valid during the call. */
  onData(bytes: Buffer): void
  /** All that can be sent now has been; there may be room. */
  onRoom(): void
  /** The bridge sends no more. */
  onEnd(): void
  /** A try to find a proxy has failed; more follow. See `PeerFinderParts.onFailure`. */
  onTryFailed(error: TorError, isOurs: boolean): void
  /** Comes once; nothing follows. */
  onFailed(error: TorError): void
}

export type SnowflakeSessionParts = Omit<PeerFinderParts, 'onPeer' | 'onFailure'>

export class SnowflakeSession {
  readonly #parts: SnowflakeSessionParts
  readonly #events: SnowflakeSessionEvents
  readonly #clientId: Buffer
  readonly #kcp: Kcp
  readonly #smux: SmuxStream
  readonly #finder: PeerFinder
  readonly #spares: ProxyPeer[] = []
  #peer: ProxyPeer | undefined
  #uselessPeers = 0
  #isOpen = false
  #isClosed = false
  #isFlushScheduled = false
  #wakeTimer: Timer | undefined
  #watchTimer: Timer | undefined
  #keptAliveMs: number
  #frames = 0
  #framesSeenMs: number

  constructor(parts: SnowflakeSessionParts, events: SnowflakeSessionEvents) {
    this.#parts = parts
    this.#events = events
    this.#clientId = randomBytes(parts.random, CLIENT_ID_BYTES)
    this.#keptAliveMs = parts.clock.monotonicMs()
    this.#framesSeenMs = this.#keptAliveMs
    this.#kcp = new Kcp({
      conversation: randomBytes(parts.random, 4).readUInt32LE(0),
      nowMs: () => parts.clock.monotonicMs(),
      hasRoom: () => this.#peer?.hasRoom === true,
      onPacket: (packet) => this.#peer?.send(packet),
      onData: (bytes) => this.#smux.onBytes(bytes),
    })
    this.#smux = new SmuxStream({
      send: (bytes) => this.#send(bytes),
      onData: (bytes) => events.onData(bytes),
      onEnd: () => events.onEnd(),
    })
    this.#finder = new PeerFinder({
      ...parts,
      onPeer: (peer) => this.#onPeer(peer),
      onFailure: (error, isOurs) => events.onTryFailed(error, isOurs),
    })
  }

  /** Begins to look for a proxy. */
  start(): void {
    this.#finder.want()
    this.#watch()
  }

  /** How many bytes `write` takes now. */
  get roomBytes(): number {
    if (this.#isClosed || !this.#kcp.hasRoom) return 0
    return Math.min(this.#smux.windowBytes, MAX_FRAME_DATA_BYTES)
  }

  /** Copies. At most `roomBytes`. */
  write(bytes: Uint8Array): void {
    this.#smux.write(bytes)
    this.#scheduleFlush()
  }

  /** We send no more. */
  end(): void {
    this.#smux.end()
    this.#scheduleFlush()
  }

  /** The reader has taken so many bytes. */
  onConsumed(bytes: number): void {
    if (this.#isClosed) return
    this.#smux.onConsumed(bytes)
    this.#scheduleFlush()
  }

  /** Says goodbye, as far as the proxy that is there takes it. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#smux.end()
    this.#kcp.flush()
    this.#peer?.flush()
    this.#peer?.close()
    for (const spare of this.#spares.splice(0)) spare.close()
    this.#finder.close()
    this.#wakeTimer?.cancel()
    this.#watchTimer?.cancel()
  }

  /** A server that takes nothing must not have what we owe it pile up; nobody who calls expects to hear of that. */
  #send(bytes: Uint8Array): void {
    try {
      this.#kcp.write(bytes)
    } catch (error) {
      this.#fail(toTorError(error, 'limit', 'writing to a Snowflake'))
    }
  }

  #fail(error: TorError): void {
    if (this.#isClosed) return
    this.close()
    this.#events.onFailed(error)
  }

  #onPeer(peer: ProxyPeer): void {
    this.#spares.push(peer)
    if (this.#peer === undefined) this.#useNextPeer()
    this.#wantPeers()
  }

  #wantPeers(): void {
    const inReserve = this.#spares.filter((spare) => !spare.isGone).length
    if (inReserve + (this.#peer === undefined ? 0 : 1) < this.#parts.args.maxPeers) this.#finder.want()
  }

  #useNextPeer(): void {
    let next = this.#spares.shift()
    while (next?.isGone === true) next = this.#spares.shift()
    this.#peer = next
    if (next === undefined) return
    next.start(this.#clientId, {
      onPacket: (packet) => this.#onPacket(packet),
      onRoom: () => this.#scheduleFlush(),
      onGone: () => this.#onPeerGone(),
    })
    this.#kcp.onPathLost()
    this.#scheduleFlush()
  }

  #onPeerGone(): void {
    if (this.#isClosed) return
    this.#peer?.close()
    this.#useNextPeer()
    this.#wantPeers()
  }

  #onPacket(packet: Buffer): void {
    if (this.#isClosed) return
    try {
      this.#kcp.onPacket(packet)
    } catch (error) {
      return this.#fail(toTorError(error, 'protocol-violation', 'reading from a Snowflake'))
    }
    this.#scheduleFlush()
    if (this.#isOpen || !this.#kcp.isHeard) return
    this.#isOpen = true
    this.#events.onOpen()
  }

  /** Whatever a turn brings goes out together at its end. */
  #scheduleFlush(): void {
    if (this.#isFlushScheduled || this.#isClosed) return
    this.#isFlushScheduled = true
    this.#parts.clock.atTurnEnd(() => {
      this.#isFlushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#isClosed) return
    // The writer's turn first: what it adds goes with the rest.
    this.#events.onRoom()
    if (this.#isClosed) return
    const wakeMs = this.#kcp.flush()
    this.#peer?.flush()
    this.#wakeTimer?.cancel()
    this.#wakeTimer = undefined
    // Without a proxy, or while it is full, there is nothing to wake up for: its return does that.
    if (wakeMs === undefined || this.#peer?.hasRoom !== true) return
    const { clock } = this.#parts
    this.#wakeTimer = clock.setTimer(Math.max(1, wakeMs - clock.monotonicMs()), () => this.#flush())
  }

  #watch(): void {
    const { clock } = this.#parts
    this.#watchTimer = clock.setTimer(WATCH_INTERVAL_MS, () => {
      const nowMs = clock.monotonicMs()
      this.#keepAlive(nowMs)
      this.#watchPeer(nowMs)
      this.#watchSession(nowMs)
      if (!this.#isClosed) this.#watch()
    })
  }

  #keepAlive(nowMs: number): void {
    if (nowMs - this.#keptAliveMs < KEEP_ALIVE_MS || this.#peer === undefined) return
    this.#keptAliveMs = nowMs
    this.#smux.keepAlive()
    this.#scheduleFlush()
  }

  #watchPeer(nowMs: number): void {
    const peer = this.#peer
    if (peer === undefined) return
    const waitingSinceMs = this.#kcp.waitingSinceMs ?? nowMs
    const isUseless = nowMs - Math.max(waitingSinceMs, peer.startedMs) > UNACKNOWLEDGED_LIMIT_MS
    if (!isUseless && nowMs - peer.heardMs <= SILENCE_LIMIT_MS) {
      if (this.#kcp.waitingSinceMs === undefined) this.#uselessPeers = 0
      return
    }
    if (isUseless && nowMs - peer.heardMs <= SILENCE_LIMIT_MS) this.#uselessPeers++
    if (this.#uselessPeers >= MAX_USELESS_PEERS) {
      return this.#fail(lost('the Snowflake server does not know our session any more'))
    }
    this.#onPeerGone()
  }

  #watchSession(nowMs: number): void {
    if (this.#frames !== this.#smux.receivedFrames) {
      this.#frames = this.#smux.receivedFrames
      this.#framesSeenMs = nowMs
    }
    if (nowMs - this.#framesSeenMs > SESSION_LIMIT_MS) {
      this.#fail(lost('no Snowflake proxy has brought anything from the bridge for ten minutes'))
    }
  }
}

function lost(words: string): TorError {
  return new TorError('channel-failed', words, { retry: 'elsewhere' })
}
