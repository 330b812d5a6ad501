/**
 * Whether the way that is taken leads there, by what the connection's state machine knows. Pure. Time in all says
 * nothing: a slow way that moves is a way. A network that is gone and a wrong clock are nobody's blocking.
 */
import { type ConnectionModel, isNetworkGone, isVerified } from '../connection/connection-model.ts'
import type { AppErrorKind } from '../ipc/error-kinds.ts'
import type { Reason } from './run.ts'

/**
 * Relays and bridges refuse one after the other, and nothing has moved for so long: somebody sees to it. Shorter than
 * the watchdog's patience, which is for those that say nothing.
 */
const REFUSED_QUIET_MS = 10_000

export type Verdict =
  | { readonly kind: 'wait' }
  | { readonly kind: 'works' }
  | { readonly kind: 'no-network' }
  | { readonly kind: 'wrong-clock' }
  | { readonly kind: 'go-on'; readonly outcome: 'stalled' | 'failed'; readonly reason: Reason }

const WAIT: Verdict = { kind: 'wait' }

export function judgeWay(model: ConnectionModel): Verdict {
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
  return isRefused && quietMs >= REFUSED_QUIET_MS ? { kind: 'go-on', outcome: 'failed', reason } : WAIT
}
