/**
 * One volunteer's proxy that we are connected to: packets become messages of its data channel and messages packets. It
 * is not trusted with anything; what it must do is answer.
 */
import type { Clock } from '../../util/clock.ts'
import { MAX_PEER_MESSAGE_BYTES, type PeerChannel, type PeerSink } from '../outside.ts'
import { MAX_PACKET_BYTES, PacketDecoder, packetPrefix, streamStart } from './encapsulation.ts'

export interface ProxyPeerEvents {
  /** `packet` is valid during the call. */
  onPacket(packet: Buffer): void
  /** It takes more after `hasRoom` was false. */
  onRoom(): void
  /** Comes once; nothing follows. */
  onGone(): void
}

/** A packet and its prefix. */
const MAX_CHUNK_BYTES = MAX_PACKET_BYTES + 3

export class ProxyPeer implements PeerSink {
  readonly #clock: Clock
  readonly #decoder = new PacketDecoder((packet) => this.#events?.onPacket(packet))
  #channel: PeerChannel | undefined
  #events: ProxyPeerEvents | undefined
  #message = Buffer.alloc(0)
  #messageBytes = 0
  #isFull = false
  #isGone = false
  #startedMs = 0
  #heardMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get hasRoom(): boolean {
    return !this.#isFull && !this.#isGone
  }

  /** By the monotonic clock. */
  get startedMs(): number {
    return this.#startedMs
  }

  get heardMs(): number {
    return this.#heardMs
  }

  /** Its data channel is open. It is not used before `start`. */
  attach(channel: PeerChannel): void {
    this.#channel = channel
    if (this.#isGone) channel.close()
  }

  /** Its turn has come: the server is told whose packets these are. */
  start(clientId: Uint8Array, events: ProxyPeerEvents): void {
    this.#events = events
    this.#startedMs = this.#clock.monotonicMs()
    this.#heardMs = this.#startedMs
    this.#add(streamStart(clientId))
  }

  /** Copies; goes out with `flush`, or earlier. */
  send(packet: Uint8Array): void {
    if (this.#messageBytes + MAX_CHUNK_BYTES > MAX_PEER_MESSAGE_BYTES) this.flush()
    this.#add(packetPrefix(packet.length))
    this.#add(packet)
  }

  /** Sends what has gathered: one message for many packets costs a browser's channel much less. */
  flush(): void {
    if (this.#messageBytes === 0 || this.#channel === undefined || this.#isGone) return
    const message = this.#message.subarray(0, this.#messageBytes)
    this.#message = Buffer.alloc(0)
    this.#messageBytes = 0
    this.#isFull = !this.#channel.send(message)
  }

  close(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#events = undefined
    this.#channel?.close()
  }

  onMessage(message: Buffer): void {
    // Before it was told who we are, nobody can have sent us anything.
    if (this.#isGone || this.#events === undefined) return
    this.#heardMs = this.#clock.monotonicMs()
    try {
      this.#decoder.decode(message)
    } catch {
      // Not a stream of packets: of no more use than a proxy that has gone.
      this.#end()
    }
  }

  onDrain(): void {
    this.#isFull = false
    this.#events?.onRoom()
  }

  onClose(): void {
    this.#end()
  }

  #end(): void {
    const events = this.#events
    if (this.#isGone) return
    this.close()
    events?.onGone()
  }

  #add(bytes: Uint8Array): void {
    if (this.#messageBytes === 0) this.#message = Buffer.allocUnsafeSlow(MAX_PEER_MESSAGE_BYTES)
    this.#message.set(bytes, this.#messageBytes)
    this.#messageBytes += bytes.length
  }
}
