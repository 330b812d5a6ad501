/** The rows of attempts: when one begins, how far it comes, what holds it up, how it ends. Pure. */
import type { AppErrorKind } from '../ipc/error-kinds.ts'
import { type AttemptNext, type AttemptView, MAX_ATTEMPTS } from '../ipc/snapshot-connection.ts'
import { patienceFor, PROXY_FAILURES, REATTEMPT_AFTER_MS } from './connect-limits.ts'
import { laterStep, placeOf } from './connect-progress.ts'
import type { AttemptEnding, ConnectionEvidence, Moment, Reason } from './connection-event.ts'
import { type ConnectionModel, isVerified, type RunningAttempt } from './connection-model.ts'

/** Failures after which the core's own trying again cannot help, and what can. */
const FINAL_KINDS: Readonly<Record<string, AttemptNext>> = {
  'obsolete-client': 'update-app',
  'bad-config': 'none',
  state: 'none',
}

/** Bridges are wanted and there is none: the core would wait for ever. */
const NO_BRIDGES: Reason = {
  kind: 'no-bridges' satisfies AppErrorKind,
  detail: 'bridges are wanted, and none is there or enabled',
}

/** Why nothing can come of it, if so. */
export function finalFailure({ failure, way, hold, evidence }: ConnectionModel): Reason | undefined {
  if (failure !== undefined) return failure
  if (hold !== undefined) return undefined
  if (way.kind === 'bridges' && way.count === 0) return NO_BRIDGES
  const blockage = evidence?.isConnected === true ? undefined : evidence?.blockage
  if (blockage === undefined || FINAL_KINDS[blockage.kind] === undefined) return undefined
  return { kind: blockage.kind, detail: blockage.detail }
}

/** What holds the core up, and what is done about it by the app or could be by the person. */
function explain(evidence: ConnectionEvidence | undefined): {
  readonly reason: Reason | undefined
  readonly next: AttemptNext
} {
  const blockage = evidence?.blockage
  if (evidence === undefined || (blockage === undefined && evidence.network !== 'down')) {
    return { reason: undefined, next: 'none' }
  }
  const reason = blockage === undefined ? undefined : { kind: blockage.kind, detail: blockage.detail }
  if (blockage?.cause === 'clock-skew') return { reason, next: 'fix-clock' }
  if (blockage?.cause === 'no-network' || evidence.network === 'down') {
    return {
      reason: {
        kind: 'no-network' satisfies AppErrorKind,
        detail: blockage?.detail ?? 'this computer has no network',
      },
      next: 'waiting-for-network',
    }
  }
  if (blockage?.kind === 'proxy-failed') return { reason, next: 'check-proxy' }
  const isBlocked = blockage?.cause === 'blocked' || evidence.network === 'blocked'
  // Bridges are the way around a block; somebody who has some needs others.
  return { reason, next: isBlocked ? 'add-bridges' : 'retrying' }
}

function beginAttempt(model: ConnectionModel, moment: Moment): ConnectionModel {
  const id = (model.attempts.at(-1)?.id ?? 0) + 1
  const row: AttemptView = {
    id,
    way: model.way,
    startedMs: moment.wallMs,
    endedMs: undefined,
    step: 'start',
    percent: 0,
    outcome: 'running',
    reason: undefined,
    next: 'none',
  }
  const attempt: RunningAttempt = {
    id,
    startedAt: model.activeMs,
    movedAt: model.activeMs,
    done: 0,
    isSlow: false,
    isStalled: false,
  }
  return {
    ...model,
    attempt,
    isAttemptDue: false,
    attempts: [...model.attempts, row].slice(-MAX_ATTEMPTS),
  }
}

/** Changes nothing when none runs. */
export function endAttempt(model: ConnectionModel, moment: Moment, ending: AttemptEnding): ConnectionModel {
  if (model.attempt === undefined) return model
  const ended = editRow(model, { endedMs: moment.wallMs, reason: undefined, ...ending })
  return { ...ended, attempt: undefined }
}

/** One look at the attempts: begins, moves, marks and ends. */
export function withAttempts(model: ConnectionModel, moment: Moment): ConnectionModel {
  if (!model.isWanted) return model
  const failure = finalFailure(model)
  const begun = isDue(model, failure) ? beginAttempt(model, moment) : model
  if (failure !== undefined) return giveUp(begun, moment, failure)
  if (isVerified(begun)) return succeed(begun, moment)
  return begun.attempt === undefined ? begun : move(begun, begun.attempt)
}

/** Every success and every failure has its row, also one that came without an attempt before it. */
function isDue(model: ConnectionModel, failure: Reason | undefined): boolean {
  if (model.attempt !== undefined || model.hold !== undefined) return false
  const last = model.attempts.at(-1)
  if (failure !== undefined) return model.isAttemptDue || last?.reason?.kind !== failure.kind
  if (isVerified(model)) return model.isAttemptDue || last?.outcome !== 'connected'
  if (model.core.kind === 'gone') return false
  const isLost = model.lostSince !== undefined && model.activeMs - model.lostSince >= REATTEMPT_AFTER_MS
  return model.isAttemptDue || isLost
}

function giveUp(model: ConnectionModel, moment: Moment, failure: Reason): ConnectionModel {
  const next = failure.kind === NO_BRIDGES.kind ? 'add-bridges' : (FINAL_KINDS[failure.kind] ?? 'none')
  return endAttempt(model, moment, { outcome: 'failed', reason: failure, next })
}

function succeed(model: ConnectionModel, moment: Moment): ConnectionModel {
  const connected = editRow(model, { step: 'verify', percent: 100 })
  return endAttempt(connected, moment, { outcome: 'connected', next: 'none' })
}

function move(model: ConnectionModel, attempt: RunningAttempt): ConnectionModel {
  const { evidence, activeMs } = model
  const row = model.attempts.at(-1)
  if (row === undefined) return model
  const place = placeOf(evidence?.phase ?? 'starting', evidence?.progress)
  const step = laterStep(place.step, row.step)
  const percent = Math.max(place.percent, row.percent)
  const done = Math.max(attempt.done, evidence?.progress?.done ?? 0)
  const hasMoved = percent > row.percent || done > attempt.done
  const moved = judgePace({ ...attempt, done }, { hasMoved, isNewStep: step !== row.step }, model)
  const { reason, next } = explain(evidence)
  const stalledNext = moved.isStalled && next === 'none' ? 'retrying' : next
  const outcome = moved.isStalled ? 'stalled' : 'running'
  return {
    ...editRow(model, { step, percent, outcome, reason, next: stalledNext }),
    attempt: hasMoved ? { ...moved, movedAt: activeMs } : moved,
  }
}

/** Slow stays slow until the next step, and what was stalled begins slowly: the word does not change with each packet. */
function judgePace(
  attempt: RunningAttempt,
  { hasMoved, isNewStep }: { readonly hasMoved: boolean; readonly isNewStep: boolean },
  { activeMs, evidence, way }: ConnectionModel,
): RunningAttempt {
  const patience = patienceFor(way, evidence?.phase)
  const quietMs = hasMoved ? 0 : activeMs - attempt.movedAt
  const isLong = activeMs - attempt.startedAt > patience.totalUntilSlowMs
  const isQuiet = quietMs > patience.quietUntilSlowMs
  const isProxyDead =
    evidence?.blockage?.kind === 'proxy-failed' && evidence.blockage.failures >= PROXY_FAILURES
  return {
    ...attempt,
    isStalled: isProxyDead || quietMs > patience.quietUntilStalledMs,
    isSlow: isLong || isQuiet || (hasMoved && attempt.isStalled) || (attempt.isSlow && !isNewStep),
  }
}

/** The running attempt's row, which is the last. */
function editRow(model: ConnectionModel, change: Partial<AttemptView>): ConnectionModel {
  const row = model.attempts.at(-1)
  if (model.attempt === undefined || row === undefined || row.id !== model.attempt.id) return model
  return { ...model, attempts: [...model.attempts.slice(0, -1), { ...row, ...change }] }
}
