/** Settings and About: what is chosen reaches main at once, what is wrong never does. */
import { describe, expect, it } from 'vitest'
import { CommandFailure } from './support/fake-main.ts'
import { checkAxe, clippedControls, openApp, plain, screenshot } from './support/open-app.ts'
import { snapshotIn } from './support/snapshots.ts'

describe('the settings', () => {
  it('save a port when the field is left, and refuse what is no port before main sees it', async () => {
    const { page, main } = await openApp({ view: 'settings' })
    const field = page.getByLabel('SOCKS port')
    for (const wrong of ['', 'abc', '65536', '-1', '9251']) {
      await field.fill(wrong)
      await field.blur()
      await page.getByRole('alert').waitFor()
    }
    expect(main.callsOf('settings.change')).toEqual([])
    await field.fill('9350')
    await field.blur()
    await expect.poll(() => main.callsOf('settings.change')).toEqual([{ socksPort: 9350 }])
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('take a check address only over https', async () => {
    const { page, main } = await openApp({ view: 'settings' })
    const field = page.getByLabel('Address of the service')
    await field.fill('http://check.example/ip')
    await field.press('Enter')
    await page.getByText('must be an address that begins with https').waitFor()
    expect(main.callsOf('settings.change')).toEqual([])
    await field.fill('https://check.example/ip')
    await field.press('Enter')
    await expect
      .poll(() => main.callsOf('settings.change'))
      .toEqual([{ checkUrl: 'https://check.example/ip' }])
  })

  it('change the look of the whole window at once', async () => {
    const { page, main } = await openApp({ view: 'settings' })
    await page.getByRole('combobox', { name: 'Appearance' }).click()
    await page.getByRole('option', { name: 'Dark' }).click()
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('dark')
    expect(main.callsOf('settings.change')).toEqual([{ theme: 'dark' }])
  })

  it('keep the keyboard on the switch that was pressed, which takes no second press until main has answered', async () => {
    let answer = (): void => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { page, main } = await openApp({
      view: 'settings',
      handlers: { 'settings.change': () => answered },
    })
    const toggle = page.getByRole('switch', { name: 'Open Allium when I log in' })
    await toggle.focus()
    await page.keyboard.press('Space')
    await page.locator('[role=switch][aria-busy=true]').waitFor()
    // Chromium takes the focus from what is disabled after the next frame.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))))
    expect(await toggle.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press('Space')
    await toggle.click({ force: true })
    answer()
    await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0)
    expect(await toggle.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(main.callsOf('settings.change')).toEqual([{ startAtLogin: true }])
  })

  it('say at once that hiding needs a bridge, and lead there', async () => {
    const { page, main } = await openApp({ view: 'settings' })
    await page.getByRole('switch', { name: 'Hide that I use Tor' }).click()
    await page.locator('#content').getByRole('button', { name: 'Add a bridge' }).click()
    await page.locator('main[data-view="bridges"]').waitFor()
    expect(main.callsOf('entry.choose')).toEqual(['hide'])
  })

  it('leave countries out and take them back', async () => {
    const { page, main } = await openApp({ view: 'settings' })
    await page.getByRole('combobox', { name: 'Country' }).click()
    await page.getByRole('option', { name: 'Germany' }).click()
    await page.getByRole('button', { name: 'Avoid it' }).click()
    await page.getByRole('button', { name: /^Use relays in .Germany. again$/ }).click()
    await expect
      .poll(() => main.callsOf('settings.change'))
      .toEqual([{ excludedCountries: ['de'] }, { excludedCountries: [] }])
  })

  it('show only what this system offers', async () => {
    const snapshot = snapshotIn('off')
    const about = { ...snapshot.about, hasTray: false, canNotify: false, canStartAtLogin: false }
    const { page } = await openApp({ snapshot: { ...snapshot, about }, view: 'settings' })
    const names = (await page.getByRole('switch').all()).length
    expect(names).toBe(5)
    expect(await page.getByText('Keep running when the window is closed').count()).toBe(0)
  })

  it('say that a broken file was put aside, in every view', async () => {
    const { page } = await openApp({
      snapshot: snapshotIn('off', { settingsTrouble: { backupName: 'settings-2026.broken.json' } }),
    })
    expect(plain(await page.locator('main').innerText())).toContain(
      'It was kept as settings-2026.broken.json',
    )
    await page.getByRole('button', { name: 'Check settings' }).click()
    await page.locator('main[data-view="settings"]').waitFor()
  })

  it.each([
    [
      'bridges',
      { bridges: { ...snapshotIn('off').bridges, trouble: { backupName: 'bridges.broken.json' } } },
      'It was kept as bridges.broken.json',
    ],
    [
      'bridges',
      { bridges: { ...snapshotIn('off').bridges, trouble: { backupName: undefined } } },
      'Restart Allium to try again',
    ],
    ['settings', { settingsTrouble: { backupName: undefined } }, 'Restart Allium to try again'],
  ])('say that the file with the %s could not be used, and lead there', async (name, change, said) => {
    const { page } = await openApp({ snapshot: snapshotIn('off', change) })
    const text = plain(await page.locator('main').innerText())
    expect(text).toContain(`Your ${name} could not be read`)
    expect(text).toContain(said)
    await page.getByRole('button', { name: name === 'bridges' ? 'Go to bridges' : 'Check settings' }).click()
    await page.locator(`main[data-view="${name}"]`).waitFor()
  })

  it('keep what is in force when main refuses, and say why', async () => {
    const { page } = await openApp({
      view: 'settings',
      handlers: { 'entry.choose': () => Promise.reject(new CommandFailure('settings-not-written')) },
    })
    const toggle = page.getByRole('switch', { name: 'Hide that I use Tor' })
    await toggle.click()
    await page.getByText('Your choice could not be saved').waitFor()
    expect(await toggle.getAttribute('aria-checked')).toBe('false')
  })
})

describe('about', () => {
  it('shows versions and the dates of built-in data, and copies the versions through main', async () => {
    const { page, main } = await openApp({ view: 'about' })
    const text = plain(await page.locator('main').innerText())
    for (const part of [
      'Electron 45.5.0',
      'Countries of addresses 28 Oct 2026',
      'IPFire',
      'Natural Earth',
      'Inter',
    ]) {
      expect(text).toContain(part)
    }
    await screenshot(page, 'about')
    await page.getByRole('button', { name: 'Copy versions' }).click()
    await expect.poll(() => main.callsOf('clipboard.write')[0]).toContain('Chromium: 156.0.8078.100')
  })

  it('warns of a runtime that is for tests, and of a demonstration', async () => {
    const snapshot = snapshotIn('off')
    const { page } = await openApp({
      snapshot: {
        ...snapshot,
        about: { ...snapshot.about, isTestRuntime: true, isDemo: true },
        settingsTrouble: { backupName: 'settings.broken.json' },
      },
      size: { width: 720, height: 480 },
    })
    const text = plain(await page.locator('body').innerText())
    expect(text).toContain('Nothing leaves this computer')
    expect(text).toContain('outdated Electron')
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, 'banners')
  })
})
