/** A bridge goes from one window to another by what the screen shows: a code is shown, seen by the app, and read. */
import { afterEach, expect, inject, it } from 'vitest'
import { createHome } from './support/app-home.ts'
import { launchApp } from './support/launch-app.ts'

const LINE = '192.0.2.14:9001 0123456789ABCDEF0123456789ABCDEF01234567'
const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

it('a QR code on the screen is read, and there is none once it is gone', async () => {
  const home = createHome({ network: inject('network'), settings: { entry: 'direct' } })
  cleanUps.push(() => home.remove())
  const app = await launchApp(home)
  cleanUps.push(() => app.close())
  expect(await app.invoke('bridges.add', LINE)).toMatchObject({ ok: true, value: [{ fault: undefined }] })

  await app.page.locator('nav button[data-view="bridges"]').click()
  expect(await app.invoke('bridges.read-qr-from-screen')).toEqual({ ok: true, value: null })
  await app.page.getByRole('button', { name: 'Show as QR code' }).click()
  await app.page.getByRole('img', { name: /QR code/ }).waitFor()
  await expect
    .poll(() => app.invoke('bridges.read-qr-from-screen'), { timeout: 20_000 })
    .toEqual({ ok: true, value: LINE })
})
