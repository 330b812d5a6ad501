/** The bridges view: adding, sharing, enabling, removing, built-in ones, and the network's own demands. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
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
import { bridge, checkLines, EVERY_BRIDGE, obfs4Line, said, withBridges } from './support/panel-snapshots.ts'

const open = (options: AppOptions = {}) =>
  openApp({ snapshot: withBridges(EVERY_BRIDGE), view: 'bridges', ...options })

const card = (page: Page, name: string | RegExp) =>
  page.getByRole('region', { name: 'Your bridges' }).getByRole('listitem', { name })

async function openAdding(options: AppOptions = {}) {
  const opened = await open({
    ...options,
    handlers: { 'bridges.check': checkLines, 'bridges.add': checkLines, ...options.handlers },
  })
  await opened.page.getByRole('button', { name: 'Add bridges' }).click()
  const dialog = opened.page.getByRole('dialog')
  return { ...opened, dialog, area: dialog.getByRole('textbox', { name: 'Bridge lines, one per line' }) }
}

describe('the cards of bridges', () => {
  it('say how each bridge does', async () => {
    const { page } = await open()
    const texts = await page
      .getByRole('region', { name: 'Your bridges' })
      .getByRole('listitem')
      .allInnerTexts()
    const [inUse, works, failing, plainOne, unavailable, off] = texts.map(plain)
    expect(inUse).toContain('In use')
    expect(works).toContain('Worked 3 minutes ago')
    expect(failing).toContain('Not answering since 22 Nov 2026, 11:34')
    expect(failing).toContain('Last worked yesterday')
    expect(plainOne).toMatch(/^.*Plain \[2001:db8:.*Not tried yet/)
    expect(unavailable).toContain('Not in this version')
    expect(off).toContain('Turned off')
    expect(off).toContain('Built in')
  })

  it('read the four pictures out by their names', async () => {
    const { page } = await open()
    const pictures = card(page, /192\.0\.2\.14/).getByRole('img')
    expect(plain((await pictures.getAttribute('aria-label')) ?? '')).toBe(
      'Emoji check: robot, brain, octopus and cactus',
    )
  })

  it('turn one bridge on and off', async () => {
    const { page, main } = await open()
    await page.getByRole('switch', { name: /192\.0\.2\.61/ }).click()
    await page.getByRole('switch', { name: /192\.0\.2\.14/ }).click()
    expect(main.callsOf('bridges.enable')).toEqual([
      { ids: ['bridge-61'], isEnabled: true },
      { ids: ['bridge-14'], isEnabled: false },
    ])
  })

  it('copy the line through main', async () => {
    const { page, main } = await open()
    await card(page, /192\.0\.2\.14/)
      .getByRole('button', { name: 'Copy line' })
      .click()
    expect(main.callsOf('clipboard.write')).toEqual([obfs4Line(14)])
  })

  it('remove only after a warning, and offer to copy first', async () => {
    const { page, main } = await open()
    await card(page, /192\.0\.2\.14/)
      .getByRole('button', { name: 'Remove…' })
      .click()
    const dialog = page.getByRole('alertdialog')
    expect(plain(await dialog.innerText())).toContain('cannot be brought back')
    expect(plain(await dialog.innerText())).toContain('in use now')
    expect(main.callsOf('bridges.remove')).toEqual([])
    await dialog.getByRole('button', { name: 'Copy first' }).click()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(main.callsOf('clipboard.write')).toEqual([obfs4Line(14)])
    expect(main.callsOf('bridges.remove')).toEqual([['bridge-14']])
  })

  it('keep the dialog and say why when removing fails', async () => {
    const { page } = await open({
      handlers: {
        'bridges.remove': async () => {
          throw new CommandFailure('state')
        },
      },
    })
    await page.getByRole('button', { name: 'Remove all' }).click()
    const dialog = page.getByRole('alertdialog')
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await dialog.getByText('A file could not be read or written.').waitFor()
  })

  it('tell screen readers when a bridge comes into use or stops answering', async () => {
    const { page, main } = await open({
      snapshot: withBridges([bridge(14), bridge(22, { health: 'works' })]),
    })
    await main.change({ bridges: { ...main.snapshot.bridges, bridges: [bridge(14, { health: 'in-use' })] } })
    const status = page.locator('[role=status][aria-live=polite]').filter({ hasText: 'in use now' })
    expect(plain((await status.textContent()) ?? '')).toBe('The bridge obfs4 192.0.2.14:443 is in use now.')
  })
})

describe('the switch for bridges', () => {
  it('changes the setting', async () => {
    const { page, main } = await open()
    await page.getByRole('switch', { name: 'Use bridges' }).click()
    expect(main.callsOf('settings.change')).toEqual([{ useBridges: true }])
  })

  it('is held on, and says why, where the person hides that Tor is used', async () => {
    const { page, main } = await open({ snapshot: withBridges([], { entry: 'hide', useBridges: true }) })
    const toggle = page.getByRole('switch', { name: 'Use bridges' })
    expect(await toggle.getAttribute('aria-checked')).toBe('true')
    expect(await toggle.isDisabled()).toBe(true)
    await page.getByText('You chose to hide that you use Tor').waitFor()
    await page.getByText('none of yours can be used').waitFor()
    await main.change({ settings: { ...main.snapshot.settings, findsOwnWay: false } })
    await page.getByText('there is none that can be used').waitFor()
    await page.getByRole('button', { name: 'Open settings' }).click()
    await page.locator('main[data-view="settings"]').waitFor()
  })
})

describe('adding bridges', () => {
  it('says what is wrong with each pasted line while it is typed', async () => {
    const { dialog, area } = await openAdding()
    await area.fill(
      [obfs4Line(1), 'obfs4 example.com cert=x', '', 'hello', 'webtunnel 192.0.2.9:443'].join('\n'),
    )
    await dialog.getByText(said('Line 2:')).waitFor()
    const faults = (await dialog.getByRole('listitem').allInnerTexts()).map(plain)
    expect(faults).toEqual([
      'Line 2: the address is not an IP address with a port',
      'Line 4: this is not a bridge line',
      'Line 5: this version cannot speak this transport yet',
    ])
    await dialog.getByText('One line can be added').waitFor()
    await screenshot(dialog.page(), 'bridges-add-faults')
  })

  it('names what will be added, adds only that, and turns bridges on', async () => {
    const { page, main, dialog, area } = await openAdding()
    await area.fill([obfs4Line(1), 'nonsense', obfs4Line(2)].join('\n'))
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('heading', { name: said('Add these 2 bridges?') }).waitFor()
    expect((await dialog.getByRole('listitem').allInnerTexts()).map(plain)).toEqual([
      expect.stringContaining('192.0.2.1:443'),
      expect.stringContaining('192.0.2.2:443'),
    ])
    await dialog.getByText('One line is left out.').waitFor()
    await screenshot(page, 'bridges-add-confirm')
    await dialog.getByRole('button', { name: said('Add 2 bridges') }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(main.callsOf('bridges.add')).toEqual([`${obfs4Line(1)}\n${obfs4Line(2)}`])
    expect(main.callsOf('settings.change')).toEqual([{ useBridges: true }])
  })

  it('leaves the direct way alone when the person says so', async () => {
    const { main, dialog, area } = await openAdding()
    await area.fill(obfs4Line(1))
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('switch', { name: 'Use bridges from now on' }).click()
    await dialog.getByRole('button', { name: 'Add bridge' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(main.callsOf('settings.change')).toEqual([])
  })

  it('can be done with the keyboard alone', async () => {
    const { page, main } = await open({
      handlers: { 'bridges.check': checkLines, 'bridges.add': checkLines },
    })
    await page.getByRole('button', { name: 'Add bridges' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    while (!(await page.evaluate(() => document.activeElement instanceof HTMLTextAreaElement)))
      await page.keyboard.press('Tab')
    await page.keyboard.insertText(obfs4Line(7))
    await page.getByText('One line can be added').waitFor()
    await page.keyboard.press('Control+Enter')
    await page.getByRole('button', { name: 'Add bridge', exact: true }).waitFor()
    while (!(await page.evaluate(() => document.activeElement?.textContent === 'Add bridge')))
      await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(main.callsOf('bridges.add')).toEqual([obfs4Line(7)])
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Add bridges')
  })

  it('takes nothing while the answer for the newest text is not there', async () => {
    const { dialog, area } = await openAdding()
    await area.fill('nonsense')
    await dialog.getByText(said('Line 1: this is not a bridge line')).waitFor()
    expect(await dialog.getByRole('button', { name: 'Continue' }).isDisabled()).toBe(true)
  })
})

describe('a QR code', () => {
  it('that is shown is read back from a picture as the same line', async () => {
    const { page, dialog, area } = await openAdding()
    await page.keyboard.press('Escape')
    await card(page, /192\.0\.2\.14/)
      .getByRole('button', { name: 'Show as QR code' })
      .click()
    const code = await dialog.getByRole('img', { name: 'QR code with one bridge line' }).screenshot()
    await screenshot(page, 'bridges-qr')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Add bridges' }).click()
    await dialog
      .locator('input[type=file]')
      .setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: code })
    await dialog.getByText('One line can be added').waitFor()
    expect(await area.inputValue()).toBe(obfs4Line(14))
  })

  it('holds three obfs4 lines, and reads back as three', async () => {
    const three = [bridge(1), bridge(2), bridge(3)]
    const { page, dialog, area } = await openAdding({ snapshot: withBridges(three), theme: 'dark' })
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Show all as QR' }).click()
    const code = await dialog.getByRole('img', { name: said('QR code with 3 bridge lines') }).screenshot()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Add bridges' }).click()
    await dialog
      .locator('input[type=file]')
      .setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: code })
    await dialog.getByText(said('3 lines can be added')).waitFor()
    expect(await area.inputValue()).toBe(three.map(({ line }) => line).join('\n'))
  })

  it('is spread over several codes where there are many lines', async () => {
    const { page } = await open({ snapshot: withBridges(Array.from({ length: 9 }, (_, n) => bridge(n + 1))) })
    await page.getByRole('button', { name: 'Show all as QR' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(said('Code 1 of 3')).waitFor()
    await dialog.getByRole('button', { name: 'Next code' }).click()
    await dialog.getByText(said('Code 2 of 3')).waitFor()
  })

  it('can be pasted as a picture', async () => {
    const { page, dialog, area } = await openAdding({
      snapshot: withBridges([bridge(5)]),
    })
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Show as QR code' }).click()
    const code = await dialog.getByRole('img', { name: /QR code/ }).screenshot()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Add bridges' }).click()
    await area.evaluate(
      (element, bytes) => {
        const transfer = new DataTransfer()
        transfer.items.add(new File([new Uint8Array(bytes)], 'code.png', { type: 'image/png' }))
        element.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }),
        )
      },
      [...code],
    )
    await dialog.getByText('One line can be added').waitFor()
    expect(await area.inputValue()).toBe(obfs4Line(5))
  })

  it('that is not in the picture is said, and so is a file that is no picture', async () => {
    const { page, dialog } = await openAdding()
    const input = dialog.locator('input[type=file]')
    const noCode = await page.locator('header').first().screenshot()
    await input.setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: noCode })
    await dialog.getByText('There is no QR code in this picture').waitFor()
    await input.setInputFiles({ name: 'b.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
    await dialog.getByText('This is not a picture that can be opened.').waitFor()
  })

  it('on the screen is read by main, and its absence or the refusal of the system is said', async () => {
    const answers: (string | null | Error)[] = [null, new CommandFailure('screen-not-allowed'), obfs4Line(9)]
    const { dialog, area } = await openAdding({
      handlers: {
        'bridges.read-qr-from-screen': async () => {
          const answer = answers.shift() ?? null
          if (answer instanceof Error) throw answer
          return answer
        },
      },
    })
    const button = dialog.getByRole('button', { name: 'From the screen' })
    await dialog.getByText('The pictures stay in memory').waitFor()
    await button.click()
    await dialog.getByText('No screen shows a QR code').waitFor()
    await button.click()
    await dialog.getByText('does not let Allium look at the screen').waitFor()
    await button.click()
    await dialog.getByText('One line can be added').waitFor()
    expect(await area.inputValue()).toBe(obfs4Line(9))
  })
})

describe('built-in bridges', () => {
  it('are chosen by transport, and turn bridges on', async () => {
    const { page, main } = await open()
    await page.getByRole('button', { name: said('Use the built-in obfs4 bridges') }).click()
    await page.getByRole('button', { name: said('Stop using the built-in Snowflake bridges') }).click()
    expect(main.callsOf('bridges.choose-built-in')).toEqual(['obfs4', null])
    expect(main.callsOf('settings.change')).toEqual([{ useBridges: true }])
  })

  it('that this version cannot speak are announced and not offered', async () => {
    const { page } = await open()
    const row = page
      .getByRole('region', { name: 'Built-in bridges' })
      .getByRole('listitem')
      .filter({ hasText: 'meek' })
    expect(plain(await row.innerText())).toContain('Not in this version')
    expect(await row.getByRole('button').count()).toBe(0)
  })

  it('of a transport that has no words yet go by its name', async () => {
    const snapshot = withBridges([])
    const builtIn = [{ transport: 'newdress', count: 2, isAvailable: true, isChosen: false }]
    const { page } = await open({ snapshot: { ...snapshot, bridges: { ...snapshot.bridges, builtIn } } })
    await page.getByRole('button', { name: said('Use the built-in newdress bridges') }).waitFor()
  })
})

describe("the network's own demands", () => {
  it('an upstream proxy is set only as a whole, with what is wrong beside each field', async () => {
    const { page, main } = await open()
    await page.getByRole('switch', { name: 'My network needs a proxy' }).click()
    const form = page.locator('form').first()
    await form.getByLabel('Address').fill('proxy.example:3128')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText('The port has its own field.').waitFor()
    await form.getByText('A number from 1 to 65535.').waitFor()
    expect(main.callsOf('settings.change')).toEqual([])
    await form.getByLabel('Address').fill('proxy.example')
    await form.getByLabel('Port').fill('3128')
    await form.getByRole('combobox').click()
    await page.getByRole('option', { name: 'HTTP' }).click()
    await form.getByLabel('User name').fill('ann')
    await form.getByLabel('Password').fill('secret')
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('switch', { name: 'My network needs a proxy' }).click()
    expect(main.callsOf('settings.change')).toEqual([
      {
        upstreamProxy: {
          kind: 'http',
          host: 'proxy.example',
          port: 3128,
          username: 'ann',
          password: 'secret',
        },
      },
      { upstreamProxy: null },
    ])
  })

  it.each([
    ['encrypted', 'Stored. Leave empty to keep it.', undefined],
    ['plain', 'Stored. Leave empty to keep it.', 'The password lies unencrypted'],
    ['locked', undefined, 'could not be read at this start'],
  ] as const)('a password that is %s is said to be so, as long as proxy and user stay', async (...how) => {
    const [upstreamPassword, placeholder, note] = how
    const upstreamProxy = { kind: 'http', host: 'proxy.example', port: 3128, username: 'ann' } as const
    const snapshot = { ...withBridges([], { upstreamProxy }), upstreamPassword }
    const { page } = await open({ snapshot })
    const form = page.locator('form').first()
    const field = form.getByLabel('Password')
    expect((await field.getAttribute('placeholder')) ?? undefined).toBe(placeholder)
    if (note !== undefined) await form.getByText(note).waitFor()
    await checkAxe(page)
    await field.scrollIntoViewIfNeeded()
    await screenshot(page, `upstream-password-${upstreamPassword}`)
    await form.getByLabel('User name').fill('bob')
    expect(await field.getAttribute('placeholder')).toBeNull()
    expect(await form.locator('[data-stored]').count()).toBe(0)
  })

  it('only some ports are set as numbers, and nonsense is refused by name', async () => {
    const { page, main } = await open()
    await page.getByRole('switch', { name: 'only some ports' }).click()
    const field = page.getByLabel('Ports, with commas between them')
    expect(await field.inputValue()).toBe('80, 443')
    await field.fill('443, 8o')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText(said('“8o” is not a port')).waitFor()
    await field.fill('443 80')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.waitForFunction(() => document.querySelector('form button[type=submit]:disabled') !== null)
    expect(main.callsOf('settings.change')).toEqual([{ allowedPorts: [80, 443] }])
  })
})

describe('the bridges view', () => {
  it.each(LOOKS)('has no finding of axe and nothing cut off: $name', async (look) => {
    const { page } = await open(look)
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `bridges-${look.name}`)
    await page
      .getByRole('heading', { name: 'Built-in bridges' })
      .evaluate((element) => element.scrollIntoView())
    await screenshot(page, `bridges-built-in-${look.name}`)
    await page.getByRole('switch', { name: 'My network needs a proxy' }).click()
    await page.getByRole('switch', { name: 'only some ports' }).click()
    await page.locator('main').evaluate((element) => element.scrollTo(0, element.scrollHeight))
    await checkAxe(page)
    expect(await clippedControls(page)).toEqual([])
    await screenshot(page, `bridges-network-${look.name}`)
    await page.getByRole('button', { name: 'Add bridges' }).click()
    await checkAxe(page)
    await screenshot(page, `bridges-adding-${look.name}`)
  })

  it('is complete when there is no bridge', async () => {
    const { page } = await open({ snapshot: withBridges([]) })
    await page.getByText('No bridges yet').waitFor()
    await checkAxe(page)
    await screenshot(page, 'bridges-empty')
  })
})
