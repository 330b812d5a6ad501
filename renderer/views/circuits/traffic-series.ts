/** The samples as the graph takes them, always five minutes wide, and what there is to say about them in words. */
import type { TrafficSample } from '../../../electron/ipc/snapshot.ts'

export const GRAPH_SECONDS = 300
/** Bytes in a second below which the graph is not stretched: a few cells must not look like a download. */
export const MIN_PEAK = 10_000

/** Seconds since 1970, then bytes in each second; undefined where nothing was measured. */
export type TrafficSeries = readonly [
  at: readonly number[],
  down: readonly (number | null)[],
  up: readonly (number | null)[],
]

export function seriesOf(samples: readonly TrafficSample[], nowMs: number): TrafficSeries {
  const lastSecond = Math.floor((samples.at(-1)?.atMs ?? nowMs) / 1_000)
  const bySecond = new Map(samples.map((sample) => [Math.floor(sample.atMs / 1_000), sample]))
  const at = Array.from({ length: GRAPH_SECONDS }, (_, index) => lastSecond - GRAPH_SECONDS + 1 + index)
  return [
    at,
    at.map((second) => bySecond.get(second)?.readBytes ?? null),
    at.map((second) => bySecond.get(second)?.writtenBytes ?? null),
  ]
}

export interface TrafficFigures {
  readonly down: number
  readonly up: number
  readonly peakDown: number
  readonly peakUp: number
}

export function figuresOf(samples: readonly TrafficSample[]): TrafficFigures {
  const last = samples.at(-1)
  return {
    down: last?.readBytes ?? 0,
    up: last?.writtenBytes ?? 0,
    peakDown: samples.reduce((peak, { readBytes }) => Math.max(peak, readBytes), 0),
    peakUp: samples.reduce((peak, { writtenBytes }) => Math.max(peak, writtenBytes), 0),
  }
}
