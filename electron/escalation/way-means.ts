/** What ways are made of at this moment: the settings, the bridges, what is remembered, known of the country, and built in. */
import type { Clock } from '../clock.ts'
import { printedOf } from '../bridges/bridges-view.ts'
import { attemptWay, usesBridges } from '../connection/entry-way.ts'
import type { BridgeView } from '../ipc/snapshot-bridges.ts'
import type { AttemptWay } from '../ipc/snapshot-connection.ts'
import type { CountryGuess } from '../ipc/snapshot-ways.ts'
import type { BridgesPart, SettingsPart } from '../parts.ts'
import type { CountryKnowledge } from './country-map.ts'
import type { HelpDesk } from './help-desk.ts'
import type { NetworkMemory } from './network-memory.ts'
import { attemptWayOf, type PlannedWay } from './planned-way.ts'
import type { PlanInputs } from './plan.ts'

export interface WayMeansDeps {
  readonly clock: Clock
  readonly settings: Pick<SettingsPart, 'current'>
  readonly bridges: Pick<BridgesPart, 'activeLines' | 'disabledLines'>
  readonly bridgeViews: () => readonly BridgeView[]
  /** The lines of a transport, as people call it. */
  readonly builtIn: (transport: string) => readonly string[]
  /** That the core has. */
  readonly transports: readonly string[]
  readonly memory: NetworkMemory
  readonly country: () => CountryGuess
  readonly countries: CountryKnowledge
  readonly help: Pick<HelpDesk, 'view' | 'mayAskByItself'>
}

export class WayMeans {
  readonly #deps: WayMeansDeps
  /** As they are printed. An answer or a list may name them still; no file says that they were taken away. */
  readonly #dropped = new Set<string>()

  constructor(deps: WayMeansDeps) {
    this.#deps = deps
  }

  /** As the settings say it. */
  get ownWay(): AttemptWay {
    return attemptWay(this.#deps.settings.current, this.#deps.bridgeViews())
  }

  /** For the core: undefined for the direct way. */
  get ownLines(): readonly string[] | undefined {
    return this.#isBridged ? this.#deps.bridges.activeLines() : undefined
  }

  /** Likewise, of a way of the plan. Said once more where it counts: whoever uses bridges is not led past them. */
  linesOf(way: PlannedWay): readonly string[] | undefined {
    if (way.kind === 'direct') return this.#isBridged ? [] : undefined
    // Those of the settings are the ones that are there now: one bridge more is used at once.
    return this.#isLive(way) ? this.#deps.bridges.activeLines() : way.lines
  }

  /** For the rows of attempts. */
  attemptOf(way: PlannedWay): AttemptWay {
    return this.#isOwn(way) ? this.ownWay : attemptWayOf(way)
  }

  /** Whether a way of the settings is one still, of the same kind. */
  isStillMeant(way: PlannedWay): boolean {
    return this.#isOwn(way) && (!this.#isBridged || this.#deps.bridges.activeLines().length > 0)
  }

  /** Whether a way has lines that the person has just taken away, and would keep them. */
  leadsTo(way: PlannedWay, isDropped: (line: string) => boolean): boolean {
    return !this.#isLive(way) && way.lines.some(isDropped)
  }

  /** No plan leads there until the app is closed, or until they are used again. */
  drop(lines: readonly string[]): void {
    for (const line of lines) this.#dropped.add(printedOf(line))
  }

  inputs(network: string | undefined): PlanInputs {
    const { settings, bridges, builtIn, transports, memory, help, clock, country, countries } = this.#deps
    const ownLines = bridges.activeLines()
    for (const line of ownLines) this.#dropped.delete(printedOf(line))
    return {
      settings: settings.current,
      ownLines,
      disabledLines: [...bridges.disabledLines(), ...this.#dropped],
      worked: memory.workedOn(network),
      help: help.view.answer?.settings,
      map: countries.settingsOf(country().code),
      builtIn,
      transports,
      mayAsk: help.mayAskByItself,
      nowMs: clock.wallMs(),
    }
  }

  /**
   * A text that changes with what makes another plan. A way that was found is not given up for a country, nor for
   * bridges that are not used.
   */
  material(isFound: boolean): string {
    const { settings, bridges, country } = this.#deps
    const { entry, useBridges, findsOwnWay } = settings.current
    const lines = isFound && !this.#isBridged ? [] : bridges.activeLines()
    return JSON.stringify([entry, useBridges, findsOwnWay, isFound ? '' : country().code, lines])
  }

  /** The settings' own way. Bridges of who connects directly are one more, and no bridge is added to them meanwhile. */
  #isOwn({ kind, source }: PlannedWay): boolean {
    return source === 'settings' && (kind === 'bridges') === this.#isBridged
  }

  #isLive(way: PlannedWay): boolean {
    return this.#isOwn(way) && this.#isBridged
  }

  get #isBridged(): boolean {
    return usesBridges(this.#deps.settings.current)
  }
}
