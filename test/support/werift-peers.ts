/** WebRTC for tests, by werift: what the app does with Chromium's own. Nothing leaves this machine. */
import { RTCPeerConnection } from 'werift'
import type { PeerChannel, PeerConnector, PeerOffer, PeerSink } from '../../core/index.ts'
import { TorError } from '../../core/index.ts'

/** Above this, enough waits; below a quarter of it there is room again. */
const FULL_BYTES = 65_536
const GATHER_LIMIT_MS = 3_000

type DataChannel = ReturnType<RTCPeerConnection['createDataChannel']>

export const connectWithWerift: PeerConnector = async ({ iceServers, label }, signal) => {
  const connection = new RTCPeerConnection({
    // Without any, werift asks one of Google's.
    iceServers: iceServers.map((urls) => ({ urls })),
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceUseIpv6: false,
  })
  const channel = connection.createDataChannel(label, { ordered: true })
  await connection.setLocalDescription(await connection.createOffer())
  await gathered(connection)
  const sdp = connection.localDescription?.sdp
  if (signal.aborted || sdp === undefined) {
    void connection.close()
    throw new TorError('channel-failed', 'no offer was made')
  }
  return new WeriftOffer(connection, channel, sdp)
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_LIMIT_MS)
    connection.iceGatheringStateChange.subscribe((state) => {
      if (state !== 'complete') return
      clearTimeout(timer)
      resolve()
    })
  })
}

class WeriftOffer implements PeerOffer {
  readonly sdp: string
  readonly #connection: RTCPeerConnection
  readonly #channel: DataChannel

  constructor(connection: RTCPeerConnection, channel: DataChannel, sdp: string) {
    this.sdp = sdp
    this.#connection = connection
    this.#channel = channel
  }

  accept(answerSdp: string, sink: PeerSink, signal: AbortSignal): Promise<PeerChannel> {
    const [connection, channel] = [this.#connection, this.#channel]
    return new Promise((resolve, reject) => {
      let isOpen = false
      let isOver = false
      const over = (reason: string): void => {
        if (isOver) return
        isOver = true
        signal.removeEventListener('abort', onAbort)
        if (isOpen) sink.onClose(reason)
        else reject(new TorError('channel-failed', `the data channel did not open: ${reason}`))
        void connection.close()
      }
      const onAbort = (): void => over('aborted')
      signal.addEventListener('abort', onAbort, { once: true })
      channel.onMessage.subscribe((message) => {
        if (!isOver) sink.onMessage(Buffer.from(message))
      })
      channel.bufferedAmountLowThreshold = FULL_BYTES / 4
      let isFull = false
      channel.bufferedAmountLow.subscribe(() => {
        if (!isFull || isOver) return
        isFull = false
        sink.onDrain()
      })
      channel.stateChanged.subscribe((state) => {
        if (state === 'closed' || state === 'closing') return over(`the channel is ${state}`)
        if (state !== 'open' || isOver) return
        isOpen = true
        signal.removeEventListener('abort', onAbort)
        resolve({
          send(message) {
            if (isOver) return true
            channel.send(message)
            isFull = channel.bufferedAmount > FULL_BYTES
            return !isFull
          },
          close() {
            isOver = true
            channel.close()
            void connection.close()
          },
        })
      })
      connection.connectionStateChange.subscribe((state) => {
        if (state === 'failed' || state === 'closed' || state === 'disconnected')
          over(`the connection is ${state}`)
      })
      connection
        .setRemoteDescription({ type: 'answer', sdp: answerSdp })
        .catch((error: unknown) => over(String(error)))
    })
  }

  close(): void {
    void this.#connection.close()
  }
}
