/**
 * The map as data: outlines to draw and one point for each country, projected when the map was compiled
 * (scripts/compile-map.mjs), in map units. Nothing here is loaded from a network.
 */
import world from './world.json' with { type: 'json' }

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Outline {
  /** Two lower-case letters; empty for land that has no code. */
  readonly code: string
  /** An SVG path. */
  readonly path: string
}

export const WORLD_WIDTH: number = world.width
export const WORLD_HEIGHT: number = world.height
export const OUTLINES: readonly Outline[] = world.countries

const POINTS: Readonly<Record<string, readonly number[]>> = world.points
const PATHS: ReadonlyMap<string, string> = new Map(OUTLINES.map(({ code, path }) => [code, path]))

/** Where a country's relays are drawn; undefined for a code that the map does not know. */
export function pointOf(country: string): Point | undefined {
  if (!Object.hasOwn(POINTS, country)) return undefined
  const [x, y] = POINTS[country] ?? []
  return x === undefined || y === undefined ? undefined : { x, y }
}

/** The outline of a country, for tinting it; some are too small to have one. */
export function outlineOf(country: string): string | undefined {
  return country === '' ? undefined : PATHS.get(country)
}

/** All that have a point. */
export const COUNTRIES: readonly string[] = Object.keys(world.points)
