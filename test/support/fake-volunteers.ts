/** Volunteers in this process: a broker that finds them and WebRTC that reaches them, with a Snowflake server behind. */
import type {
  PeerChannel,
  PeerConnector,
  PeerOffer,
  PeerOfferOptions,
  PeerSink,
  TorError,
} from '../../core/index.ts'
import type { WebResponse } from '../../core/transport/outside.ts'
import type { WebQuestion } from '../../core/transport/web/web-session.ts'
import type { ProxyEvents, SnowflakeSessions } from './snowflake-server.ts'

const OFFER = [
  'v=0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=candidate:1 1 udp 1 192.168.1.20 5000 typ host',
  'a=candidate:2 1 udp 1 93.184.216.34 5000 typ srflx raddr 192.168.1.20 rport 5000',
].join('\r\n')
const ANSWER = [
  'v=0',
  'm=application 9 X webrtc-datachannel',
  'a=candidate:1 1 udp 1 8.8.8.8 5 typ host',
].join('\r\n')

/** One volunteer's proxy, between a client and the server. */
export class FakeVolunteer implements PeerChannel {
  /** Takes what it is given and brings nothing of it to the server. */
  swallows = false
  /** Brings nothing to the client, and stays open. */
  isSilent = false
  isClosed = false
  /** `send` says that enough waits. */
  isFull = false
  received = 0
  readonly #sink: PeerSink
  #server: ProxyEvents | undefined

  constructor(sink: PeerSink) {
    this.#sink = sink
  }

  attach(server: ProxyEvents): void {
    this.#server = server
  }

  send(message: Buffer): boolean {
    this.received += message.length
    if (!this.swallows && !this.isClosed) setImmediate(() => this.#server?.onMessage(message))
    return !this.isFull
  }

  close(): void {
    this.isClosed = true
    this.#server?.onClose()
  }

  /** To the client: what the server sends, or what the proxy makes up. */
  bring(message: Buffer): void {
    if (this.isClosed || this.isSilent) return
    setImmediate(() => {
      if (!this.isClosed) this.#sink.onMessage(message)
    })
  }

  drain(): void {
    this.isFull = false
    this.#sink.onDrain()
  }

  /** Closes its browser. */
  leave(): void {
    if (this.isClosed) return
    this.close()
    this.#sink.onClose('the other side closed')
  }
}

export class FakeVolunteers {
  readonly volunteers: FakeVolunteer[] = []
  readonly offers: PeerOfferOptions[] = []
  readonly questions: WebQuestion[] = []
  /** Offers that were made and not closed, and connections that were opened and not closed. */
  openOffers = 0
  /** What the broker says instead. */
  brokerError: string | undefined
  /** What `connectPeer` and `accept` fail with. */
  offerError: TorError | undefined
  acceptError: TorError | undefined
  answerSdp = ANSWER
  /** What becomes of each new volunteer. */
  onVolunteer: (volunteer: FakeVolunteer) => void = () => {}
  readonly #sessions: SnowflakeSessions

  constructor(sessions: SnowflakeSessions) {
    this.#sessions = sessions
  }

  get latest(): FakeVolunteer {
    const latest = this.volunteers.at(-1)
    if (latest === undefined) throw new Error('no volunteer was found')
    return latest
  }

  readonly web = async (question: WebQuestion): Promise<WebResponse> => {
    this.questions.push(question)
    const answer = JSON.stringify({ type: 'answer', sdp: this.answerSdp })
    const told = this.brokerError === undefined ? { answer } : { error: this.brokerError }
    return { status: 200, body: Buffer.from(JSON.stringify(told)) }
  }

  readonly connectPeer: PeerConnector = async (options) => {
    this.offers.push(options)
    if (this.offerError !== undefined) throw this.offerError
    this.openOffers++
    const offer: PeerOffer = {
      sdp: OFFER,
      accept: async (_, sink) => {
        if (this.acceptError !== undefined) throw this.acceptError
        return this.#connect(sink)
      },
      close: () => {
        this.openOffers--
      },
    }
    return offer
  }

  #connect(sink: PeerSink): FakeVolunteer {
    const volunteer = new FakeVolunteer(sink)
    volunteer.attach(
      this.#sessions.accept({
        send: (message) => {
          volunteer.bring(message)
          return true
        },
        close: () => volunteer.leave(),
      }),
    )
    this.volunteers.push(volunteer)
    this.onVolunteer(volunteer)
    return volunteer
  }
}
