/** The system proxy view: its states, what it says of itself, and the lines for programs. */
import { describe, expect, it } from 'vitest'
import type { SystemProxyState } from '../../electron/ipc/snapshot.ts'
import {
  type AppOptions,
  checkAxe,
  clippedControls,
  LOOKS,
  openApp,
  plain,
  screenshot,
} from './support/open-app.ts'
import { CommandFailure } from './support/fake-main.ts'
import { said, withSystemProxy } from './support/panel-snapshots.ts'
import { NOW_MS, snapshotIn } from './support/snapshots.ts'

const open = (options: AppOptions = {}) =>
  openApp({ snapshot: withSystemProxy({ state: 'on', isWanted: true }), view: 'system-proxy', ...options })

const SENTENCES: readonly (readonly [state: SystemProxyState, isWanted: boolean, sentence: string])[] = [
  ['off', false, 'Off Programs connect directly, as they always did.'],
  ['off', true, 'Waits for you to connect It is set the moment you press Connect'],
  ['applying', true, 'Being turned on… The setting is written, and then read back'],
  ['on', true, 'On since 11:00:00 Programs that follow the setting go through Tor, or nowhere.'],
  ['changed', true, 'Something else changed the setting It no longer points to Allium'],
  ['failed', true, 'Could not be turned on or checked Programs may connect directly.'],
  ['restoring', false, 'Being turned off… Your old settings are being put back.'],
  ['restore-failed', false, 'Your old settings could not be put back Allium still has them and tries again'],
]

describe('the state of the system proxy', () => {
  it.each(SENTENCES)('%s (wanted: %s) is said in plain words', async (state, isWanted, sentence) => {
    const { page } = await open({
      snapshot: withSystemProxy({ state, isWanted, sinceMs: NOW_MS - 3_600_000 }),
    })
    expect(plain(await page.locator('main [data-state]').innerText())).toContain(sentence)
    await checkAxe(page)
  })

  it('is told to screen readers when it changes', async () => {
    const { page, main } = await open()
    await main.change({ systemProxy: { ...main.snapshot.systemProxy, state: 'changed' } })
    const status = page.locator('[role=status]').filter({ hasText: 'Something else changed' })
    expect(plain((await status.first().textContent()) ?? '')).toContain(
      'System proxy: Something else changed the setting',
    )
  })

  it('can be turned on and off', async () => {
    const { page, main } = await open({ snapshot: withSystemProxy({ state: 'off', isWanted: false }) })
    const toggle = page.getByRole('switch', { name: 'Use Allium as the system proxy' })
    await toggle.press('Space')
    await page.getByText('Waits for you to connect', { exact: true }).waitFor()
    await toggle.click()
    expect(main.callsOf('system-proxy.set')).toEqual([true, false])
  })

  it('can be put back after something else changed it', async () => {
    const { page, main } = await open({ snapshot: withSystemProxy({ state: 'changed', isWanted: true }) })
    await page.getByRole('button', { name: 'Put it back' }).click()
    expect(main.callsOf('system-proxy.reapply')).toEqual([undefined])
  })

  it('can be tried again, with the technical words behind a disclosure', async () => {
    const { page, main } = await open({
      snapshot: withSystemProxy({
        state: 'failed',
        isWanted: true,
        trouble: 'proxy-not-applied',
        detail: 'gsettings: no session bus',
      }),
    })
    await page.locator('main summary', { hasText: 'Technical details' }).click()
    await page.getByText('gsettings: no session bus').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    expect(main.callsOf('system-proxy.set')).toEqual([true])
  })

  it('is restored again on demand when restoring failed', async () => {
    const { page, main } = await open({
      snapshot: withSystemProxy({ state: 'restore-failed', isWanted: false }),
    })
    await page.getByRole('button', { name: 'Try again now' }).click()
    expect(main.callsOf('system-proxy.set')).toEqual([false])
  })

  it('says how to quit when the old settings cannot be put back, and does it', async () => {
    const { page, main } = await open({
      snapshot: withSystemProxy({ state: 'restore-failed', isWanted: false }),
    })
    await page.getByText('quit again and it ends all the same').waitFor()
    await page.getByRole('button', { name: 'Quit Allium' }).click()
    expect(main.callsOf('app.quit')).toEqual([undefined])
  })

  it('keeps what the person chose visible when the command fails', async () => {
    const { page } = await open({
      handlers: {
        'system-proxy.set': async () => {
          throw new CommandFailure('internal')
        },
      },
    })
    const toggle = page.getByRole('switch', { name: 'Use Allium as the system proxy' })
    await toggle.click()
    await page.getByRole('alert').waitFor()
    expect(await toggle.getAttribute('aria-checked')).toBe('true')
  })

  it('says that a crashed run was cleaned up after', async () => {
    const { page } = await open({ snapshot: withSystemProxy({ restoredAtStart: true }) })
    await page.getByText('Your old settings are back').waitFor()
  })
})

describe('a desktop without a proxy setting', () => {
  it('gets no switch, and is shown the addresses and lines', async () => {
    const { page } = await open({ snapshot: withSystemProxy({ backend: undefined, state: 'off' }) })
    await page.getByText('This desktop has no proxy setting that Allium knows').waitFor()
    expect(await page.getByRole('switch').count()).toBe(0)
    await page.getByText('127.0.0.1:9250', { exact: true }).waitFor()
    await page.getByText('git', { exact: true }).waitFor()
    await checkAxe(page)
  })
})

describe('addresses and programs', () => {
  it('are copied exactly', async () => {
    const { page, main } = await open()
    await page.getByRole('button', { name: 'Copy the SOCKS 5 address' }).click()
    await page.getByRole('button', { name: 'Copy the HTTP address' }).click()
    await page.locator('summary', { hasText: /^ssh/ }).click()
    await page.getByRole('button', { name: said('Copy the line for ssh') }).click()
    await page.locator('summary', { hasText: /^git/ }).click()
    await page.getByRole('button', { name: 'Copy the line that takes it back' }).click()
    expect(main.callsOf('clipboard.write')).toEqual([
      '127.0.0.1:9250',
      '127.0.0.1:9251',
      'Host *\n  ProxyCommand nc -X 5 -x 127.0.0.1:9250 %h %p',
      'git config --global --unset http.proxy',
    ])
    await checkAxe(page)
    await screenshot(page, 'system-proxy-programs')
  })

  it('say of each program whether it follows the setting', async () => {
    const { page } = await open()
    const rows = await page.getByRole('region', { name: 'Programs' }).getByRole('listitem').allInnerTexts()
    expect(rows.map(plain)).toEqual([
      expect.stringContaining('Firefox Follows it'),
      expect.stringContaining('Chromium and Chrome Follows it'),
      expect.stringContaining('Other desktop programs Mostly follows it'),
      expect.stringContaining('git Ignores it'),
      expect.stringContaining('ssh Ignores it'),
    ])
  })

  it('are not made up while no door is open, and a taken port is named', async () => {
    const base = snapshotIn('off')
    const { page } = await open({
      snapshot: {
        ...withSystemProxy({ programs: [] }, base),
        proxies: { socks: undefined, http: undefined, trouble: { port: 9_250, detail: 'EADDRINUSE' } },
      },
    })
    expect(await page.getByText('Not open').count()).toBe(2)
    await page.getByText(said('Port 9250 could not be opened')).waitFor()
    await page.getByText('The list appears once').waitFor()
  })
})

describe('exceptions', () => {
  it('change one at a time', async () => {
    const { page, main } = await open()
    await page.getByRole('switch', { name: 'My local network' }).click()
    await page.getByRole('switch', { name: 'This computer itself' }).click()
    expect(main.callsOf('settings.change')).toEqual([
      { proxyExceptions: { loopback: true, lan: true } },
      { proxyExceptions: { loopback: false, lan: true } },
    ])
  })
})

describe('the system proxy view', () => {
  it('says what it is not, and how to restore without the window', async () => {
    const { page, main } = await open()
    await page.getByRole('heading', { name: 'A proxy setting is not a firewall' }).waitFor()
    await page.getByText('It fails closed').waitFor()
    await page.getByRole('button', { name: 'Copy the command' }).click()
    expect(main.callsOf('clipboard.write')).toEqual(['allium --restore-system-proxy'])
  })

  it.each(LOOKS)('has no finding of axe and nothing cut off: $name', async (look) => {
    const { page } = await open(look)
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `system-proxy-${look.name}`)
    await page.locator('main').evaluate((element) => element.scrollTo(0, element.scrollHeight))
    await screenshot(page, `system-proxy-end-${look.name}`)
  })
})
