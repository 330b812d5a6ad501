/** Every view in the real window, connected: none breaks the page's policy, none logs an error, the menu leads to them. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { VIEW_NAMES } from '../../electron/ipc/contract.ts'
import { waitFor } from '../interop/support/waiting.ts'
import { createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'

const home = createHome({
  network: inject('network'),
  settings: { entry: 'direct', connectAtStart: true, socksPort: 0, httpPort: 0 },
  hasConnectedBefore: true,
})
let app: RunningApp
const complaints: string[] = []

beforeAll(async () => {
  app = await launchApp(home)
  app.page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  app.page.on('pageerror', (error) => complaints.push(error.message))
  await app.page.reload()
  await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected')
})

afterAll(async () => {
  await app.close()
  home.remove()
})

describe('the views', () => {
  it.each(VIEW_NAMES)('%s opens without a complaint of the page', async (view) => {
    await app.page.click(`[data-view="${view}"]`)
    await app.page.waitForSelector(`[data-view="${view}"][aria-current="page"]`)
    await app.page.waitForTimeout(300)
    expect(complaints).toEqual([])
  })

  it('are opened from the menu, too', async () => {
    await app.page.click('[data-view="connect"]')
    const chosen = await app.electron.evaluate(({ Menu }) => {
      const all = (Menu.getApplicationMenu()?.items ?? []).flatMap((item) => item.submenu?.items ?? [])
      const found = all.find((item) => /circuits/i.test(item.label))
      found?.click()
      return found?.label
    })
    expect(chosen).toBeDefined()
    await app.page.waitForSelector('[data-view="circuits"][aria-current="page"]')
  })

  it('are told nothing while nobody sees them, and what changed when somebody does', async () => {
    const show = (isShown: boolean): Promise<void> =>
      app.electron.evaluate(({ BrowserWindow }, isSeen) => {
        const [window] = BrowserWindow.getAllWindows()
        if (isSeen) window?.show()
        else window?.hide()
      }, isShown)
    const heard = (): Promise<unknown> => app.page.evaluate('window.heard')
    await app.page.evaluate(
      `window.heard = 0; void window.allium.subscribe((name) => { if (name === 'snapshot.changed') window.heard++ })`,
    )
    const changeSomething = (notifications: boolean): Promise<unknown> =>
      app.invoke('settings.change', { notifications })
    expect(await changeSomething(false)).toMatchObject({ ok: true })
    await waitFor('a change', 10_000, async () => (Number(await heard()) > 0 ? true : undefined))
    await show(false)
    await app.page.waitForTimeout(500)
    const before = await heard()
    expect(await changeSomething(true)).toMatchObject({ ok: true })
    await app.page.waitForTimeout(3000)
    expect(await heard()).toBe(before)
    await show(true)
    await waitFor('what changed', 5000, async () => ((await heard()) === before ? undefined : true))
  })

  it('follow the theme of the settings', async () => {
    expect(await app.invoke('settings.change', { theme: 'dark' })).toMatchObject({ ok: true })
    await waitFor('the dark', 5000, async () =>
      (await app.page.evaluate(`matchMedia('(prefers-color-scheme: dark)').matches`)) === true
        ? true
        : undefined,
    )
    expect(await app.invoke('settings.change', { theme: 'light' })).toMatchObject({ ok: true })
    await waitFor('the light', 5000, async () =>
      (await app.page.evaluate(`matchMedia('(prefers-color-scheme: light)').matches`)) === true
        ? true
        : undefined,
    )
  })
})
