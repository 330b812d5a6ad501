/**
 * The connection doctor: asks check after check, judges, and publishes what is known so far. Its questions are asked by
 * a core host of its own, which is started for the run without any core in it and ended after it: the one that connects
 * is not touched, and giving up is ending that process.
 */
import type { Clock } from '../clock.ts'
import type { Probe, ProbeResult } from '../host/probes/probe.ts'
import type { Settings } from '../ipc/settings.ts'
import { DOCTOR_CHECKS, type DoctorCheck, type DoctorView, NO_DOCTOR } from '../ipc/snapshot-doctor.ts'
import type { AppLog, DoctorPart, Publish } from '../parts.ts'
import { type DoctorPlan, fullPlan, mustAsk, planRows, quietPlan } from './doctor-plan.ts'
import type { DoctorTargets } from './doctor-targets.ts'
import { type Answer, type DoctorEvidence, endsRun, judge } from './judge-doctor.ts'

/** The process that asks. */
export interface ProbeHost {
  /** Rejects when the process is gone. */
  probe(probe: Probe): Promise<ProbeResult>
  end(): void
}

export interface DoctorParts {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly log: AppLog
  readonly publish: Publish<'doctor'>
  readonly settings: () => Pick<Settings, 'entry' | 'upstreamProxy'>
  readonly targets: DoctorTargets | undefined
  readonly coreClockAheadMs: () => number | undefined
  readonly openHost: () => ProbeHost
  /** A name of chance, of letters. */
  readonly label: () => string
}

interface Run {
  readonly host: ProbeHost
  readonly maySend: boolean
  readonly plan: DoctorPlan
  isStopped: boolean
}

export class Doctor implements DoctorPart {
  readonly #parts: DoctorParts
  #view: DoctorView = NO_DOCTOR
  #run: Run | undefined
  #running: Promise<void> | undefined

  constructor(parts: DoctorParts) {
    this.#parts = parts
    this.onSettings()
  }

  /** Resolves when the run has ended. Asked again while it runs, it is the same run. */
  run(maySend: boolean): Promise<void> {
    this.#running ??= this.#examine(maySend).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Nothing is sent from here on; what was found is forgotten, for half of it would mislead. */
  async stop(): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    run.isStopped = true
    run.host.end()
    await this.#running
  }

  /** Who hides from now on is not asked for by a run that began before. */
  onSettings(): void {
    const settings = this.#parts.settings()
    const isNowHidden = mustAsk(settings) && !this.#view.mustAsk
    if (isNowHidden) void this.stop()
    this.#set({ mustAsk: mustAsk(settings), plan: planRows(this.#planOf(true)) })
  }

  #planOf(maySend: boolean): DoctorPlan {
    const { settings, targets, label } = this.#parts
    return maySend ? fullPlan({ settings: settings(), targets, label: label() }) : quietPlan()
  }

  async #examine(maySend: boolean): Promise<void> {
    const { openHost, clock, log } = this.#parts
    const run: Run = { host: openHost(), maySend, plan: this.#planOf(maySend), isStopped: false }
    this.#run = run
    const hasSent = planRows(run.plan).some(({ asks }) => asks.length > 0)
    this.#set({ isRunning: true, running: DOCTOR_CHECKS[0], results: [], ranAtMs: undefined, hasSent })
    try {
      await this.#askAll(run)
    } finally {
      run.host.end()
      this.#run = undefined
      this.#set({
        isRunning: false,
        running: undefined,
        ...(run.isStopped ? { results: [] } : { ranAtMs: clock.wallMs() }),
      })
      log(
        'info',
        `doctor: ${this.#view.results.map(({ check, verdict }) => `${check} ${verdict}`).join(', ')}`,
      )
    }
  }

  async #askAll(run: Run): Promise<void> {
    const answers: Partial<Record<DoctorCheck, readonly Answer[]>> = {}
    let hasEnded = false
    for (const check of DOCTOR_CHECKS) {
      this.#set({ running: check })
      const isAsked = !hasEnded && run.plan[check].length > 0
      if (isAsked) answers[check] = await askAtOnce(run, check)
      if (run.isStopped) return
      const result = judge(check, this.#evidence(run, answers))
      // What could not be asked any more is not unknown: it waits for what is before it.
      const isMoot = hasEnded && result.verdict === 'unknown'
      this.#set({
        results: [
          ...this.#view.results,
          isMoot ? { check, verdict: 'not-asked', fix: 'none', finding: 'after-failure' } : result,
        ],
      })
      hasEnded ||= endsRun(result)
    }
  }

  #evidence({ maySend }: Run, answers: DoctorEvidence['answers']): DoctorEvidence {
    const { settings, targets, coreClockAheadMs } = this.#parts
    return {
      answers,
      coreClockAheadMs: coreClockAheadMs(),
      hasProxy: settings().upstreamProxy !== null,
      mayAsk: maySend,
      hasTargets: targets !== undefined,
      knownNames: targets?.knownNames ?? [],
    }
  }

  #set(change: Partial<DoctorView>): void {
    this.#view = { ...this.#view, ...change }
    this.#parts.publish(this.#view)
  }
}

/** All probes of one check together: they are few, and their limit is waited for once. */
async function askAtOnce({ host, plan }: Run, check: DoctorCheck): Promise<readonly Answer[]> {
  return Promise.all(
    plan[check].map(async (planned) => {
      const gone: ProbeResult = { kind: 'failed', why: 'other' }
      return { planned, result: await host.probe(planned.probe).catch(() => gone) }
    }),
  )
}
