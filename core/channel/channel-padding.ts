/**
 * When a channel pads (padding-spec 2): what the user and the consensus say, for a channel of this link protocol and
 * use, as pure decisions. A relay on the other side pads by the same rules on its own.
 */
import type { NetParams } from '../netdir/net-params.ts'
import { type Random, randomBelow } from '../util/random.ts'

/** From this link protocol on both ends know channel padding. */
const PADDING_LINK_VERSION = 5

/** What a channel has been good for; padding is for channels that show when somebody uses Tor, not for downloads of the directory. */
export type ChannelUse = 'nothing' | 'circuits' | 'streams'

const USE_ORDER: readonly ChannelUse[] = ['nothing', 'circuits', 'streams']

export function furtherUse(before: ChannelUse, now: ChannelUse): ChannelUse {
  return USE_ORDER.indexOf(now) > USE_ORDER.indexOf(before) ? now : before
}

/** What the user says of padding; the fields of the configuration. */
export interface PaddingConfig {
  readonly connectionPadding: 'on' | 'off' | 'auto'
  readonly reducedConnectionPadding: boolean
}

export interface PaddingRange {
  readonly lowMs: number
  readonly highMs: number
}

export interface PaddingSettings extends PaddingConfig {
  /** nf_ito_low and nf_ito_high; both 0 is no padding at all. */
  readonly consensusRange: PaddingRange
  /** nf_ito_low_reduced and nf_ito_high_reduced. */
  readonly reducedRange: PaddingRange
  /** nf_pad_before_usage: whether circuits are reason enough, without any stream. */
  readonly isBeforeUsage: boolean
}

/** Only the fields of `PaddingConfig` are taken over. */
export function paddingSettings(config: PaddingConfig, params: NetParams): PaddingSettings {
  return {
    connectionPadding: config.connectionPadding,
    reducedConnectionPadding: config.reducedConnectionPadding,
    consensusRange: rangeOf(params.get('nf_ito_low'), params.get('nf_ito_high')),
    reducedRange: rangeOf(params.get('nf_ito_low_reduced'), params.get('nf_ito_high_reduced')),
    isBeforeUsage: params.get('nf_pad_before_usage') === 1,
  }
}

function rangeOf(lowMs: number, highMs: number): PaddingRange {
  return { lowMs, highMs: Math.max(lowMs, highMs) }
}

/** How long a channel may be silent before it pads, or undefined when it does not pad. */
export function paddingRange(
  settings: PaddingSettings,
  linkVersion: number,
  use: ChannelUse,
): PaddingRange | undefined {
  const { connectionPadding, reducedConnectionPadding, consensusRange, reducedRange } = settings
  if (connectionPadding === 'off' || consensusRange.highMs === 0) return undefined
  // A relay that does not know padding drops it; it is sent all the same to one when the user insists.
  if (linkVersion < PADDING_LINK_VERSION && connectionPadding !== 'on') return undefined
  if (use === 'nothing' || (use === 'circuits' && !settings.isBeforeUsage)) return undefined
  if (!reducedConnectionPadding) return consensusRange
  // Nobody may pad more than the network asks for: other values only ever raise the consensus's.
  return {
    lowMs: Math.max(consensusRange.lowMs, reducedRange.lowMs),
    highMs: Math.max(consensusRange.highMs, reducedRange.highMs),
  }
}

/** Whether the relay is asked not to pad: with padding off, and when reduced, where padding in one direction must do. */
export function shouldRelayStop(settings: PaddingSettings, linkVersion: number): boolean {
  const isLess = settings.connectionPadding === 'off' || settings.reducedConnectionPadding
  return linkVersion >= PADDING_LINK_VERSION && isLess
}

/**
 * A time between the ends of the range: the later of two uniform draws, so that both ends together, of which the earlier
 * one resets the other, wait for about a uniform time (padding-spec 2.3).
 */
export function drawPaddingDelayMs({ lowMs, highMs }: PaddingRange, random: Random): number {
  const spreadMs = highMs - lowMs
  if (spreadMs === 0) return lowMs
  return lowMs + Math.max(randomBelow(random, spreadMs), randomBelow(random, spreadMs))
}
