/** Which part of the map is seen: pure arithmetic between map units and the pixels of the window. */
import { type Point, WORLD_HEIGHT, WORLD_WIDTH } from './world.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** Pixels are `scale * mapUnits + (x, y)`. */
export interface MapView {
  readonly scale: number
  readonly x: number
  readonly y: number
}

/** Pixels that what is fitted keeps away from the edges, for labels and for the two ends of the arcs. */
export interface Insets {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** The outlines are not finer than that: closer up they would look like what they are, polygons. */
const MAX_ZOOM = 5
/** Map units around the points that are fitted: about a country of Europe. */
const MARGIN = 14

export function toPixels(view: MapView, { x, y }: Point): Point {
  return { x: view.scale * x + view.x, y: view.scale * y + view.y }
}

/** The whole world, in the middle. */
export function wholeWorld({ width, height }: Size): MapView {
  const scale = Math.max(Math.min(width / WORLD_WIDTH, height / WORLD_HEIGHT), 0.05)
  return { scale, x: (width - scale * WORLD_WIDTH) / 2, y: (height - scale * WORLD_HEIGHT) / 2 }
}

/** As close as it goes with all the points well inside; the whole world when there is none. */
export function fitTo(points: readonly Point[], size: Size, insets: Insets): MapView {
  const whole = wholeWorld(size)
  if (points.length === 0) return whole
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const left = Math.min(...xs) - MARGIN
  const right = Math.max(...xs) + MARGIN
  const top = Math.min(...ys) - MARGIN
  const bottom = Math.max(...ys) + MARGIN
  const roomX = Math.max(size.width - insets.left - insets.right, 40)
  const roomY = Math.max(size.height - insets.top - insets.bottom, 40)
  const wanted = Math.min(roomX / (right - left), roomY / (bottom - top))
  const scale = Math.min(Math.max(wanted, whole.scale), whole.scale * MAX_ZOOM)
  const x = insets.left + roomX / 2 - (scale * (left + right)) / 2
  const y = insets.top + roomY / 2 - (scale * (top + bottom)) / 2
  return {
    scale,
    x: withoutGap(x, scale * WORLD_WIDTH, size.width),
    y: withoutGap(y, scale * WORLD_HEIGHT, size.height),
  }
}

/** Moves the map so that it covers the window where it can. */
function withoutGap(offset: number, length: number, room: number): number {
  if (length <= room) return (room - length) / 2
  return Math.min(Math.max(offset, room - length), 0)
}

/** Between two views; `part` from 0 to 1. */
export function between(from: MapView, to: MapView, part: number): MapView {
  const mix = (a: number, b: number): number => a + (b - a) * part
  return { scale: mix(from.scale, to.scale), x: mix(from.x, to.x), y: mix(from.y, to.y) }
}
