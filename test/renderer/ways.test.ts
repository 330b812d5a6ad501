/** The search for a way in: its rows, its states in the headline, what was found, and that it can be ended at any time. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import {
  checkAxe,
  clippedControls,
  LOOKS,
  openApp,
  plain,
  screenshot,
  showView,
  textOf,
  unreachable,
} from './support/open-app.ts'
import { NOW_MS, snapshotIn } from './support/snapshots.ts'
import { ANSWERED, ASKING, EVERY_WAY, searching, UNREACHABLE, way, waysIn } from './support/ways-snapshots.ts'

const rows = async (page: Page): Promise<string[]> =>
  (await page.locator('li[data-way]').allInnerTexts()).map(plain)
const hero = 'section[data-search]'
const headline = (page: Page): Promise<string> => textOf(page, `${hero} h1`)

describe('the rows of a search', () => {
  it('say of each way how it goes, where it comes from, how far it came, why it stopped and what it waits for', async () => {
    const { page } = await openApp({ snapshot: searching() })
    const [direct, remembered, mapped, cooling, waiting] = await rows(page)
    expect(direct).toContain('Directly your choice')
    expect(direct).toContain('Stopped at step 2 of 6: Reach the Tor network')
    expect(direct).toContain('The connection to a relay could not be made')
    expect(remembered).toContain('Through one bridge (WebTunnel) worked last on this network')
    expect(remembered).toContain('Stopped at step 3 of 6: Get the list of relays')
    expect(remembered).toContain('That took too long.')
    expect(mapped).toContain("Through 2 bridges (Snowflake) works in Türkiye, by Allium's map")
    expect(mapped).toContain('Step 4 of 6: Get to know the relays')
    expect(cooling).toContain('again in 0:42')
    expect(waiting).toBe('Through one bridge (meek) comes with Allium Its turn comes later.')
  })

  it('let the person go on with the next way, as long as there is one', async () => {
    const { page, main } = await openApp({ snapshot: searching() })
    await page.getByRole('button', { name: 'Skip this one' }).click()
    expect(main.calls.map(({ name }) => name)).toEqual(['ways.skip'])
    const last = [way('direct', { kind: 'direct', state: 'stopped' }), way('meek', { state: 'running' })]
    await main.change({ ways: waysIn({ state: 'trying', ways: last }) })
    await page.locator('li[data-way="running"]').waitFor()
    await expect.poll(() => page.getByRole('button', { name: 'Skip this one' }).count()).toBe(0)
  })

  it('are not there where there is only the way of the settings', async () => {
    const { page } = await openApp({ snapshot: searching({ ways: EVERY_WAY.slice(0, 1) }) })
    await page.locator(hero).waitFor()
    expect(await rows(page)).toEqual([])
  })

  it('name in the history of attempts which way came next', async () => {
    const { page } = await openApp({ snapshot: searching() })
    const attempts = (
      await page.getByRole('region', { name: 'Attempts' }).getByRole('listitem').allInnerTexts()
    ).map(plain)
    expect(attempts[0]).toContain('Through 2 bridges (Snowflake) works in Türkiye')
    expect(attempts[1]).toContain('Next: Snowflake.')
    expect(attempts[2]).toContain('Next: WebTunnel.')
  })
})

describe('the headline of a search', () => {
  it('names the way that is tried and the one that comes next', async () => {
    const { page } = await openApp({ snapshot: searching() })
    expect(await headline(page)).toBe('Trying Snowflake')
    expect(await textOf(page, hero)).toContain('Loading what each relay can do')
    expect(await textOf(page, hero)).toContain('If it stops, meek comes next.')
    expect(await textOf(page, '[data-shown-state]')).toBe('Trying Snowflake')
  })

  it('leaves the first way to the words of the state', async () => {
    const [first, ...others] = EVERY_WAY
    const ways = [{ ...(first ?? way('x')), state: 'running' as const }, ...others.slice(3)]
    const { page } = await openApp({ snapshot: searching({ ways }) })
    expect(await headline(page)).toBe('Connecting')
  })

  it('of a first way in trouble says which comes next, and leaves nothing to do', async () => {
    const [first, ...others] = EVERY_WAY
    const ways = [{ ...(first ?? way('x')), state: 'running' as const }, ...others.slice(3)]
    const { page } = await openApp({ snapshot: searching({ ways }, 'blocked') })
    expect(await headline(page)).toBe('Tor may be blocked here')
    expect(await textOf(page, hero)).toContain('If it stops, meek comes next.')
    expect(await page.locator('[data-next="none"]').count()).toBe(1)
    await screenshot(page, 'ways-first')
  })

  it('of a bridge that is silent does not speak of relays', async () => {
    const { page } = await openApp({ snapshot: searching({}, 'blocked') })
    expect(await headline(page)).toBe('Trying Snowflake')
    expect(await textOf(page, hero)).toContain('Nothing has come back yet.')
    expect(await textOf(page, hero)).not.toContain('no relay answers')
  })

  it('of a direct try that had failed on this network says that it is brief, and what comes next', async () => {
    const ways = EVERY_WAY.slice(0, 2).map((each, at) => ({
      ...each,
      isBrief: at === 0,
      state: at === 0 ? ('running' as const) : ('waiting' as const),
      reason: undefined,
    }))
    const { page } = await openApp({ snapshot: searching({ ways }) })
    expect(await headline(page)).toBe('Connecting')
    expect(await textOf(page, hero)).toContain('if nothing comes back within seconds, WebTunnel comes next')
    const [direct, remembered] = await rows(page)
    expect(direct).toContain('It did not work on this network before, so it gets only a few seconds.')
    expect(remembered).toContain('worked last on this network')
    await screenshot(page, 'ways-brief')
  })

  it.each([
    ['tor', 'asked through Tor'],
    ['front', 'through a large web service'],
    ['older-front', 'in an older disguise'],
    ['other-front', 'in a third disguise'],
  ] as const)('says by which path help is asked for: %s', async (path, words) => {
    const help = { ...ASKING, tries: [{ path, outcome: 'running', reason: undefined }] as const }
    const { page } = await openApp({ snapshot: searching({ state: 'asking', help }) })
    expect(await headline(page)).toBe('Asking for help')
    expect(await textOf(page, hero)).toContain(words)
    expect(await page.getByRole('progressbar').count()).toBe(0)
    await page.locator('li[data-help="asking"]').waitFor()
    await screenshot(page, `ways-asking-${path}`)
  })

  it('counts down to the next way and to the next round', async () => {
    const { page, main } = await openApp({
      snapshot: searching({ state: 'cooling', nextMs: NOW_MS + 42_000 }),
    })
    expect(await headline(page)).toBe('Waiting a moment')
    expect(await textOf(page, hero)).toContain('tried again in 0:42')
    await main.change({ ways: waysIn({ state: 'resting', ways: EVERY_WAY, nextMs: NOW_MS + 250_000 }) })
    await expect.poll(() => headline(page)).toBe('No way has led there yet')
    expect(await textOf(page, hero)).toContain('tried again in 4:10')
  })

  it('tells help that is out of reach as a state of its own, and blames no country', async () => {
    const snapshot = searching({ state: 'resting', nextMs: NOW_MS + 60_000, help: UNREACHABLE }, 'blocked')
    const { page } = await openApp({ snapshot })
    expect(await headline(page)).toBe('No way yet, and no help')
    expect(await textOf(page, hero)).toContain('says nothing about your country')
    await page.getByRole('button', { name: 'Check my connection' }).waitFor()
    await page.locator('li[data-help="unreachable"]').waitFor()
    await checkAxe(page)
    await screenshot(page, 'ways-unreachable')
  })

  it('is read out with each way that is tried', async () => {
    const { page, main } = await openApp({ snapshot: searching() })
    const ways = EVERY_WAY.map((each) =>
      each.id === 'map'
        ? { ...each, state: 'stopped' as const }
        : each.id === 'meek'
          ? { ...each, state: 'running' as const }
          : each,
    )
    await main.change({ ways: waysIn({ state: 'trying', ways }) })
    await page
      .locator('[role=status][aria-live=polite]')
      .filter({ hasText: 'Trying' })
      .filter({ hasText: 'meek' })
      .waitFor({ state: 'attached' })
  })

  it('can be cancelled at any time, with the one big button', async () => {
    const { page, main } = await openApp({ snapshot: searching() })
    const searches = [
      { state: 'trying' },
      { state: 'asking', help: ASKING },
      { state: 'cooling' },
      { state: 'resting' },
    ] as const
    for (const [at, search] of searches.entries()) {
      await main.change({ ways: waysIn({ ways: EVERY_WAY, ...search }) })
      await page.locator(`section[data-search="${search.state}"]`).waitFor()
      await page.locator('button[data-press="cancel"]').click()
      expect(main.callsOf('connection.stop')).toHaveLength(at + 1)
    }
  })
})

describe('a way that was found', () => {
  const found = way('map', { source: 'map', transports: ['snowflake'], count: 2, state: 'works' })
  const snapshot = snapshotIn('connected', { ways: waysIn({ state: 'found', ways: EVERY_WAY, found }) })

  it('instead of the direct one says that this is looked at again, and what ends that', async () => {
    const { page, main } = await openApp({ snapshot })
    const card = page.locator('[data-found]')
    expect(await card.innerText()).toContain('whether the direct way is open again')
    await main.change({ ways: waysIn({ state: 'found', ways: EVERY_WAY.slice(1), found }) })
    await expect.poll(() => card.innerText()).toContain('not what your settings say')
  })

  it('can be kept or undone', async () => {
    const { page, main } = await openApp({ snapshot })
    await page.getByText('Connected through').waitFor()
    await page.getByRole('button', { name: 'Always use it' }).click()
    await page.getByRole('button', { name: 'Back to my settings' }).click()
    expect(main.calls.map(({ name }) => name)).toEqual(['ways.keep', 'ways.undo'])
    await checkAxe(page)
    await screenshot(page, 'ways-found')
  })

  it('is not spoken of where the settings’ own way works', async () => {
    const { page } = await openApp({ snapshot: snapshotIn('connected') })
    expect(await page.getByRole('button', { name: 'Always use it' }).count()).toBe(0)
  })
})

describe('finding a way by itself', () => {
  it('is a choice, and so is where one is', async () => {
    const { page, main } = await openApp({ snapshot: searching(), view: 'settings' })
    await page.getByRole('switch', { name: 'Find another way by itself' }).click()
    await page.getByRole('combobox', { name: 'Where I am' }).click()
    await page.getByRole('option', { name: 'Iran' }).click()
    await page.getByRole('combobox', { name: 'Where I am' }).click()
    await page.getByRole('option', { name: /By this computer/ }).click()
    expect(main.callsOf('settings.change')).toEqual([
      { findsOwnWay: false },
      { country: 'ir' },
      { country: null },
    ])
  })

  it('keeps the keyboard where the country was chosen, which takes no second choice until main has answered', async () => {
    let answer = (): void => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { page, main } = await openApp({
      snapshot: searching(),
      view: 'settings',
      handlers: { 'settings.change': () => answered },
    })
    const country = page.getByRole('combobox', { name: 'Where I am' })
    const hasFocus = (): Promise<boolean> => country.evaluate((element) => element === document.activeElement)
    await country.click()
    await page.getByRole('option', { name: 'Iran' }).click()
    await page.locator('[role=combobox][aria-busy=true]').waitFor()
    // Chromium takes the focus from what is disabled after the next frame.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))))
    expect(await hasFocus()).toBe(true)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    expect(main.callsOf('settings.change')).toEqual([{ country: 'ir' }])
    answer()
    await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0)
    await page.keyboard.press('Escape')
    await expect.poll(hasFocus).toBe(true)
  })

  it('shows the date of the map that comes with the app, and forgets networks', async () => {
    const { page, main } = await openApp({ snapshot: searching(), view: 'bridges' })
    const card = page.getByRole('region', { name: 'When the way in is blocked' })
    expect(plain(await card.innerText())).toContain(
      'map of what works where is of 16 Sept 2026 and knows 4 countries with blocking',
    )
    await card.getByRole('button', { name: 'Forget networks' }).click()
    expect(main.calls.map(({ name }) => name)).toEqual(['ways.forget-networks'])
  })

  it('lets a person who hides connect without a bridge of their own, by ways that do not show', async () => {
    const base = snapshotIn('off')
    const settings = { ...base.settings, entry: 'hide' as const, useBridges: true }
    const builtIn = (transport: string) => [{ transport, count: 1, isAvailable: true, isChosen: false }]
    const { page, main } = await openApp({
      snapshot: { ...base, settings, bridges: { ...base.bridges, builtIn: builtIn('obfs4') } },
    })
    await page.locator('button[data-press="add-bridge"]').waitFor()
    await main.change({ bridges: { ...base.bridges, builtIn: builtIn('snowflake') } })
    await page.locator('button[data-press="connect"]').waitFor()
    await main.change({ settings: { ...settings, findsOwnWay: false } })
    await page.locator('button[data-press="add-bridge"]').waitFor()
  })
})

describe('the search', () => {
  it('keeps the big button in sight in the smallest window, also with words a third longer', async () => {
    const base = searching()
    const { page, main } = await openApp({ snapshot: base, size: { width: 720, height: 480 } })
    const searches = [
      { state: 'trying' },
      { state: 'asking', help: ASKING },
      { state: 'cooling', nextMs: NOW_MS + 42_000 },
      { state: 'resting', nextMs: NOW_MS + 60_000, help: UNREACHABLE },
    ] as const
    for (const language of ['en', 'en-XA', 'ar-XB']) {
      await main.change({ settings: { ...base.settings, language } })
      for (const search of searches) {
        await main.change({ ways: waysIn({ ways: EVERY_WAY, ...search }) })
        await page.locator(`section[data-search="${search.state}"]`).waitFor()
        const box = await page.locator('button[data-press]').boundingBox()
        expect(box === null ? 0 : box.y + box.height, search.state).toBeLessThanOrEqual(480)
        expect(await clippedControls(page), `${search.state} in ${language}`).toEqual([])
      }
    }
  })

  it('and all that is asked and found is reached with the Tab key alone', async () => {
    const { page, main } = await openApp({ snapshot: searching() })
    expect(await unreachable(page)).toEqual([])
    await main.change({ ways: waysIn({ state: 'resting', ways: EVERY_WAY, help: UNREACHABLE }) })
    await page.locator('section[data-search="resting"]').waitFor()
    expect(await unreachable(page)).toEqual([])
    await showView(page, 'bridges')
    expect(await unreachable(page)).toEqual([])
    await main.change({ ways: waysIn({ help: ANSWERED }) })
    await page.locator('[data-help="answered"]').waitFor()
    expect(await unreachable(page)).toEqual([])
  })

  it.each(LOOKS)('has no finding of axe and nothing cut off: $name', async (look) => {
    const { page } = await openApp({ snapshot: searching(), ...look })
    await page.locator('li[data-way]').first().waitFor()
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `ways-${look.name}`)
  })
})
