/** Windows that come back where they can be seen. */
import { describe, expect, it } from 'vitest'
import { parseWindowState, placeWindow } from '../../../../electron/desktop/window-state.ts'

const SCREEN = { x: 0, y: 0, width: 1920, height: 1080 }
const LEFT_SCREEN = { x: -1280, y: 0, width: 1280, height: 1024 }
const KEPT = { x: 100, y: 50, width: 1000, height: 700, isMaximized: false }

describe('the place of the window', () => {
  it('is the one that was kept, where it can be seen', () => {
    expect(placeWindow(KEPT, [SCREEN])).toEqual(KEPT)
    expect(placeWindow({ ...KEPT, x: -1200 }, [SCREEN, LEFT_SCREEN])).toEqual({ ...KEPT, x: -1200 })
  })

  it.each([
    ['on a screen that is gone', { x: -1200, y: 50 }],
    ['above the screen', { x: 100, y: -30 }],
    ['below the screen', { x: 100, y: 1060 }],
    ['right of the screen', { x: 1900, y: 50 }],
    ['left of the screen', { x: -950, y: 50 }],
  ])('is chosen anew by the system when it was %s', (_, at) => {
    expect(placeWindow({ ...KEPT, ...at }, [SCREEN])).toEqual({
      width: 1000,
      height: 700,
      isMaximized: false,
    })
  })

  it('is never smaller than the views need, nor larger than the screen', () => {
    expect(placeWindow({ ...KEPT, width: 10, height: 10 }, [SCREEN])).toMatchObject({
      width: 720,
      height: 480,
    })
    expect(placeWindow({ ...KEPT, width: 9000, height: 9000 }, [SCREEN])).toMatchObject({
      width: 1920,
      height: 1080,
    })
    expect(placeWindow(undefined, [{ x: 0, y: 0, width: 800, height: 600 }])).toEqual({
      width: 800,
      height: 600,
      isMaximized: false,
    })
  })

  it('is the usual one where nothing was kept or no screen is known', () => {
    expect(placeWindow(undefined, [SCREEN])).toEqual({ width: 1100, height: 740, isMaximized: false })
    expect(placeWindow(undefined, [])).toEqual({ width: 1100, height: 740, isMaximized: false })
  })
})

describe('what was kept', () => {
  it('is read back as it was written', () => {
    expect(parseWindowState(JSON.stringify(KEPT))).toEqual(KEPT)
  })

  it.each([
    ['nothing', undefined],
    ['no JSON', '{'],
    ['something else', '[]'],
    ['no number', '{"width": "wide", "height": 700, "isMaximized": false}'],
    ['a number beyond all screens', '{"width": 1e300, "height": 700, "isMaximized": false}'],
  ])('is forgotten when it is %s', (_, text) => {
    expect(parseWindowState(text)).toBeUndefined()
  })
})
