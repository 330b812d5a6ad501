/** The big button: every state with its words, its colour, what the button does, and one next step. */
import { describe, expect, it } from 'vitest'
import type { ConnectionState } from '../../electron/ipc/snapshot-connection.ts'
import { CONNECTION_STATES } from '../../electron/ipc/snapshot-connection.ts'
import { CommandFailure } from './support/fake-main.ts'
import { openApp, plain, screenshot, textOf } from './support/open-app.ts'
import { attempt, connectionIn, NOW_MS, snapshotIn } from './support/snapshots.ts'
import { EVERY_WAY, waysIn } from './support/ways-snapshots.ts'

interface Expected {
  readonly headline: string
  readonly tone: string
  readonly button: string
  /** A part of the sentence under the headline. */
  readonly about: string
  /** A part of the next step; undefined where nothing is to be done or waited for. */
  readonly next: string | undefined
  readonly command: 'connection.start' | 'connection.stop' | undefined
}

const EXPECTED: Readonly<Record<ConnectionState, Expected>> = {
  off: {
    headline: 'Not connected',
    tone: 'idle',
    button: 'Connect',
    about: 'use the Internet as always',
    next: undefined,
    command: 'connection.start',
  },
  checking: {
    headline: 'Starting',
    tone: 'working',
    button: '0% Cancel',
    about: 'looks at the network',
    next: undefined,
    command: 'connection.stop',
  },
  'no-network': {
    headline: 'No Internet connection',
    tone: 'warn',
    button: '5% Cancel',
    about: 'not connected to a network',
    next: 'Check the cable or the Wi-Fi',
    command: 'connection.stop',
  },
  'clock-wrong': {
    headline: 'Your clock is wrong',
    tone: 'warn',
    button: '30% Cancel',
    about: 'clock is 3 hours behind',
    next: 'Set date, time and time zone',
    command: 'connection.stop',
  },
  connecting: {
    headline: 'Connecting',
    tone: 'working',
    button: '55% Cancel',
    about: 'Loading what each relay can do',
    next: undefined,
    command: 'connection.stop',
  },
  slow: {
    headline: 'Connecting slowly',
    tone: 'working',
    button: '48% Cancel',
    about: 'slower than usual',
    next: 'wait',
    command: 'connection.stop',
  },
  stalled: {
    headline: 'No progress',
    tone: 'warn',
    button: '10% Cancel',
    about: 'Nothing has moved for a while',
    next: 'Use bridges',
    command: 'connection.stop',
  },
  blocked: {
    headline: 'Tor may be blocked here',
    tone: 'warn',
    button: '5% Cancel',
    about: 'no relay answers',
    next: 'Use bridges',
    command: 'connection.stop',
  },
  connected: {
    headline: 'Connected',
    tone: 'good',
    button: 'Disconnect',
    about: 'gone through three relays and come back',
    next: 'Turn on the system proxy',
    command: 'connection.stop',
  },
  'proxy-not-applied': {
    headline: 'Connected, but not used',
    tone: 'warn',
    button: 'Disconnect',
    about: 'Your programs go past Allium',
    next: 'Open system proxy',
    command: 'connection.stop',
  },
  degraded: {
    headline: 'The connection has trouble',
    tone: 'warn',
    button: 'Disconnect',
    about: 'Programs that use Allium wait',
    next: 'builds new paths by itself',
    command: 'connection.stop',
  },
  failed: {
    headline: 'Could not connect',
    tone: 'bad',
    button: 'Try again',
    about: 'took too long',
    next: 'Try again',
    command: 'connection.start',
  },
  'protected-down': {
    headline: 'Interrupted',
    tone: 'warn',
    button: 'Disconnect',
    about: 'has stopped',
    next: 'started again in 4 seconds',
    command: 'connection.stop',
  },
  restoring: {
    headline: 'Disconnecting',
    tone: 'working',
    button: 'One moment',
    about: 'old system settings are being put back',
    next: undefined,
    command: undefined,
  },
}

describe('the connect view', () => {
  it.each(CONNECTION_STATES)(
    'says in the state "%s" what is, what to do, and does what its button says',
    async (state) => {
      const expected = EXPECTED[state]
      const { page, main } = await openApp({ snapshot: snapshotIn(state) })
      const hero = page.locator(`section[data-state="${state}"]`)
      expect(await textOf(page, 'h1')).toBe(expected.headline)
      expect(await hero.getAttribute('data-tone')).toBe(expected.tone)
      expect(plain(await hero.innerText())).toContain(expected.about)
      const next = hero.locator('[data-next]')
      expect(await next.count()).toBe(expected.next === undefined ? 0 : 1)
      if (expected.next !== undefined) expect(plain(await next.innerText())).toContain(expected.next)
      const button = hero.locator('button[data-press]')
      expect(plain(await button.innerText())).toBe(expected.button)
      await screenshot(page, `connect-${state}`)
      await button.click({ force: true })
      expect(main.calls.map(({ name }) => name)).toEqual(
        expected.command === undefined ? [] : [expected.command],
      )
    },
  )

  it('shows each phase in plain words, the step, what is counted, and the time that passes', async () => {
    const { page } = await openApp({ snapshot: snapshotIn('connecting'), isClockPaused: true })
    expect(await textOf(page, 'section[data-state]')).toContain(
      'Step 4 of 6: Get to know the relays · 3,120 of 7,850',
    )
    expect(await textOf(page, 'section[data-state]')).toContain('0:12')
    await page.clock.runFor(5_000)
    expect(await textOf(page, 'section[data-state]')).toContain('0:17')
    const bar = page.getByRole('progressbar')
    expect(await bar.getAttribute('aria-valuenow')).toBe('55')
    expect(plain((await bar.getAttribute('aria-valuetext')) ?? '')).toBe(
      '55%. Step 4 of 6: Get to know the relays',
    )
  })

  it('says which way the clock is wrong', async () => {
    const connection = connectionIn('clock-wrong', { clock: { aheadMs: 25 * 60_000 } })
    const { page } = await openApp({ snapshot: snapshotIn('clock-wrong', { connection }) })
    expect(await textOf(page, 'section[data-state]')).toContain('clock is 25 minutes ahead')
  })

  it.each(['protected-down', 'degraded'] as const)(
    'promises in the state "%s" that nothing leaks only while the system proxy is in force',
    async (state) => {
      const snapshot = snapshotIn(state)
      const { page, main } = await openApp({ snapshot })
      const shown = (): Promise<string> => textOf(page, 'section[data-state]')
      for (const proxy of ['off', 'changed', 'failed'] as const) {
        await main.change({
          systemProxy: { ...snapshot.systemProxy, isWanted: proxy !== 'off', state: proxy },
        })
        expect(await shown()).toContain('All others go past Allium')
        expect(await shown()).not.toMatch(/leak|system proxy still/i)
      }
      await main.change({ systemProxy: { ...snapshot.systemProxy, isWanted: true, state: 'on' } })
      await page.locator('section[data-state]', { hasText: /nothing leaks/i }).waitFor()
      expect(await shown()).not.toContain('go past Allium')
    },
  )

  it('says that nothing uses the connection yet, until the system proxy is in force', async () => {
    const snapshot = snapshotIn('connected')
    const { page, main } = await openApp({ snapshot })
    expect(await textOf(page, 'section[data-state]')).toContain('Only programs that use Allium')
    await page.getByRole('switch', { name: 'System proxy' }).click()
    await expect.poll(() => main.callsOf('system-proxy.set')).toEqual([true])
    await main.change({ systemProxy: { ...snapshot.systemProxy, isWanted: true, state: 'on' } })
    await page.getByText('Programs that follow your system proxy are protected').waitFor()
    expect(await page.locator('[data-next]').count()).toBe(0)
  })

  it('tells screen readers about a change, in whichever view they are', async () => {
    const { page, main } = await openApp({ snapshot: snapshotIn('connecting'), view: 'logs' })
    await main.change({ connection: connectionIn('connected') })
    await page
      .locator('[role="status"]', { hasText: 'Connected. A request has gone through' })
      .waitFor({ state: 'attached' })
  })

  it('shows every attempt: its way, how far it came, why it stopped, what comes next', async () => {
    const attempts = [
      attempt({ outcome: 'cancelled', endedMs: NOW_MS, step: 'get-directory', percent: 22 }),
      attempt({
        id: 2,
        way: { kind: 'bridges', transports: ['vanilla'], count: 2 },
        outcome: 'failed',
        endedMs: NOW_MS,
        reason: { kind: 'wrong-identity', detail: 'the certificate names another relay' },
        next: 'add-bridges',
      }),
    ]
    const { page } = await openApp({
      snapshot: snapshotIn('failed', { connection: connectionIn('failed', { attempts }) }),
    })
    const rows = page.locator('li[data-outcome]')
    expect(await rows.count()).toBe(2)
    const [newest, oldest] = (await rows.allInnerTexts()).map(plain)
    expect(newest).toContain('Through 2 bridges (Plain) failed')
    expect(newest).toContain('A relay could not prove who it is')
    expect(newest).toContain('Next: add a bridge.')
    expect(oldest).toContain('Directly cancelled')
    expect(oldest).toContain('Came to step 3 of 6: Get the list of relays (22%)')
  })

  it('goes on without damaged rules only when somebody says so twice, and knows what is lost', async () => {
    const stopped = attempt({
      outcome: 'failed',
      endedMs: NOW_MS,
      reason: { kind: 'damaged-rules', detail: 'The file "/data/sites.json" is damaged' },
    })
    const { page, main } = await openApp({
      snapshot: snapshotIn('failed', {
        connection: connectionIn('failed', { attempts: [stopped] }),
        // Of who hides and has no bridges: the way of before the failure is still told.
        ways: waysIn({ state: 'trying', ways: EVERY_WAY }),
      }),
    })
    await page.getByRole('button', { name: 'Go on without rules' }).click()
    const dialog = page.getByRole('alertdialog')
    expect(plain(await dialog.innerText())).toContain('Every site that you blocked is open then')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    expect(main.calls).toEqual([])
    await page.getByRole('button', { name: 'Go on without rules' }).click()
    await dialog.getByRole('button', { name: 'Set the file aside and connect' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.calls).toEqual([{ name: 'site-rules.set-aside', argument: undefined }])
  })

  it('offers to go on without rules nowhere else', async () => {
    const { page } = await openApp({ snapshot: snapshotIn('failed') })
    await page.locator('section[data-state="failed"]').waitFor()
    expect(await page.getByRole('button', { name: 'Go on without rules' }).count()).toBe(0)
  })

  it('leads to the bridges where bridges are what is missing, and connects to nothing', async () => {
    const snapshot = snapshotIn('off')
    const settings = { ...snapshot.settings, entry: 'hide', useBridges: true } as const
    const { page, main } = await openApp({ snapshot: { ...snapshot, settings } })
    await page.locator('button[data-press="add-bridge"]').click()
    await page.locator('main[data-view="bridges"]').waitFor()
    expect(main.calls).toEqual([])
  })

  it('lets one connect at start only after a first success', async () => {
    const { page, main } = await openApp({
      snapshot: snapshotIn('off', { connection: connectionIn('off', { hasConnectedBefore: false }) }),
    })
    const toggle = page.getByRole('switch', { name: 'Connect when Allium starts' })
    expect(await toggle.isDisabled()).toBe(true)
    await main.change({ connection: connectionIn('off') })
    await toggle.click()
    expect(main.callsOf('settings.change')).toEqual([{ connectAtStart: true }])
  })

  it('shows where sites see the person, when that was verified, and what goes through', async () => {
    const { page } = await openApp({ snapshot: snapshotIn('connected') })
    const facts = plain(await page.locator('dl').nth(1).innerText())
    expect(facts).toContain('Last verified 2 minutes ago')
    expect(facts).toContain('Netherlands and Iceland')
    expect(facts).toContain('5.1 MB so far')
  })

  it('says in plain words why a command failed, and keeps the technical words for who asks', async () => {
    const { page } = await openApp({
      handlers: {
        'connection.start': () => Promise.reject(new CommandFailure('state', 'EACCES: lock file')),
      },
    })
    await page.locator('button[data-press="connect"]').click()
    const note = page.getByRole('alert')
    expect(plain(await note.innerText())).toContain('A file could not be read or written')
    await note.getByText('Technical details').click()
    expect(plain(await note.innerText())).toContain('state: EACCES: lock file')
  })
})
