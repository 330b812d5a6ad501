/** The demonstration: the app on the network of one process, which needs neither the Internet nor a `tor`. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { curl } from '../interop/support/curl.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { DATA_BYTES, startDemo } from '../network/demo/demo.ts'
import { type AppHome, createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'

const SCREENSHOTS = join(import.meta.dirname, '../../test-results/screenshots')

let folder: string
let demo: Awaited<ReturnType<typeof startDemo>>
let home: AppHome
let app: RunningApp
let httpPort = 0

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true })
  folder = mkdtempSync(join(tmpdir(), 'allium-demo-'))
  demo = await startDemo(folder)
  const [socksPort = 0, http = 0] = await findFreePorts(2)
  httpPort = http
  home = createHome({ settings: { entry: 'direct', socksPort, httpPort } })
  app = await launchApp(home, { env: { ALLIUM_NETWORK_FILE: demo.linesFile, ALLIUM_DEMO: '1' } })
})

afterAll(async () => {
  await app.close()
  await demo.stop()
  home.remove()
  rmSync(folder, { recursive: true, force: true })
})

it('says that it is a demonstration, before anything else', async () => {
  await app.page.getByRole('complementary').getByText('A private test network').waitFor()
})

it('connects, and shows the three relays that carry a transfer, with their countries', async () => {
  expect(await app.invoke('connection.start')).toMatchObject({ ok: true })
  await app.waitForSnapshot('connected', ({ connection }) => connection.state === 'connected')
  const carriers = await demo.carriersOf(async () => {
    const answer = await curl(
      '--proxy',
      `http://127.0.0.1:${httpPort}`,
      '--output',
      '/dev/null',
      '--write-out',
      '%{size_download}',
      demo.dataUrl,
    )
    expect(answer).toMatchObject({ exitCode: 0, body: String(DATA_BYTES) })
  })
  const { circuits, sites } = await app.snapshot()
  const ids = sites.sites.find(({ site }) => site === 'welcome.test')?.circuitIds
  const shown = circuits.circuits.filter(({ id }) => ids?.includes(id) === true)
  const carried = carriers.map(({ description: { nickname, country } }) => ({ nickname, country }))
  expect(carried).toHaveLength(3)
  expect(
    shown.map(({ hops }) => hops.map(({ nickname, country }) => ({ nickname, country }))),
  ).toContainEqual(carried)
  await app.page
    .getByRole('link', { name: 'Circuits' })
    .or(app.page.getByRole('button', { name: 'Circuits' }))
    .first()
    .click()
  await app.page.getByText('welcome.test').first().waitFor()
  await app.page.screenshot({ path: join(SCREENSHOTS, 'demo-circuits.png') })
})
