/**
 * Where the labels of the selected circuit go, so that none covers another, a relay of the circuit, or the edge. Widths
 * are estimated from the text: good enough for a place, and the same on every machine.
 */
import type { Size } from './view.ts'
import type { Point } from './world.ts'

export interface LabelRequest {
  readonly anchor: Point
  /** Pixels. */
  readonly width: number
}

export interface LabelPlace extends Point {
  readonly width: number
}

export const LABEL_HEIGHT_PX = 22
const EDGE_GAP_PX = 6
/** Pixels between a marker's middle and its label, tried in this order. */
const DISTANCES_PX = [15, 34, 56, 80] as const
/** Directions, tried in this order: beside, then below and above. */
const DIRECTIONS: readonly Point[] = [
  { x: 1, y: 0 },
  { x: -1, y: 0 },
  { x: 0, y: 1 },
  { x: 0, y: -1 },
  { x: 1, y: 1 },
  { x: -1, y: 1 },
  { x: 1, y: -1 },
  { x: -1, y: -1 },
]
/** Half of what a marker takes. */
const MARKER_PX = 11

interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** The upper left corner of each label, in the order of the requests. */
export function placeLabels(requests: readonly LabelRequest[], size: Size): readonly LabelPlace[] {
  const taken: Box[] = requests.map(({ anchor: { x, y } }) => ({
    left: x - MARKER_PX,
    right: x + MARKER_PX,
    top: y - MARKER_PX,
    bottom: y + MARKER_PX,
  }))
  return requests.map(({ anchor, width }) => {
    const box = bestBox(anchor, width, taken, size)
    taken.push(box)
    return { x: box.left, y: box.top, width }
  })
}

/** The first candidate that is free; where none is, the one that covers the least. */
function bestBox(anchor: Point, width: number, taken: readonly Box[], size: Size): Box {
  let best: { readonly box: Box; readonly covered: number } | undefined
  for (const distance of DISTANCES_PX) {
    for (const direction of DIRECTIONS) {
      const box = inside(boxAt(anchor, direction, distance, width), size)
      const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0)
      if (covered === 0) return box
      if (best === undefined || covered < best.covered) best = { box, covered }
    }
  }
  return best?.box ?? boxAt(anchor, { x: 1, y: 0 }, DISTANCES_PX[0], width)
}

function boxAt(anchor: Point, direction: Point, distance: number, width: number): Box {
  const x = anchor.x + direction.x * distance - width / 2 + (direction.x * width) / 2
  const y = anchor.y + direction.y * distance - LABEL_HEIGHT_PX / 2 + (direction.y * LABEL_HEIGHT_PX) / 4
  return { left: x, top: y, right: x + width, bottom: y + LABEL_HEIGHT_PX }
}

function inside(box: Box, { width, height }: Size): Box {
  const moveX = Math.max(EDGE_GAP_PX - box.left, 0) - Math.max(box.right - (width - EDGE_GAP_PX), 0)
  const moveY = Math.max(EDGE_GAP_PX - box.top, 0) - Math.max(box.bottom - (height - EDGE_GAP_PX), 0)
  return {
    left: box.left + moveX,
    right: box.right + moveX,
    top: box.top + moveY,
    bottom: box.bottom + moveY,
  }
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return width > 0 && height > 0 ? width * height : 0
}
