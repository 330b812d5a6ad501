/** Which one state says it best, and when a change of state may be shown. Pure. */
import type { ConnectionState } from '../ipc/snapshot-connection.ts'
import { finalFailure } from './attempts.ts'
import { HOLD_MS, PROXY_GRACE_MS } from './connect-limits.ts'
import type { Moment } from './connection-event.ts'
import { type ConnectionModel, isNetworkGone, isVerified } from './connection-model.ts'

/** What is so now, the most important first. */
export function judgeState(model: ConnectionModel): ConnectionState {
  if (!model.isWanted) return model.isRestoring || model.core.kind !== 'stopped' ? 'restoring' : 'off'
  if (finalFailure(model) !== undefined) return 'failed'
  if (model.core.kind === 'gone' || model.restart !== undefined) return 'protected-down'
  if (isNetworkGone(model)) return 'no-network'
  if (isVerified(model)) return judgeVerified(model)
  return judgeConnecting(model)
}

function judgeVerified(model: ConnectionModel): ConnectionState {
  if (isProxyMissing(model)) return 'proxy-not-applied'
  // Not green before programs are led to us, too; a person who turns the setting on later sees its own progress.
  const isFirst = model.shown.state !== 'connected' && model.shown.state !== 'proxy-not-applied'
  return isFirst && isProxyOnItsWay(model) ? 'connecting' : 'connected'
}

function judgeConnecting({ evidence, attempt, core, hold, wasConnected }: ConnectionModel): ConnectionState {
  if (hold !== undefined) return hold === 'resting' ? 'blocked' : 'connecting'
  const blockage = evidence?.blockage
  if (blockage?.cause === 'clock-skew' && evidence?.clockAheadMs !== undefined) return 'clock-wrong'
  if (wasConnected) return 'degraded'
  if (blockage?.cause === 'blocked' || evidence?.network === 'blocked') return 'blocked'
  if (attempt?.isStalled === true) return 'stalled'
  if (attempt?.isSlow === true) return 'slow'
  if (core.kind !== 'running' || evidence === undefined || evidence.phase === 'starting') return 'checking'
  return 'connecting'
}

/** Wanted and not in force; one that is on its way is missed only after a while. */
function isProxyMissing({ proxy, proxyMissingSince, activeMs }: ConnectionModel): boolean {
  if (!proxy.isWanted || proxyMissingSince === undefined) return false
  return !isProxyOnItsWay({ proxy }) || activeMs - proxyMissingSince > PROXY_GRACE_MS
}

function isProxyOnItsWay({ proxy }: Pick<ConnectionModel, 'proxy'>): boolean {
  return proxy.isWanted && (proxy.state === 'applying' || proxy.state === 'off')
}

/** States of trouble: leaving them for something else than the person's own wish takes evidence that lasts. */
const TROUBLE: ReadonlySet<ConnectionState> = new Set([
  'no-network',
  'clock-wrong',
  'blocked',
  'stalled',
  'degraded',
])
/** These are decided by the person, or by facts that do not flap. */
const AT_ONCE: ReadonlySet<ConnectionState> = new Set(['off', 'restoring', 'failed', 'protected-down'])

/**
 * Green and what follows the person's own hand change at once; trouble is shown at once and taken back only when
 * something else has held for a while. So nothing flaps, and nothing is ever green that was not verified.
 */
function mayShowAtOnce(from: ConnectionState, to: ConnectionState, wasConnected: boolean): boolean {
  if (AT_ONCE.has(from) || AT_ONCE.has(to)) return true
  if (from === 'slow' && to === 'connecting') return false
  if (!TROUBLE.has(from)) return true
  // The first success is nothing to wait for; coming back after a loss is.
  return (to === 'connected' || to === 'proxy-not-applied') && !wasConnected
}

/** `hadConnected` tells whether this core was connected before this step. */
export function withShownState(
  model: ConnectionModel,
  moment: Moment,
  hadConnected: boolean,
): ConnectionModel {
  const state = judgeState(model)
  const { shown, pending, activeMs } = model
  if (state === shown.state) return pending === undefined ? model : { ...model, pending: undefined }
  const since = pending?.state === state ? pending.since : activeMs
  if (mayShowAtOnce(shown.state, state, hadConnected) || activeMs - since >= HOLD_MS) {
    return { ...model, shown: { state, sinceMs: moment.wallMs }, pending: undefined }
  }
  return { ...model, pending: { state, since } }
}
