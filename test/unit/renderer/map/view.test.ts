import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arc, arcMiddle } from '../../../../renderer/map/arcs.ts'
import { LABEL_HEIGHT_PX, placeLabels } from '../../../../renderer/map/labels.ts'
import { fitTo, toPixels, wholeWorld } from '../../../../renderer/map/view.ts'
import { WORLD_HEIGHT, WORLD_WIDTH } from '../../../../renderer/map/world.ts'

const INSETS = { left: 60, right: 120, top: 30, bottom: 30 }
const size = fc.record({
  width: fc.integer({ min: 320, max: 1600 }),
  height: fc.integer({ min: 160, max: 900 }),
})
const point = fc.record({
  x: fc.integer({ min: 0, max: WORLD_WIDTH }),
  y: fc.integer({ min: 0, max: WORLD_HEIGHT }),
})

describe('the part of the map that is seen', () => {
  it('is the whole world, in the middle, when nothing is selected', () => {
    expect(wholeWorld({ width: 2000, height: 1000 })).toEqual({
      scale: 2,
      x: 0,
      y: (1000 - 2 * WORLD_HEIGHT) / 2,
    })
    expect(fitTo([], { width: 500, height: 500 }, INSETS)).toEqual(wholeWorld({ width: 500, height: 500 }))
  })

  it('never leaves out a place that it was fitted to, whatever the window', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 5 }), size, (points, size) => {
        const view = fitTo(points, size, INSETS)
        for (const place of points) {
          const { x, y } = toPixels(view, place)
          expect(x).toBeGreaterThanOrEqual(-1)
          expect(x).toBeLessThanOrEqual(size.width + 1)
          expect(y).toBeGreaterThanOrEqual(-1)
          expect(y).toBeLessThanOrEqual(size.height + 1)
        }
      }),
    )
  })

  it('comes closer for a circuit within one region', () => {
    const area = { width: 800, height: 400 }
    const near = fitTo(
      [
        { x: 500, y: 80 },
        { x: 520, y: 90 },
      ],
      area,
      INSETS,
    )
    expect(near.scale).toBeGreaterThan(wholeWorld(area).scale * 3)
  })
})

describe('arcs', () => {
  it('bend upwards whichever way they run', () => {
    const [west, east] = [
      { x: 100, y: 200 },
      { x: 300, y: 200 },
    ]
    expect(arcMiddle(west, east).y).toBeLessThan(200)
    expect(arcMiddle(east, west).y).toBeLessThan(200)
    expect(arc(west, east)).toBe('M100 200Q200 152 300 200')
  })

  it('are drawn between places that are one and the same', () => {
    expect(arc({ x: 5, y: 5 }, { x: 5, y: 5 })).toBe('M5 5Q5 5 5 5')
  })
})

describe('labels', () => {
  it('cover neither one another nor a marker, even where all places lie together', () => {
    const anchors = [
      { x: 400, y: 200 },
      { x: 412, y: 206 },
      { x: 395, y: 212 },
      { x: 780, y: 195 },
    ]
    const placed = placeLabels(
      anchors.map((anchor) => ({ anchor, width: 120 })),
      { width: 800, height: 400 },
    )
    placed.forEach((a, index) => {
      for (const b of placed.slice(index + 1)) {
        const isApart = Math.abs(a.x - b.x) >= 120 || Math.abs(a.y - b.y) >= LABEL_HEIGHT_PX
        expect(isApart).toBe(true)
      }
    })
  })

  it('stay inside of the map', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ x: fc.integer({ min: 0, max: 600 }), y: fc.integer({ min: 0, max: 300 }) }), {
          maxLength: 6,
        }),
        (anchors) => {
          const places = placeLabels(
            anchors.map((anchor) => ({ anchor, width: 140 })),
            { width: 600, height: 300 },
          )
          for (const { x, y } of places) {
            expect(x >= 0 && x + 140 <= 600 && y >= 0 && y + LABEL_HEIGHT_PX <= 300).toBe(true)
          }
        },
      ),
    )
  })
})
