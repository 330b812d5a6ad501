/**
 * In which order ways are tried: what the settings say, what worked last on this network, what is known for the country,
 * and then what everybody has. Pure. The direct way is never skipped for what worked, or nobody would notice that a
 * network is free again and bridges would carry those who need none; but where it had failed it is left soon. Whoever uses bridges is never led past them, and for whoever hides nothing is tried
 * that is on a public list: to dial a relay or a bridge that everybody knows says as much as to say it aloud.
 */
import type { Settings } from '../ipc/settings.ts'
import type { HelpSetting, WaySource } from '../ipc/snapshot-ways.ts'
import { usesBridges } from '../connection/entry-way.ts'
import { printedOf } from '../bridges/bridges-view.ts'
import { PLAIN } from '../bridges/line-check.ts'
import type { CountrySetting } from './country-map.ts'
import { addressOf, bridgeWay, directWay, type PlannedWay } from './planned-way.ts'

export type PlanStep =
  | { readonly kind: 'way'; readonly way: PlannedWay }
  /** Here the bridge service is asked, and what it says is put in. */
  | { readonly kind: 'ask' }

/** What worked on a network, and when. */
export interface WorkedWay {
  /** Undefined: directly. */
  readonly lines: readonly string[] | undefined
  /** Wall clock. */
  readonly workedMs: number
  /** The direct way was tried before it and did not lead there. */
  readonly hasDirectFailed: boolean
}

export interface PlanInputs {
  readonly settings: Pick<Settings, 'entry' | 'useBridges' | 'findsOwnWay'>
  /** Of the person: added or chosen, and enabled. */
  readonly ownLines: readonly string[]
  /** Turned off or removed by the person: whoever names them, nothing leads there. */
  readonly disabledLines: readonly string[]
  readonly worked: WorkedWay | undefined
  /** What the bridge service said, in its order. */
  readonly help: readonly HelpSetting[] | undefined
  readonly map: readonly CountrySetting[]
  readonly builtIn: (transport: string) => readonly string[]
  /** That the core has. */
  readonly transports: readonly string[]
  /** Whether the bridge service may be asked without the person's word. */
  readonly mayAsk: boolean
  /** Wall clock. */
  readonly nowMs: number
}

/** So long it counts that the direct way had failed: a network is often another one after months. */
const FAILED_LATELY_MS = 30 * 24 * 60 * 60 * 1000

/** What everybody has, the most ordinary to use first. */
const BUILT_IN_ORDER = ['obfs4', 'webtunnel', 'snowflake', 'meek'] as const
/** Of these, the bridges' own addresses are dialled, and stand on everybody's list; the others look like the web. */
const LISTED = ['obfs4', PLAIN] as const

/**
 * The settings' own way comes first, or alone. The bridge service, which learns that somebody asks, is asked where the
 * map says that it takes bridges on request, and elsewhere only after all that needs nobody; never for who hides.
 * Never empty, but for bridges alone that are not there.
 */
export function planWays(inputs: PlanInputs): readonly PlanStep[] {
  const { settings } = inputs
  const draft = new Draft(inputs)
  const isBridged = usesBridges(settings)
  if (!settings.findsOwnWay) {
    if (isBridged) draft.add('settings', inputs.ownLines)
    else draft.addDirect(false)
    return draft.steps
  }
  if (isBridged) draft.add('settings', inputs.ownLines)
  else draft.addDirect(isBrief(inputs))
  draft.forbidListed()
  draft.add('remembered', inputs.worked?.lines ?? [])
  draft.add('settings', inputs.ownLines)
  addHelp(draft, inputs)
  addMapped(draft, inputs)
  const mayAsk = inputs.help === undefined && inputs.mayAsk && settings.entry === 'direct'
  const isAskedSoon = inputs.map.some(({ source }) => source === 'requested')
  if (mayAsk && isAskedSoon) draft.addAsking()
  for (const transport of BUILT_IN_ORDER) draft.addBuiltIn('built-in', transport)
  if (mayAsk && !isAskedSoon) draft.addAsking()
  return draft.steps
}

/** What the service's answer adds to a plan that has these ways. */
export function helpSteps(inputs: PlanInputs, before: readonly PlanStep[]): readonly PlanStep[] {
  const draft = new Draft(inputs, before)
  draft.forbidListed()
  addHelp(draft, inputs)
  return draft.steps.slice(before.length)
}

/** Whether there is something better to do than to wait for a direct way that stands still. */
function isBrief({ worked, nowMs }: PlanInputs): boolean {
  if (worked?.lines === undefined || !worked.hasDirectFailed) return false
  return nowMs - worked.workedMs < FAILED_LATELY_MS
}

function addHelp(draft: Draft, { help = [], settings }: PlanInputs): void {
  for (const { source, transport, lines } of help) {
    // Nothing hides what a plain bridge is spoken to in.
    if (settings.entry === 'hide' && transport === PLAIN) continue
    if (source === 'requested') draft.add('help', lines)
    else draft.addBuiltIn('help', transport)
  }
}

/** Bridges on request are the service's to give. */
function addMapped(draft: Draft, { map }: PlanInputs): void {
  for (const { source, transport } of map) if (source === 'built-in') draft.addBuiltIn('map', transport)
}

class Draft {
  readonly #inputs: PlanInputs
  readonly #steps: PlanStep[]
  readonly #taken: Set<string>
  /** As they are printed. */
  readonly #disabled: ReadonlySet<string>

  constructor(inputs: PlanInputs, before: readonly PlanStep[] = []) {
    this.#inputs = inputs
    this.#steps = [...before]
    this.#disabled = new Set(inputs.disabledLines.map(printedOf))
    this.#taken = new Set(before.flatMap((step) => (step.kind === 'way' ? step.way.addresses : [])))
  }

  get steps(): readonly PlanStep[] {
    return this.#steps
  }

  addDirect(isBrief: boolean): void {
    this.#push(directWay('settings', isBrief))
  }

  /** What is in the plan already is left out. */
  add(source: WaySource, lines: readonly string[]): void {
    const { transports } = this.#inputs
    const enabled = lines.filter((line) => !this.#disabled.has(printedOf(line)))
    const way = bridgeWay(source, enabled, { transports, taken: this.#taken })
    if (way !== undefined) this.#push(way)
  }

  addBuiltIn(source: WaySource, transport: string): void {
    this.add(source, this.#inputs.builtIn(transport))
  }

  /** Whoever hides goes to a listed bridge only by their own choice, also when it was remembered or handed out. */
  forbidListed(): void {
    const { settings, builtIn, transports } = this.#inputs
    if (settings.entry !== 'hide') return
    for (const line of LISTED.flatMap(builtIn)) {
      const address = addressOf(line, transports)
      if (address !== undefined) this.#taken.add(address)
    }
  }

  addAsking(): void {
    this.#steps.push({ kind: 'ask' })
  }

  #push(way: PlannedWay): void {
    for (const address of way.addresses) this.#taken.add(address)
    const same = this.#steps.filter((step) => step.kind === 'way' && step.way.id.startsWith(way.id)).length
    this.#steps.push({ kind: 'way', way: same === 0 ? way : { ...way, id: `${way.id} ${same + 1}` } })
  }
}
