/** Joins the directory's progress and the first circuit's into the client's one bootstrap status; pure steps. */
import type { BuildPhase } from '../circuit-manager/circuit-builder.ts'
import type { DirectoryProgress } from '../directory/bootstrap-state.ts'
import type { TorError } from '../util/errors.ts'
import { BOOTSTRAP_PHASES, type BootstrapPhase, type BootstrapStatus } from './status.ts'

/** The phases of reaching a relay count as the application's once there is a directory, as C tor counts them. */
const CIRCUIT_PHASES: Readonly<Record<BuildPhase, BootstrapPhase>> = {
  conn: 'ap-conn',
  'conn-done': 'ap-conn-done',
  handshake: 'ap-handshake',
  'handshake-done': 'ap-handshake-done',
  'onehop-create': 'circuit-create',
  'circuit-create': 'circuit-create',
}

function isLater(phase: BootstrapPhase, than: BootstrapPhase): boolean {
  return BOOTSTRAP_PHASES.indexOf(phase) > BOOTSTRAP_PHASES.indexOf(than)
}

/** This release cannot go on: what still happens hides that from nobody. */
function isOver({ blockage }: Pick<BootstrapStatus, 'blockage'>): boolean {
  return blockage?.kind === 'obsolete-client'
}

/** The directory's news. Its blockage counts only until circuits are being built, unless it is the end. */
export function withDirectoryProgress(status: BootstrapStatus, progress: DirectoryProgress): BootstrapStatus {
  if (isOver(status)) return status
  if (isOver(progress)) return { ...status, blockage: progress.blockage, isConnected: false }
  if (isLater(status.phase, 'enough-dirinfo')) return status
  const phase = isLater(progress.phase, status.phase) ? progress.phase : status.phase
  return { ...status, phase, progress: progress.progress, blockage: progress.blockage }
}

export function withBuildPhase(status: BootstrapStatus, built: BuildPhase): BootstrapStatus {
  if (isOver(status)) return status
  const phase = CIRCUIT_PHASES[built]
  return isLater(phase, status.phase) ? { ...status, phase, blockage: undefined } : status
}

/** A stream went through three hops and back. */
export function withConnection(status: BootstrapStatus): BootstrapStatus {
  if (isOver(status)) return status
  return { ...status, phase: 'done', blockage: undefined, isConnected: true }
}

export function withFailure(status: BootstrapStatus, error: TorError, wallMs: number): BootstrapStatus {
  if (isOver(status)) return status
  const earlier = status.blockage
  return {
    ...status,
    isConnected: false,
    blockage: {
      stuckAt: status.phase,
      kind: error.kind,
      reason: error.message,
      sinceMs: earlier?.sinceMs ?? wallMs,
      failures: (earlier?.failures ?? 0) + 1,
    },
  }
}
