/** The one question of the first run. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_SETTINGS } from '../../electron/ipc/settings.ts'
import { CommandFailure } from './support/fake-main.ts'
import { openApp, screenshot } from './support/open-app.ts'
import { connectionIn, snapshotIn } from './support/snapshots.ts'

const FRESH = snapshotIn('off', {
  settings: DEFAULT_SETTINGS,
  connection: connectionIn('off', { hasConnectedBefore: false }),
})

describe('the first run', () => {
  it('asks one question, says what each answer costs, and sends nothing before it is answered', async () => {
    const { page, main } = await openApp({ snapshot: FRESH })
    expect(await page.locator('main h1').innerText()).toBe('How should Allium reach the Tor network?')
    expect(await page.locator('[data-entry]').count()).toBe(2)
    expect(await page.locator('button[data-press]').count()).toBe(0)
    await screenshot(page, 'first-run')
    expect(main.calls).toEqual([])
  })

  it('connects at once for who connects directly', async () => {
    const { page, main } = await openApp({ snapshot: FRESH })
    await page.getByRole('button', { name: 'Connect directly' }).click()
    await page.locator('button[data-press]').waitFor()
    expect(main.calls).toEqual([
      { name: 'entry.choose', argument: 'direct' },
      { name: 'connection.start', argument: undefined },
    ])
  })

  it('leads who hides to the bridges, and connects to nothing', async () => {
    const { page, main } = await openApp({ snapshot: FRESH })
    await page.getByRole('button', { name: 'Hide it, and choose bridges' }).click()
    await page.locator('main[data-view="bridges"]').waitFor()
    expect(main.calls).toEqual([{ name: 'entry.choose', argument: 'hide' }])
  })

  it('stays where it is when the answer could not be saved', async () => {
    const { page, main } = await openApp({
      snapshot: FRESH,
      handlers: { 'entry.choose': () => Promise.reject(new CommandFailure('settings-not-written')) },
    })
    await page.getByRole('button', { name: 'Connect directly' }).click()
    await page.getByText('Your choice could not be saved').waitFor()
    expect(main.callsOf('connection.start')).toEqual([])
  })
})
