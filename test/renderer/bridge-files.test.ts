/** Bridges to a file and from one: the passphrase, the warning without one, and the way of what was read. */
import { describe, expect, it } from 'vitest'
import { CommandFailure } from './support/fake-main.ts'
import { type AppOptions, checkAxe, clippedControls, LOOKS, openApp, screenshot } from './support/open-app.ts'
import { bridge, checkLines, EVERY_BRIDGE, obfs4Line, said, withBridges } from './support/panel-snapshots.ts'

const PASSPHRASE = 'four odd words together'

async function openSaving(options: AppOptions = {}) {
  const opened = await openApp({ snapshot: withBridges(EVERY_BRIDGE), view: 'bridges', ...options })
  await opened.page.getByRole('button', { name: 'Save to a file…' }).click()
  const dialog = opened.page.getByRole('dialog')
  return {
    ...opened,
    dialog,
    first: dialog.getByLabel('Passphrase', { exact: true }),
    again: dialog.getByLabel('The passphrase once more'),
  }
}

describe('saving bridges to a file', () => {
  it('wants a long passphrase twice, and saves the person’s own bridges', async () => {
    const { main, dialog, first, again } = await openSaving()
    const save = dialog.getByRole('button', { name: 'Choose a place…' })
    await first.fill('short')
    await save.click()
    await dialog.getByText('At least 12 characters.').waitFor()
    await first.fill(PASSPHRASE)
    await again.fill('four odd words apart')
    await save.click()
    await dialog.getByText('The two are not the same.').waitFor()
    expect(main.callsOf('bridges.save-file')).toEqual([])
    await again.fill(PASSPHRASE)
    await again.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    const own = EVERY_BRIDGE.filter(({ origin }) => origin === 'added').map(({ id }) => id)
    expect(main.callsOf('bridges.save-file')).toEqual([{ ids: own, passphrase: PASSPHRASE }])
  })

  it('leaves them open only after a warning', async () => {
    const { page, main, dialog } = await openSaving()
    await dialog.getByRole('switch', { name: 'Protect the file with a passphrase' }).click()
    await dialog.getByText('Whoever finds the file can read your bridges').waitFor()
    await checkAxe(page)
    await screenshot(page, 'bridges-save-open')
    await dialog.getByRole('button', { name: 'Save without protection…' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(main.callsOf('bridges.save-file')).toMatchObject([{ passphrase: null }])
  })

  it('stays where it is when the person gives up in the system’s dialog, or the place cannot be written', async () => {
    const answers: ('cancelled' | Error)[] = ['cancelled', new CommandFailure('bridge-file-not-written')]
    const { dialog, first, again } = await openSaving({
      handlers: {
        'bridges.save-file': async () => {
          const answer = answers.shift() ?? 'cancelled'
          if (answer instanceof Error) throw answer
          return answer
        },
      },
    })
    await first.fill(PASSPHRASE)
    await again.fill(PASSPHRASE)
    await dialog.getByRole('button', { name: 'Choose a place…' }).click()
    await dialog.getByRole('button', { name: 'Choose a place…' }).click()
    await dialog.getByText('The file could not be written there.').waitFor()
  })

  it('is not offered where there is nothing of one’s own', async () => {
    const { page } = await openApp({
      snapshot: withBridges([bridge(1, { origin: 'built-in' })]),
      view: 'bridges',
    })
    await page.getByRole('button', { name: 'Add bridges' }).waitFor()
    expect(await page.getByRole('button', { name: 'Save to a file…' }).count()).toBe(0)
  })

  it.each(LOOKS)('has no finding of axe and nothing cut off: $name', async (look) => {
    const { page } = await openSaving(look)
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `bridges-save-${look.name}`)
  })
})

describe('adding bridges from a file', () => {
  async function openAdding(handlers: AppOptions['handlers']) {
    const opened = await openApp({
      snapshot: withBridges([]),
      view: 'bridges',
      handlers: { 'bridges.check': checkLines, 'bridges.add': checkLines, ...handlers },
    })
    await opened.page.getByRole('button', { name: 'Add bridges' }).click()
    const dialog = opened.page.getByRole('dialog')
    return { ...opened, dialog, area: dialog.getByRole('textbox', { name: 'Bridge lines, one per line' }) }
  }

  it('that is protected asks for its passphrase until it opens, and adds nothing by itself', async () => {
    const { page, main, dialog, area } = await openAdding({
      'bridges.open-file': async () => ({ kind: 'locked' }),
      'bridges.unlock-file': async (passphrase) => {
        if (passphrase !== PASSPHRASE) throw new CommandFailure('bridge-file-wrong-passphrase')
        return `${obfs4Line(1)}\n${obfs4Line(2)}`
      },
    })
    await dialog.getByRole('button', { name: 'From a file…' }).click()
    const field = dialog.getByLabel('Passphrase of the file')
    await field.fill('wrong')
    await field.press('Enter')
    await dialog.getByText('The passphrase does not open this file.').waitFor()
    await checkAxe(page)
    await screenshot(page, 'bridges-unlock')
    await field.fill(PASSPHRASE)
    await dialog.getByRole('button', { name: 'Open the file' }).click()
    await dialog.getByText(said('2 lines can be added')).waitFor()
    expect(await area.inputValue()).toBe(`${obfs4Line(1)}\n${obfs4Line(2)}`)
    expect(main.callsOf('bridges.add')).toEqual([])
    expect(await field.count()).toBe(0)
  })

  it('that lies open comes as if it had been pasted, and one that is none is said', async () => {
    const answers: (string | undefined)[] = [undefined, obfs4Line(3)]
    const { dialog, area } = await openAdding({
      'bridges.open-file': async () => {
        const text = answers.shift()
        if (text === undefined) throw new CommandFailure('bridge-file-broken')
        return { kind: 'text', text }
      },
    })
    await dialog.getByRole('button', { name: 'From a file…' }).click()
    await dialog.getByText('This is not a file with bridges').waitFor()
    await dialog.getByRole('button', { name: 'From a file…' }).click()
    await dialog.getByText('One line can be added').waitFor()
    expect(await area.inputValue()).toBe(obfs4Line(3))
  })
})
