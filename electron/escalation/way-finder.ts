/**
 * Finds a way in by itself: keeps the plan, takes one way after the other, remembers what worked on this network, and
 * never leads past bridges. It decides what the core is told to dial; while it has no way, that is nothing.
 */
import { AppError } from '../app-error.ts'
import { printedOf } from '../bridges/bridges-view.ts'
import type { AttemptEnding, Hold } from '../connection/connection-event.ts'
import type { ConnectionModel } from '../connection/connection-model.ts'
import type { AttemptWay } from '../ipc/snapshot-connection.ts'
import type { HelpAnswer, WayFindingView } from '../ipc/snapshot-ways.ts'
import type { AppLog, BridgesPart, SettingsPart, WaysPart } from '../parts.ts'
import type { HelpDesk } from './help-desk.ts'
import { judgeWay, type Verdict } from './judge-way.ts'
import { DIRECT_ADDRESS, type PlannedWay } from './planned-way.ts'
import { helpSteps, type PlanStep, planWays } from './plan.ts'
import {
  answerRun,
  beginRun,
  currentWay,
  directFailure,
  dropLines,
  failWay,
  IDLE,
  isDue,
  passWay,
  pauseRun,
  type Reason,
  type Run,
  stopRun,
  wakeRun,
  warmUp,
} from './run.ts'
import { WayMeans, type WayMeansDeps } from './way-means.ts'
import { viewWays } from './way-view.ts'

export interface WayFinderDeps extends WayMeansDeps {
  readonly log: AppLog
  readonly publish: (view: WayFindingView) => void
  readonly settings: Pick<SettingsPart, 'current' | 'change'>
  readonly bridges: Pick<
    BridgesPart,
    'activeLines' | 'disabledLines' | 'use' | 'chooseBuiltIn' | 'forgetNetworks'
  >
  readonly networkId: () => string | undefined
  readonly help: HelpDesk
  /** Has the core follow `bridgeLines`, and the attempt's row end; `hold` is set while there is no way. */
  readonly onSwitch: (ending: AttemptEnding, hold: Hold | undefined) => void
}

export class WayFinder implements WaysPart {
  readonly #deps: WayFinderDeps
  readonly #means: WayMeans
  #run: Run = IDLE
  /** Where the run goes on. */
  #network: string | undefined
  /** Whether somebody wants to be connected. */
  #isWanted = false
  #isBusy = false
  /** Whether the question that is being asked is this run's, and nobody's word. */
  #isAsking = false
  /** What the plan was made of, so that only what matters makes another. */
  #madeOf = ''

  constructor(deps: WayFinderDeps) {
    this.#deps = deps
    this.#means = new WayMeans(deps)
  }

  get view(): WayFindingView {
    const { clock, help, memory, countries } = this.#deps
    const nowMs = clock.monotonicMs()
    return viewWays(this.#isAlone ? { ...this.#run, phase: { kind: 'off' }, steps: [] } : this.#run, {
      country: this.#deps.country(),
      help: help.view,
      map: countries.map,
      rememberedNetworks: memory.count,
      wallOffsetMs: clock.wallMs() - nowMs,
      nowMs,
    })
  }

  /** Of the attempt that comes or runs; while nothing is dialled, that of the settings. */
  get way(): AttemptWay {
    const way = currentWay(this.#run)
    return way === undefined ? this.#means.ownWay : this.#means.attemptOf(way)
  }

  /** For the core: undefined for the direct way, empty for nothing at all. */
  get bridgeLines(): readonly string[] | undefined {
    const way = currentWay(this.#run)
    if (way !== undefined) return this.#means.linesOf(way)
    return this.hold === undefined ? this.#means.ownLines : []
  }

  /** Set while there is no way to take. */
  get hold(): Hold | undefined {
    const { kind } = this.#run.phase
    if (this.#isAlone || kind === 'off' || kind === 'trying' || kind === 'found') return undefined
    return kind === 'resting' ? 'resting' : 'between'
  }

  /** Before each attempt of the person's: the plan from its start. */
  begin(): void {
    this.#isWanted = true
    this.#beginAnew(true)
    this.#show()
    this.#askIfDue()
  }

  end(): void {
    this.#isWanted = false
    this.#run = stopRun(this.#run)
    void this.#deps.help.cancel()
    this.#show()
  }

  /** After each step of the connection's state machine, and so once a second until it is connected. */
  look(model: ConnectionModel): void {
    if (this.#isBusy || this.#run.phase.kind === 'off' || !this.#isWanted || !model.isWanted) return
    this.#isBusy = true
    try {
      this.#wake()
      this.#follow(judgeWay(model, currentWay(this.#run)?.isBrief ?? false))
    } finally {
      this.#isBusy = false
    }
  }

  /** Settings or bridges have changed. True when that made another plan, and the session has been told. */
  onChange(): boolean {
    if (this.#isBusy) return false
    if (!this.#isWanted) {
      this.#show()
      return false
    }
    const madeOf = this.#means.material(this.#isFound)
    if (madeOf === this.#madeOf) return false
    this.#madeOf = madeOf
    const way = currentWay(this.#run)
    if (way !== undefined && this.#means.isStillMeant(way)) return false
    this.#restart({ outcome: 'cancelled', next: 'retrying' }, true)
    return true
  }

  /**
   * The person removed these bridges or turned them off. Whoever did so may have found that one is watched: it is not
   * remembered on any network, and neither the way that is taken nor one to come leads there.
   */
  drop(lines: readonly string[]): void {
    const dropped = new Set(lines.map(printedOf))
    const isDropped = (line: string): boolean => dropped.has(printedOf(line))
    const { log, memory } = this.#deps
    this.#means.drop(lines)
    memory
      .forgetLines(isDropped)
      .catch(() =>
        log('warn', 'bridges that were removed or turned off are still in the file with the networks'),
      )
    this.#run = dropLines(this.#run, isDropped)
    const way = currentWay(this.#run)
    if (way === undefined || !this.#means.leadsTo(way, isDropped)) return
    this.#restart({ outcome: 'cancelled', next: 'retrying' }, true)
  }

  async skip(): Promise<void> {
    const way = currentWay(this.#run)
    const { phase } = this.#run
    if (phase.kind === 'asking') return this.#deps.help.cancel()
    if (way === undefined || phase.kind !== 'trying' || this.#isAlone) {
      throw new AppError('no-other-way', 'there is no way to go on with now')
    }
    this.#leave({ kind: 'aborted', detail: 'the person went on to the next way' }, 'cancelled')
  }

  async keep(): Promise<void> {
    const way = this.#foundWay()
    const { bridges, settings } = this.#deps
    const transport = way.transports[0]
    const isBuiltIn =
      transport !== undefined &&
      way.transports.length === 1 &&
      JSON.stringify(this.#deps.builtIn(transport)) === JSON.stringify(way.lines)
    this.#isBusy = true
    try {
      if (isBuiltIn) await bridges.chooseBuiltIn(transport)
      else await bridges.use(way.lines)
      await settings.change({ useBridges: true })
    } finally {
      this.#isBusy = false
    }
    // It goes on as what the settings say.
    const steps = this.#run.steps.map((run) =>
      run.step.kind === 'way' && run.step.way === way
        ? { ...run, step: { kind: 'way' as const, way: { ...way, source: 'settings' as const } } }
        : run,
    )
    this.#run = { ...this.#run, steps }
    this.#madeOf = this.#means.material(this.#isFound)
    this.#show()
  }

  async undo(): Promise<void> {
    this.#foundWay()
    await this.#remembering(this.#deps.memory.forget(this.#network))
    this.#restart({ outcome: 'cancelled', next: 'retrying' }, true)
  }

  async forgetNetworks(): Promise<void> {
    const { bridges, memory } = this.#deps
    await bridges.forgetNetworks()
    await this.#remembering(memory.forgetAll())
    this.#network = this.#deps.networkId()
    this.#show()
  }

  ask(country: string | null): Promise<HelpAnswer> {
    return this.#deps.help.ask(country ?? undefined)
  }

  cancelAsking(): Promise<void> {
    return this.#deps.help.cancel()
  }

  /** The bridge service's part of the view has changed. */
  refresh(): void {
    this.#show()
  }

  /** There is nothing beside the settings' own way: then it is tried on and on, as the core does. */
  get #isAlone(): boolean {
    return this.#run.steps.length <= 1
  }

  get #isFound(): boolean {
    return this.#run.phase.kind === 'found'
  }

  #plan(): readonly PlanStep[] {
    return planWays(this.#means.inputs(this.#network))
  }

  #wake(): void {
    const now = this.#deps.clock.monotonicMs()
    if (!isDue(this.#run, now)) return
    const before = this.#run
    this.#run = wakeRun(before, () => this.#plan(), now)
    this.#switch({ outcome: 'cancelled', next: 'retrying' })
  }

  #follow(verdict: Verdict): void {
    switch (verdict.kind) {
      case 'wait':
        return this.#pause(undefined)
      case 'no-network':
        return this.#pause('network')
      case 'wrong-clock':
        return this.#pause('clock')
      case 'works':
        return this.#pass()
      case 'go-on':
        if (this.#isAlone) return
        return this.#run.phase.kind === 'found'
          ? this.#lose(verdict.reason)
          : this.#leave(verdict.reason, verdict.outcome)
    }
  }

  #pause(pause: Run['pause']): void {
    const next = pauseRun(this.#run, pause)
    if (next === this.#run) return
    this.#run = next
    this.#show()
  }

  #pass(): void {
    if (this.#run.phase.kind !== 'trying') return
    this.#run = passWay(this.#run)
    this.#madeOf = this.#means.material(this.#isFound)
    const way = currentWay(this.#run)
    if (way !== undefined && this.#network !== undefined) this.#remember(way, this.#network)
    this.#show()
  }

  #remember(way: PlannedWay, network: string): void {
    const { clock, log, memory } = this.#deps
    const lines = this.#means.linesOf(way)
    // Of who uses bridges the direct way is not tried: then what was known of it stays so.
    const failedBefore = memory.workedOn(network)?.hasDirectFailed ?? false
    const hasDirectFailed = lines !== undefined && (directFailure(this.#run) ?? failedBefore)
    const noting = memory.note(network, { lines, workedMs: clock.wallMs(), hasDirectFailed })
    noting.catch(() => log('warn', 'what works on this network could not be kept'))
  }

  /** What had worked does no more, or this is another network: the plan begins anew, and what failed cools. */
  #lose(reason: Reason): void {
    const now = this.#deps.clock.monotonicMs()
    this.#run = failWay(this.#run, reason, now)
    this.#restart({ outcome: 'failed', reason, next: 'next-way' }, false)
  }

  #leave(reason: Reason, outcome: AttemptEnding['outcome']): void {
    this.#run = failWay(this.#run, reason, this.#deps.clock.monotonicMs())
    this.#switch({ outcome, reason, next: 'next-way' })
  }

  #restart(ending: AttemptEnding, isAsked: boolean): void {
    this.#beginAnew(isAsked)
    this.#switch(ending)
  }

  /** Who asks for it may have relays dialled at once: they are others each time. Single addresses cool all the same. */
  #beginAnew(isAsked: boolean): void {
    // The plan that has come to it is given up, perhaps by who hides from now on.
    if (this.#isAsking) void this.#deps.help.cancel()
    this.#network = this.#deps.networkId()
    const warm = isAsked ? warmUp(this.#run, DIRECT_ADDRESS) : this.#run
    this.#run = beginRun(stopRun(warm), this.#plan(), this.#deps.clock.monotonicMs())
    this.#madeOf = this.#means.material(this.#isFound)
  }

  /** Says what comes next in the row that ends, then has the core follow. */
  #switch(ending: AttemptEnding): void {
    const { phase } = this.#run
    const way = currentWay(this.#run)
    const isOver = ending.next === 'next-way'
    if (phase.kind === 'trying' && way !== undefined) {
      const nextWay = isOver ? { nextWay: this.way } : {}
      this.#deps.onSwitch({ ...ending, ...nextWay }, undefined)
    } else if (phase.kind === 'resting') {
      this.#deps.onSwitch({ ...ending, ...(isOver && { next: 'next-round' as const }) }, 'resting')
    } else {
      const next = phase.kind === 'asking' && isOver ? ('asking-help' as const) : ending.next
      this.#deps.onSwitch({ ...ending, next }, 'between')
    }
    this.#show()
    this.#askIfDue()
  }

  #askIfDue(): void {
    const { phase } = this.#run
    if (phase.kind !== 'asking') return
    const { help, country } = this.#deps
    this.#isAsking = true
    help.ask(country().code).then(
      () => this.#onAnswer(undefined),
      (error: unknown) => this.#onAnswer(reasonOf(error)),
    )
  }

  #onAnswer(reason: Reason | undefined): void {
    this.#isAsking = false
    if (this.#run.phase.kind !== 'asking') return
    const now = this.#deps.clock.monotonicMs()
    const steps = this.#run.steps.map(({ step }) => step)
    this.#run = answerRun(this.#run, helpSteps(this.#means.inputs(this.#network), steps), reason, now)
    this.#switch({ outcome: 'cancelled', next: 'retrying' })
  }

  #foundWay(): PlannedWay {
    const way = this.#run.phase.kind === 'found' ? currentWay(this.#run) : undefined
    if (way === undefined || way.source === 'settings') {
      throw new AppError('no-other-way', 'the way in use is that of the settings')
    }
    return way
  }

  async #remembering(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      throw new AppError('way-not-remembered', 'the file with the networks could not be written', {
        cause: error,
      })
    }
  }

  #show(): void {
    this.#deps.publish(this.view)
  }
}

function reasonOf(error: unknown): Reason {
  if (error instanceof AppError) return { kind: error.kind, detail: error.message }
  return { kind: 'internal', detail: 'an error without words' }
}
