/**
 * One WebRTC connection with one data channel, steered by the core host through the peer's own port. Whatever the other
 * end of the connection does, it can send bytes, up to what the host has room for, and end.
 */
import {
  CHANNEL_LOW_BYTES,
  HANDED_OVER_STEP_BYTES,
  MAX_RECEIVED_MESSAGE_BYTES,
  MAX_UNREAD_BYTES,
} from '../limits.ts'
import { type FromPeer, parseToPeer, type PeerEnd } from '../peer-messages.ts'

/** Servers that do not answer are asked for over half a minute; those that do answer at once. */
const GATHER_LIMIT_MS = 10_000
/** After a first address as the outside sees it: the other servers mostly say the same. */
const GATHER_MORE_MS = 1_000
/** What still waits when the host closes may leave for so long. */
const LAST_BYTES_LIMIT_MS = 2_000
const LAST_BYTES_STEP_MS = 50

export class Peer {
  readonly #port: MessagePort
  readonly #connection: RTCPeerConnection
  readonly #channel: RTCDataChannel
  readonly #onClosed: () => void
  #isOver = false
  #wasOpen = false
  /** Bytes given to the data channel that the host has not been told of yet. */
  #handedOver = 0
  /** Bytes given to the host that it has not taken yet. */
  #unread = 0

  constructor(port: MessagePort, iceServers: readonly string[], label: string, onClosed: () => void) {
    this.#port = port
    this.#onClosed = onClosed
    this.#connection = new RTCPeerConnection({ iceServers: iceServers.map((urls) => ({ urls })) })
    this.#channel = this.#connection.createDataChannel(label, { ordered: true })
    this.#channel.binaryType = 'arraybuffer'
    this.#channel.bufferedAmountLowThreshold = CHANNEL_LOW_BYTES
    this.#listen()
    this.#offer().catch(() => this.end('no-offer'))
  }

  /** Without a word when main or the host wants it. */
  end(why: PeerEnd | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    if (why !== undefined) this.#say({ kind: 'ended', why })
    this.#channel.close()
    this.#connection.close()
    this.#port.close()
    this.#onClosed()
  }

  #listen(): void {
    const channel = this.#channel
    channel.addEventListener('open', () => {
      this.#wasOpen = true
      this.#say({ kind: 'open' })
    })
    channel.addEventListener('close', () => this.end('closed-by-peer'))
    channel.addEventListener('bufferedamountlow', () => this.#sayTaken())
    channel.addEventListener('message', ({ data }) => this.#receive(data))
    this.#connection.addEventListener('connectionstatechange', () => {
      if (this.#connection.connectionState === 'failed') this.end(this.#wasOpen ? 'lost' : 'not-connected')
    })
    this.#port.addEventListener('message', ({ data }) => this.#obey(data))
    this.#port.start()
  }

  async #offer(): Promise<void> {
    const connection = this.#connection
    await connection.setLocalDescription(await connection.createOffer())
    await gathered(connection)
    const sdp = connection.localDescription?.sdp
    if (sdp === undefined) throw new Error('no description')
    if (!this.#isOver) this.#say({ kind: 'offer', sdp })
  }

  #obey(data: unknown): void {
    const message = parseToPeer(data)
    if (message === undefined || this.#isOver) return
    if (message instanceof Uint8Array) return this.#send(message)
    switch (message.kind) {
      case 'answer':
        this.#connection
          .setRemoteDescription({ type: 'answer', sdp: message.sdp })
          .catch(() => this.end('bad-answer'))
        return
      case 'taken':
        this.#unread -= message.bytes
        return
      case 'close':
        return this.#endWhenSent(LAST_BYTES_LIMIT_MS)
    }
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    try {
      this.#channel.send(bytes)
    } catch {
      return this.end('lost')
    }
    this.#handedOver += bytes.length
    if (this.#handedOver < HANDED_OVER_STEP_BYTES) return
    if (this.#channel.bufferedAmount <= CHANNEL_LOW_BYTES) this.#sayTaken()
  }

  #sayTaken(): void {
    if (this.#handedOver === 0 || this.#isOver) return
    this.#say({ kind: 'taken', bytes: this.#handedOver })
    this.#handedOver = 0
  }

  #receive(data: unknown): void {
    if (this.#isOver) return
    if (!(data instanceof ArrayBuffer)) return this.end('text')
    if (data.byteLength > MAX_RECEIVED_MESSAGE_BYTES) return this.end('too-long')
    this.#unread += data.byteLength
    if (this.#unread > MAX_UNREAD_BYTES) return this.end('flood')
    // Not transferred: the other end would get nothing, and it is copied between processes all the same.
    this.#port.postMessage(new Uint8Array(data))
  }

  #endWhenSent(leftMs: number): void {
    if (this.#isOver) return
    if (leftMs <= 0 || this.#channel.readyState !== 'open' || this.#channel.bufferedAmount === 0) {
      return this.end(undefined)
    }
    setTimeout(() => this.#endWhenSent(leftMs - LAST_BYTES_STEP_MS), LAST_BYTES_STEP_MS)
  }

  #say(message: FromPeer): void {
    this.#port.postMessage(message)
  }
}

/** Resolves when no more candidates come, or are waited for. */
function gathered(connection: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    if (connection.iceGatheringState === 'complete') return resolve()
    setTimeout(resolve, GATHER_LIMIT_MS)
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null) resolve()
      else if (candidate.type === 'srflx') setTimeout(resolve, GATHER_MORE_MS)
    })
  })
}
