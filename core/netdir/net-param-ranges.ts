/** Consensus parameters this client may ask for: their default and range (param-spec; as in C tor 0.4.9.11, read 2026-11-22). */

/** Values outside `min..max` are clamped, a missing one takes the default. */
export interface ParamRange {
  readonly min: number
  readonly default: number
  readonly max: number
}

export const NET_PARAM_RANGES = {
  /** divisor for the bandwidth-weights line. */
  bwweightscale: { min: 1, default: 10000, max: 2147483647 },
  /** turn learning off. */
  cbtdisabled: { min: 0, default: 0, max: 1 },
  /** histogram modes averaged for Xm. */
  cbtnummodes: { min: 1, default: 10, max: 20 },
  /** window for timeout-reset test (circuits). */
  cbtrecentcount: { min: 3, default: 20, max: 1000 },
  /** timeouts in window that reset CBT (circuits). */
  cbtmaxtimeouts: { min: 3, default: 18, max: 10000 },
  /** needed before estimating (circuits). */
  cbtmincircs: { min: 1, default: 100, max: 10000 },
  /** timeout quantile (percent). */
  cbtquantile: { min: 10, default: 80, max: 99 },
  /** abandon quantile (percent). */
  cbtclosequantile: { min: 10, default: 99, max: 99 },
  /** test circuit rate while learning (s). */
  cbttestfreq: { min: 1, default: 10, max: 2147483647 },
  /** floor (ms). */
  cbtmintimeout: { min: 10, default: 10, max: 2147483647 },
  /** before learning (ms). */
  cbtinitialtimeout: { min: 10, default: 60000, max: 2147483647 },
  /** idle circuit timeout while learning (s). */
  cbtlearntimeout: { min: 10, default: 180, max: 60000 },
  /** no test circuits above this (circuits). */
  cbtmaxopencircs: { min: 0, default: 10, max: 14 },
  /** minimum for BDP (sendmes). */
  cc_bwe_min: { min: 2, default: 5, max: 20 },
  /** SENDME increment; negotiated value must be within +-1 (cells). */
  cc_sendme_inc: { min: 1, default: 31, max: 254 },
  /**  (cells). */
  cc_cwnd_init: { min: 31, default: 124, max: 10000 },
  /** arti source says 31 as its compiled default: C tor 0.4.9 is 1 (cells). */
  cc_cwnd_inc: { min: 1, default: 1, max: 1000 },
  /** arti compiled default 1. */
  cc_cwnd_inc_rate: { min: 1, default: 31, max: 250 },
  /** C tor; arti 50 (percent). */
  cc_cwnd_inc_pct_ss: { min: 1, default: 100, max: 500 },
  /** C tor; arti 31 (cells). */
  cc_cwnd_min: { min: 31, default: 124, max: 1000 },
  /**  (cells). */
  cc_cwnd_max: { min: 500, default: 2147483647, max: 2147483647 },
  /** arti 4444 (sendme_inc). */
  cc_cwnd_full_gap: { min: 0, default: 4, max: 32767 },
  /**  (percent). */
  cc_cwnd_full_minpct: { min: 0, default: 25, max: 100 },
  /** . */
  cc_cwnd_full_per_cwnd: { min: 0, default: 1, max: 1 },
  /**  (cells). */
  cc_ss_max: { min: 500, default: 5000, max: 2147483647 },
  /** RFC3742 cap (cells). */
  cc_sscap_exit: { min: 100, default: 600, max: 2147483647 },
  /**  (cells). */
  cc_sscap_onion: { min: 100, default: 475, max: 2147483647 },
  /**  (percent). */
  cc_ewma_cwnd_pct: { min: 1, default: 50, max: 255 },
  /** . */
  cc_ewma_max: { min: 2, default: 10, max: 2147483647 },
  /** . */
  cc_ewma_ss: { min: 2, default: 2, max: 2147483647 },
  /**  (percent). */
  cc_rtt_reset_pct: { min: 0, default: 100, max: 100 },
  /** 3*62 (cells). */
  cc_vegas_alpha_exit: { min: 0, default: 186, max: 1000 },
  /** 4*62 (cells). */
  cc_vegas_beta_exit: { min: 0, default: 248, max: 1000 },
  /** 3*62 (cells). */
  cc_vegas_gamma_exit: { min: 0, default: 186, max: 1000 },
  /** 5*62 (cells). */
  cc_vegas_delta_exit: { min: 0, default: 310, max: 2147483647 },
  /** 3*62 (cells). */
  cc_vegas_alpha_onion: { min: 0, default: 186, max: 1000 },
  /** 6*62 (cells). */
  cc_vegas_beta_onion: { min: 0, default: 372, max: 1000 },
  /** 4*62 (cells). */
  cc_vegas_gamma_onion: { min: 0, default: 248, max: 1000 },
  /** 7*62 (cells). */
  cc_vegas_delta_onion: { min: 0, default: 434, max: 2147483647 },
  /** send XOFF above this outbuf (cells (x488 bytes)). */
  cc_xoff_client: { min: 1, default: 500, max: 10000 },
  /** what an exit uses: limit for XOFF validity checks (cells). */
  cc_xoff_exit: { min: 1, default: 500, max: 10000 },
  /** min bytes between advisory XONs (cells). */
  cc_xon_rate: { min: 1, default: 500, max: 5000 },
  /**  (percent). */
  cc_xon_change_pct: { min: 1, default: 25, max: 99 },
  /** . */
  cc_xon_ewma_cnt: { min: 2, default: 2, max: 100 },
  /** pre-CC circuit window (cells). */
  circwindow: { min: 100, default: 1000, max: 1000 },
  /** live network 1: always require 1. */
  sendme_accept_min_version: { min: 0, default: 0, max: 255 },
  /** always emit 1. */
  sendme_emit_min_version: { min: 0, default: 1, max: 255 },
  /** conflux. */
  cfx_enabled: { min: 0, default: 1, max: 1 },
  /**  (legs). */
  cfx_num_legs_set: { min: 0, default: 2, max: 255 },
  /**  (legs). */
  cfx_max_legs_set: { min: 3, default: 8, max: 255 },
  /**  (sets). */
  cfx_max_linked_set: { min: 0, default: 10, max: 255 },
  /**  (sets). */
  cfx_max_prebuilt_set: { min: 0, default: 3, max: 255 },
  /** . */
  cfx_max_unlinked_leg_retry: { min: 0, default: 3, max: 255 },
  /** no prebuild below this share of conflux exits (live 5000) (1/100 percent). */
  cfx_low_exit_threshold: { min: 0, default: 6000, max: 10000 },
  /** C tor default is unlimited: set a sane cap (bytes). */
  cfx_max_oooq_bytes: { min: 0, default: 2147483647, max: 2147483647 },
  /**  (percent). */
  cfx_send_pct: { min: 0, default: 100, max: 255 },
  /**  (percent). */
  cfx_drain_pct: { min: 0, default: 0, max: 255 },
  /** channel padding (ms). */
  nf_ito_low: { min: 0, default: 1500, max: 60000 },
  /**  (ms). */
  nf_ito_high: { min: 0, default: 9500, max: 60000 },
  /** reduced padding (ms). */
  nf_ito_low_reduced: { min: 0, default: 9000, max: 60000 },
  /**  (ms). */
  nf_ito_high_reduced: { min: 0, default: 14000, max: 60000 },
  /** . */
  nf_pad_before_usage: { min: 0, default: 1, max: 1 },
  /** unused circuit lifetime (s). */
  nf_conntimeout_clients: { min: 60, default: 1800, max: 86400 },
  /** . */
  circpad_padding_disabled: { min: 0, default: 0, max: 1 },
  /** . */
  circpad_padding_reduced: { min: 0, default: 0, max: 1 },
  /**  (cells). */
  circpad_global_allowed_cells: { min: 0, default: 0, max: 65534 },
  /**  (percent). */
  circpad_global_max_padding_pct: { min: 0, default: 0, max: 100 },
  /**  (cells). */
  circpad_max_circ_queued_cells: { min: 0, default: 1000, max: 50000 },
  /** The largest share of the guards that the sample may hold (percent). */
  'guard-max-sample-threshold-percent': { min: 1, default: 20, max: 100 },
  /**  (guards). */
  'guard-max-sample-size': { min: 1, default: 60, max: 2147483647 },
  /**  (guards). */
  'guard-min-filtered-sample-size': { min: 1, default: 20, max: 2147483647 },
  /**  (days). */
  'guard-remove-unlisted-guards-after-days': { min: 1, default: 20, max: 3650 },
  /** unconfirmed (days). */
  'guard-lifetime-days': { min: 1, default: 120, max: 3650 },
  /** 0.4.9.10+: expires 48 to 60 days after first use (days). */
  'guard-confirmed-min-lifetime-days': { min: 1, default: 60, max: 3650 },
  /**  (guards). */
  'guard-n-primary-guards': { min: 1, default: 3, max: 2147483647 },
  /** live network 2 (guards). */
  'guard-n-primary-guards-to-use': { min: 1, default: 1, max: 2147483647 },
  /** live network 2 (guards). */
  'guard-n-primary-dir-guards-to-use': { min: 1, default: 3, max: 2147483647 },
  /**  (s). */
  'guard-internet-likely-down-interval': { min: 1, default: 600, max: 2147483647 },
  /**  (s). */
  'guard-nonprimary-guard-connect-timeout': { min: 1, default: 15, max: 2147483647 },
  /**  (s). */
  'guard-nonprimary-guard-idle-timeout': { min: 1, default: 600, max: 2147483647 },
  /**  (percent). */
  'guard-meaningful-restriction-percent': { min: 1, default: 20, max: 2147483647 },
  /**  (percent). */
  'guard-extreme-restriction-percent': { min: 1, default: 1, max: 100 },
  /** C tor. */
  'vanguards-lite-enabled': { min: 0, default: 1, max: 1 },
  /** arti: 0 none 1 lite 2 full. */
  'vanguards-enabled': { min: 0, default: 1, max: 2 },
  /** arti services: full. */
  'vanguards-hs-service': { min: 0, default: 2, max: 2 },
  /**  (guards). */
  'guard-hs-l2-number': { min: 1, default: 4, max: 19 },
  /**  (s). */
  'guard-hs-l2-lifetime-min': { min: 1, default: 86400, max: 2147483647 },
  /**  (s). */
  'guard-hs-l2-lifetime-max': { min: 1, default: 1036800, max: 2147483647 },
  /** full vanguards (guards). */
  'guard-hs-l3-number': { min: 1, default: 8, max: 2147483647 },
  /**  (s). */
  'guard-hs-l3-lifetime-min': { min: 1, default: 3600, max: 2147483647 },
  /**  (s). */
  'guard-hs-l3-lifetime-max': { min: 1, default: 172800, max: 2147483647 },
  /** time period length (min). */
  hsdir_interval: { min: 5, default: 1440, max: 14400 },
  /** . */
  hsdir_n_replicas: { min: 1, default: 2, max: 16 },
  /** . */
  hsdir_spread_fetch: { min: 1, default: 3, max: 128 },
  /** . */
  hsdir_spread_store: { min: 1, default: 4, max: 128 },
  /**  (bytes). */
  HSV3MaxDescriptorSize: { min: 1, default: 50000, max: 2147483647 },
  /** prop 360: cap the cells accepted in one HSDir reply (cells). */
  hsdir_dl_max_reply_cells: { min: 2, default: 110, max: 2304 },
  /** prop 360 (cells). */
  hsdir_ul_max_reply_cells: { min: 2, default: 8, max: 1024 },
  /** live 1. */
  hs_service_max_rdv_failures: { min: 1, default: 2, max: 10 },
  /** service. */
  hs_intro_min_introduce2: { min: 0, default: 16384, max: 2147483647 },
  /** service. */
  hs_intro_max_introduce2: { min: 0, default: 32768, max: 2147483647 },
  /** service (s). */
  hs_intro_min_lifetime: { min: 0, default: 64800, max: 2147483647 },
  /** service (s). */
  hs_intro_max_lifetime: { min: 0, default: 86400, max: 2147483647 },
  /** service. */
  hs_intro_num_extra: { min: 0, default: 2, max: 128 },
  /** prop 362 client cap. */
  HiddenServiceProofOfWorkV1MaxEffort: { min: 0, default: 10000, max: 2147483647 },
  /** usable-path fraction needed before building circuits (percent). */
  min_paths_for_circs_pct: { min: 25, default: 60, max: 95 },
  /** live 1. */
  ExtendByEd25519ID: { min: 0, default: 0, max: 1 },
  /** honour family lines. */
  'use-family-lists': { min: 0, default: 1, max: 1 },
  /** honour family-ids lines (happy families). */
  'use-family-ids': { min: 0, default: 1, max: 1 },
  /** . */
  UseGuardFraction: { min: 0, default: 0, max: 1 },
  /** relay side. */
  AllowNonearlyExtend: { min: 0, default: 0, max: 1 },
  /** exit side. */
  'allow-network-reentry': { min: 0, default: 0, max: 1 },
  /** EWMA scheduler (ms). */
  CircuitPriorityHalflifeMsec: { min: 1, default: 30000, max: 2147483647 },
  /** path bias (C tor). */
  pb_mincircs: { min: 5, default: 150, max: 2147483647 },
  /** . */
  pb_dropguards: { min: 0, default: 0, max: 1 },
  /**  (percent). */
  pb_extremepct: { min: 0, default: 30, max: 100 },
  /** . */
  pb_minuse: { min: 3, default: 20, max: 2147483647 },
  /**  (percent). */
  pb_extremeusepct: { min: 0, default: 60, max: 100 },
} as const satisfies Record<string, ParamRange>

export type NetParamName = keyof typeof NET_PARAM_RANGES
