/** Asking for bridges: the country, the path, the answer to look at, and help that is out of reach. */
import { describe, expect, it } from 'vitest'
import { CommandFailure } from './support/fake-main.ts'
import {
  type AppOptions,
  checkAxe,
  clippedControls,
  LOOKS,
  openApp,
  plain,
  screenshot,
} from './support/open-app.ts'
import { checkLines, obfs4Line, said } from './support/panel-snapshots.ts'
import { snapshotIn } from './support/snapshots.ts'
import { ANSWERED, ASKING, NEVER_ASKED, UNREACHABLE, withHelp } from './support/ways-snapshots.ts'

async function open(options: AppOptions) {
  const opened = await openApp({ view: 'bridges', ...options })
  return { ...opened, card: opened.page.getByRole('region', { name: 'Ask for bridges' }) }
}

describe('asking for bridges', () => {
  it('begins with the country that the app takes the person to be in, and asks for another one when told', async () => {
    const { page, main, card } = await open({ snapshot: withHelp(NEVER_ASKED) })
    const ask = card.getByRole('button', { name: 'Ask for bridges' })
    await ask.click()
    await card.getByRole('combobox').click()
    await page.getByRole('option', { name: 'Belarus' }).click()
    await ask.click()
    await card.getByRole('combobox').click()
    await page.getByRole('option', { name: 'Wherever the service sees me' }).click()
    await ask.click()
    expect(main.callsOf('help.ask')).toEqual([{ country: 'tr' }, { country: 'by' }, { country: null }])
  })

  it('says that the service is asked through Tor while there is a connection, and in disguise without', async () => {
    const { main, card } = await open({ snapshot: withHelp(NEVER_ASKED) })
    expect(plain(await card.innerText())).toContain('in disguise')
    await main.change({ connection: snapshotIn('connected').connection })
    await expect.poll(async () => plain(await card.innerText())).toContain('it asks through Tor')
  })

  it('shows path by path how it goes, and can be stopped', async () => {
    const { page, main, card } = await open({ snapshot: withHelp(ASKING) })
    const tries = (await card.getByRole('listitem').allInnerTexts()).map(plain)
    expect(tries[0]).toMatch(/^Through Tor: no answer\./)
    expect(tries[1]).toBe('In disguise, through a large web service: asking…')
    await checkAxe(page)
    await card.getByRole('button', { name: 'Stop asking' }).click()
    expect(main.callsOf('help.cancel')).toHaveLength(1)
  })

  it('adds nothing by itself: lines are looked at first, built-in ones are chosen', async () => {
    const { page, main, card } = await open({
      snapshot: withHelp(ANSWERED),
      handlers: { 'bridges.check': checkLines, 'bridges.add': checkLines },
    })
    const text = plain(await card.innerText())
    expect(text).toContain('This works in Türkiye')
    expect(text).toContain('2 bridges for you')
    expect(text).toContain('Not in this version')
    await card.getByRole('button', { name: said('Use the built-in Snowflake bridges') }).click()
    await expect.poll(() => main.callsOf('bridges.choose-built-in')).toEqual(['snowflake'])
    await expect.poll(() => main.callsOf('settings.change')).toEqual([{ useBridges: true }])
    await card.getByRole('button', { name: 'Look at them…' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(said('2 lines can be added')).waitFor()
    expect(main.callsOf('bridges.add')).toEqual([])
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('button', { name: said('Add 2 bridges') }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(main.callsOf('bridges.add')).toEqual([`${obfs4Line(71)}\n${obfs4Line(72)}`])
  })

  it('that finds no way to the service blames no country, and leads on', async () => {
    const { page, card } = await open({ snapshot: withHelp(UNREACHABLE) })
    const text = plain(await card.locator('[data-help="unreachable"]').innerText())
    expect(text).toContain('The bridge service is out of reach')
    expect(text).toContain('says nothing about your country')
    expect(text).toContain('In disguise, through a large web service: no answer. That took too long.')
    await card.getByRole('button', { name: 'Check my connection' }).click()
    await page.getByRole('dialog', { name: 'Check my connection' }).waitFor()
  })

  it.each([
    ['help-no-country', 'could not tell where you are'],
    ['help-no-transport', 'has no bridges of a kind that works there'],
  ])('that brings nothing says why: %s', async (kind, words) => {
    const help = {
      ...UNREACHABLE,
      state: 'nothing',
      reason: { kind, detail: 'said by the service' },
    } as const
    const { card } = await open({ snapshot: withHelp(help) })
    await card.getByText(words).waitFor()
  })

  it('where nothing is blocked says so', async () => {
    const help = { ...ANSWERED, answer: { country: 'se', settings: [] } }
    const { card } = await open({ snapshot: withHelp(help) })
    await card.getByText('knows of no blocking there').waitFor()
  })

  it('too soon again is said, and what the state says is not said twice', async () => {
    const kinds = ['help-busy', 'help-unreachable']
    const { card } = await open({
      snapshot: withHelp(UNREACHABLE),
      handlers: {
        'help.ask': async () => {
          throw new CommandFailure(kinds.shift() ?? 'internal')
        },
      },
    })
    const ask = card.getByRole('button', { name: 'Ask again' })
    await ask.click()
    await card.getByText('is being asked already').waitFor()
    await ask.click()
    await expect.poll(() => card.getByRole('alert').count()).toBe(0)
  })

  it('tells screen readers what came of it', async () => {
    const { page, main } = await open({ snapshot: withHelp(ASKING) })
    await main.change({ ways: { ...main.snapshot.ways, help: UNREACHABLE } })
    await page
      .locator('[role=status][aria-live=polite]')
      .filter({ hasText: 'The bridge service could not be reached.' })
      .waitFor({ state: 'attached' })
  })

  it.each(LOOKS)('has no finding of axe and nothing cut off: $name', async (look) => {
    const { page, main, card } = await open({ snapshot: withHelp(ANSWERED), ...look })
    await card.evaluate((element) => element.scrollIntoView())
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `asking-answered-${look.name}`)
    await main.change({ ways: { ...main.snapshot.ways, help: UNREACHABLE } })
    await card.locator('[data-help="unreachable"]').waitFor()
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `asking-unreachable-${look.name}`)
  })
})
