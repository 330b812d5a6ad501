/** The samples as the graph takes them, always five minutes wide, and what there is to say about them in words. */
import type { TrafficSample } from '../../../electron/ipc/snapshot.ts'

export const GRAPH_SECONDS = 300
/** Bytes in a second below which the graph is not stretched: a few cells must not look like a download. */
export const MIN_PEAK = 10_000

/** Seconds since 1970, then bytes in each second; null before anything was measured. */
export type TrafficSeries = readonly [
  at: readonly number[],
  down: readonly (number | null)[],
  up: readonly (number | null)[],
]

export function seriesOf(samples: readonly TrafficSample[], nowMs: number): TrafficSeries {
  const firstSecond = firstSecondOf(nowMs)
  const at = Array.from({ length: GRAPH_SECONDS }, (_, index) => firstSecond + index)
  let next = 0
  let last: TrafficSample | undefined
  const inEach = at.map((second) => {
    // A second without a sample was like the one before it.
    for (; next < samples.length && secondOf(samples[next]) <= second; next++) last = samples[next]
    return last
  })
  return [
    at,
    inEach.map((sample) => sample?.readBytes ?? null),
    inEach.map((sample) => sample?.writtenBytes ?? null),
  ]
}

export interface TrafficFigures {
  readonly down: number
  readonly up: number
  readonly peakDown: number
  readonly peakUp: number
}

export function figuresOf(samples: readonly TrafficSample[], nowMs: number): TrafficFigures {
  const last = samples.at(-1)
  const shown = samples.filter((sample) => secondOf(sample) >= firstSecondOf(nowMs))
  return {
    down: last?.readBytes ?? 0,
    up: last?.writtenBytes ?? 0,
    peakDown: shown.reduce((peak, { readBytes }) => Math.max(peak, readBytes), 0),
    peakUp: shown.reduce((peak, { writtenBytes }) => Math.max(peak, writtenBytes), 0),
  }
}

/** Minus infinity where nothing ever moved. */
export function lastMovedMs(samples: readonly TrafficSample[]): number {
  const moved = samples.filter(({ readBytes, writtenBytes }) => readBytes + writtenBytes > 0)
  return moved.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY
}

function firstSecondOf(nowMs: number): number {
  return Math.floor(nowMs / 1_000) - GRAPH_SECONDS + 1
}

function secondOf(sample: TrafficSample | undefined): number {
  return Math.floor((sample?.atMs ?? 0) / 1_000)
}
