/** How far the directory has come and what holds it up, as immutable values; pure steps from one to the next. */
import type { ErrorKind, TorError } from '../util/errors.ts'
import type { Freshness } from './download-schedule.ts'

/** In order. The directory's part of the client's bootstrap phases. */
export const DIRECTORY_PHASES = [
  'starting',
  'conn',
  'conn-done',
  'handshake',
  'handshake-done',
  'onehop-create',
  'requesting-status',
  'loading-status',
  'loading-keys',
  'requesting-descriptors',
  'loading-descriptors',
  'enough-dirinfo',
] as const

export type DirectoryPhase = (typeof DIRECTORY_PHASES)[number]

/** What is stuck, why, since when. */
export interface DirectoryBlockage {
  readonly stuckAt: DirectoryPhase
  readonly kind: ErrorKind
  /** Says what failed last, for people; carries no address. */
  readonly reason: string
  /** Wall clock, milliseconds since 1970. */
  readonly sinceMs: number
  /** How many tries have failed since then. */
  readonly failures: number
}

export interface DirectoryProgress {
  /** The farthest phase reached: parallel tries and later refreshes do not turn it back. */
  readonly phase: DirectoryPhase
  /** Microdescriptors that we hold, of those that the consensus lists. */
  readonly progress: { readonly done: number; readonly total: number } | undefined
  readonly blockage: DirectoryBlockage | undefined
  /** Of the newest verified consensus; undefined while there is none. */
  readonly freshness: Freshness | undefined
}

export const INITIAL_PROGRESS: DirectoryProgress = {
  phase: 'starting',
  progress: undefined,
  blockage: undefined,
  freshness: undefined,
}

/** Moves forward only; going past the phase that was stuck takes the blockage away. */
export function reachPhase(state: DirectoryProgress, phase: DirectoryPhase): DirectoryProgress {
  if (phaseIndex(phase) <= phaseIndex(state.phase)) return state
  return { ...state, phase, blockage: undefined }
}

/** More microdescriptors than before are a sign of life, and take a blockage away. */
export function countDescriptors(state: DirectoryProgress, done: number, total: number): DirectoryProgress {
  const hasMore = state.progress === undefined || done > state.progress.done
  return { ...state, progress: { done, total }, blockage: hasMore ? undefined : state.blockage }
}

export function reportFailure(state: DirectoryProgress, error: TorError, wallMs: number): DirectoryProgress {
  const earlier = state.blockage
  const blockage: DirectoryBlockage = {
    stuckAt: state.phase,
    kind: error.kind,
    reason: error.message,
    sinceMs: earlier?.sinceMs ?? wallMs,
    failures: (earlier?.failures ?? 0) + 1,
  }
  return { ...state, blockage }
}

export function clearBlockage(state: DirectoryProgress): DirectoryProgress {
  return state.blockage === undefined ? state : { ...state, blockage: undefined }
}

export function setFreshness(state: DirectoryProgress, freshness: Freshness): DirectoryProgress {
  return state.freshness === freshness ? state : { ...state, freshness }
}

function phaseIndex(phase: DirectoryPhase): number {
  return DIRECTORY_PHASES.indexOf(phase)
}
