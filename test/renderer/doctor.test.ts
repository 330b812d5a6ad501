/** The connection doctor: what is said before a run, that hiding people are asked, and what the results lead to. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { DOCTOR_CHECKS, DOCTOR_FINDINGS, DOCTOR_FIXES } from '../../electron/ipc/snapshot-doctor.ts'
import { BAD, GOOD, PLAN, PLAN_FOR_HIDING, RAN, withDoctor } from './support/doctor-snapshots.ts'
import {
  type AppOptions,
  checkAxe,
  clippedControls,
  LOOKS,
  openApp,
  plain,
  screenshot,
} from './support/open-app.ts'
import { snapshotIn } from './support/snapshots.ts'

async function openDoctor(options: AppOptions) {
  const opened = await openApp({ view: 'bridges', ...options })
  await opened.page.getByRole('button', { name: 'Check my connection' }).click()
  return { ...opened, dialog: opened.page.getByRole('dialog') }
}

const row = (page: Page, check: string) => page.getByRole('dialog').locator(`li[data-check="${check}"]`)

describe('before a run', () => {
  it('all that it would ask is named, and one press asks it', async () => {
    const { page, main, dialog } = await openDoctor({ snapshot: withDoctor({}) })
    const text = plain(await dialog.innerText())
    for (const name of PLAN.flatMap(({ asks }) => asks)) expect(text).toContain(name)
    await checkAxe(page)
    await screenshot(page, 'doctor-plan')
    await dialog.getByRole('button', { name: 'Check now' }).click()
    expect(main.callsOf('doctor.run')).toEqual([{ maySend: true }])
  })

  it('a person who hides is told what shows, and only agreeing to it sends anything', async () => {
    const { page, main, dialog } = await openDoctor({
      snapshot: withDoctor({ mustAsk: true, plan: PLAN_FOR_HIDING }),
    })
    await dialog.getByText('They are sent only if you agree, and only this time.').waitFor()
    await checkAxe(page)
    await screenshot(page, 'doctor-hidden')
    await dialog.getByRole('button', { name: 'Look at this computer only' }).click()
    await dialog.getByRole('button', { name: 'Agree, and ask all of this once' }).click()
    expect(main.callsOf('doctor.run')).toEqual([{ maySend: false }, { maySend: true }])
  })

  it('a person who hides agrees to each run anew', async () => {
    const { main, dialog } = await openDoctor({
      snapshot: withDoctor({ ...RAN, mustAsk: true, results: GOOD }),
    })
    await dialog.getByRole('button', { name: 'Check again' }).click()
    expect(main.callsOf('doctor.run')).toEqual([])
    await dialog.getByRole('button', { name: 'Agree, and ask all of this once' }).click()
    expect(main.callsOf('doctor.run')).toEqual([{ maySend: true }])
  })

  it('nobody is named on a network of one’s own', async () => {
    const plan = PLAN.map(({ check }) => ({ check, asks: [] }))
    const { dialog } = await openDoctor({ snapshot: withDoctor({ plan }) })
    await dialog.getByText('nobody outside is asked').waitFor()
  })
})

describe('a run', () => {
  it('shows what is done, what is asked now and what comes, and stops when it is told to or is closed', async () => {
    const snapshot = withDoctor({ isRunning: true, running: 'portal', results: GOOD.slice(0, 2) })
    const { page, main, dialog } = await openDoctor({ snapshot })
    expect(plain(await dialog.getByRole('status').innerText())).toBe('Checking: Sign-in page')
    expect(await dialog.getByRole('listitem').count()).toBe(DOCTOR_CHECKS.length)
    await checkAxe(page)
    await screenshot(page, 'doctor-running')
    await dialog.getByRole('button', { name: 'Stop' }).click()
    await page.keyboard.press('Escape')
    expect(main.callsOf('doctor.stop')).toHaveLength(2)
  })

  it('that ends is told to screen readers', async () => {
    const snapshot = withDoctor({ isRunning: true, running: 'ports', results: GOOD })
    const { page, main } = await openDoctor({ snapshot })
    await main.change({ doctor: { ...snapshot.doctor, ...RAN, isRunning: false, running: undefined } })
    const told = page.locator('[role=status][aria-live=polite]').filter({ hasText: 'Nothing is wrong' })
    await told.waitFor({ state: 'attached' })
  })
})

describe('the results', () => {
  it('begin with what is in the way, and each has one thing to do', async () => {
    const { page, dialog } = await openDoctor({ snapshot: withDoctor({ ...RAN, results: BAD }) })
    const summary = plain(await dialog.getByRole('status').innerText())
    expect(summary).toContain('4 things are in the way. Begin with: Clock.')
    const verdicts = await dialog
      .getByRole('listitem')
      .evaluateAll((rows) => rows.map((element) => element.getAttribute('data-verdict')))
    expect(verdicts.slice(0, 4)).toEqual(['bad', 'bad', 'bad', 'bad'])
    expect(plain(await row(page, 'clock').innerText())).toContain('clock is 2 hours behind')
    expect(plain(await row(page, 'clock').innerText())).toContain('Set date, time and time zone')
    expect(plain(await row(page, 'udp').innerText())).toContain('Use obfs4 or WebTunnel')
    expect(plain(await row(page, 'ports').innerText())).toContain('open ports: 80 and 443')
  })

  it('keep to the open ports with one press', async () => {
    const { page, main } = await openDoctor({ snapshot: withDoctor({ ...RAN, results: BAD }) })
    await row(page, 'ports').getByRole('button', { name: 'Use only these ports' }).click()
    await row(page, 'ports').getByText('Allium uses only these ports now.').waitFor()
    expect(main.callsOf('settings.change')).toEqual([{ allowedPorts: [80, 443] }])
  })

  it('lead to bridges and to the proxy', async () => {
    const { page } = await openDoctor({ snapshot: withDoctor({ ...RAN, results: BAD }), view: 'settings' })
    await row(page, 'names').getByRole('button', { name: 'Choose bridges' }).click()
    await page.locator('main[data-view="bridges"]').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('have words for everything that can be found', async () => {
    const results = (finding: (typeof DOCTOR_FINDINGS)[number], at: number) => [
      {
        check: 'link' as const,
        verdict: 'bad' as const,
        finding,
        fix: DOCTOR_FIXES[at % DOCTOR_FIXES.length] ?? 'none',
      },
    ]
    const { main, dialog, page } = await openDoctor({ snapshot: withDoctor({ ...RAN, results: GOOD }) })
    for (const [at, finding] of DOCTOR_FINDINGS.entries()) {
      await main.change({ doctor: { ...main.snapshot.doctor, results: results(finding, at) } })
      expect(await row(page, 'link').innerText(), finding).not.toMatch(/doctor-/)
    }
    await main.change({ doctor: { ...main.snapshot.doctor, results: GOOD, hasSent: false } })
    await dialog.getByText('without asking anybody').waitFor()
  })

  it.each(LOOKS)('have no finding of axe and nothing cut off: $name', async (look) => {
    const { page } = await openDoctor({ snapshot: withDoctor({ ...RAN, results: BAD }), ...look })
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `doctor-results-${look.name}`)
  })
})

describe('the way to the doctor', () => {
  it('is there where it does not connect, and works by keyboard', async () => {
    const { page, main } = await openApp({ snapshot: withDoctor({}, snapshotIn('blocked')) })
    const button = page.getByRole('button', { name: 'Check my connection' })
    await button.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    while (!(await page.evaluate(() => document.activeElement?.textContent === 'Check now')))
      await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(main.callsOf('doctor.run')).toEqual([{ maySend: true }])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true)
  })

  it.each(['no-network', 'clock-wrong', 'stalled', 'blocked', 'failed'] as const)(
    'is offered while %s',
    async (state) => {
      const { page } = await openApp({ snapshot: withDoctor({}, snapshotIn(state)) })
      await page.getByRole('button', { name: 'Check my connection' }).waitFor()
    },
  )
})
