/**
 * The state machine behind the big button: from wishes, the core's evidence, the proxy's state and time to one state
 * and its attempts. A pure step from one model to the next; `connection.ts` gives it time and tells the results.
 */
import { endAttempt, finalFailure, withAttempts } from './attempts.ts'
import { MAX_GAP_MS, NETWORK_GONE_FOR_MS, TELL_LOSS_AFTER_MS } from './connect-limits.ts'
import type { ConnectionEvent, ConnectionNotice, Hold, Moment } from './connection-event.ts'
import type { AppErrorKind } from '../ipc/error-kinds.ts'
import type { CoreState } from '../parts.ts'
import { type ConnectionModel, isNetworkGone, isVerified, NO_LOSS } from './connection-model.ts'
import { withShownState } from './judge-state.ts'

export interface Step {
  readonly model: ConnectionModel
  readonly notices: readonly ConnectionNotice[]
}

export function step(before: ConnectionModel, event: ConnectionEvent, moment: Moment): Step {
  const passed = passTime(before, moment)
  const absorbed = withNetworkGone(absorb(passed, event, moment), moment)
  const attempted = withAttempts(withFacts(absorbed), moment)
  const shown = withShownState(attempted, moment, before.wasConnected)
  const isFirstSuccess = isVerified(shown) && !shown.hasConnectedBefore
  const told = withLoss(isFirstSuccess ? { ...shown, hasConnectedBefore: true } : shown)
  return {
    model: told.model,
    notices: isFirstSuccess ? [{ kind: 'first-success' }, ...told.notices] : told.notices,
  }
}

function passTime(model: ConnectionModel, { monotonicMs }: Moment): ConnectionModel {
  const passedMs = Math.min(MAX_GAP_MS, Math.max(0, monotonicMs - model.lastMonotonicMs))
  return { ...model, activeMs: model.activeMs + passedMs, lastMonotonicMs: monotonicMs }
}

function absorb(model: ConnectionModel, event: ConnectionEvent, moment: Moment): ConnectionModel {
  switch (event.kind) {
    case 'wanted':
      return event.isWanted ? want(model, event.hold) : unwant(model, moment)
    case 'way':
      return changeWay(model, event, moment)
    case 'hold':
      return model.isWanted ? pause(model, event, moment) : model
    case 'core':
      return changeCore(model, event.state, moment)
    case 'status':
      // What a core said that nobody wants or that is gone says nothing of the next one.
      return model.isWanted && (model.core.kind === 'running' || model.core.kind === 'starting')
        ? { ...model, evidence: event.status }
        : model
    case 'system-proxy':
      return { ...model, proxy: { isWanted: event.view.isWanted, state: event.view.state } }
    case 'start-failed':
      return model.isWanted ? { ...model, failure: event.reason } : model
    case 'restoring':
      return { ...model, isRestoring: event.isRestoring }
    case 'tick':
      return model
  }
}

/** Asked again while an attempt runs or has succeeded, nothing changes; after a failure it begins anew. */
function want(model: ConnectionModel, hold: Hold | undefined): ConnectionModel {
  const isUnderWay = model.isWanted && model.shown.state !== 'failed'
  return isUnderWay ? model : { ...forget(model), isWanted: true, hold, isAttemptDue: hold === undefined }
}

function unwant(model: ConnectionModel, moment: Moment): ConnectionModel {
  const ended = endAttempt(model, moment, { outcome: 'cancelled', next: 'none' })
  return { ...forget(ended), isWanted: false, hold: undefined, isAttemptDue: false, loss: NO_LOSS }
}

/** What was learned from a core that is not the one to come. */
function forget(model: ConnectionModel): ConnectionModel {
  return {
    ...model,
    evidence: undefined,
    failure: undefined,
    wasConnected: false,
    lostSince: undefined,
    networkGoneSince: undefined,
  }
}

function changeWay(
  model: ConnectionModel,
  { way, ending, isInForce = false }: Extract<ConnectionEvent, { kind: 'way' }>,
  moment: Moment,
): ConnectionModel {
  const before = model.way
  // One that ends another's attempt has one of its own, also where the two look the same.
  const hasChanged =
    ending !== undefined || model.hold !== undefined || JSON.stringify(before) !== JSON.stringify(way)
  const changed: ConnectionModel = { ...model, way, hold: undefined }
  if (!model.isWanted || !hasChanged) return changed
  // One bridge more is no news to a connection that works; another kind of way is.
  if (ending === undefined && isVerified(model) && before.kind === way.kind) return changed
  // After a refusal it is for the person to begin again.
  if (finalFailure(changed) !== undefined) return changed
  const ended = endAttempt(model, moment, ending ?? { outcome: 'cancelled', next: 'retrying' })
  const evidence = isInForce ? ended.evidence : undefined
  return { ...forget(ended), evidence, way, hold: undefined, isAttemptDue: true }
}

/** What the core still says is of the way that was given up. */
function pause(
  model: ConnectionModel,
  { hold, ending }: Extract<ConnectionEvent, { kind: 'hold' }>,
  moment: Moment,
): ConnectionModel {
  return { ...forget(endAttempt(model, moment, ending)), hold, isAttemptDue: false }
}

function changeCore(model: ConnectionModel, core: CoreState, moment: Moment): ConnectionModel {
  switch (core.kind) {
    case 'running':
      return { ...model, core, restart: undefined }
    case 'stopped':
      return { ...forgetCore(model), core, restart: undefined }
    case 'starting': {
      const restart = model.restart === undefined ? undefined : { ...model.restart, nextMs: undefined }
      return { ...forget(model), core, restart, isAttemptDue: model.isWanted && model.attempt === undefined }
    }
    case 'gone': {
      const reason = { kind: 'core-crashed' satisfies AppErrorKind, detail: core.detail }
      const ended = endAttempt(model, moment, { outcome: 'failed', reason, next: 'restarting-core' })
      return { ...forgetCore(ended), core, restart: { count: core.count, nextMs: core.nextMs } }
    }
  }
}

/** The same, but a refusal to start stays said: a core that ended after it is no news. */
function forgetCore(model: ConnectionModel): ConnectionModel {
  return { ...forget(model), failure: model.failure }
}

/** A network that comes back after a while begins a new attempt, and the old row says what it had waited for. */
function withNetworkGone(model: ConnectionModel, moment: Moment): ConnectionModel {
  const isGone = model.isWanted && isNetworkGone(model)
  if (isGone) return { ...model, networkGoneSince: model.networkGoneSince ?? model.activeMs }
  if (model.networkGoneSince === undefined) return model
  const goneForMs = model.activeMs - model.networkGoneSince
  const back: ConnectionModel = { ...model, networkGoneSince: undefined }
  if (goneForMs < NETWORK_GONE_FOR_MS || model.attempt === undefined) return back
  const reason = { kind: 'no-network' satisfies AppErrorKind, detail: 'this computer had no network' }
  const ended = endAttempt(back, moment, { outcome: 'failed', reason, next: 'retrying' })
  return { ...ended, isAttemptDue: true }
}

/** What follows from the fields together. */
function withFacts(model: ConnectionModel): ConnectionModel {
  const verified = isVerified(model)
  const wasConnected = model.isWanted && (model.wasConnected || verified)
  const isProxyMissing = model.proxy.isWanted && model.proxy.state !== 'on'
  return {
    ...model,
    wasConnected,
    lostSince: wasConnected && !verified ? (model.lostSince ?? model.activeMs) : undefined,
    proxyMissingSince: isProxyMissing ? (model.proxyMissingSince ?? model.activeMs) : undefined,
    verifiedMs: model.evidence?.verifiedMs ?? model.verifiedMs,
    clockAheadMs:
      model.evidence?.clockAheadMs ?? (model.shown.state === 'clock-wrong' ? model.clockAheadMs : undefined),
  }
}

/** Tells of protection that was lost for long enough to be noticed, once, and of its return. */
function withLoss(model: ConnectionModel): Step {
  const { loss, shown, activeMs } = model
  const isProtected = shown.state === 'connected'
  if (isProtected) {
    const regained: ConnectionModel = {
      ...model,
      loss: { hadProtection: true, since: undefined, isTold: false },
    }
    return { model: regained, notices: loss.isTold ? [{ kind: 'regained' }] : [] }
  }
  // The person may have looked away as soon as it said connected: a proxy that never came is a loss too.
  const hadProtection = loss.hadProtection || shown.state === 'proxy-not-applied'
  if (!model.isWanted || !hadProtection) return { model, notices: [] }
  const since = loss.since ?? activeMs
  const isTime = shown.state === 'protected-down' || activeMs - since >= TELL_LOSS_AFTER_MS
  const isTold = loss.isTold || isTime
  return {
    model: { ...model, loss: { hadProtection, since, isTold } },
    notices: isTold && !loss.isTold ? [{ kind: 'lost', state: shown.state }] : [],
  }
}
