/**
 * The plan being gone through: one way at a time, no address again before it has cooled down, and after the last way a
 * rest that grows. A pure step from one value to the next; the waits are said as times, and somebody else keeps them.
 */
import type { WayState } from '../ipc/snapshot-ways.ts'
import { type PlannedWay, withoutLines } from './planned-way.ts'
import type { PlanStep } from './plan.ts'

export interface Reason {
  readonly kind: string
  readonly detail: string
}

export interface StepRun {
  readonly step: PlanStep
  readonly state: Exclude<WayState, 'cooling'>
  readonly reason: Reason | undefined
}

export type RunPhase =
  | { readonly kind: 'off' }
  | { readonly kind: 'trying'; readonly at: number }
  | { readonly kind: 'asking'; readonly at: number }
  /** What is left was dialled a short while ago. Monotonic. */
  | { readonly kind: 'cooling'; readonly untilMs: number }
  | { readonly kind: 'resting'; readonly untilMs: number }
  | { readonly kind: 'found'; readonly at: number }

export interface Run {
  readonly phase: RunPhase
  readonly steps: readonly StepRun[]
  /** From 1; 0 while off. */
  readonly round: number
  /** Why the plan stands still where it is: going on would blame what is not to blame. */
  readonly pause: 'network' | 'clock' | undefined
  /** Addresses that failed, and until when they are left alone (monotonic). Outlives the run. */
  readonly cooling: ReadonlyMap<string, number>
}

export const IDLE: Run = { phase: { kind: 'off' }, steps: [], round: 0, pause: undefined, cooling: new Map() }

/**
 * Observed censors drop everything to an address for about a minute after attempts that they dislike, and longer with
 * each one within it.
 */
export const COOL_DOWN_MS = 60_000
/** The first rest; each round doubles it. No shorter than the cool-down, so that a round never waits for addresses. */
const FIRST_REST_MS = 60_000
const MAX_REST_MS = 30 * 60_000
const TAKEN_AWAY: Reason = { kind: 'aborted', detail: 'its bridges were removed or turned off' }
/** More addresses than any plan has; the oldest are forgotten. */
const MAX_COOLING = 2_000

/** From the start, with what has been dialled lately still cooling. */
export function beginRun(run: Run, steps: readonly PlanStep[], nowMs: number): Run {
  if (steps.length === 0) return stopRun(run)
  return goOn({ ...startedRun(run, steps), round: 1 }, nowMs)
}

/** The address may be dialled at once. */
export function warmUp(run: Run, address: string): Run {
  return { ...run, cooling: new Map([...run.cooling].filter(([cooling]) => cooling !== address)) }
}

function startedRun(run: Run, steps: readonly PlanStep[]): Run {
  return {
    ...run,
    pause: undefined,
    steps: steps.map((step) => ({ step, state: 'waiting', reason: undefined })),
  }
}

/** What cools stays so: whoever presses twice does not hammer. */
export function stopRun({ cooling }: Run): Run {
  return { ...IDLE, cooling }
}

/** The way that is taken now; undefined while nothing may be dialled. */
export function currentWay({ phase, steps }: Run): PlannedWay | undefined {
  if (phase.kind !== 'trying' && phase.kind !== 'found') return undefined
  const step = steps[phase.at]?.step
  return step?.kind === 'way' ? step.way : undefined
}

/** Whether the direct way failed in this round; undefined where it was not tried, or was left for the person's own word. */
export function directFailure({ steps }: Run): boolean | undefined {
  const direct = steps.find(({ step }) => step.kind === 'way' && step.way.kind === 'direct')
  if (direct?.state !== 'stopped' || direct.reason?.kind === 'aborted') return undefined
  return true
}

/** The current way does not lead there. One that had worked ends its run: the next one is for the caller to plan. */
export function failWay(run: Run, reason: Reason, nowMs: number): Run {
  const way = currentWay(run)
  if (way === undefined || !('at' in run.phase)) return run
  const stopped = cool(mark(run, run.phase.at, 'stopped', reason), way.addresses, nowMs)
  return goOn({ ...stopped, pause: undefined }, nowMs)
}

/** The current way works. Its addresses may be dialled as they like. */
export function passWay(run: Run): Run {
  const way = currentWay(run)
  if (way === undefined || run.phase.kind !== 'trying') return run
  const cooling = new Map([...run.cooling].filter(([address]) => !way.addresses.includes(address)))
  const { at } = run.phase
  return { ...mark(run, at, 'works', undefined), cooling, pause: undefined, phase: { kind: 'found', at } }
}

/** The plan waits where it is, or goes on waiting no more. */
export function pauseRun(run: Run, pause: Run['pause']): Run {
  return run.pause === pause ? run : { ...run, pause }
}

/** The bridge service has answered, or could not be reached. Its ways come next. */
export function answerRun(
  run: Run,
  more: readonly PlanStep[],
  reason: Reason | undefined,
  nowMs: number,
): Run {
  if (run.phase.kind !== 'asking') return run
  const { at } = run.phase
  const asked = mark(run, at, reason === undefined ? 'works' : 'stopped', reason)
  const added = more.map((step): StepRun => ({ step, state: 'waiting', reason: undefined }))
  return goOn(
    { ...asked, steps: [...asked.steps.slice(0, at + 1), ...added, ...asked.steps.slice(at + 1)] },
    nowMs,
  )
}

/** Without these lines in ways that have not begun; the one that is taken is for the caller to leave. */
export function dropLines(run: Run, isDropped: (line: string) => boolean): Run {
  const steps = run.steps.map((one): StepRun => {
    if (one.state !== 'waiting' || one.step.kind === 'ask') return one
    const way = withoutLines(one.step.way, isDropped)
    if (way === undefined) return { ...one, state: 'stopped', reason: TAKEN_AWAY }
    return way === one.step.way ? one : { ...one, step: { kind: 'way', way } }
  })
  return { ...run, steps }
}

/** Whether a wait is over. */
export function isDue({ phase }: Run, nowMs: number): boolean {
  return (phase.kind === 'cooling' || phase.kind === 'resting') && nowMs >= phase.untilMs
}

/** After a wait that is over: the next way, or the next round with a new plan. */
export function wakeRun(run: Run, plan: () => readonly PlanStep[], nowMs: number): Run {
  if (!isDue(run, nowMs)) return run
  if (run.phase.kind === 'cooling') return goOn(run, nowMs)
  return goOn({ ...startedRun(run, plan()), round: run.round + 1 }, nowMs)
}

/** The first step that may begin now; else a wait until one may; else a rest. */
function goOn(run: Run, nowMs: number): Run {
  const cooling = new Map([...run.cooling].filter(([, untilMs]) => untilMs > nowMs).slice(-MAX_COOLING))
  const next = { ...run, cooling }
  const at = next.steps.findIndex((step) => isReady(step, cooling, nowMs))
  const found = next.steps[at]
  if (found !== undefined) {
    const kind = found.step.kind === 'ask' ? 'asking' : 'trying'
    return { ...mark(next, at, 'running', undefined), phase: { kind, at } }
  }
  const waits = next.steps.filter(({ state }) => state === 'waiting').map((step) => coolUntil(step, cooling))
  if (waits.length > 0) return { ...next, phase: { kind: 'cooling', untilMs: Math.min(...waits) } }
  return { ...next, phase: { kind: 'resting', untilMs: nowMs + restMs(next.round) } }
}

function isReady(step: StepRun, cooling: Run['cooling'], nowMs: number): boolean {
  return step.state === 'waiting' && coolUntil(step, cooling) <= nowMs
}

/** Monotonic; in the past when nothing of it cools. */
export function coolUntil({ step }: StepRun, cooling: Run['cooling']): number {
  if (step.kind === 'ask') return Number.NEGATIVE_INFINITY
  return Math.max(...step.way.addresses.map((address) => cooling.get(address) ?? Number.NEGATIVE_INFINITY))
}

function restMs(round: number): number {
  return Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** Math.max(0, round - 1))
}

function mark(run: Run, at: number, state: StepRun['state'], reason: Reason | undefined): Run {
  return { ...run, steps: run.steps.map((step, place) => (place === at ? { ...step, state, reason } : step)) }
}

function cool(run: Run, addresses: readonly string[], nowMs: number): Run {
  const cooling = new Map(run.cooling)
  for (const address of addresses) {
    cooling.delete(address)
    cooling.set(address, nowMs + COOL_DOWN_MS)
  }
  return { ...run, cooling }
}
