/** What the page does while it is connected, in view, and nothing happens: next to nothing. */
import { describe, expect, it } from 'vitest'
import type { ViewName } from '../../electron/ipc/contract.ts'
import { openApp, textOf } from './support/open-app.ts'
import { circuit, NOW_MS, snapshotIn } from './support/snapshots.ts'

const MINUTE_MS = 60_000

const CONNECTED = snapshotIn('connected')
const AT_REST = {
  ...CONNECTED,
  circuits: { ...CONNECTED.circuits, circuits: [circuit({ createdMs: NOW_MS - 3 * MINUTE_MS })] },
  traffic: {
    readBytes: 4_200,
    writtenBytes: 310,
    samples: [
      { atMs: NOW_MS - 9 * MINUTE_MS, readBytes: 4_200, writtenBytes: 310 },
      { atMs: NOW_MS - 9 * MINUTE_MS + 1_000, readBytes: 0, writtenBytes: 0 },
    ],
  },
}

declare global {
  interface Window {
    /** Put there by `watchRest`: callbacks of timers and frames that ran, and changes of the document. */
    readonly done: { wakeUps: number; changes: number }
  }
}

/** Timers that were set before are not counted: let them run first. */
function watchRest(): void {
  const done = { wakeUps: 0, changes: 0 }
  Object.assign(window, { done })
  const counted =
    (run: (...values: unknown[]) => void) =>
    (...values: unknown[]): void => {
      done.wakeUps++
      run(...values)
    }
  const setTimer = window.setTimeout.bind(window)
  const repeat = window.setInterval.bind(window)
  const onFrame = window.requestAnimationFrame.bind(window)
  Object.assign(window, {
    setTimeout: (run: () => void, ms: number) => setTimer(counted(run), ms),
    setInterval: (run: () => void, ms: number) => repeat(counted(run), ms),
    requestAnimationFrame: (run: () => void) => onFrame(counted(run)),
  })
  const observer = new MutationObserver((changes) => {
    done.changes += changes.length
  })
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
}

describe('a page at rest', () => {
  it.each<[ViewName, wakeUps: number, changes: number]>([
    // The age of what was verified, in minutes.
    ['connect', 1, 1],
    // The ages of circuits, looked at each ten seconds.
    ['circuits', 6, 2],
    // One age for each site.
    ['sites', 3, 3],
    ['bridges', 0, 0],
    ['system-proxy', 0, 0],
    ['settings', 0, 0],
    ['logs', 0, 0],
    ['about', 0, 0],
  ])('in the view "%s" wakes up %d times a minute and changes %d things', async (view, wakeUps, changes) => {
    const { page } = await openApp({ snapshot: AT_REST, view, isClockPaused: true })
    await page.clock.runFor(2 * MINUTE_MS)
    await page.evaluate(watchRest)
    await page.clock.runFor(MINUTE_MS)
    await page.evaluate(() => Object.assign(window.done, { wakeUps: 0, changes: 0 }))
    await page.clock.runFor(MINUTE_MS)
    const done = await page.evaluate(() => window.done)
    expect(done.wakeUps).toBeLessThanOrEqual(wakeUps)
    expect(done.changes).toBeLessThanOrEqual(changes)
  })

  it('draws nothing by itself that never ends, also for who has nothing against motion', async () => {
    const { page } = await openApp({ snapshot: AT_REST })
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    for (const view of ['connect', 'circuits', 'sites'] as const) {
      await page.locator(`nav button[data-view="${view}"]`).click()
      const endless = await page.evaluate(() =>
        document
          .getAnimations()
          .filter(({ effect }) => effect?.getComputedTiming().endTime === Number.POSITIVE_INFINITY)
          .map((animation) => (animation instanceof CSSAnimation ? animation.animationName : 'other')),
      )
      expect(endless).toEqual([])
    }
  })

  it('stands still while nobody can see it, and tells what is so as soon as somebody does', async () => {
    const { page } = await openApp({ snapshot: AT_REST, isClockPaused: true })
    const verified = 'dl:has-text("Last verified") dd >> nth=0'
    expect(await textOf(page, verified)).toBe('2 minutes ago')
    const show = (state: 'hidden' | 'visible'): Promise<void> =>
      page.evaluate((visibilityState) => {
        Object.defineProperty(document, 'visibilityState', { value: visibilityState, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, state)
    await page.evaluate(watchRest)
    await show('hidden')
    await page.clock.runFor(10 * MINUTE_MS)
    expect(await page.evaluate(() => window.done)).toEqual({ wakeUps: 0, changes: 0 })
    await show('visible')
    expect(await textOf(page, verified)).toBe('12 minutes ago')
  })
})
