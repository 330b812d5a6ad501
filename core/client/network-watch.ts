/**
 * Tells "there is no network" from "there is one, but relays cannot be reached", by how channels fail, and notices
 * when it is back. While it is gone it looks at this computer's own addresses, which costs nobody anything.
 */
import type { Clock, Timer } from '../util/clock.ts'
import { systemCodeOf, type TorError } from '../util/errors.ts'
import { type Random, randomFraction } from '../util/random.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'

/** `blocked`: this computer has a network, and no relay answers: a firewall, a captive portal, or a censor. */
export type NetworkState = 'unknown' | 'up' | 'down' | 'blocked'

export interface NetworkWatchParts {
  readonly clock: Clock
  readonly random: Random
  /** A text that changes with this computer's addresses beyond loopback; empty when it has none. */
  readonly localAddresses: () => string
  /** The network may be usable again: waits and pauses have lost their reason. */
  readonly onBack: () => void
}

/** So many channels in a row, to whatever relays, fail before it is the network's fault. */
const FAILURES_IN_A_ROW = 3
/** Between looks at our own addresses while the network is gone, and a half more at random. */
const LOOK_EVERY_MS = 5_000
/** Requests may shorten the pauses no more often: an application that retries must not make us hammer relays. */
const KICK_EVERY_MS = 15_000
/** What the system says when it knows that there is no way out. */
const NO_NETWORK_CODES = new Set(['ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL'])

export class NetworkWatch {
  readonly state: Watchable<NetworkState>
  readonly #state = new WatchedValue<NetworkState>('unknown')
  readonly #parts: NetworkWatchParts
  #failures = 0
  #unreachable = 0
  #timer: Timer | undefined
  #addresses = ''
  #lastKickMs = -Infinity
  #isStopped = false

  constructor(parts: NetworkWatchParts) {
    this.#parts = parts
    this.state = this.#state
  }

  /** A channel opened. */
  noteSuccess(): void {
    const wasGone = this.isGone
    this.#failures = 0
    this.#unreachable = 0
    this.#timer?.cancel()
    this.#timer = undefined
    this.#state.set('up')
    if (wasGone) this.#kick()
  }

  /** A channel could not be opened. Errors that are no news of the network (an abort, a wrong identity) say nothing. */
  noteFailure(error: TorError): void {
    if (this.#isStopped || !isNetworkError(error)) return
    this.#failures += 1
    if (NO_NETWORK_CODES.has(systemCodeOf(error) ?? '')) this.#unreachable += 1
    if (this.#failures < FAILURES_IN_A_ROW) return
    this.#addresses = this.#parts.localAddresses()
    // An empty list means no network only where failing to connect means the same: relays may be on loopback.
    const isDown = this.#unreachable === this.#failures || this.#addresses === ''
    this.#state.set(isDown ? 'down' : 'blocked')
    this.#watchAddresses()
  }

  /** A user asks for something: if the network was gone, it is tried at once. */
  noteRequest(): void {
    if (this.isGone) this.#kick()
  }

  /** What was learned before a sleep is worth nothing. */
  forget(): void {
    this.#failures = 0
    this.#unreachable = 0
  }

  /** Another way to the network is taken, and how channels failed on the one before says nothing of it. */
  restart(): void {
    this.forget()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#state.set('unknown')
  }

  get isGone(): boolean {
    return this.#state.value === 'down' || this.#state.value === 'blocked'
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #watchAddresses(): void {
    if (this.#timer !== undefined || this.#isStopped) return
    const { clock, random, localAddresses } = this.#parts
    this.#timer = clock.setTimer(LOOK_EVERY_MS * (1 + randomFraction(random) / 2), () => {
      this.#timer = undefined
      const now = localAddresses()
      if (now !== this.#addresses && now !== '') this.#kick()
      this.#addresses = now
      if (this.isGone) this.#watchAddresses()
    })
  }

  #kick(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    if (nowMs - this.#lastKickMs < KICK_EVERY_MS) return
    this.#lastKickMs = nowMs
    this.#parts.onBack()
  }
}

function isNetworkError(error: TorError): boolean {
  return error.kind === 'channel-failed' || error.kind === 'timeout'
}
