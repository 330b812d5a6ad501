/**
 * What the map shows of the circuits, as plain values in pixels: pure, so that it is tested without a window and costs
 * nothing to compare. Places are never guessed: who is not known to be in a country is drawn beside the map.
 */
import type { CircuitView, HopView } from '../../electron/ipc/snapshot-circuits.ts'
import { arc, arcMiddle } from './arcs.ts'
import { assignSlots, type Placed, slotOffset, type Slots } from './slots.ts'
import { type MapView, type Size, toPixels } from './view.ts'
import { type Point, pointOf } from './world.ts'

/** The key of the person's own end among the relays. */
const OWN_KEY = '@you'
/** The country of those whose country is not known. */
export const UNKNOWN = ''

/** Pixels between relays in the tray, from its left and lower edge, above them, and from the corner of the map. */
const TRAY_STEP_PX = 26
const TRAY_MARGIN_PX = 20
const TRAY_TITLE_PX = 40
const TRAY_GAP_PX = 8
/** Wide enough for its title, and never more than a corner. */
const TRAY_MIN_WIDTH_PX = 148
const TRAY_COLUMNS = 6
/** How far inside of the edge the two ends are whose place is not known. */
const EDGE_PX = 20
/** Places that are nearer to one another than that are one for the eye. */
const WAY_BACK_PX = 60

export interface RelayMark extends Point {
  readonly key: string
  readonly hop: HopView
  /** Some circuit that runs through it; the selected one where it does. */
  readonly circuitId: number
  /** Its place in the selected circuit or set, from 1; 0 for a relay outside of it. */
  readonly order: number
}

export interface CircuitLine {
  readonly id: number
  /**
   * An SVG path for each leg. Those of a circuit that is being built begin at the person, and the newest is drawn as it
   * comes; the others begin at their guard, for many share it: see `entries`.
   */
  readonly legs: readonly string[]
  /** Its last relay, from which a circuit that is being built goes on. */
  readonly head: Point
  readonly isBuilding: boolean
  readonly isUsed: boolean
  readonly isSelected: boolean
}

export type LegKind = 'entry' | 'between' | 'beyond'

export interface SelectedLeg {
  readonly key: string
  readonly path: string
  readonly kind: LegKind
  readonly arrow: Point & { readonly degrees: number }
}

export interface Stop extends Point {
  readonly kind: 'you' | 'relay' | 'target'
  readonly hop: HopView | undefined
  /** From 1 for relays. */
  readonly order: number
  /** At the edge of the map, because its place is not known. */
  readonly isAtEdge: boolean
}

export interface Scene {
  readonly relays: readonly RelayMark[]
  /** At the edge where the own country is not known. */
  readonly you: Stop
  /** From the person to each guard, once. */
  readonly entries: readonly string[]
  readonly lines: readonly CircuitLine[]
  readonly legs: readonly SelectedLeg[]
  readonly stops: readonly Stop[]
  /** Countries of the selected circuit, to be tinted. */
  readonly countries: readonly string[]
  /** Undefined where every relay has its country. */
  readonly tray: (Size & Point) | undefined
}

export interface SceneInput {
  /** Without closed ones. */
  readonly circuits: readonly CircuitView[]
  readonly ownCountry: string | undefined
  readonly selectedId: number | undefined
  readonly slots: Slots
  readonly view: MapView
  readonly size: Size
}

/** A country that is on the map, or `UNKNOWN`. */
export function countryOf(hop: Pick<HopView, 'country'>): string {
  return hop.country !== undefined && pointOf(hop.country) !== undefined ? hop.country : UNKNOWN
}

/** Each relay and, where its country is known, the person's own end keep their slots from one update to the next. */
export function nextSlots(
  before: Slots,
  circuits: readonly CircuitView[],
  ownCountry: string | undefined,
): Slots {
  const own = ownCountry === undefined ? [] : [{ key: OWN_KEY, country: ownCountry }]
  const relays: Placed[] = circuits.flatMap(({ hops }) =>
    hops.map((hop) => ({ key: hop.fingerprint, country: countryOf(hop) })),
  )
  return assignSlots(before, [...own, ...relays])
}

/** The selected circuit, and those that are joined to a set with it, which are shown as one; itself first. */
export function selectedWays(
  circuits: readonly CircuitView[],
  selectedId: number | undefined,
): readonly CircuitView[] {
  const selected = circuits.find(({ id }) => id === selectedId)
  if (selected === undefined) return []
  const { setId } = selected
  const others =
    setId === undefined ? [] : circuits.filter((each) => each !== selected && each.setId === setId)
  return [selected, ...others]
}

/** The points of circuits that are on the map, in map units: what the map zooms to. */
export function pointsOf(circuits: readonly CircuitView[], ownCountry: string | undefined): readonly Point[] {
  if (circuits.length === 0) return []
  const countries = [...circuits.flatMap(({ hops }) => hops.map(({ country }) => country)), ownCountry]
  return countries.flatMap((country) => (country === undefined ? [] : (pointOf(country) ?? [])))
}

export function buildScene(input: SceneInput): Scene {
  const { circuits, selectedId } = input
  const ways = selectedWays(circuits, selectedId)
  const stops = ways.map((way) => stopsOf(input, way))
  return {
    relays: marksOf(input, ways),
    you: youStop(input),
    entries: entriesOf(input, ways),
    lines: circuits
      .filter(({ hops }) => hops.length > 0)
      .map((circuit) => lineOf(input, circuit, ways.includes(circuit))),
    legs: joinedLegs(ways, stops),
    stops: joinedStops(stops),
    countries: [
      ...new Set(ways.flatMap(({ hops }) => hops.map(countryOf)).filter((country) => country !== UNKNOWN)),
    ],
    tray: trayOf(input),
  }
}

/** In pixels; undefined for who has no slot, which is the person's own end where its country is not known. */
function placeOf(input: SceneInput, key: string): Point | undefined {
  const found = input.slots.get(key)
  if (found === undefined) return undefined
  const point = pointOf(found.country)
  if (point === undefined) return placeInTray(trayOf(input), found.slot)
  const center = toPixels(input.view, point)
  const offset = slotOffset(found.slot)
  return { x: center.x + offset.x, y: center.y + offset.y }
}

function trayOf({ slots, size }: SceneInput): Scene['tray'] {
  let count = 0
  for (const { country, slot } of slots.values()) if (country === UNKNOWN) count = Math.max(count, slot + 1)
  if (count === 0) return undefined
  const columns = Math.min(count, TRAY_COLUMNS)
  const rows = Math.ceil(count / TRAY_COLUMNS)
  const width = Math.max((columns - 1) * TRAY_STEP_PX + 2 * TRAY_MARGIN_PX, TRAY_MIN_WIDTH_PX)
  const height = (rows - 1) * TRAY_STEP_PX + TRAY_TITLE_PX + TRAY_MARGIN_PX
  return { x: TRAY_GAP_PX, y: size.height - height - TRAY_GAP_PX, width, height }
}

function placeInTray(tray: Scene['tray'], slot: number): Point {
  return {
    x: (tray?.x ?? 0) + TRAY_MARGIN_PX + (slot % TRAY_COLUMNS) * TRAY_STEP_PX,
    y: (tray?.y ?? 0) + TRAY_TITLE_PX + Math.floor(slot / TRAY_COLUMNS) * TRAY_STEP_PX,
  }
}

/** The places that a circuit runs through: the person, the relays that are there, and what lies behind the last one. */
function stopsOf(input: SceneInput, circuit: CircuitView): readonly Stop[] {
  const relays = circuit.hops.map((hop, index): Stop => {
    const place = placeOf(input, hop.fingerprint) ?? { x: 0, y: 0 }
    return { kind: 'relay', hop, order: index + 1, isAtEdge: false, ...place }
  })
  const first = youStop(input)
  const last = relays.at(-1)
  if (last === undefined || !leadsBeyond(circuit)) return [first, ...relays]
  return [
    first,
    ...relays,
    { kind: 'target', hop: undefined, order: 0, isAtEdge: true, ...targetPlace(input, last) },
  ]
}

/** The person once, the relays way by way, each once, and at last what lies behind the exit. */
function joinedStops(ways: readonly (readonly Stop[])[]): readonly Stop[] {
  const joined = new Map<string, Stop>()
  for (const stop of ways.flat()) joined.set(stop.hop?.fingerprint ?? stop.kind, stop)
  const all = [...joined.values()]
  return [...all.filter(({ kind }) => kind !== 'target'), ...all.filter(({ kind }) => kind === 'target')]
}

/** Behind their exit all ways are one. */
function joinedLegs(
  ways: readonly CircuitView[],
  stops: readonly (readonly Stop[])[],
): readonly SelectedLeg[] {
  return ways.flatMap(({ id }, at) => {
    const legs = legsOf(id, stops[at] ?? [])
    return at === 0 ? legs : legs.filter(({ kind }) => kind !== 'beyond')
  })
}

/** Whether the circuit goes on after its last relay: to sites, or to the relays of an onion service. */
export function leadsBeyond({ purpose, sites, state }: CircuitView): boolean {
  return state === 'open' && (purpose === 'internal' || (purpose === 'exit' && sites.length > 0))
}

function youStop(input: SceneInput): Stop {
  const known = placeOf(input, OWN_KEY)
  const place = known ?? { x: EDGE_PX, y: input.size.height * 0.42 }
  return { kind: 'you', hop: undefined, order: 0, isAtEdge: known === undefined, ...place }
}

function entriesOf(input: SceneInput, selected: readonly CircuitView[]): readonly string[] {
  const you = youStop(input)
  const guards = input.circuits
    .filter((circuit) => !selected.includes(circuit) && circuit.state !== 'building')
    .flatMap(({ hops: [guard] }) => guard?.fingerprint ?? [])
  return [...new Set(guards)].map((guard) => arc(you, placeOf(input, guard) ?? you))
}

/** A little above the exit, so that the last leg is short and its arrow reads. */
function targetPlace({ size }: SceneInput, exit: Point): Point {
  return { x: size.width - EDGE_PX, y: Math.min(Math.max(exit.y - 24, 28), size.height - 40) }
}

function marksOf(input: SceneInput, selected: readonly CircuitView[]): readonly RelayMark[] {
  const marks = new Map<string, RelayMark>()
  // The selected circuit's last, so that they are painted above the others.
  const others = input.circuits.filter((each) => !selected.includes(each))
  for (const circuit of [...others, ...[...selected].reverse()]) {
    circuit.hops.forEach((hop, index) => {
      const place = placeOf(input, hop.fingerprint)
      if (place === undefined) return
      marks.delete(hop.fingerprint)
      const order = selected.includes(circuit) ? index + 1 : 0
      marks.set(hop.fingerprint, { key: hop.fingerprint, hop, circuitId: circuit.id, order, ...place })
    })
  }
  return [...marks.values()]
}

function lineOf(input: SceneInput, circuit: CircuitView, isSelected: boolean): CircuitLine {
  const isBuilding = circuit.state === 'building'
  const relays = circuit.hops.flatMap(({ fingerprint }) => placeOf(input, fingerprint) ?? [])
  const places = isBuilding ? [youStop(input), ...relays] : relays
  return {
    id: circuit.id,
    legs: places.slice(1).map((place, index) => arc(places[index] ?? place, place)),
    head: relays.at(-1) ?? youStop(input),
    isBuilding,
    isUsed: circuit.streams > 0 || circuit.sites.length > 0,
    isSelected,
  }
}

function legsOf(circuitId: number, stops: readonly Stop[]): readonly SelectedLeg[] {
  let hangs = false
  return stops.slice(1).map((to, index) => {
    const from = stops[index] ?? to
    const before = stops[index - 1]
    // Back to where it came from: on the other side, or the two ways would be one line.
    const isWayBack = before !== undefined && Math.hypot(before.x - to.x, before.y - to.y) < WAY_BACK_PX
    hangs = isWayBack && !hangs
    const kind = from.kind === 'you' ? 'entry' : to.kind === 'target' ? 'beyond' : 'between'
    const key = `${circuitId}-${from.order}-${to.kind}`
    return { key, path: arc(from, to, hangs), kind, arrow: arcMiddle(from, to, hangs) }
  })
}
