/** The log: order, filters, following, copying, and the support bundle. */
import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
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
import { logLines, logReader, said } from './support/panel-snapshots.ts'

const BUNDLE = ['Allium 0.3.0 on linux x64', 'connection: connected', '[notice] app: hello [scrubbed]'].join(
  '\n',
)

const open = (options: AppOptions = {}) =>
  openApp({
    view: 'logs',
    ...options,
    handlers: {
      'log.read': logReader(logLines(1, 201)),
      'support.preview': async () => BUNDLE,
      ...options.handlers,
    },
  })

const list = (page: Page) => page.getByRole('log', { name: 'Log lines' })
const rows = (page: Page) => list(page).getByRole('listitem')
const choose = async (page: Page, level: string): Promise<void> => {
  await page.getByRole('combobox', { name: /^Show/ }).click()
  await page.getByRole('option', { name: level }).click()
}
const isAtEnd = (page: Page) =>
  list(page).evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight <= 8)

describe('the log', () => {
  it('shows notices and worse at first, in order', async () => {
    const { page } = await open()
    await page.getByText(said('120 lines of 200')).waitFor()
    const ids = (await rows(page).allTextContents()).map((text) => Number(/line (\d+)/.exec(text)?.[1]))
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    expect(ids).toHaveLength(120)
  })

  it('is filtered by level and by words', async () => {
    const { page } = await open()
    await choose(page, 'Everything')
    await page.getByText(said('200 lines')).waitFor()
    await choose(page, 'Errors')
    await page.getByText(said('40 lines of 200')).waitFor()
    await choose(page, 'Everything')
    await page.getByRole('searchbox', { name: 'Only lines with these words' }).fill('SILENT (line 18')
    await page.getByText(said('4 lines of 200')).waitFor()
    await page.getByRole('searchbox').fill('no such words')
    await page.getByText('No line fits the filter.').waitFor()
  })

  it('reads everything that main has, in as many steps as it takes', async () => {
    const { page, main } = await open({ handlers: { 'log.read': logReader(logLines(1, 4_501)) } })
    await choose(page, 'Everything')
    await page.getByText(said('4,500 lines')).waitFor()
    expect(main.callsOf('log.read').map(({ afterId }) => afterId)).toEqual([-1, 2_000, 4_000, 4_500])
  })

  it('takes new lines once and in their place, even those that come while it reads', async () => {
    let answer: (() => void) | undefined
    const { page, main } = await open({
      handlers: {
        'log.read': async ({ afterId }) => {
          if (afterId !== -1) return []
          await new Promise<void>((resolve) => {
            answer = resolve
          })
          return logLines(1, 11)
        },
      },
    })
    await choose(page, 'Everything')
    await main.emit('log.lines', logLines(9, 14))
    await page.getByText(said('5 lines')).waitFor()
    answer?.()
    await page.getByText(said('13 lines')).waitFor()
    const ids = (await rows(page).allTextContents()).map((text) => Number(/line (\d+)/.exec(text)?.[1]))
    expect(ids).toEqual(Array.from({ length: 13 }, (_, index) => index + 1))
  })

  it('says that it could not be read', async () => {
    const { page } = await open({
      handlers: {
        'log.read': async () => {
          throw new CommandFailure('internal')
        },
      },
    })
    await page.getByRole('alert').waitFor()
  })

  it('stays within its bound, and the oldest lines go first', async () => {
    const { page, main } = await open({ handlers: { 'log.read': logReader(logLines(1, 5_001)) } })
    await choose(page, 'Everything')
    await page.getByText(said('5,000 lines')).waitFor()
    await main.emit('log.lines', logLines(5_001, 5_101))
    await page.getByText('(line 5100)').waitFor()
    await page.getByText(said('5,000 lines')).waitFor()
    expect(await rows(page).count()).toBe(5_000)
  })

  it('draws only the newest chunk again when a line comes, however many there are', async () => {
    const { page, main } = await open({ handlers: { 'log.read': logReader(logLines(1, 4_901)) } })
    await choose(page, 'Everything')
    await page.getByText(said('4,900 lines')).waitFor()
    await list(page).evaluate((element) => {
      const touched = new Set<string>()
      Object.assign(window, { touched })
      new MutationObserver((records) => {
        for (const { target } of records) touched.add(target.textContent?.slice(0, 60) ?? '')
      }).observe(element, { childList: true, subtree: true, characterData: true })
    })
    await main.emit('log.lines', logLines(4_901, 4_903))
    await page.getByText('(line 4902)').waitFor()
    const touched = await page.evaluate(() => (Reflect.get(window, 'touched') as Set<string>).size)
    expect(touched).toBeLessThanOrEqual(2)
  })
})

describe('following', () => {
  it('keeps the newest line in view until the person scrolls up, and again from the end on', async () => {
    const { page, main } = await open()
    const follow = page.getByRole('switch', { name: 'Follow new lines' })
    await page.waitForFunction(() => {
      const element = document.querySelector('[role=log]')
      return element !== null && element.scrollTop > 0
    })
    expect(await isAtEnd(page)).toBe(true)
    await list(page).hover()
    await page.mouse.wheel(0, -600)
    await page.locator('[role=switch][aria-checked=false]').waitFor()
    const top = await list(page).evaluate((element) => element.scrollTop)
    await main.emit('log.lines', logLines(201, 231))
    await page.getByText(said('138 lines of 230')).waitFor()
    expect(await list(page).evaluate((element) => element.scrollTop)).toBe(top)
    await follow.click()
    await page.getByText('(line 230)').waitFor()
    await expect.poll(() => isAtEnd(page)).toBe(true)
    await main.emit('log.lines', logLines(231, 261))
    await page.getByText(said('156 lines of 260')).waitFor()
    await expect.poll(() => isAtEnd(page)).toBe(true)
  })

  it('can be left by the keyboard', async () => {
    const { page } = await open()
    await list(page).focus()
    await page.keyboard.press('Home')
    await page.locator('[role=switch][aria-checked=false]').waitFor()
    await page.keyboard.press('End')
    await page.locator('[role=switch][aria-checked=true]').waitFor()
  })
})

describe('copying', () => {
  it('takes the lines that the filter shows, with their times in UTC', async () => {
    const { page, main } = await open()
    await choose(page, 'Errors')
    await page.getByRole('searchbox').fill('(line 199)')
    await page.getByText(said('One line of 200')).waitFor()
    await page.getByRole('button', { name: 'Copy lines' }).click()
    await page
      .locator('[role=status]')
      .filter({ hasText: 'One line copied.' })
      .first()
      .waitFor({ state: 'attached' })
    expect(main.callsOf('clipboard.write')).toEqual([
      '2026-11-22T10:23:19.000Z [err] app: the system proxy was read back and is ours (line 199)',
    ])
  })
})

describe('the support bundle', () => {
  it('is shown whole, with what is in it and what is not, before it can be copied', async () => {
    const { page, main } = await open()
    await page.getByRole('button', { name: 'Support bundle…' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.locator('pre').textContent()).toBe(BUNDLE)
    await dialog.getByText(/^In it:/).waitFor()
    await dialog.getByText('Not in it:').waitFor()
    expect(main.callsOf('clipboard.write')).toEqual([])
    await checkAxe(page)
    await screenshot(page, 'logs-support')
    await dialog.getByRole('button', { name: 'Copy the text' }).click()
    expect(main.callsOf('clipboard.write')).toEqual([BUNDLE])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Support bundle…')
  })

  it('can be made anew after it could not be made', async () => {
    const answers = [new CommandFailure('internal'), BUNDLE]
    const { page } = await open({
      handlers: {
        'support.preview': async () => {
          const answer = answers.shift() ?? ''
          if (answer instanceof Error) throw answer
          return answer
        },
      },
    })
    await page.getByRole('button', { name: 'Support bundle…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('alert').waitFor()
    expect(await dialog.getByRole('button', { name: 'Copy the text' }).count()).toBe(0)
    await dialog.getByRole('button', { name: 'Make it anew' }).click()
    await dialog.getByText('Allium 0.3.0 on linux x64').waitFor()
  })
})

describe('the log view', () => {
  it.each(LOOKS)('has no finding of axe and nothing cut off: $name', async (look) => {
    const { page } = await open(look)
    await choose(page, 'Everything')
    await page.getByText(said('200 lines')).waitFor()
    await checkAxe(page)
    expect(plain(await list(page).innerText())).toContain('Warning')
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `logs-${look.name}`)
  })
})
