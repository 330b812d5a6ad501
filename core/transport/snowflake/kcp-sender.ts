/**
 * KCP's sending half: what waits to be sent, what waits to be acknowledged, and what has to go again. There is no
 * congestion window, because the data channel below has one.
 */
import { TorError } from '../../util/errors.ts'
import { KCP_DATA, KCP_HEADER_BYTES, kcpDistance, writeKcpHeader } from './kcp-segment.ts'
import { RoundTripEstimate } from './round-trip-estimate.ts'

/** KCP's own: what all implementations take, whatever carries the packets. */
export const KCP_PACKET_BYTES = 1_400
export const MAX_SEGMENT_DATA_BYTES = KCP_PACKET_BYTES - KCP_HEADER_BYTES

/** What is kept until it is acknowledged: more than the one megabyte that a stream's window lets through. */
const MAX_SEGMENTS = 1_024
/** For what belongs to the session and not to the stream, and must not wait for room. */
const MAX_SEGMENTS_WITH_CONTROL = MAX_SEGMENTS + 64
/** KCP's own, before the other side has told its window. */
const INITIAL_REMOTE_WINDOW = 32
/** As many acknowledgements of what was sent later say that a segment was lost. */
const SKIPS_OF_LOST = 3
/** What goes again in one burst: fewer than the server's queue takes, which drops the rest. */
const MAX_BURST_SEGMENTS = 64
const BURST_INTERVAL_MS = 10
/** Doublings of the time-out while nothing is acknowledged. */
const MAX_BACKOFF = 6

interface OutgoingSegment {
  /** With room for the header in front. */
  readonly packet: Buffer
  dataBytes: number
  number: number
  sentMs: number
  skips: number
}

/** What every segment carries of the other half. */
export interface ReceiverState {
  readonly window: number
  readonly unacknowledged: number
}

export type PacketSink = (packet: Buffer) => void

export class KcpSender {
  readonly #conversation: number
  readonly #roundTrip = new RoundTripEstimate()
  readonly #unsent: OutgoingSegment[] = []
  /** By number, which is the order of their first sending. What has been acknowledged before its turn is gone. */
  readonly #inFlight = new Map<number, OutgoingSegment>()
  #next = 0
  #unacknowledged = 0
  #waitingSinceMs = 0
  #remoteWindow = INITIAL_REMOTE_WINDOW
  #backoff = 0
  /** Nothing goes again for want of an acknowledgement before this time. */
  #resendFromMs = 0
  /** No segment in flight is due before this time. */
  #earliestDueMs = Number.POSITIVE_INFINITY
  #hasLost = false

  constructor(conversation: number) {
    this.#conversation = conversation
  }

  get hasRoom(): boolean {
    return this.#unsent.length + this.#inFlight.size < MAX_SEGMENTS
  }

  get isIdle(): boolean {
    return this.#unsent.length === 0 && this.#inFlight.size === 0
  }

  /** How many segments are kept, sent or not. */
  get segmentCount(): number {
    return this.#unsent.length + this.#inFlight.size
  }

  get isWindowClosed(): boolean {
    return this.#remoteWindow === 0
  }

  /** Since when something has been on its way and no more of it has arrived in order. */
  get waitingSinceMs(): number | undefined {
    return this.#next === this.#unacknowledged ? undefined : this.#waitingSinceMs
  }

  /** Copies. Throws `limit` when far more waits than `hasRoom` allows. */
  write(bytes: Uint8Array): void {
    let at = this.#fillLast(bytes)
    while (at < bytes.length) {
      if (this.segmentCount >= MAX_SEGMENTS_WITH_CONTROL) {
        throw new TorError('limit', 'more waits to be sent through a Snowflake than may wait')
      }
      const piece = bytes.subarray(at, at + MAX_SEGMENT_DATA_BYTES)
      const packet = Buffer.allocUnsafeSlow(KCP_PACKET_BYTES)
      packet.set(piece, KCP_HEADER_BYTES)
      this.#unsent.push({ packet, dataBytes: piece.length, number: 0, sentMs: 0, skips: 0 })
      at += piece.length
    }
  }

  onWindow(window: number): void {
    this.#remoteWindow = window
  }

  /** All before `number` have arrived. Whether that is news. */
  onUnacknowledged(number: number, nowMs: number): boolean {
    const advance = kcpDistance(number, this.#unacknowledged)
    if (advance <= 0 || kcpDistance(number, this.#next) > 0) return false
    for (let acknowledged = this.#unacknowledged; acknowledged !== number; ) {
      this.#inFlight.delete(acknowledged)
      acknowledged = (acknowledged + 1) >>> 0
    }
    this.#unacknowledged = number
    this.#waitingSinceMs = nowMs
    this.#noteProgress()
    return true
  }

  onAcknowledgement(number: number): void {
    if (this.#inFlight.delete(number)) this.#noteProgress()
  }

  /**
   * The latest of a packet's acknowledgements. What has a smaller number, was not sent later and is not acknowledged was
   * overtaken, which happens only to what is lost.
   */
  onLatestAcknowledgement(number: number, sentMs: number, nowMs: number): void {
    this.#roundTrip.addSample(kcpDistance(nowMs, sentMs))
    if (kcpDistance(number, this.#next) >= 0) return
    for (const segment of this.#inFlight.values()) {
      if (kcpDistance(segment.number, number) >= 0) break
      if (kcpDistance(sentMs, segment.sentMs) < 0) continue
      segment.skips++
      if (segment.skips === SKIPS_OF_LOST) this.#hasLost = true
    }
  }

  /** Whatever is in flight was on its way through a proxy that is gone. */
  onPathLost(): void {
    for (const segment of this.#inFlight.values()) segment.skips = SKIPS_OF_LOST
    this.#hasLost = this.#inFlight.size > 0
    this.#backoff = 0
    this.#resendFromMs = 0
  }

  /** Sends what is due, as long as `hasRoom` says so. */
  flush(state: ReceiverState, nowMs: number, hasRoom: () => boolean, send: PacketSink): void {
    if (this.#hasLost || nowMs >= Math.max(this.#earliestDueMs, this.#resendFromMs)) {
      this.#resend(state, nowMs, hasRoom, send)
    }
    const limit = Math.min(this.#remoteWindow, MAX_SEGMENTS_WITH_CONTROL)
    while (hasRoom() && kcpDistance(this.#next, this.#unacknowledged) < limit) {
      const segment = this.#unsent.shift()
      if (segment === undefined) return
      if (this.#next === this.#unacknowledged) this.#waitingSinceMs = nowMs
      segment.number = this.#next
      this.#next = (this.#next + 1) >>> 0
      this.#inFlight.set(segment.number, segment)
      this.#send(segment, state, nowMs, send)
    }
  }

  /** When to flush again if nothing comes in between. */
  nextFlushMs(nowMs: number): number | undefined {
    if (this.#inFlight.size === 0) return undefined
    if (this.#hasLost) return nowMs + BURST_INTERVAL_MS
    return Math.max(this.#earliestDueMs, this.#resendFromMs)
  }

  #fillLast(bytes: Uint8Array): number {
    const last = this.#unsent[this.#unsent.length - 1]
    if (last === undefined) return 0
    const piece = bytes.subarray(0, MAX_SEGMENT_DATA_BYTES - last.dataBytes)
    last.packet.set(piece, KCP_HEADER_BYTES + last.dataBytes)
    last.dataBytes += piece.length
    return piece.length
  }

  #noteProgress(): void {
    this.#backoff = 0
    this.#resendFromMs = 0
  }

  /** What is lost, and what has waited too long: the oldest first, a burst of them at a time. */
  #resend(state: ReceiverState, nowMs: number, hasRoom: () => boolean, send: PacketSink): void {
    const timeoutMs = this.#roundTrip.timeoutMs
    const mayTimeOut = nowMs >= this.#resendFromMs
    let room = MAX_BURST_SEGMENTS
    let hasTimedOut = false
    this.#earliestDueMs = Number.POSITIVE_INFINITY
    this.#hasLost = false
    for (const segment of this.#inFlight.values()) {
      const isLost = segment.skips >= SKIPS_OF_LOST
      const isDue = isLost || (mayTimeOut && nowMs >= segment.sentMs + timeoutMs)
      if (isDue && room > 0 && hasRoom()) {
        room--
        hasTimedOut ||= !isLost
        this.#send(segment, state, nowMs, send)
      } else if (isLost) {
        this.#hasLost = true
      }
      this.#earliestDueMs = Math.min(this.#earliestDueMs, segment.sentMs + timeoutMs)
    }
    if (!hasTimedOut) return
    this.#resendFromMs = nowMs + timeoutMs * 2 ** this.#backoff
    this.#backoff = Math.min(this.#backoff + 1, MAX_BACKOFF)
  }

  #send(segment: OutgoingSegment, state: ReceiverState, nowMs: number, send: PacketSink): void {
    segment.sentMs = nowMs
    segment.skips = 0
    this.#earliestDueMs = Math.min(this.#earliestDueMs, nowMs + this.#roundTrip.timeoutMs)
    const { number, packet, dataBytes } = segment
    writeKcpHeader(
      packet,
      0,
      this.#conversation,
      { command: KCP_DATA, sentMs: nowMs >>> 0, number, ...state },
      dataBytes,
    )
    send(packet.subarray(0, KCP_HEADER_BYTES + dataBytes))
  }
}
