/** The lists that everybody has: how current they are, and how they become so. */
import { describe, expect, it } from 'vitest'
import type { AppSnapshot } from '../../electron/ipc/snapshot.ts'
import { NO_LISTS } from '../../electron/ipc/snapshot-lists.ts'
import { CommandFailure } from './support/fake-main.ts'
import { type AppOptions, checkAxe, LOOKS, openApp, plain, screenshot } from './support/open-app.ts'
import { BUILT_IN } from './support/panel-snapshots.ts'
import { NOW_MS, snapshotIn } from './support/snapshots.ts'
import { waysIn } from './support/ways-snapshots.ts'

function withLists(
  lists: Partial<AppSnapshot['lists']>,
  state: 'off' | 'connected' = 'connected',
): AppSnapshot {
  const snapshot = snapshotIn(state)
  return {
    ...snapshot,
    bridges: {
      bridges: [],
      builtIn: BUILT_IN,
      transports: ['vanilla', 'obfs4', 'snowflake'],
      trouble: undefined,
    },
    ways: waysIn(),
    lists: { ...NO_LISTS, isAvailable: true, ...lists },
  }
}

async function open(snapshot: AppSnapshot, options: AppOptions = {}) {
  const opened = await openApp({ snapshot, view: 'bridges', ...options })
  const card = opened.page.getByRole('region', { name: 'Lists of bridges and countries' })
  return { ...opened, card, text: async () => plain(await card.innerText()) }
}

describe('the lists of bridges and countries', () => {
  it('are shown with the days of those that came with the app', async () => {
    const { text } = await open(withLists({}))
    expect(await text()).toMatch(/built-in bridges of .* 20\d\d, map of countries of 16 Sept 2026/)
  })

  it('are shown with the day of those that were fetched, and what is new in them', async () => {
    const { page, main, text } = await open(withLists({ fetchedMs: NOW_MS, addedBridges: 2 }))
    expect(await text()).toContain('They are of 22 Nov 2026. 2 bridges in them are new to this version.')
    expect(plain(await page.getByRole('region', { name: 'Built-in bridges' }).innerText())).toContain(
      'the list is of 22 Nov 2026',
    )
    await main.change({ lists: { ...NO_LISTS, isAvailable: true, fetchedMs: NOW_MS } })
    await expect.poll(text).toContain('No bridge in them is new to this version.')
  })

  it('can be refreshed while connected, and only then', async () => {
    const { card, main } = await open(withLists({}, 'off'))
    const button = card.getByRole('button', { name: 'Refresh the lists' })
    expect(await button.isDisabled()).toBe(true)
    expect(plain(await card.innerText())).toContain('while Allium is connected')
    await main.change(withLists({}))
    await button.click()
    expect(main.callsOf('lists.refresh')).toHaveLength(1)
  })

  it('are refreshed by themselves unless the person does not want it', async () => {
    const { card, main } = await open(withLists({}))
    await card.getByRole('switch', { name: 'Refresh them by itself' }).click()
    expect(main.callsOf('settings.change')).toEqual([{ refreshesLists: false }])
  })

  it('say in words why they could not be refreshed, once', async () => {
    const reason = { kind: 'lists-refused', detail: 'the list has what is no bridge line' }
    const { card, main, text } = await open(withLists({ reason }), {
      handlers: {
        'lists.refresh': async () => {
          throw new CommandFailure('lists-refused')
        },
      },
    })
    expect(await text()).toContain('They could not be refreshed. A list that was sent makes no sense')
    await card.getByRole('button', { name: 'Refresh the lists' }).click()
    await card.getByRole('alert').waitFor()
    expect((await text()).match(/makes no sense/g)).toHaveLength(1)
    expect(main.callsOf('lists.refresh')).toHaveLength(1)
  })

  it('are not spoken of where there is no service', async () => {
    const { page, card } = await open(withLists({ isAvailable: false }))
    await page.getByRole('region', { name: 'Built-in bridges' }).waitFor()
    expect(await card.count()).toBe(0)
  })

  it.each(LOOKS)('have no finding of axe: $name', async (look) => {
    const { page, card } = await open(withLists({ fetchedMs: NOW_MS, addedBridges: 1 }), look)
    await card.scrollIntoViewIfNeeded()
    await checkAxe(page)
    await screenshot(page, `lists-${look.name}`)
  })
})
