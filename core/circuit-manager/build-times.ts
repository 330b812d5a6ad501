/** What build times say of the next circuit: a Pareto curve through a histogram (path-spec 2.4). Pure functions. */
import { JsonFields } from '../persist/json-fields.ts'
import type { DocumentSchema } from '../persist/versioned-document.ts'
import { malformed } from '../util/errors.ts'

/** path-spec 2.4.2: so many times are remembered, the newest. */
export const BUILD_TIMES_KEPT = 1_000

/** Width of the histogram's bins. */
export const BIN_MS = 10

/** A circuit that took longer than an hour waited for the machine or the network, not for relays. */
export const MAX_BUILD_TIME_MS = 3_600_000

/** The consensus parameters that the estimate needs. */
export interface EstimateParams {
  /** cbtnummodes. */
  readonly modes: number
  /** cbtquantile, as a fraction. */
  readonly quantile: number
  /** cbtclosequantile, as a fraction. */
  readonly closeQuantile: number
}

export interface BuildTimeEstimate {
  /** Scale and shape of the Pareto curve. */
  readonly xmMs: number
  readonly alpha: number
  /** Most circuits (`quantile`) are built in this time. No more than the slowest took. */
  readonly timeoutMs: number
  /** Nearly all (`closeQuantile`) are built in this time. No more than twice what the slowest took. */
  readonly closeMs: number
}

/** How many times fall into each bin; the key is the bin's middle in milliseconds. */
export function buildTimeHistogram(timesMs: readonly number[]): Map<number, number> {
  const bins = new Map<number, number>()
  for (const timeMs of timesMs) {
    const middleMs = Math.floor(timeMs / BIN_MS) * BIN_MS + BIN_MS / 2
    bins.set(middleMs, (bins.get(middleMs) ?? 0) + 1)
  }
  return bins
}

/**
 * The curve's start: the average of the fullest bins, each counted as often as it was hit. Of bins that are equally
 * full the slower counts, so that little data makes us patient. As in C tor a history that is not full has too few
 * hits per bin for more than one mode.
 */
function startOfCurveMs(timesMs: readonly number[], modes: number): number {
  const count = timesMs.length < BUILD_TIMES_KEPT ? 1 : modes
  const fullest = [...buildTimeHistogram(timesMs)]
    .sort(([aMs, aHits], [bMs, bHits]) => bHits - aHits || bMs - aMs)
    .slice(0, count)
  let hits = 0
  let sumMs = 0
  for (const [middleMs, binHits] of fullest) {
    hits += binHits
    sumMs += middleMs * binHits
  }
  return sumMs / hits
}

/** The maximum-likelihood curve and its quantiles; undefined without any time. */
export function estimateBuildTime(
  timesMs: readonly number[],
  params: EstimateParams,
): BuildTimeEstimate | undefined {
  if (timesMs.length === 0) return undefined
  const xmMs = startOfCurveMs(timesMs, params.modes)
  let logSum = 0
  let slowestMs = 0
  for (const timeMs of timesMs) {
    logSum += Math.log(Math.max(timeMs, xmMs) / xmMs)
    slowestMs = Math.max(slowestMs, timeMs)
  }
  // All times alike give an infinite alpha, and a curve that is its start alone.
  const alpha = timesMs.length / logSum
  const quantileMs = (quantile: number): number => xmMs / (1 - quantile) ** (1 / alpha)
  return {
    xmMs,
    alpha,
    // A flat curve would have us wait for circuits that nobody has ever seen the like of (C tor's caps).
    timeoutMs: Math.min(quantileMs(params.quantile), slowestMs),
    closeMs: Math.min(quantileMs(params.closeQuantile), 2 * slowestMs),
  }
}

/** Timeouts are learned for three hops; a longer circuit makes more round trips, each through one hop more. */
export function scaleForHops(timeoutMs: number, hops: number): number {
  return hops <= 3 ? timeoutMs : (timeoutMs * (hops * (hops + 1))) / (3 * 4)
}

/** The histogram as it is kept: no times, no order, nothing that tells when a circuit was built. */
export interface BuildTimesState {
  /** Bin middles and hits. */
  readonly bins: readonly (readonly [number, number])[]
}

export const BUILD_TIMES_SCHEMA: DocumentSchema<BuildTimesState> = {
  name: 'build-times.json',
  title: 'how long circuits took to build',
  version: 1,
  parse: parseBuildTimes,
  serialize: ({ bins }) => ({ bins: bins.map(([ms, count]) => ({ ms, count })) }),
}

function parseBuildTimes(content: unknown): BuildTimesState {
  const bins = new JsonFields('build times', content).list('bins', BUILD_TIMES_KEPT, (item) => {
    const fields = new JsonFields('a bin of build times', item)
    return [fields.integer('ms', 1, MAX_BUILD_TIME_MS), fields.integer('count', 1, BUILD_TIMES_KEPT)] as const
  })
  const total = bins.reduce((sum, [, count]) => sum + count, 0)
  if (total > BUILD_TIMES_KEPT) malformed('build times', `at most ${BUILD_TIMES_KEPT} times`, total)
  return { bins }
}
