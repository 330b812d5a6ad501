/**
 * What the consensus says of congestion and flow control (proposal 324, section 6.5), read once for a circuit. All
 * windows are in cells of DATA.
 */
import type { NetParams } from '../netdir/net-params.ts'

/** What XON and XOFF count in: the body of the smallest DATA cell that is full, whatever the cell's format. */
const FLOW_CELL_BYTES = 488

/**
 * A window of an exit is believed up to 16 MB, whatever the consensus says of windows: what a circuit of 30 MB a second has
 * under way on the longest of paths.
 */
const MOST_WINDOW_CELLS = 32_768

/** How many hops share the queues that Vegas looks at: three to an exit, six to an onion service. */
export type CongestionPath = 'exit' | 'onion'

/** Queue lengths, in cells, at which Vegas acts. */
export interface VegasThresholds {
  /** Below it the window grows. */
  readonly alpha: number
  /** Above it the window shrinks. */
  readonly beta: number
  /** Above it slow start ends. */
  readonly gamma: number
  /** Above it the window is cut down to it. */
  readonly delta: number
  /** Beyond this window slow start slows down (RFC 3742). */
  readonly slowStartCap: number
}

export interface WindowParams extends VegasThresholds {
  readonly initial: number
  readonly least: number
  readonly most: number
  /** Slow start ends here. */
  readonly slowStartMost: number
  /** What a step of the steady state adds or takes. */
  readonly step: number
  /** How many SENDME increments' worth of acknowledged cells are between two such steps, for each increment of window. */
  readonly stepRate: number
  /** Growth in slow start, in percent of the SENDME increment. */
  readonly slowStartPercent: number
  /** The window counts as full when no more than so many SENDME increments of it are free. */
  readonly fullGap: number
  /** The window no longer counts as full when less than this percentage of it is in use. */
  readonly fullLeastPercent: number
  /** Whether fullness is looked at anew for each window, or for each step. */
  readonly isFullPerWindow: boolean
}

export interface RoundTripParams {
  /** Of the SENDMEs between two steps, how many are averaged, in percent. */
  readonly smoothingPercent: number
  readonly smoothingMost: number
  readonly smoothingInSlowStart: number
  /** How much of the difference the least round trip takes over when the window cannot shrink any more, in percent. */
  readonly resetPercent: number
}

export interface StreamFlowParams {
  /** What a client lets wait for an application before it says XOFF, in bytes. */
  readonly xoffClientBytes: number
  /** The same of an exit: it cannot say XOFF before it was sent so much. */
  readonly xoffExitBytes: number
  /** Bytes between two advisory XONs. */
  readonly xonRateBytes: number
  /** The change of rate that is worth an XON, in percent. */
  readonly xonChangePercent: number
  /** How many measurements of the rate are averaged. */
  readonly xonSmoothing: number
  /** What may still come after XOFF and be kept, in cells: twice the largest window of a sender's slow start. */
  readonly underWayCells: number
  /** What may still come after END, in cells, and costs nothing: the largest window of a sender. */
  readonly stragglerCells: number
}

export interface CongestionParams {
  /** DATA cells for each SENDME. An answer must not differ from it by more than one. */
  readonly sendmeIncrement: number
  readonly window: WindowParams
  readonly roundTrip: RoundTripParams
  readonly stream: StreamFlowParams
}

/**
 * For Vegas, whatever algorithm `cc_alg` names: as in C tor since 0.4.9.12 no consensus takes a client back to fixed
 * windows. A relay that does not answer the question does, for itself.
 */
export function congestionParams(params: NetParams, path: CongestionPath): CongestionParams {
  return {
    sendmeIncrement: params.get('cc_sendme_inc'),
    window: windowParams(params, path),
    roundTrip: {
      smoothingPercent: params.get('cc_ewma_cwnd_pct'),
      smoothingMost: params.get('cc_ewma_max'),
      smoothingInSlowStart: params.get('cc_ewma_ss'),
      resetPercent: params.get('cc_rtt_reset_pct'),
    },
    stream: {
      xoffClientBytes: params.get('cc_xoff_client') * FLOW_CELL_BYTES,
      xoffExitBytes: params.get('cc_xoff_exit') * FLOW_CELL_BYTES,
      xonRateBytes: params.get('cc_xon_rate') * FLOW_CELL_BYTES,
      xonChangePercent: params.get('cc_xon_change_pct'),
      xonSmoothing: params.get('cc_xon_ewma_cnt'),
      underWayCells: Math.min(2 * params.get('cc_ss_max'), MOST_WINDOW_CELLS),
      stragglerCells: Math.min(params.get('cc_cwnd_max'), MOST_WINDOW_CELLS),
    },
  }
}

function windowParams(params: NetParams, path: CongestionPath): WindowParams {
  return {
    ...thresholds(params, path),
    initial: params.get('cc_cwnd_init'),
    least: params.get('cc_cwnd_min'),
    most: params.get('cc_cwnd_max'),
    slowStartMost: params.get('cc_ss_max'),
    step: params.get('cc_cwnd_inc'),
    stepRate: params.get('cc_cwnd_inc_rate'),
    slowStartPercent: params.get('cc_cwnd_inc_pct_ss'),
    fullGap: params.get('cc_cwnd_full_gap'),
    fullLeastPercent: params.get('cc_cwnd_full_minpct'),
    isFullPerWindow: params.get('cc_cwnd_full_per_cwnd') === 1,
  }
}

function thresholds(params: NetParams, path: CongestionPath): VegasThresholds {
  return {
    alpha: params.get(`cc_vegas_alpha_${path}`),
    beta: params.get(`cc_vegas_beta_${path}`),
    gamma: params.get(`cc_vegas_gamma_${path}`),
    delta: params.get(`cc_vegas_delta_${path}`),
    slowStartCap: params.get(`cc_sscap_${path}`),
  }
}
