import { describe, expect, it } from 'vitest'
import type { CircuitView } from '../../../../electron/ipc/snapshot-circuits.ts'
import {
  buildScene,
  nextSlots,
  pointsOf,
  type Scene,
  type SceneInput,
} from '../../../../renderer/map/scene.ts'
import { wholeWorld } from '../../../../renderer/map/view.ts'
import { circuit } from './samples.ts'

const SIZE = { width: 1000, height: 433 }

describe('what the map shows of the circuits', () => {
  it('draws each circuit as one way from the person by its relays', () => {
    const scene = sceneOf([circuit(1, ['de', 'fr', 'nl']), circuit(2, ['de', 'us', 'se'])])
    expect(scene.lines.map(({ id }) => id)).toEqual([1, 2])
    // Guard -> middle -> exit; and from the person to each guard.
    expect(scene.lines.map(({ legs }) => legs.length)).toEqual([2, 2])
    expect(scene.entries).toHaveLength(2)
    expect(scene.relays).toHaveLength(6)
  })

  it('marks the hops of the selected circuit in their order, and leads on to its site', () => {
    const selected = circuit(2, ['de', 'us', 'se'], { sites: ['example.com'], streams: 1 })
    const scene = sceneOf([circuit(1, ['de', 'fr', 'nl']), selected], { selectedId: 2 })
    expect(scene.relays.filter(({ order }) => order > 0).map(({ order }) => order)).toEqual([1, 2, 3])
    expect(scene.stops.map(({ kind }) => kind)).toEqual(['you', 'relay', 'relay', 'relay', 'target'])
    expect(scene.legs.map(({ kind }) => kind)).toEqual(['entry', 'between', 'between', 'beyond'])
    expect(scene.countries).toEqual(['de', 'us', 'se'])
    expect(scene.lines.map(({ isSelected }) => isSelected)).toEqual([false, true])
  })

  it('draws the way to a guard once, however many circuits share it, and that of a new circuit for itself', () => {
    const shared = circuit(1, ['de', 'fr', 'nl'])
    const others = [2, 3].map((id) => {
      const other = circuit(id, ['de', 'us', 'se'])
      return { ...other, hops: [...shared.hops.slice(0, 1), ...other.hops.slice(1)] }
    })
    const scene = sceneOf([shared, ...others, circuit(4, ['at', 'it'], { state: 'building' })])
    expect(scene.entries).toHaveLength(1)
    const building = scene.lines.find(({ id }) => id === 4)
    expect(building?.isBuilding).toBe(true)
    expect(building?.legs).toHaveLength(2)
  })

  it('leads nowhere behind a circuit that serves nobody yet, or is not finished', () => {
    const kindsOf = (change: Partial<CircuitView>): unknown =>
      sceneOf([circuit(1, ['de', 'fr', 'nl'], change)], { selectedId: 1 }).stops.at(-1)?.kind
    expect(kindsOf({})).toBe('relay')
    expect(kindsOf({ purpose: 'directory', sites: ['example.com'] })).toBe('relay')
    expect(kindsOf({ state: 'building', sites: ['example.com'] })).toBe('relay')
    expect(kindsOf({ purpose: 'internal' })).toBe('target')
  })

  it('keeps the person at the edge while nothing says in which country they are', () => {
    const unknown = sceneOf([circuit(1, ['de', 'fr', 'nl'])], { selectedId: 1 })
    expect(unknown.you).toMatchObject({ kind: 'you', isAtEdge: true, x: 20 })
    expect(unknown.stops[0]).toEqual(unknown.you)
    const known = sceneOf([circuit(1, ['de', 'fr', 'nl'])], { selectedId: 1, ownCountry: 'it' })
    expect(known.you).toMatchObject({ kind: 'you', isAtEdge: false })
    expect(known.you.x).toBeGreaterThan(400)
    expect(known.stops[0]).toEqual(known.you)
  })

  it('puts relays whose country is not known, or not on the map, into a tray in the corner', () => {
    const scene = sceneOf([circuit(1, [undefined, 'xx', 'nl'])])
    const tray = scene.tray ?? { x: 0, y: 0, width: 0, height: 0 }
    const isInTray = scene.relays.map(
      ({ x, y }) => x > tray.x && x < tray.x + tray.width && y > tray.y && y < tray.y + tray.height,
    )
    expect(isInTray).toEqual([true, true, false])
    expect(tray.y + tray.height).toBeLessThan(SIZE.height)
    expect(sceneOf([circuit(1, ['de', 'fr', 'nl'])]).tray).toBeUndefined()
  })

  it('spreads the relays of one country, and leaves each where it is while others come and go', () => {
    const [one, two, three] = [circuit(1, ['de']), circuit(2, ['de']), circuit(3, ['de'])]
    const first = nextSlots(new Map(), [one, two], undefined)
    const second = nextSlots(first, [two, three], undefined)
    const third = nextSlots(second, [three, two, one], undefined)
    const slotIn = (
      slots: ReadonlyMap<string, { slot: number }>,
      { hops }: CircuitView,
    ): number | undefined => slots.get(hops[0]?.fingerprint ?? '')?.slot
    expect([slotIn(first, one), slotIn(first, two)]).toEqual([0, 1])
    expect([slotIn(second, two), slotIn(second, three)]).toEqual([1, 0])
    expect([slotIn(third, two), slotIn(third, three), slotIn(third, one)]).toEqual([1, 0, 2])
    const marks = sceneOf(Array.from({ length: 20 }, (_, id) => circuit(id, ['de']))).relays
    const gaps = marks.flatMap((a, index) =>
      marks.slice(index + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)),
    )
    expect(Math.min(...gaps)).toBeGreaterThan(12)
  })

  it('leads back to a region on the other side than it led away, so that the two ways are two lines', () => {
    const [there, back] = sceneOf([circuit(1, ['de', 'us', 'de'])], { selectedId: 1 }).legs.slice(1)
    const gap = Math.hypot(
      (there?.arrow.x ?? 0) - (back?.arrow.x ?? 0),
      (there?.arrow.y ?? 0) - (back?.arrow.y ?? 0),
    )
    expect(gap).toBeGreaterThan(30)
  })

  it('shows the circuits of a set as one: two ways from the person to one exit, and one way on from there', () => {
    const first = circuit(1, ['de', 'fr', 'nl'], { setId: 9, sites: ['example.com'] })
    const made = circuit(2, ['at', 'it', 'nl'], { setId: 9, sites: ['example.com'] })
    const second = { ...made, hops: [...made.hops.slice(0, 2), ...first.hops.slice(2)] }
    const other = circuit(3, ['de', 'us', 'se'], { setId: 8 })
    for (const selectedId of [1, 2]) {
      const scene = sceneOf([first, second, other], { selectedId })
      expect(scene.lines.map(({ isSelected }) => isSelected)).toEqual([true, true, false])
      expect(scene.stops.map(({ kind }) => kind)).toEqual([
        'you',
        ...Array.from({ length: 5 }, () => 'relay'),
        'target',
      ])
      expect(scene.legs.map(({ kind }) => kind).filter((kind) => kind === 'entry')).toHaveLength(2)
      expect(scene.legs.map(({ kind }) => kind).filter((kind) => kind === 'beyond')).toHaveLength(1)
      expect(new Set(scene.legs.map(({ key }) => key)).size).toBe(scene.legs.length)
      expect(scene.relays.filter(({ order }) => order > 0)).toHaveLength(5)
      expect([...scene.countries].sort()).toEqual(['at', 'de', 'fr', 'it', 'nl'])
    }
  })

  it('zooms to what of a circuit is on the map', () => {
    expect(pointsOf([circuit(1, ['de', undefined, 'nl'])], 'it')).toHaveLength(3)
    expect(pointsOf([circuit(1, [undefined])], undefined)).toEqual([])
    expect(pointsOf([], 'it')).toEqual([])
  })
})

function sceneOf(circuits: readonly CircuitView[], change: Partial<SceneInput> = {}): Scene {
  const slots = nextSlots(new Map(), circuits, change.ownCountry)
  return buildScene({
    circuits,
    ownCountry: undefined,
    selectedId: undefined,
    slots,
    view: wholeWorld(SIZE),
    size: SIZE,
    ...change,
  })
}
