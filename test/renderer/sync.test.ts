/** The mirror of main's snapshot in the page. */
import { describe, expect, it } from 'vitest'
import { openApp, textOf } from './support/open-app.ts'
import { connectionIn, snapshotIn } from './support/snapshots.ts'

const TOR_LIGHT = 'header dd >> nth=1'

describe('the mirror', () => {
  it('shows what an event changed', async () => {
    const { page, main } = await openApp({ snapshot: snapshotIn('off') })
    expect(await textOf(page, TOR_LIGHT)).toBe('not connected')
    await main.change({ connection: connectionIn('connected') })
    expect(await textOf(page, TOR_LIGHT)).toBe('connected')
    expect(main.reads).toBe(1)
  })

  it('is read again as a whole when an event was lost', async () => {
    const { page, main } = await openApp({ snapshot: snapshotIn('off') })
    main.changeUnheard({ connection: connectionIn('connected') })
    await main.change({ settings: { ...main.snapshot.settings, theme: 'dark' } })
    await page.locator(TOR_LIGHT).getByText('connected', { exact: true }).waitFor()
    expect(main.reads).toBe(2)
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
  })

  it('shows the view that the tray asks for', async () => {
    const { page, main } = await openApp()
    await main.emit('view.show', 'logs')
    await page.locator('main[data-view="logs"]').waitFor()
  })
})
