/** The numbers by which the connection is judged, each with its reason; all are durations in milliseconds. */
import type { AttemptWay, BootstrapPhaseName } from '../ipc/snapshot-connection.ts'

/** The watchdogs look so often; a person notices no difference below a second. */
export const TICK_MS = 1_000

/**
 * Time between two looks counts for no more than this: a closed lid or a stopped process is not a silent network, and
 * an alarm after waking up would be false.
 */
export const MAX_GAP_MS = 5_000

/**
 * The core gives a relay up to ten seconds to answer, and then asks the next: within this, a healthy network has shown
 * a phase, a document or a descriptor that is new.
 */
const QUIET_UNTIL_SLOW_MS = 10_000
/** Three relays in a row have not answered by then. */
const QUIET_UNTIL_STALLED_MS = 30_000
/** An attempt that moves, but for so long, is slow: directly it usually takes five to fifteen seconds. */
const TOTAL_UNTIL_SLOW_MS = 30_000
/** Bridges are far away, few, and disguised in something slower. */
const BRIDGES_TAKE_TIMES = 2
/**
 * One document arrives whole in this phase, about 700 kB compressed, and nothing of it is counted before its end: a
 * line of 64 kbit/s needs ninety seconds, and is slow, not stalled.
 */
const CONSENSUS_QUIET_UNTIL_STALLED_MS = 90_000

/** A state of trouble gives way to a better or another one only when that one has lasted: nothing on the screen flaps. */
export const HOLD_MS = 2_000

/** A lost connection often comes back by a new circuit within seconds; after this it is an attempt of its own. */
export const REATTEMPT_AFTER_MS = 5_000

/** A network that was gone for less than this was not worth a new attempt. */
export const NETWORK_GONE_FOR_MS = 5_000

/** The system's own tools take about a second to set the proxy; until then it is on its way, not missing. */
export const PROXY_GRACE_MS = 3_000

/** Nobody is told of a loss that was over before they could have read it. */
export const TELL_LOSS_AFTER_MS = 5_000

/** So many failures through the person's own proxy in a row, and waiting longer would tell nothing new. */
export const PROXY_FAILURES = 3

export interface Patience {
  readonly quietUntilSlowMs: number
  readonly quietUntilStalledMs: number
  readonly totalUntilSlowMs: number
}

/** How long an attempt may stand still, or take, before it is called slow or stalled. */
export function patienceFor(way: AttemptWay, phase: BootstrapPhaseName | undefined): Patience {
  const times = way.kind === 'bridges' ? BRIDGES_TAKE_TIMES : 1
  const isLoading = phase === 'requesting-status' || phase === 'loading-status'
  return {
    quietUntilSlowMs: QUIET_UNTIL_SLOW_MS * times,
    quietUntilStalledMs: (isLoading ? CONSENSUS_QUIET_UNTIL_STALLED_MS : QUIET_UNTIL_STALLED_MS) * times,
    totalUntilSlowMs: TOTAL_UNTIL_SLOW_MS * times,
  }
}
