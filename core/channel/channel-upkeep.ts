/**
 * What a channel does by itself as time goes by: padding (padding-spec 2), the keepalive, closing when nobody uses it, and
 * giving up on a relay that has gone silent. One timer serves all of it and is set again only when it fires or when
 * something falls due earlier; a read or write costs two numbers.
 */
import type { NetParams } from '../netdir/net-params.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { type Random, randomBelow } from '../util/random.ts'
import {
  type ChannelUse,
  drawPaddingDelayMs,
  furtherUse,
  type PaddingConfig,
  type PaddingRange,
  type PaddingSettings,
  paddingRange,
  paddingSettings,
  shouldRelayStop,
} from './channel-padding.ts'

/** tor-spec and C tor: a channel without circuits goes after 180 s plus up to 90 s, so that closing tells nothing. */
const IDLE_CLOSE_MS = 180_000
const IDLE_CLOSE_SPREAD_MS = 90_000

/**
 * Only the relay itself can answer a CREATE, and it pads every ten seconds while it lives. Half as long again, doubled
 * for a bad line; TCP would go on for a quarter of an hour on a path that is gone.
 */
const STALL_MS = 30_000

/** A timer as late as this means that we were asleep: what arrived meanwhile has not been read yet. */
const LATE_TIMER_MS = 1_000

/** Padding's timer is not set again sooner than this, whatever the consensus says. */
const MIN_PADDING_STEP_MS = 100

export interface ChannelSettings {
  readonly padding: PaddingSettings
  /** A channel on which nothing was sent for so long sends one padding cell. */
  readonly keepaliveMs: number
  /** While dormant a channel sends nothing by itself. */
  readonly isDormant: boolean
}

/** What the user says of channels; the fields of the configuration. */
export interface ChannelConfig extends PaddingConfig {
  readonly keepaliveMs: number
}

export function channelSettings(
  config: ChannelConfig,
  params: NetParams,
  isDormant: boolean,
): ChannelSettings {
  return { padding: paddingSettings(config, params), keepaliveMs: config.keepaliveMs, isDormant }
}

export interface ChannelUpkeepParts {
  readonly clock: Clock
  readonly random: Random
  readonly settings: ChannelSettings
  readonly linkVersion: number
  /** Sends PADDING, unless something else waits to be sent. */
  readonly sendPadding: () => void
  /** Asks the relay to stop padding, or to pad again as the consensus says. */
  readonly negotiate: (action: 'start' | 'stop') => void
  readonly close: (error: TorError) => void
}

const NEVER = Number.POSITIVE_INFINITY

/** Begins when the channel is open, without circuits. */
export class ChannelUpkeep {
  readonly #parts: ChannelUpkeepParts
  #settings: ChannelSettings
  #use: ChannelUse = 'nothing'
  #range: PaddingRange | undefined
  #hasRelayStopped = false
  #lastSentMs: number
  #lastActiveMs: number
  /** Drawn when the timer asks for it; undefined after anything was sent or received. */
  #paddingDueMs: number | undefined
  #idleDueMs = NEVER
  #stallDueMs = NEVER
  #armedForMs = NEVER
  #timer: Timer | undefined
  #isStopped = false

  constructor(parts: ChannelUpkeepParts) {
    this.#parts = parts
    this.#settings = parts.settings
    this.#lastSentMs = parts.clock.monotonicMs()
    this.#lastActiveMs = this.#lastSentMs
    this.#applySettings()
    this.noteIdle()
  }

  noteSent(nowMs: number): void {
    this.#lastSentMs = nowMs
    this.#noteActivity(nowMs)
  }

  /** Any byte at all is a sign of life. */
  noteReceived(nowMs: number): void {
    this.#stallDueMs = NEVER
    this.#noteActivity(nowMs)
  }

  /** A CREATE cell was sent, which the relay itself must answer. */
  noteAnswerAwaited(): void {
    if (this.#stallDueMs !== NEVER) return
    this.#stallDueMs = this.#parts.clock.monotonicMs() + STALL_MS
    this.#arm()
  }

  noteUse(use: ChannelUse): void {
    const further = furtherUse(this.#use, use)
    if (further === this.#use) return
    this.#use = further
    this.#applySettings()
  }

  /** The last circuit is gone. */
  noteIdle(): void {
    const { clock, random } = this.#parts
    const waitMs = IDLE_CLOSE_MS + randomBelow(random, IDLE_CLOSE_SPREAD_MS)
    const isReduced = this.#settings.padding.reducedConnectionPadding
    this.#idleDueMs = clock.monotonicMs() + (isReduced ? waitMs / 2 : waitMs)
    this.#arm()
  }

  /** There is a circuit again. */
  noteBusy(): void {
    this.#idleDueMs = NEVER
  }

  useSettings(settings: ChannelSettings): void {
    this.#settings = settings
    this.#applySettings()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #applySettings(): void {
    const { linkVersion, negotiate } = this.#parts
    const { padding, isDormant } = this.#settings
    this.#range = isDormant ? undefined : paddingRange(padding, linkVersion, this.#use)
    this.#paddingDueMs = undefined
    const shouldStop = shouldRelayStop(padding, linkVersion)
    if (shouldStop !== this.#hasRelayStopped) {
      this.#hasRelayStopped = shouldStop
      negotiate(shouldStop ? 'stop' : 'start')
    }
    this.#arm()
  }

  #noteActivity(nowMs: number): void {
    this.#lastActiveMs = nowMs
    this.#paddingDueMs = undefined
    // Else a short wait that is drawn anew could end before the timer does.
    if (this.#range !== undefined && this.#armedForMs > nowMs + stepMs(this.#range)) this.#arm()
  }

  /** When there is something to do next. Padding's due time is drawn only once it could come. */
  #nextDueMs(): number {
    const paddingMs =
      this.#range === undefined ? NEVER : (this.#paddingDueMs ?? this.#lastActiveMs + stepMs(this.#range))
    return Math.min(paddingMs, this.#keepaliveDueMs(), this.#idleDueMs, this.#stallDueMs)
  }

  #keepaliveDueMs(): number {
    return this.#settings.isDormant ? NEVER : this.#lastSentMs + this.#settings.keepaliveMs
  }

  #arm(): void {
    if (this.#isStopped) return
    const dueMs = this.#nextDueMs()
    if (dueMs >= this.#armedForMs) return
    this.#timer?.cancel()
    this.#armedForMs = dueMs
    const { clock } = this.#parts
    this.#timer = clock.setTimer(dueMs - clock.monotonicMs(), () => this.#onTimer())
  }

  #onTimer(): void {
    const { clock, close } = this.#parts
    const nowMs = clock.monotonicMs()
    const isLate = nowMs - this.#armedForMs > LATE_TIMER_MS
    this.#armedForMs = NEVER
    if (this.#stallDueMs <= nowMs) {
      if (!isLate) return close(stalled())
      this.#stallDueMs = nowMs + STALL_MS
    }
    if (this.#idleDueMs <= nowMs) return close(new TorError('closed', 'the channel was idle'))
    if (this.#isPaddingDue(nowMs) || this.#keepaliveDueMs() <= nowMs) {
      this.#parts.sendPadding()
      this.noteSent(nowMs)
    }
    this.#arm()
  }

  #isPaddingDue(nowMs: number): boolean {
    if (this.#range === undefined) return false
    if (this.#paddingDueMs === undefined && this.#lastActiveMs + stepMs(this.#range) <= nowMs) {
      this.#paddingDueMs = this.#lastActiveMs + drawPaddingDelayMs(this.#range, this.#parts.random)
    }
    return this.#paddingDueMs !== undefined && this.#paddingDueMs <= nowMs
  }
}

function stepMs({ lowMs }: PaddingRange): number {
  return Math.max(lowMs, MIN_PADDING_STEP_MS)
}

function stalled(): TorError {
  return new TorError('channel-failed', 'the relay has gone silent', { retry: 'elsewhere' })
}
