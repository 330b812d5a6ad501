/**
 * KCP, as Snowflake uses it: reliable and in order over packets that may be lost, repeated, reordered or damaged. Stream
 * mode, no encryption and no error correction (Tor's TLS runs inside), no congestion window (the data channel has one).
 * Does no input or output: packets and the time are passed in.
 */
import {
  KCP_ACK,
  KCP_DATA,
  KCP_HEADER_BYTES,
  KCP_WINDOW_ASK,
  KCP_WINDOW_TELL,
  kcpDistance,
  readKcpSegments,
  writeKcpHeader,
} from './kcp-segment.ts'
import { KCP_WINDOW, KcpReceiver } from './kcp-receiver.ts'
import { KCP_PACKET_BYTES, KcpSender, type ReceiverState } from './kcp-sender.ts'

/** An acknowledgement waits so long for company, as in the reference implementation... */
const ACK_DELAY_MS = 10
/** ...and not when so many would fill a packet. */
const ACKS_AT_ONCE = Math.floor(KCP_PACKET_BYTES / KCP_HEADER_BYTES)
/** While the other side takes nothing, it is asked whether it does again: first after, then half as long again. */
const FIRST_PROBE_MS = 500
const MAX_PROBE_MS = 120_000

export interface KcpParts {
  /** Random, and the same in all packets of both sides. */
  readonly conversation: number
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number
  /** Whether a packet may be sent now. */
  readonly hasRoom: () => boolean
  /** `packet` is valid during the call. */
  readonly onPacket: (packet: Buffer) => void
  /** What the other side has written, in order; valid during the call. */
  readonly onData: (bytes: Buffer) => void
}

export class Kcp {
  readonly #parts: KcpParts
  readonly #sender: KcpSender
  readonly #receiver: KcpReceiver
  readonly #control = Buffer.allocUnsafeSlow(KCP_PACKET_BYTES)
  #controlBytes = 0
  #ackDueMs: number | undefined
  #mustTellWindow = false
  #probeWaitMs = 0
  #probeDueMs = 0
  #isHeard = false

  constructor(parts: KcpParts) {
    this.#parts = parts
    this.#sender = new KcpSender(parts.conversation)
    this.#receiver = new KcpReceiver(parts.onData)
  }

  /** Whether the stream may write; what belongs to the session itself is taken in any case. */
  get hasRoom(): boolean {
    return this.#sender.hasRoom
  }

  /** Whether everything that was written has arrived. */
  get isIdle(): boolean {
    return this.#sender.isIdle
  }

  /** Whether the other side has acknowledged anything. */
  get isHeard(): boolean {
    return this.#isHeard
  }

  /** Since when (by `nowMs`) something has been on its way and no more of it has arrived in order. */
  get waitingSinceMs(): number | undefined {
    return this.#sender.waitingSinceMs
  }

  /** For tests: what is kept of either side. */
  get kept(): { readonly segments: number; readonly heldBytes: number; readonly acknowledgements: number } {
    return {
      segments: this.#sender.segmentCount,
      heldBytes: this.#receiver.heldBytes,
      acknowledgements: this.#receiver.pendingCount,
    }
  }

  /** Copies; sends nothing before `flush`. Throws `limit` when far more waits than `hasRoom` allows. */
  write(bytes: Uint8Array): void {
    this.#sender.write(bytes)
  }

  /** A packet of the other side. What is damaged in it is as if it had not come. */
  onPacket(packet: Buffer): void {
    const nowMs = this.#parts.nowMs()
    let latest: { readonly number: number; readonly sentMs: number } | undefined
    for (const segment of readKcpSegments(packet, this.#parts.conversation)) {
      this.#sender.onWindow(segment.window)
      if (this.#sender.onUnacknowledged(segment.unacknowledged, nowMs)) this.#isHeard = true
      if (segment.command === KCP_ACK) {
        this.#sender.onAcknowledgement(segment.number)
        if (latest === undefined || kcpDistance(segment.number, latest.number) > 0) latest = segment
      } else if (segment.command === KCP_DATA) {
        this.#receiver.onSegment(segment)
        if (this.#receiver.pendingCount > 0) this.#ackDueMs ??= nowMs + ACK_DELAY_MS
      } else if (segment.command === KCP_WINDOW_ASK) {
        this.#mustTellWindow = true
      }
    }
    if (latest !== undefined) this.#sender.onLatestAcknowledgement(latest.number, latest.sentMs, nowMs)
  }

  /** Packets go another way from now on; what was on the old one is lost. */
  onPathLost(): void {
    this.#sender.onPathLost()
    // Says at once what has arrived, so that the other side need not wait for its time-outs.
    if (this.#receiver.next > 0) this.#mustTellWindow = true
  }

  /** Sends what is due. Returns when to be called again, by `nowMs`, if nothing comes in between. */
  flush(): number | undefined {
    const { nowMs: readClock, hasRoom, onPacket } = this.#parts
    const nowMs = readClock()
    this.#probeClosedWindow(nowMs)
    if (hasRoom()) {
      if (this.#areAcksDue(nowMs) || !this.#sender.isIdle) this.#sendAcknowledgements()
      if (this.#mustTellWindow) this.#sendControl(KCP_WINDOW_TELL, 0, 0)
      this.#mustTellWindow = false
      this.#sendControlPacket()
    }
    this.#sender.flush(this.#state(), nowMs, hasRoom, onPacket)
    return this.#nextFlushMs(nowMs)
  }

  #state(): ReceiverState {
    return { window: KCP_WINDOW, unacknowledged: this.#receiver.next }
  }

  #areAcksDue(nowMs: number): boolean {
    const isTime = this.#ackDueMs !== undefined && nowMs >= this.#ackDueMs
    return isTime || this.#receiver.pendingCount >= ACKS_AT_ONCE
  }

  #sendAcknowledgements(): void {
    this.#ackDueMs = undefined
    for (const { number, sentMs } of this.#receiver.takeAcknowledgements()) {
      this.#sendControl(KCP_ACK, number, sentMs)
    }
  }

  #probeClosedWindow(nowMs: number): void {
    if (!this.#sender.isWindowClosed) {
      this.#probeWaitMs = 0
    } else if (this.#probeWaitMs === 0) {
      this.#probeWaitMs = FIRST_PROBE_MS
      this.#probeDueMs = nowMs + this.#probeWaitMs
    } else if (nowMs >= this.#probeDueMs && this.#parts.hasRoom()) {
      this.#probeWaitMs = Math.min(this.#probeWaitMs * 1.5, MAX_PROBE_MS)
      this.#probeDueMs = nowMs + this.#probeWaitMs
      this.#sendControl(KCP_WINDOW_ASK, 0, 0)
    }
  }

  #sendControl(command: number, number: number, sentMs: number): void {
    if (this.#controlBytes + KCP_HEADER_BYTES > KCP_PACKET_BYTES) this.#sendControlPacket()
    const header = { command, number, sentMs, ...this.#state() }
    writeKcpHeader(this.#control, this.#controlBytes, this.#parts.conversation, header, 0)
    this.#controlBytes += KCP_HEADER_BYTES
  }

  #sendControlPacket(): void {
    if (this.#controlBytes > 0) this.#parts.onPacket(this.#control.subarray(0, this.#controlBytes))
    this.#controlBytes = 0
  }

  #nextFlushMs(nowMs: number): number | undefined {
    const times = [this.#ackDueMs, this.#sender.nextFlushMs(nowMs)]
    if (this.#sender.isWindowClosed) times.push(this.#probeDueMs)
    const known = times.filter((time) => time !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }
}
