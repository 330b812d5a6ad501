/** What a person sees of isolation, and that each decision about a site sends exactly one right command. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { SiteView } from '../../electron/ipc/snapshot-circuits.ts'
import { CommandFailure } from './support/fake-main.ts'
import {
  checkAxe,
  clippedControls,
  LOOKS,
  openApp,
  plain,
  screenshot,
  unreachable,
} from './support/open-app.ts'
import { NOW_MS, snapshotIn } from './support/snapshots.ts'

const HOUR_MS = 3_600_000
const ONION = `${'a'.repeat(55)}d.onion`

const BLOCKED = site('tracker.example', {
  policy: { isBlocked: true, exitCountry: undefined, pin: undefined },
  refusal: { kind: 'blocked', atMs: NOW_MS - 60_000 },
})
const NO_EXIT = site('bank.example', {
  policy: { isBlocked: false, exitCountry: 'sc', pin: undefined },
  refusal: { kind: 'no-path', atMs: NOW_MS - 120_000 },
})
const PINNED = site('shop.example', {
  policy: {
    isBlocked: false,
    exitCountry: undefined,
    pin: { fingerprint: 'A'.repeat(40), untilMs: NOW_MS + 5 * HOUR_MS },
  },
  refusal: { kind: 'no-path', atMs: NOW_MS - 120_000 },
})
const UNREACHABLE = site('gone.example', { refusal: { kind: 'resolve-failed', atMs: NOW_MS - 30_000 } })

const CONNECTED = snapshotIn('connected')
const EVERYTHING = snapshotIn('connected', {
  sites: {
    sites: [
      ...CONNECTED.sites.sites,
      BLOCKED,
      NO_EXIT,
      PINNED,
      UNREACHABLE,
      site(ONION, { circuitIds: [12], streams: 1, lastUsedMs: NOW_MS - 90_000 }),
    ],
  },
})

describe('the rows of sites', () => {
  it('say where the site sees the person, by which circuit, how much, and when', async () => {
    const { page } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    const text = await rowText(page, 'example.com')
    expect(text).toContain('Seen from Netherlands')
    expect(text).toContain('Relays: Germany, Norway, Netherlands')
    expect(text).toContain('2 connections')
    expect(text).toContain('4.2 MB received, 310 kB sent')
    expect(text).toContain('used a moment ago')
  })

  it('show the rules, also of sites that were never visited', async () => {
    const { page } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    expect(await rowText(page, 'example.org')).toContain('Only from Iceland')
    expect(await rowText(page, 'tracker.example')).toContain('Blocked')
    expect(await rowText(page, 'bank.example')).toContain('Only from Seychelles')
    expect(await rowText(page, 'bank.example')).toContain('Not connected now')
    expect(await rowText(page, 'shop.example')).toContain('Same exit until 22 Nov 2026, 17:00')
  })

  it('say in plain words what was refused, and that nothing went another way', async () => {
    const { page } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    expect(await refusal(page, 'tracker.example')).toBe('Refused: you blocked this site. 1 minute ago')
    expect(await refusal(page, 'bank.example')).toBe(
      'Refused: no exit in Seychelles could be used. Nothing was sent from elsewhere. 2 minutes ago',
    )
    expect(await refusal(page, 'shop.example')).toContain('the exit that you keep for it could not be used')
    expect(await refusal(page, 'gone.example')).toContain(
      'That name does not exist, or could not be looked up.',
    )
    expect(await row(page, 'example.com').getByTestId('refusal').count()).toBe(0)
  })

  it('offer an onion service no country, for it sees none', async () => {
    const { page } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    expect(await rowText(page, ONION)).toContain('it does not see where you come from')
    expect(await row(page, ONION).getByRole('button', { name: 'Appear from' }).count()).toBe(0)
  })

  it('stay in their places while traffic changes the order of use', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    const before = await page.getByTestId('site').evaluateAll((rows) => rows.map((each) => each.ariaLabel))
    await main.change({
      sites: { sites: [...EVERYTHING.sites.sites].reverse().map((each) => ({ ...each, streams: 7 })) },
    })
    await row(page, 'example.com').getByText('connections').waitFor()
    const after = await page.getByTestId('site').evaluateAll((rows) => rows.map((each) => each.ariaLabel))
    expect(after).toEqual(before)
  })

  it('lead to the circuit on the map and back', async () => {
    const { page } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await row(page, 'example.com')
      .getByRole('button', { name: /Show the circuit/ })
      .click()
    await page.locator('main[data-view="circuits"]').waitFor()
    expect(plain(await page.locator('button[aria-expanded="true"]').innerText())).toContain('example.com')
    await page.getByRole('button', { name: /Rules for/ }).click()
    await page.locator('main[data-view="sites"]').waitFor()
    expect(await row(page, 'example.com').evaluate((element) => element === document.activeElement)).toBe(
      true,
    )
  })

  it('can be searched once they are many', async () => {
    const many = Array.from({ length: 12 }, (_, index) => site(`site${index}.example`))
    const { page } = await openApp({
      snapshot: snapshotIn('connected', { sites: { sites: many } }),
      view: 'sites',
    })
    await page.getByRole('searchbox').fill('SITE11')
    expect(await page.getByTestId('site').count()).toBe(1)
    await page.getByRole('searchbox').fill('nothing')
    await page.getByText('No site is called that.').waitFor()
  })
})

describe('decisions about a site', () => {
  it('New circuit: asks for one, and says that the guard stays', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await page.getByText('your entry relay (guard) stays').waitFor()
    await row(page, 'example.com')
      .getByRole('button', { name: /New circuit/ })
      .click()
    await row(page, 'example.com').getByText('Your entry relay stays the same.').waitFor()
    expect(main.callsOf('site.new-circuit')).toEqual(['example.com'])
    expect(main.callsOf('identity.new')).toEqual([])
  })

  it('Appear from: says what each country costs before it is chosen, and sets a strict rule', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await row(page, 'example.com').getByRole('button', { name: 'Appear from' }).click()
    const dialog = page.getByRole('dialog')
    expect(plain(await dialog.innerText())).toContain('The rule is strict')
    expect(plain(await dialog.innerText())).toContain('Germany 412 exits 31% of capacity')
    await dialog.getByRole('radio', { name: /Germany/ }).check()
    expect(await cost(page)).toContain('Little. 31% of all people leave the network there anyway.')
    await dialog.getByRole('radio', { name: /Iceland/ }).check()
    expect(await cost(page)).toContain('Much anonymity. Only 0.4% of all people')
    expect(await cost(page)).toContain('about 239 times less to look through')
    expect(await cost(page)).toContain('An estimate')
    await dialog.getByRole('button', { name: /Use .*Iceland/ }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('site.set-policy')).toEqual([
      { site: 'example.com', isBlocked: false, exitCountry: 'is', pinForMs: null },
    ])
  })

  it('Appear from: shows that a country has no exit, and does not let it be chosen', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await row(page, 'bank.example').getByRole('button', { name: 'Appear from' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('and there is no exit now.').waitFor()
    await dialog.getByRole('searchbox').fill('seych')
    const seychelles = dialog.getByRole('radio', { name: /Seychelles no exit now/ })
    expect(await seychelles.isDisabled()).toBe(true)
    expect(await dialog.getByRole('button', { name: /Use/ }).isDisabled()).toBe(true)
    await dialog.getByRole('radio', { name: /Any country/ }).check()
    await dialog.getByRole('button', { name: 'Use any country' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('site.set-policy')).toEqual([
      { site: 'bank.example', isBlocked: false, exitCountry: null, pinForMs: null },
    ])
  })

  it('Appear from: says that it replaces the exit that is kept', async () => {
    const { page } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await row(page, 'shop.example').getByRole('button', { name: 'Appear from' }).click()
    await page.getByRole('dialog').getByText('the exit that you keep for the site is let go').waitFor()
    await page.keyboard.press('Escape')
    await row(page, 'example.com').getByRole('button', { name: 'Appear from' }).click()
    await page
      .getByRole('dialog')
      .getByRole('radio', { name: /Germany/ })
      .waitFor()
    expect(await page.getByText(/is let go|blocked this site\./).count()).toBe(1)
  })

  it('Appear from: says why the list of exits cannot be had', async () => {
    const { page } = await openApp({
      snapshot: EVERYTHING,
      view: 'sites',
      handlers: {
        'exit-countries.list': async () => {
          throw new CommandFailure('not-connected')
        },
      },
    })
    await row(page, 'example.com').getByRole('button', { name: 'Appear from' }).click()
    await page.getByRole('dialog').getByText('That works only while Allium is connected.').waitFor()
    expect(await page.getByRole('button', { name: /Use any/ }).isDisabled()).toBe(true)
  })

  it.each([
    ['1 hour', HOUR_MS, 'for an hour one relay', '13:00'],
    ['1 day', 24 * HOUR_MS, 'for a day one relay', '23 Nov 2026'],
    ['7 days', 7 * 24 * HOUR_MS, 'for a week one relay', '29 Nov 2026'],
  ])('Keep this exit for %s: says until when, and what it costs', async (name, pinForMs, words, until) => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await choose(page, 'example.com', 'Keep this exit')
    const dialog = page.getByRole('dialog')
    await dialog.getByText(name, { exact: true }).click()
    const text = plain(await dialog.innerText())
    expect(text).toContain('Netherlands QuietHarbour')
    expect(text).toContain(words)
    expect(plain(await dialog.getByRole('status').innerText())).toContain(until)
    await dialog.getByRole('button', { name: 'Keep this exit' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('site.set-policy')).toEqual([
      { site: 'example.com', isBlocked: false, exitCountry: null, pinForMs },
    ])
  })

  it('Keep this exit: cannot be had for a site without one, and says so', async () => {
    const { page } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await openMenu(page, 'bank.example')
    const item = page.getByRole('menuitem', { name: /Keep this exit/ })
    expect(plain(await item.innerText())).toContain('Visit the site first: there is no exit to keep.')
    expect(await item.getAttribute('aria-disabled')).toBe('true')
  })

  it('Block, Unblock, and removing a rule replace the rules as a whole', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await choose(page, 'example.com', 'Block this site')
    await row(page, 'tracker.example').getByRole('button', { name: 'Unblock' }).click()
    await choose(page, 'example.org', 'Remove the rule')
    await expect.poll(() => main.callsOf('site.set-policy').length).toBe(3)
    expect(main.callsOf('site.set-policy')).toEqual([
      { site: 'example.com', isBlocked: true, exitCountry: null, pinForMs: null },
      { site: 'tracker.example', isBlocked: false, exitCountry: null, pinForMs: null },
      { site: 'example.org', isBlocked: false, exitCountry: null, pinForMs: null },
    ])
    expect(await row(page, 'tracker.example').getByRole('button', { name: 'Appear from' }).count()).toBe(0)
  })

  it('Forget: asks first, and only then forgets', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await choose(page, 'example.org', 'Forget this site')
    const dialog = page.getByRole('alertdialog')
    expect(plain(await dialog.innerText())).toContain('Forget example.org?')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('site.forget')).toEqual([])
    await choose(page, 'example.org', 'Forget this site')
    await dialog.getByRole('button', { name: 'Forget' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('site.forget')).toEqual(['example.org'])
  })

  it('say on the row what went wrong', async () => {
    const { page } = await openApp({
      snapshot: EVERYTHING,
      view: 'sites',
      handlers: {
        'site.new-circuit': async () => {
          throw new CommandFailure('core-gone')
        },
      },
    })
    await row(page, 'example.com')
      .getByRole('button', { name: /New circuit/ })
      .click()
    await row(page, 'example.com').getByRole('alert').getByText('is not ready yet').waitFor()
    expect(await row(page, 'example.com').getByTestId('renewed').count()).toBe(0)
  })
})

describe('a rule before the first visit', () => {
  it('blocks the site whose address was pasted', async () => {
    const { page, main } = await openApp({
      snapshot: snapshotIn('connected', { sites: { sites: [] } }),
      view: 'sites',
    })
    await page.getByText('No sites yet').waitFor()
    await page.getByRole('button', { name: 'Add a site' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill('https://Ads.Example/banner?x=1')
    await dialog.getByText('Block it', { exact: true }).first().click()
    await dialog.getByRole('button', { name: 'Block it' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('site.set-policy')).toEqual([
      { site: 'ads.example', isBlocked: true, exitCountry: null, pinForMs: null },
    ])
  })

  it('goes on to the countries', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await page.getByRole('button', { name: 'Add a site' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('new.example')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: /new\.example/ })
    await dialog.getByRole('radio', { name: /Netherlands/ }).check()
    await dialog.getByRole('button', { name: /Use .*Netherlands/ }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('site.set-policy')).toEqual([
      { site: 'new.example', isBlocked: false, exitCountry: 'nl', pinForMs: null },
    ])
  })

  it('says of a site that is blocked that a country unblocks it, before it does', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    await page.getByRole('button', { name: 'Add a site' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('tracker.example')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: /tracker\.example/ })
    await dialog.getByText('You blocked this site.').waitFor()
    await dialog.getByRole('radio', { name: /Netherlands/ }).check()
    await dialog.getByRole('button', { name: /^Unblock and use .*Netherlands/ }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(main.callsOf('site.set-policy')).toEqual([
      { site: 'tracker.example', isBlocked: false, exitCountry: 'nl', pinForMs: null },
    ])
  })

  it('is refused in words for what is no site, or only a part of one', async () => {
    const { page, main } = await openApp({
      snapshot: EVERYTHING,
      view: 'sites',
      handlers: {
        'site.set-policy': async () => {
          throw new CommandFailure('bad-target', 'this host belongs to the site example.com')
        },
      },
    })
    await page.getByRole('button', { name: 'Add a site' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Block it', { exact: true }).first().click()
    await dialog.getByRole('textbox').fill('not a site')
    await page.keyboard.press('Enter')
    await dialog.getByText('Write the name of a site').waitFor()
    expect(main.callsOf('site.set-policy')).toEqual([])
    await dialog.getByRole('textbox').fill('www.example.com')
    await page.keyboard.press('Enter')
    await dialog.getByText('Rules hold for whole sites.').waitFor()
  })
})

describe('a new identity', () => {
  it('lists what it changes and what stays before it is taken, and what became of it after', async () => {
    const { page, main } = await openApp({
      snapshot: EVERYTHING,
      view: 'sites',
      handlers: {
        'identity.new': async () => ({
          changed: ['circuits-retired', 'something-newer'],
          kept: ['guards'],
        }),
      },
    })
    await page.getByRole('button', { name: 'New identity' }).click()
    const dialog = page.getByRole('dialog')
    const before = plain(await dialog.innerText())
    for (const text of [
      'Every circuit: new connections take new ones',
      'Circuits that carry nothing are closed',
      'What was built ahead for you is forgotten',
      'Which exit you had for which site is forgotten',
      'What was remembered about names and exits is deleted',
      'Your entry relay: a change would show you to more relays',
      'Your rules for sites',
      'Connections that are open now: they go on where they are',
      'Your browser keeps its cookies',
    ]) {
      expect(before).toContain(text)
    }
    expect(main.callsOf('identity.new')).toEqual([])
    await checkAxe(page)
    await dialog.getByRole('button', { name: 'Take a new identity' }).click()
    await dialog.getByText('You have a new identity').waitFor()
    const after = plain(await dialog.innerText())
    expect(after).toContain('something-newer')
    expect(after).not.toContain('Your rules for sites')
    expect(main.callsOf('identity.new')).toHaveLength(1)
    expect(main.callsOf('site.new-circuit')).toEqual([])
  })

  it('says why it could not be taken', async () => {
    const { page } = await openApp({
      snapshot: EVERYTHING,
      view: 'sites',
      handlers: {
        'identity.new': async () => {
          throw new CommandFailure('core-gone')
        },
      },
    })
    await page.getByRole('button', { name: 'New identity' }).click()
    await page.getByRole('button', { name: 'Take a new identity' }).click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    expect(await page.getByText('You have a new identity').count()).toBe(0)
  })
})

describe('the sites view by keyboard', () => {
  it('sets a country and blocks a site without a mouse', async () => {
    const { page, main } = await openApp({ snapshot: EVERYTHING, view: 'sites' })
    expect(await unreachable(page)).toEqual([])
    const appearFrom = row(page, 'example.com').getByRole('button', { name: 'Appear from' })
    await appearFrom.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: /Any country/ }).focus()
    await page.keyboard.press('ArrowDown')
    await dialog.getByRole('button', { name: /Use .*Germany/ }).focus()
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    // A dialog gives the focus back to what opened it, a moment after it is gone.
    await appearFrom.and(page.locator(':focus')).waitFor()
    await row(page, 'example.com')
      .getByRole('button', { name: /More for/ })
      .focus()
    await page.keyboard.press('Enter')
    // An item is marked before it has the focus, and keys before that are lost.
    await page.locator('[role="menuitem"]:focus').waitFor()
    await page.keyboard.press('ArrowDown')
    await page.locator('[role="menuitem"]:focus', { hasText: 'Block this site' }).waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(() => main.callsOf('site.set-policy').length).toBe(2)
    expect(main.callsOf('site.set-policy')).toEqual([
      { site: 'example.com', isBlocked: false, exitCountry: 'de', pinForMs: null },
      { site: 'example.com', isBlocked: true, exitCountry: null, pinForMs: null },
    ])
  })
})

describe('the sites view', () => {
  it.each(LOOKS)('has no fault in accessibility and cuts nothing off: $name', async (look) => {
    const { page } = await openApp({ snapshot: EVERYTHING, view: 'sites', ...look })
    const name = `sites-${look.name}`
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, name)
    await row(page, 'example.com').getByRole('button', { name: 'Appear from' }).click()
    await page.getByRole('radio', { name: /Iceland/ }).check()
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `${name}-country`)
  })
})

function site(name: string, changes: Partial<SiteView> = {}): SiteView {
  return {
    site: name,
    circuitIds: [],
    seenFromCountry: undefined,
    streams: 0,
    readBytes: 0,
    writtenBytes: 0,
    lastUsedMs: undefined,
    policy: { isBlocked: false, exitCountry: undefined, pin: undefined },
    refusal: undefined,
    ...changes,
  }
}

function row(page: Page, name: string): ReturnType<Page['locator']> {
  return page.locator(`[data-testid="site"][aria-label="${name}"]`)
}

/** With what only a screen reader says. */
async function rowText(page: Page, name: string): Promise<string> {
  return plain((await row(page, name).innerText()).replaceAll('\n', ' '))
}

async function refusal(page: Page, name: string): Promise<string> {
  return plain(await row(page, name).getByTestId('refusal').innerText())
}

async function cost(page: Page): Promise<string> {
  return plain(await page.getByRole('dialog').getByRole('status').innerText())
}

async function openMenu(page: Page, name: string): Promise<void> {
  await row(page, name)
    .getByRole('button', { name: /More for/ })
    .click()
  await page.getByRole('menu').waitFor()
}

async function choose(page: Page, name: string, entry: string): Promise<void> {
  await openMenu(page, name)
  await page.getByRole('menuitem', { name: new RegExp(entry) }).click()
}
