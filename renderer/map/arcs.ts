/**
 * The lines between relays. They bend upwards like flight routes, so that ways to and fro in one region stay apart, and
 * they never run over the edge of the map and in again on the other side, as great circles do.
 */
import type { Point } from './world.ts'

/** Part of the distance by which the middle is lifted; and at most so many pixels, or long ways would leave the map. */
const BEND = 0.24
const MAX_BEND_PX = 70

/** An SVG path of one leg, in pixels. One that hangs bends downwards, to stay apart from another between its places. */
export function arc(from: Point, to: Point, hangs = false): string {
  const { x, y } = controlPoint(from, to, hangs)
  return `M${round(from.x)} ${round(from.y)}Q${round(x)} ${round(y)} ${round(to.x)} ${round(to.y)}`
}

/** The middle of an arc: where its arrow sits. */
export function arcMiddle(from: Point, to: Point, hangs = false): Point & { readonly degrees: number } {
  const control = controlPoint(from, to, hangs)
  return {
    x: (from.x + 2 * control.x + to.x) / 4,
    y: (from.y + 2 * control.y + to.y) / 4,
    degrees: (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI,
  }
}

function controlPoint(from: Point, to: Point, hangs: boolean): Point {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const length = Math.hypot(dx, dy)
  if (length === 0) return from
  const bend = Math.min(length * BEND, MAX_BEND_PX) * (hangs ? -1 : 1)
  // Of the two directions across the line, the one that goes up; for a line straight up or down, to the left.
  const side = dx > 0 || (dx === 0 && dy < 0) ? 1 : -1
  return {
    x: (from.x + to.x) / 2 + (side * dy * bend) / length,
    y: (from.y + to.y) / 2 - (side * dx * bend) / length,
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
