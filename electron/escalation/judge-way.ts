/**
 * Whether the way that is taken leads there, by what the connection's state machine knows. Pure. Time in all says
 * nothing: a slow way that moves is a way. A network that is gone and a wrong clock are nobody's blocking.
 */
import { type ConnectionModel, isNetworkGone, isVerified } from '../connection/connection-model.ts'
import type { AppErrorKind } from '../ipc/error-kinds.ts'
import type { BootstrapPhaseName } from '../ipc/snapshot-connection.ts'
import type { Reason } from './run.ts'

/**
 * Relays and bridges refuse one after the other, and nothing has moved for so long: somebody sees to it. Shorter than
 * the watchdog's patience, which is for those that say nothing.
 */
const REFUSED_QUIET_MS = 10_000
/** For a brief try. The core dials another relay after three seconds of silence: by then it has asked three of them. */
const BRIEF_QUIET_MS = 6_000
/** In these no relay has answered yet. Later ones may bring a large document, of which nothing is counted before its end. */
const UNANSWERED: ReadonlySet<BootstrapPhaseName> = new Set([
  'starting',
  'conn',
  'conn-done',
  'handshake',
  'enough-dirinfo',
  'ap-conn',
  'ap-conn-done',
  'ap-handshake',
])

export type Verdict =
  | { readonly kind: 'wait' }
  | { readonly kind: 'works' }
  | { readonly kind: 'no-network' }
  | { readonly kind: 'wrong-clock' }
  | { readonly kind: 'go-on'; readonly outcome: 'stalled' | 'failed'; readonly reason: Reason }

const WAIT: Verdict = { kind: 'wait' }

const SILENCE: Reason = {
  kind: 'brief-silence' satisfies AppErrorKind,
  detail: 'no relay answered within seconds, and none did on this network before',
}

/**
 * A brief try ends with what others wait out: a few seconds without an answer, one failure and silence after it, or that
 * everything is refused.
 */
export function judgeWay(model: ConnectionModel, isBrief: boolean): Verdict {
  const { isWanted, core, evidence, attempt, attempts, hold } = model
  if (!isWanted || hold !== undefined) return WAIT
  if (isVerified(model)) return { kind: 'works' }
  if (core.kind !== 'running' || evidence === undefined) return WAIT
  if (isNetworkGone(model)) return { kind: 'no-network' }
  const { blockage, network } = evidence
  if (blockage?.cause === 'clock-skew') return { kind: 'wrong-clock' }
  // The person's own proxy stands before every way.
  if (blockage?.kind === 'proxy-failed' || attempt === undefined) return WAIT
  const reason = attempts.at(-1)?.reason ?? {
    kind: 'timeout' satisfies AppErrorKind,
    detail: 'nothing moved for too long',
  }
  if (attempt.isStalled) return { kind: 'go-on', outcome: 'stalled', reason }
  const isRefused = blockage?.cause === 'blocked' || network === 'blocked'
  const quietMs = model.activeMs - attempt.movedAt
  if (isRefused && (isBrief || quietMs >= REFUSED_QUIET_MS))
    return { kind: 'go-on', outcome: 'failed', reason }
  if (!isBrief || quietMs < BRIEF_QUIET_MS) return WAIT
  if (blockage !== undefined) return { kind: 'go-on', outcome: 'failed', reason }
  return UNANSWERED.has(evidence.phase) ? { kind: 'go-on', outcome: 'stalled', reason: SILENCE } : WAIT
}
