/** The protection check: a verdict for each thing, and one fix that does what it says. */
import { describe, expect, it } from 'vitest'
import {
  PROTECTION_CHECKS,
  type ProtectionFix,
  type ProtectionResult,
  type ProtectionVerdict,
} from '../../electron/ipc/snapshot.ts'
import { checkAxe, openApp, plain, screenshot } from './support/open-app.ts'
import { said, verdict, withProtection, withSystemProxy } from './support/panel-snapshots.ts'
import { connectionIn, NOW_MS } from './support/snapshots.ts'

const open = (results: readonly ProtectionResult[], theme: 'light' | 'dark' = 'light') =>
  openApp({ snapshot: withProtection(results), view: 'system-proxy', theme })

const VERDICTS: readonly ProtectionVerdict[] = ['good', 'bad', 'unknown', 'not-used']
const WORDS: Readonly<Record<ProtectionVerdict, string>> = {
  good: 'Good',
  bad: 'Not good',
  unknown: 'Not known',
  'not-used': 'Not used',
}

describe('the verdicts', () => {
  it.each(VERDICTS)('%s have plain words for every check', async (value) => {
    const { page } = await open(PROTECTION_CHECKS.map((check) => verdict(check, value)))
    const rows = page.locator(`li[data-verdict="${value}"]`)
    expect(await rows.count()).toBe(PROTECTION_CHECKS.length)
    for (const text of await rows.allInnerTexts())
      expect(plain(text)).toMatch(new RegExp(`${WORDS[value]} \\w.*\\.`))
    await checkAxe(page)
  })

  it('say that somebody plays the check service, and offer a new identity', async () => {
    const { page, main } = await open([
      { ...verdict('stream', 'bad', 'new-identity'), finding: 'impostor' },
      { ...verdict('exit', 'unknown', 'new-identity'), finding: 'impostor' },
    ])
    const row = page.locator('li[data-check="stream"]')
    expect(plain(await row.innerText())).toContain('What answered could not prove to be the check service.')
    await page.getByText('only plays the check service').waitFor()
    await row.getByRole('button', { name: 'New identity' }).click()
    expect(main.callsOf('identity.new')).toEqual([undefined])
  })

  it('come to one sentence, with when it was and how web sites see us', async () => {
    const { page, main } = await open(PROTECTION_CHECKS.map((check) => verdict(check, 'good')))
    const card = page.getByRole('region', { name: 'Check protection' })
    expect(plain(await card.innerText())).toContain(
      'Everything that was checked is as it should be. 2 minutes ago',
    )
    await card.getByRole('button', { name: 'Copy the exit address' }).click()
    expect(main.callsOf('clipboard.write')).toEqual(['198.51.100.7'])
    await screenshot(page, 'protection-good')
  })

  it('count what needs attention, and never sound good when something is not known', async () => {
    const { page, main } = await open([
      verdict('stream', 'bad'),
      verdict('dns', 'bad'),
      verdict('exit', 'good'),
    ])
    await page.getByText(said('2 things need your attention.')).waitFor()
    await main.change({
      protection: {
        ...main.snapshot.protection,
        results: [verdict('stream', 'good'), verdict('exit', 'unknown')],
      },
    })
    await page.getByText('not everything could be checked').waitFor()
  })
})

const COMMANDS: readonly (readonly [ProtectionFix, string, { name: string; argument: unknown }])[] = [
  ['connect', 'Connect', { name: 'connection.start', argument: undefined }],
  ['wait-and-retry', 'Check again', { name: 'protection.check', argument: undefined }],
  ['turn-on-system-proxy', 'Turn it on', { name: 'system-proxy.set', argument: true }],
  ['reapply-system-proxy', 'Put it back', { name: 'system-proxy.reapply', argument: undefined }],
  ['new-identity', 'New identity', { name: 'identity.new', argument: undefined }],
]

describe('the fix', () => {
  it.each(COMMANDS)('%s does it by one button', async (fix, name, call) => {
    const connection = connectionIn(fix === 'connect' ? 'off' : 'connected')
    const { page, main } = await openApp({
      snapshot: { ...withProtection([verdict('stream', 'bad', fix)]), connection },
      view: 'system-proxy',
    })
    await page.locator('li[data-check="stream"]').getByRole('button', { name }).press('Enter')
    expect(main.calls).toEqual([call])
  })

  it('leads to the settings where the address of the check is wrong', async () => {
    const { page } = await open([verdict('exit', 'unknown', 'change-check-address')])
    await page.getByRole('button', { name: 'Change the check address' }).click()
    await page.locator('main[data-view="settings"]').waitFor()
  })

  it('says how a program is told to leave names alone, with the address to copy', async () => {
    const { page, main } = await open([verdict('dns', 'bad', 'use-proxy-with-names')])
    await page.getByText('turn on “Proxy DNS” in it').waitFor()
    await page.getByRole('button', { name: 'Copy the SOCKS address that looks names up' }).click()
    expect(main.callsOf('clipboard.write')).toEqual(['socks5h://127.0.0.1:9250'])
  })

  it('is to connect, and nothing is said to be wrong, where nothing could be asked', async () => {
    const { page } = await open([verdict('stream', 'bad', 'connect')])
    await page.getByText('Allium was not connected, so this could not be asked.').waitFor()
  })

  it.each(['connecting', 'degraded', 'connected'] as const)(
    'is to check again where a connection is wanted already: in the state "%s" Connect would change nothing',
    async (state) => {
      const snapshot = withProtection([verdict('stream', 'bad', 'connect')])
      const { page, main } = await openApp({
        snapshot: { ...snapshot, connection: connectionIn(state) },
        view: 'system-proxy',
      })
      const row = page.locator('li[data-check="stream"]')
      await row.getByText('Allium was not connected, so this could not be asked.').waitFor()
      await row.getByRole('button', { name: 'Check again' }).click()
      expect(main.calls).toEqual([{ name: 'protection.check', argument: undefined }])
    },
  )

  it('does not call it done that a connection has only begun', async () => {
    const snapshot = withProtection([verdict('stream', 'bad', 'connect')])
    const { page } = await openApp({
      snapshot: { ...snapshot, connection: connectionIn('off') },
      view: 'system-proxy',
    })
    const button = page.locator('li[data-check="stream"]').getByRole('button', { name: 'Connect' })
    await button.click()
    await expect.poll(() => button.getAttribute('aria-busy')).toBe(null)
    expect(await page.getByText('Done. Check again').count()).toBe(0)
  })

  it('is not offered where there is nothing to do', async () => {
    const { page } = await open([verdict('stream', 'good')])
    expect(await page.locator('li[data-check] button').count()).toBe(0)
  })
})

describe('the check', () => {
  it('is run by the button, says that it runs, and tells its result', async () => {
    const { page, main } = await openApp({
      snapshot: withSystemProxy({ state: 'on', isWanted: true }),
      view: 'system-proxy',
    })
    await page.getByText('Not checked yet.').waitFor()
    await page.getByRole('button', { name: 'Check now' }).click()
    expect(main.callsOf('protection.check')).toEqual([undefined])
    await main.change({ protection: { ...main.snapshot.protection, isRunning: true } })
    await page.getByRole('button', { name: 'Checking…' }).waitFor()
    await main.change({
      protection: {
        isRunning: false,
        checkedAtMs: NOW_MS,
        exitAddress: '198.51.100.7',
        results: [verdict('stream', 'good')],
      },
    })
    await page
      .locator('[role=status]')
      .filter({ hasText: 'Everything that was checked' })
      .first()
      .waitFor({ state: 'attached' })
    await page.getByRole('button', { name: 'Check again' }).waitFor()
  })

  it('shows trouble in the dark theme as clearly', async () => {
    const { page } = await open(
      [
        verdict('stream', 'good'),
        verdict('exit', 'unknown', 'change-check-address'),
        verdict('system-proxy', 'bad', 'reapply-system-proxy'),
        verdict('dns', 'bad', 'use-proxy-with-names'),
      ],
      'dark',
    )
    await checkAxe(page)
    await screenshot(page, 'protection-trouble-dark')
  })
})
