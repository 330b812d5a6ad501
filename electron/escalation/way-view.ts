/** What the page sees of the plan and its run. Pure. */
import type {
  CountryGuess,
  HelpView,
  WayFindingState,
  WayFindingView,
  WayView,
} from '../ipc/snapshot-ways.ts'
import { coolUntil, type Run, type StepRun } from './run.ts'

export interface ViewFacts {
  readonly country: CountryGuess
  readonly help: HelpView
  readonly map: WayFindingView['map']
  readonly rememberedNetworks: number
  /** What to add to a monotonic time to have the wall clock's. */
  readonly wallOffsetMs: number
  /** Monotonic. */
  readonly nowMs: number
}

export function viewWays(run: Run, facts: ViewFacts): WayFindingView {
  const { phase, steps } = run
  const { country, help, map, rememberedNetworks, wallOffsetMs } = facts
  const found = phase.kind === 'found' ? steps[phase.at] : undefined
  const isOther = found?.step.kind === 'way' && found.step.way.source !== 'settings'
  return {
    state: stateOf(run),
    round: run.round,
    ways: steps.flatMap((step) => viewWay(step, run, facts) ?? []),
    nextMs: 'untilMs' in phase ? Math.round(phase.untilMs + wallOffsetMs) : undefined,
    found: found !== undefined && isOther ? viewWay(found, run, facts) : undefined,
    country,
    help,
    map,
    rememberedNetworks,
  }
}

function stateOf({ phase, pause }: Run): WayFindingState {
  if (phase.kind !== 'trying' || pause === undefined) return phase.kind
  return pause === 'network' ? 'waiting-for-network' : 'waiting-for-clock'
}

function viewWay(run: StepRun, { cooling }: Run, { nowMs, wallOffsetMs }: ViewFacts): WayView | undefined {
  if (run.step.kind !== 'way') return undefined
  const { id, kind, source, transports, lines, isBrief } = run.step.way
  const untilMs = run.state === 'waiting' ? coolUntil(run, cooling) : nowMs
  const isCooling = untilMs > nowMs
  return {
    id,
    kind,
    source,
    transports,
    count: lines.length,
    isBrief,
    state: isCooling ? 'cooling' : run.state,
    reason: run.reason,
    nextMs: isCooling ? Math.round(untilMs + wallOffsetMs) : undefined,
  }
}
