/**
 * Whom to ask next: fallbacks and authorities while bootstrapping, directory guards later. The choice is pure; the
 * race over the sources is run in `source-race.ts`.
 */
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import type { BootstrapDirectories } from '../path/directory-path.ts'

export interface DirectorySource {
  readonly kind: 'guard' | 'fallback' | 'authority' | 'bridge'
  readonly target: ChannelTarget
}

/** Sources of one kind, in the order in which to ask them. */
export interface SourceTier {
  readonly sources: readonly DirectorySource[]
  /** Milliseconds after the start of the race from which the tier may be asked. */
  readonly notBeforeMs: number
  /** Not asked while somebody of the other tiers can be reached. */
  readonly isLastResort?: boolean
}

/** ClientBootstrapConsensusMaxInProgressTries of C tor. */
export const MAX_PARALLEL_TRIES = 3
/** ClientBootstrapConsensusAuthorityDownloadInitialDelay: authorities are few and must stay reachable. */
export const AUTHORITY_DELAY_MS = 6_000
/** A try without any sign of progress for so long gets a companion; a healthy step takes about a second. */
export const HANG_MS = 3_000
/** A try gets a companion after this time even when it trickles. */
export const PATIENCE_MS = 20_000
/** On a slow line a companion takes what the try lives on: so many bytes earn it a second more. */
const BYTES_PER_SECOND_OF_PATIENCE = 1_000
/** Who is slow on purpose holds us up no longer. */
export const LONGEST_PATIENCE_MS = 120_000
/** With nobody to ask: a guard may be worth another try by then. */
const NOBODY_PAUSE_MS = 60_000

/** Before there is a consensus. Authorities wait, unless there are no fallbacks to ask before them. */
export function bootstrapTiers({ fallbacks, authorities, bridges }: BootstrapDirectories): SourceTier[] {
  if (bridges !== undefined) return [{ sources: toSources('bridge', bridges), notBeforeMs: 0 }]
  const authorityTier = toSources('authority', authorities)
  if (fallbacks.length === 0) return [{ sources: authorityTier, notBeforeMs: 0 }]
  return [
    { sources: toSources('fallback', fallbacks), notBeforeMs: 0 },
    { sources: authorityTier, notBeforeMs: AUTHORITY_DELAY_MS },
  ]
}

/**
 * Once there is a view of the network, its guards serve, as in C tor: whoever else is asked sees our address. A guard
 * that has nothing newer is asked again later and leads to nobody else; guards that cannot be reached do. Neither may
 * guards, by refusing, hold a client without a view that can be used: such a one asks everybody, its guards first.
 */
export function refreshTiers(
  guards: readonly ChannelTarget[],
  bootstrap: readonly SourceTier[],
  isViewOfUse: boolean,
): SourceTier[] {
  if (guards.length === 0) return [...bootstrap]
  return [
    { sources: toSources('guard', guards), notBeforeMs: 0 },
    ...bootstrap.map((tier) => ({ ...tier, isLastResort: isViewOfUse })),
  ]
}

export function toSources(
  kind: DirectorySource['kind'],
  targets: readonly ChannelTarget[],
): DirectorySource[] {
  return targets.map((target) => ({ kind, target }))
}

/** One try that is under way; times are milliseconds since the start of the race. */
export interface RunningTry {
  readonly source: DirectorySource
  readonly startedMs: number
  lastProgressMs: number
  receivedBytes: number
}

export interface SourceRecord {
  readonly failures: number
  /** Not asked before this time. */
  readonly restUntilMs: number
}

export interface RaceState {
  readonly tiers: readonly SourceTier[]
  readonly running: readonly RunningTry[]
  /** In the race's time. */
  readonly recordOf: (source: DirectorySource) => SourceRecord
  /** Whether the race's latest try could not reach it. */
  readonly isUnreached: (source: DirectorySource) => boolean
  /** Whom the latest try asked. */
  readonly lastAsked: DirectorySource | undefined
  /** No new try before this time: the back-off after failures. */
  readonly notBeforeMs: number
}

export type RaceStep =
  | { readonly kind: 'start'; readonly source: DirectorySource }
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** Only the end of a running try changes anything. */
  | { readonly kind: 'idle' }

/**
 * The next step of a race at `nowMs` since its start: a source begins when nothing runs, or when all that runs hangs.
 */
export function decideNextStep(state: RaceState, nowMs: number): RaceStep {
  if (state.running.length >= MAX_PARALLEL_TRIES) return { kind: 'idle' }
  const hungMs = state.running.map((run) =>
    Math.min(run.lastProgressMs + HANG_MS, run.startedMs + patienceMs(run)),
  )
  const startMs = Math.max(state.notBeforeMs, ...hungMs)
  if (startMs > nowMs) return { kind: 'wait', untilMs: startMs }
  const source = chooseSource(state, nowMs)
  if (source !== undefined) return { kind: 'start', source }
  const openings = idleSources(state).map(({ opensMs }) => opensMs)
  if (openings.length > 0) return { kind: 'wait', untilMs: Math.min(...openings) }
  return state.running.length > 0 ? { kind: 'idle' } : { kind: 'wait', untilMs: nowMs + NOBODY_PAUSE_MS }
}

function patienceMs({ receivedBytes }: RunningTry): number {
  const earnedMs = (receivedBytes / BYTES_PER_SECOND_OF_PATIENCE) * 1000
  return Math.min(Math.max(PATIENCE_MS, earnedMs), LONGEST_PATIENCE_MS)
}

interface Candidate {
  readonly source: DirectorySource
  /** Guards and all others take turns, so that neither keeps the other from being asked. */
  readonly isItsTurn: boolean
  readonly failures: number
  readonly opensMs: number
  /** Tries under way in the same tier: kinds take turns, so that a tier that hangs as a whole blocks nobody. */
  readonly siblings: number
}

function idleSources(state: RaceState): Candidate[] {
  const isBusy = (source: DirectorySource): boolean =>
    state.running.some((run) => isSameSource(run.source, source))
  const wasGuardAsked = state.lastAsked?.kind === 'guard'
  return openTiers(state).flatMap((tier) => {
    const siblings = tier.sources.filter(isBusy).length
    return tier.sources
      .filter((source) => !isBusy(source))
      .map((source) => {
        const { failures, restUntilMs } = state.recordOf(source)
        const isItsTurn = (source.kind === 'guard') !== wasGuardAsked
        const opensMs = Math.max(tier.notBeforeMs, restUntilMs)
        return { source, isItsTurn, failures, opensMs, siblings }
      })
  })
}

function openTiers({ tiers, isUnreached }: RaceState): readonly SourceTier[] {
  const first = tiers.filter((tier) => tier.isLastResort !== true)
  return first.every((tier) => tier.sources.every(isUnreached)) ? tiers : first
}

/** Guards are picked anew for each step. */
function isSameSource(a: DirectorySource, b: DirectorySource): boolean {
  return a === b || (a.kind === 'guard' && b.kind === 'guard' && a.target.ids.rsa === b.target.ids.rsa)
}

/** Whose turn it is; of those the one that failed least; then the kind with fewer tries under way; then the given order. */
function chooseSource(state: RaceState, nowMs: number): DirectorySource | undefined {
  let best: Candidate | undefined
  for (const candidate of idleSources(state)) {
    if (candidate.opensMs > nowMs) continue
    if (best === undefined || compareCandidates(candidate, best) < 0) best = candidate
  }
  return best?.source
}

function compareCandidates(a: Candidate, b: Candidate): number {
  return Number(b.isItsTurn) - Number(a.isItsTurn) || a.failures - b.failures || a.siblings - b.siblings
}
