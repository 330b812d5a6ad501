/** What the page sees of the state machine's model. Pure. */
import type { ConnectionState, ConnectionView, InternetLight, TorLight } from '../ipc/snapshot-connection.ts'
import type { ConnectionModel } from './connection-model.ts'

export function viewOf(model: ConnectionModel): ConnectionView {
  const { shown, evidence, attempts, restart } = model
  const isOff = shown.state === 'off' || shown.state === 'restoring'
  // Of the attempt that runs, or that ran last: after a success a hundred, after a loss the new one's.
  const row = isOff ? undefined : attempts.at(-1)
  const blockage = evidence?.blockage
  return {
    state: shown.state,
    sinceMs: shown.sinceMs,
    internet: isOff ? 'unknown' : internetLight(model),
    tor: torLight(shown.state),
    phase: evidence?.phase,
    step: row?.step ?? 'start',
    percent: row?.percent ?? 0,
    progress: evidence?.phase === 'loading-descriptors' ? evidence.progress : undefined,
    startedMs: row?.startedMs,
    clock: model.clockAheadMs === undefined ? undefined : { aheadMs: model.clockAheadMs },
    blockage:
      blockage === undefined
        ? undefined
        : { kind: blockage.kind, detail: blockage.detail, failures: blockage.failures },
    attempts,
    verifiedMs: model.verifiedMs,
    coreRestart: isOff ? undefined : restart,
    hasConnectedBefore: model.hasConnectedBefore,
  }
}

/** No relay may answer, and yet this computer has a network: that is what `blocked` says. */
function internetLight({ evidence, shown }: ConnectionModel): InternetLight {
  if (shown.state === 'no-network') return 'down'
  switch (evidence?.network) {
    case 'up':
    case 'blocked':
      return 'up'
    case 'down':
      return 'down'
    case 'unknown':
    case undefined:
      return shown.state === 'connected' || shown.state === 'proxy-not-applied' ? 'up' : 'unknown'
  }
}

function torLight(state: ConnectionState): TorLight {
  switch (state) {
    case 'off':
    case 'restoring':
      return 'off'
    case 'checking':
    case 'connecting':
    case 'slow':
      return 'working'
    case 'connected':
    case 'proxy-not-applied':
      return 'connected'
    case 'no-network':
    case 'clock-wrong':
    case 'stalled':
    case 'blocked':
    case 'degraded':
    case 'failed':
    case 'protected-down':
      return 'trouble'
  }
}
