/**
 * Finds proxies, one at a time: makes an offer, has the broker hand it to a volunteer, and takes the answer. The broker
 * is asked no more often than the reference client does, and less often the longer it has none for us.
 */
import { abortError, createLifetime, withTimeout } from '../../util/abort.ts'
import { type Timer } from '../../util/clock.ts'
import { TorError, toTorError } from '../../util/errors.ts'
import { randomBytes, shuffled } from '../../util/random.ts'
import { RetryDelay } from '../../util/retry-delay.ts'
import type { PeerConnector, PeerOffer } from '../outside.ts'
import { type BrokerParts, exchangeWithBroker } from './broker.ts'
import { decodeBrokerAnswer, encodeBrokerRequest, NoProxyError } from './broker-messages.ts'
import { ProxyPeer } from './proxy-peer.ts'
import { checkAnswer, natTypeOf, withoutLocalCandidates } from './session-description.ts'
import type { SnowflakeArguments } from './snowflake-arguments.ts'

/** STUN servers that do not answer are waited for; whoever makes offers has a limit of its own below this. */
const OFFER_TIMEOUT_MS = 15_000
/** The broker waits ten seconds for a proxy's answer. By a queue, tries and waits come on top. */
const BROKER_TIMEOUT_MS = { https: 20_000, amp: 30_000, sqs: 60_000 } as const
/** As in the reference client. */
const OPEN_TIMEOUT_MS = 10_000
/** From the start of one request to that of the next, as in the reference client; with failures it grows. */
const INTERVAL_MS = 10_000
const MAX_INTERVAL_MS = 60_000
const LABEL_BYTES = 8

export interface PeerFinderParts extends BrokerParts {
  readonly args: SnowflakeArguments
  readonly connectPeer: PeerConnector
  readonly keepsLocalCandidates: boolean
  /** A proxy whose data channel is open. */
  readonly onPeer: (peer: ProxyPeer) => void
  /**
   * A try that found none; the next one comes by itself while one is wanted. `isOurs` when it got no further than the
   * broker, and not for want of volunteers.
   */
  readonly onFailure: (error: TorError, isOurs: boolean) => void
}

export class PeerFinder {
  readonly #parts: PeerFinderParts
  readonly #lifetime = createLifetime()
  readonly #delay: RetryDelay
  /** Each time the same ones: more servers would each see us. */
  readonly #iceServers: readonly string[]
  #isWanted = false
  #isTrying = false
  /** The broker has found somebody. */
  #hasAnswer = false
  #timer: Timer | undefined
  #nextStartMs = 0

  constructor(parts: PeerFinderParts) {
    this.#parts = parts
    this.#delay = new RetryDelay(parts.random, INTERVAL_MS, MAX_INTERVAL_MS)
    this.#iceServers = someIceServers(parts)
  }

  /** One more is wanted, as soon as the broker may be asked again. */
  want(): void {
    this.#isWanted = true
    this.#schedule()
  }

  close(): void {
    this.#isWanted = false
    this.#timer?.cancel()
    this.#lifetime.abort(new TorError('closed', 'the Snowflake session is over'))
  }

  #schedule(): void {
    if (this.#isTrying || this.#timer !== undefined || !this.#isWanted) return
    const { clock } = this.#parts
    this.#timer = clock.setTimer(Math.max(0, this.#nextStartMs - clock.monotonicMs()), () => {
      this.#timer = undefined
      void this.#try()
    })
  }

  async #try(): Promise<void> {
    const { clock, onPeer, onFailure } = this.#parts
    const { signal } = this.#lifetime
    const startedMs = clock.monotonicMs()
    this.#isTrying = true
    this.#hasAnswer = false
    try {
      const peer = await this.#connect(signal)
      this.#delay.reset()
      this.#nextStartMs = startedMs + INTERVAL_MS
      this.#isWanted = false
      this.#isTrying = false
      if (signal.aborted) peer.close()
      else onPeer(peer)
    } catch (error) {
      this.#nextStartMs = startedMs + this.#delay.nextMs()
      this.#isTrying = false
      if (!signal.aborted) {
        const isOurs = !this.#hasAnswer && !(error instanceof NoProxyError)
        onFailure(toTorError(error, 'channel-failed', 'finding a Snowflake proxy'), isOurs)
      }
    }
    this.#schedule()
  }

  async #connect(signal: AbortSignal): Promise<ProxyPeer> {
    const { clock, connectPeer, keepsLocalCandidates, random } = this.#parts
    const label = `snowflake-${randomBytes(random, LABEL_BYTES).toString('hex')}`
    const options = { iceServers: this.#iceServers, label, keepsLocalCandidates }
    const offer = await withTimeout(clock, OFFER_TIMEOUT_MS, 'preparing WebRTC', signal, (inner) =>
      connectPeer(options, inner),
    )
    try {
      if (signal.aborted) throw abortError(signal)
      const answer = await this.#exchange(offer, signal)
      const peer = new ProxyPeer(clock)
      const doing = 'reaching the Snowflake proxy that was found for us'
      const channel = await withTimeout(clock, OPEN_TIMEOUT_MS, doing, signal, (inner) =>
        offer.accept(checkAnswer(answer, keepsLocalCandidates), peer, inner),
      )
      peer.attach(channel)
      return peer
    } catch (error) {
      offer.close()
      throw error
    }
  }

  async #exchange(offer: PeerOffer, signal: AbortSignal): Promise<string> {
    const { args, clock, keepsLocalCandidates } = this.#parts
    const { fingerprint, way } = args
    const offerSdp = keepsLocalCandidates ? offer.sdp : withoutLocalCandidates(offer.sdp)
    const message = encodeBrokerRequest({ offerSdp, natType: natTypeOf(offer.sdp), fingerprint })
    const limitMs = BROKER_TIMEOUT_MS[way.kind]
    const answer = await withTimeout(clock, limitMs, 'asking the Snowflake broker', signal, (inner) =>
      exchangeWithBroker(way, message, this.#parts, inner),
    )
    const answerSdp = decodeBrokerAnswer(answer)
    this.#hasAnswer = true
    return answerSdp
  }
}

/** Half of them, as in the reference client: each learns that somebody here makes a call. */
function someIceServers({ args: { iceServers }, random }: PeerFinderParts): readonly string[] {
  const inAnyOrder = shuffled(random, iceServers)
  return inAnyOrder.length > 2 ? inAnyOrder.slice(0, Math.ceil(inAnyOrder.length / 2)) : inAnyOrder
}
