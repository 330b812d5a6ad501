/** Every view for everybody: without findings of axe-core, by keyboard alone, in a small window, from right to left. */
import { describe, expect, it } from 'vitest'
import { VIEW_NAMES } from '../../electron/ipc/contract.ts'
import { DEFAULT_SETTINGS } from '../../electron/ipc/settings.ts'
import { CONNECTION_STATES } from '../../electron/ipc/snapshot-connection.ts'
import {
  checkAxe,
  clippedControls,
  openApp,
  screenshot,
  showView,
  startAtTop,
  unreachable,
} from './support/open-app.ts'
import { connectionIn, snapshotIn } from './support/snapshots.ts'

const SMALL = { width: 720, height: 480 }
const THEMES = ['light', 'dark'] as const

describe('accessibility', () => {
  it.each(THEMES)('axe finds nothing in any view, %s', async (theme) => {
    const { page } = await openApp({ snapshot: snapshotIn('connected'), theme })
    for (const view of VIEW_NAMES) {
      await showView(page, view)
      await checkAxe(page)
      await screenshot(page, `${view}-${theme}`)
    }
  })

  it.each(THEMES)(
    'axe finds nothing in any state of the connection, nor in the first run, %s',
    async (theme) => {
      const { page, main } = await openApp({ snapshot: snapshotIn('off'), theme })
      for (const state of CONNECTION_STATES) {
        await main.change({ connection: connectionIn(state) })
        await page.locator(`section[data-state="${state}"]`).waitFor()
        await checkAxe(page)
      }
      await main.change({ settings: DEFAULT_SETTINGS })
      await page.locator('[data-entry]').first().waitFor()
      await checkAxe(page)
    },
  )

  it('reaches every control of every view with the Tab key alone', async () => {
    const { page } = await openApp({ snapshot: snapshotIn('connected') })
    for (const view of VIEW_NAMES) {
      await showView(page, view)
      expect(await unreachable(page)).toEqual([])
    }
  })

  it('works by keyboard: the skip link, the navigation, the big button', async () => {
    const { page, main } = await openApp({ snapshot: snapshotIn('off') })
    await startAtTop(page)
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(main.calls.map(({ name }) => name)).toEqual(['connection.start'])
  })

  it('gives the focus to a list and takes it back, and closes with Escape', async () => {
    const { page } = await openApp({ snapshot: snapshotIn('off'), view: 'settings' })
    const select = page.getByRole('combobox', { name: 'Appearance' })
    await select.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('listbox').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('listbox').waitFor({ state: 'detached' })
    expect(await select.evaluate((element) => element === document.activeElement)).toBe(true)
  })
})

describe('the layout', () => {
  it('fits every view into 720 by 480 without scrolling sideways', async () => {
    const { page } = await openApp({ snapshot: snapshotIn('connected'), size: SMALL, theme: 'dark' })
    for (const view of VIEW_NAMES) {
      await showView(page, view)
      expect(await clippedControls(page)).toEqual([])
      await screenshot(page, `${view}-small`)
    }
  })

  it('keeps the button of every state in sight in the smallest window, also with words a third longer', async () => {
    const snapshot = snapshotIn('off')
    const { page, main } = await openApp({ snapshot, size: SMALL })
    for (const language of ['en', 'en-XA']) {
      await main.change({ settings: { ...snapshot.settings, language } })
      for (const state of CONNECTION_STATES) {
        await main.change({ connection: connectionIn(state) })
        const button = page.locator(`section[data-state="${state}"] button[data-press]`)
        const box = await button.boundingBox()
        expect(box === null ? 0 : box.y + box.height, state).toBeLessThanOrEqual(SMALL.height)
        expect(await clippedControls(page), `${state} in ${language}`).toEqual([])
      }
    }
  })

  it('runs from right to left without anything sticking out, with the navigation on the right', async () => {
    const snapshot = snapshotIn('connected')
    const settings = { ...snapshot.settings, language: 'ar-XB' }
    const { page } = await openApp({ snapshot: { ...snapshot, settings }, size: SMALL })
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl')
    for (const view of VIEW_NAMES) {
      await showView(page, view)
      expect(await clippedControls(page)).toEqual([])
      const navigation = await page.locator('nav').boundingBox()
      expect(navigation?.x ?? 0).toBeGreaterThan(SMALL.width / 2)
    }
    await showView(page, 'connect')
    await screenshot(page, 'connect-rtl')
  })
})
