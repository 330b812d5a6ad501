/** The traces of C tor's own tests of congestion control, made with the parameters of a consensus that sets none. */
import { readFileSync } from 'node:fs'

export interface RoundTripRow {
  readonly sent_usec: number
  readonly got_sendme_usec: number
  readonly cwnd: number
  readonly in_slow_start: number
  readonly curr_rtt: number
  readonly ewma_rtt: number
  readonly min_rtt: number
}

export interface VegasRow {
  readonly sent_usec: number
  readonly got_sendme_usec: number
  readonly orconn_blocked: number
  readonly inflight: number
  readonly ewma_rtt: number
  readonly min_rtt: number
  readonly cwnd: number
  readonly in_slow_start: number
  readonly cwnd_full: number
  readonly blocked_chan: number
}

export interface ClockRow {
  readonly old_delta: number
  readonly new_delta: number
  readonly in_slow_start: number
  readonly cached_stalled_after: number
  readonly result_stalled: number
}

interface CongestionVectors {
  readonly clock_heuristic: readonly ClockRow[]
  readonly rtt: readonly RoundTripRow[]
  readonly vegas: Readonly<Record<string, readonly VegasRow[]>>
}

const FILE = new URL('../vectors/congestion_control.json', import.meta.url)

export const congestionVectors = JSON.parse(readFileSync(FILE, 'utf8')) as CongestionVectors
