/**
 * Where the window was. What is kept may be of another screen, another day or another hand: a position is taken only
 * where enough of the window can be seen and grasped today.
 */
import * as v from 'valibot'

/** Below this the views cannot be laid out. */
export const MIN_WIDTH = 720
export const MIN_HEIGHT = 480
const DEFAULT_WIDTH = 1100
const DEFAULT_HEIGHT = 740
/** A title bar of which less is on a screen cannot be dragged back. */
const GRASP_WIDTH = 120
const GRASP_HEIGHT = 40

/** No screen is wider. */
const pixels = v.pipe(v.number(), v.integer(), v.minValue(-100_000), v.maxValue(100_000))

const windowStateSchema = v.object({
  x: v.optional(pixels),
  y: v.optional(pixels),
  width: pixels,
  height: pixels,
  isMaximized: v.boolean(),
})
export type WindowState = v.InferOutput<typeof windowStateSchema>

export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** From the file's text; what is broken is as good as nothing, for it holds no choice that anybody made. */
export function parseWindowState(text: string | undefined): WindowState | undefined {
  if (text === undefined) return undefined
  try {
    return v.parse(windowStateSchema, JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Fits what was kept into the work areas of today's screens; the first one is the main screen's. */
export function placeWindow(kept: WindowState | undefined, screens: readonly Area[]): WindowState {
  const wanted = kept ?? { width: DEFAULT_WIDTH, height: DEFAULT_HEIGHT, isMaximized: false }
  const { x, y } = wanted
  const home =
    x === undefined || y === undefined
      ? undefined
      : screens.find((screen) => canBeGrasped({ x, y, width: wanted.width }, screen))
  const screen = home ?? screens[0]
  const width = clamp(wanted.width, MIN_WIDTH, screen?.width ?? wanted.width)
  const height = clamp(wanted.height, MIN_HEIGHT, screen?.height ?? wanted.height)
  const size = { width, height, isMaximized: wanted.isMaximized }
  // Without a position the system centres the window.
  return home === undefined || x === undefined || y === undefined ? size : { ...size, x, y }
}

function canBeGrasped(
  titleBar: { readonly x: number; readonly y: number; readonly width: number },
  screen: Area,
): boolean {
  const visible =
    Math.min(titleBar.x + titleBar.width, screen.x + screen.width) - Math.max(titleBar.x, screen.x)
  return (
    visible >= GRASP_WIDTH && titleBar.y >= screen.y && titleBar.y + GRASP_HEIGHT <= screen.y + screen.height
  )
}

/** The least comes before the most: a screen that is too small for the views still gets all of them. */
function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most))
}
