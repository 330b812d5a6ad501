/**
 * meek in the real app: Chromium carries the requests, the front alone is seen, and what stands behind gets the rest. By
 * it a bridge is reached, and before that the bridge service is asked for one. Once connected, the lists of the service
 * come through Tor, past all fronts.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type BridgeNode, startBridge } from '../interop/support/bridge-node.ts'
import { curl } from '../interop/support/curl.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { startWebServer, type TestServer } from '../interop/support/test-servers.ts'
import { MeekServer } from '../support/meek-server.ts'
import { type MoatServer, startMoatServer } from '../support/moat-server.ts'
import { type AppHome, createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'
import { trustTestAuthority } from './support/trust-authority.ts'

const REFLECTOR = 'reflector.example'
const HIDDEN = 'hidden.example'
const ASKED_LINE =
  'obfs4 192.0.2.9:443 0123456789ABCDEF0123456789ABCDEF01234567 cert=bjRaMrr1BRiAW8IE9U5z27fQaYgOhX1UCmOpg2pFpoMvo6ZgQMzLsaTzzQNTlm7hNcb+Sg iat-mode=0'
const BYTES = 1_000_000

let bridge: BridgeNode
let service: MoatServer
let toBridge: MeekServer
let toService: MeekServer
let web: TestServer
const cleanUps: (() => Promise<void> | void)[] = []

beforeAll(async () => {
  bridge = await startBridge(inject('network'), 'meekbridge')
  const bridges = { type: 'obfs4', source: 'bridgedb', bridge_strings: [ASKED_LINE] }
  service = await startMoatServer({ answer: () => ({ country: 'cn', settings: [{ bridges }] }) })
  toBridge = await MeekServer.start({ isTls: true, behind: () => bridge.record.orPort })
  toService = await MeekServer.start({ isTls: true, behind: () => service.port })
  web = await startWebServer()
})

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

afterAll(async () => {
  bridge.remove()
  await Promise.all([service.close(), toBridge.close(), toService.close(), web.close()])
})

function lineOf(server: MeekServer, host: string, fingerprint = ''): string {
  return `meek_lite 192.0.2.20:80 ${fingerprint} url=https://${host}/ front=localhost:${server.port}`.replace(
    / +/g,
    ' ',
  )
}

async function open(settings: Readonly<Record<string, unknown>>): Promise<RunningApp & { httpPort: number }> {
  const [socksPort, httpPort = 0] = await findFreePorts(2)
  const home = createHome({ network: inject('network'), settings: { socksPort, httpPort, ...settings } })
  cleanUps.push(() => home.remove())
  trustTestAuthority(home)
  const file = join(home.folder, 'service.json')
  const fronts = { front: [lineOf(toService, REFLECTOR)], 'older-front': [], 'other-front': [] }
  writeFileSync(file, JSON.stringify({ ...service.service, fronts }))
  const app = await launchApp(home, { env: { ALLIUM_BRIDGE_SERVICE_FILE: file } })
  cleanUps.push(() => app.close())
  return { ...app, httpPort }
}

/** What the requests show: the host that only the server behind the front reads, and a browser. */
function shown({ requests }: MeekServer): readonly string[] {
  return [...new Set(requests.map(({ host, userAgent }) => `${host} ${/Chrome\/\d+/.test(userAgent)}`))]
}

it('the bridge service is asked through a front, by a browser as it seems, before anything is connected', async () => {
  const app = await open({ entry: 'hide' })
  const answer = await app.invoke('help.ask', { country: 'cn' })
  expect(answer).toMatchObject({ ok: true, value: { country: 'cn', settings: [{ lines: [ASKED_LINE] }] } })
  expect(shown(toService)).toEqual([`${REFLECTOR} true`])
  expect(service.asked.map(({ path }) => path)).toEqual(['/moat/circumvention/settings'])
})

it('a bridge behind a front is the way to the network, for requests and for what they bring', async () => {
  const app = await open({ entry: 'hide', findsOwnWay: false })
  const line = lineOf(toBridge, HIDDEN, bridge.record.fingerprint)
  expect(await app.invoke('bridges.add', line)).toMatchObject({ ok: true })
  expect(await app.invoke('connection.start')).toMatchObject({ ok: true })
  await app.waitForSnapshot('connected', ({ connection }) => connection.state === 'connected', 100_000)
  const proxy = ['--proxy', `http://127.0.0.1:${app.httpPort}`, '--proxytunnel']
  const url = `http://ok.test:${web.port}/body/${BYTES}`
  const answer = await curl(...proxy, '--output', '/dev/null', '--write-out', '%{size_download}', url)
  expect(answer).toMatchObject({ exitCode: 0, body: String(BYTES) })
  expect(shown(toBridge)).toEqual([`${HIDDEN} true`])
})

describe('the lists that everybody has', () => {
  const NEW_LINE = ASKED_LINE.replace('192.0.2.9', '203.0.113.7')
  let lists: MoatServer
  let builtIn: unknown

  beforeAll(async () => {
    const map = { tr: { settings: [{ bridges: { type: 'snowflake', source: 'builtin' } }] } }
    lists = await startMoatServer({
      // The one name that the network's exits find.
      commonName: 'ok.test',
      answer: ({ path }) => (path.endsWith('/builtin') ? builtIn : map),
    })
  })

  afterAll(() => lists.close())

  async function openWithLists(folder?: string): Promise<RunningApp & { home: AppHome }> {
    const service = { ...lists.service, host: 'ok.test', port: lists.port }
    const [socksPort, httpPort = 0] = await findFreePorts(2)
    const settings = { entry: 'direct', socksPort, httpPort }
    const network = inject('network')
    const home = createHome({ network, settings, ...(folder !== undefined && { folder }) })
    if (folder === undefined) cleanUps.push(() => home.remove())
    const file = join(home.folder, 'service.json')
    const fronts = { front: [lineOf(toService, REFLECTOR)], 'older-front': [], 'other-front': [] }
    writeFileSync(file, JSON.stringify({ ...service, fronts }))
    const app = await launchApp(home, { env: { ALLIUM_BRIDGE_SERVICE_FILE: file } })
    cleanUps.push(() => app.close())
    return { ...app, home }
  }

  it('are refreshed through Tor alone, add to those of the app, and are there after a restart', async () => {
    builtIn = { obfs4: [NEW_LINE], snowflake: [] }
    const front = toService.requests.length
    const app = await openWithLists()
    expect(await app.invoke('lists.refresh')).toMatchObject({ ok: false, error: { kind: 'not-connected' } })
    await app.invoke('connection.start')
    await app.waitForSnapshot('connected', ({ connection }) => connection.state === 'connected')
    const before = (await app.snapshot()).bridges.builtIn.find(({ transport }) => transport === 'obfs4')
    await app.page.locator('nav button[data-view="bridges"]').click()
    await app.page.getByRole('button', { name: 'Refresh the lists' }).click()
    const {
      bridges,
      ways,
      lists: now,
    } = await app.waitForSnapshot(
      'the lists, or why there are none',
      (snapshot) => snapshot.lists.fetchedMs !== undefined || snapshot.lists.reason !== undefined,
    )
    expect(now).toMatchObject({ addedBridges: 1, reason: undefined })
    expect(bridges.builtIn.find(({ transport }) => transport === 'obfs4')?.count).toBe(
      (before?.count ?? 0) + 1,
    )
    expect(ways.map.countries).toContain('tr')
    await app.page.getByText('One bridge in them is new to this version.').waitFor()
    expect(lists.asked.map(({ path }) => path)).toEqual([
      '/moat/circumvention/builtin',
      '/moat/circumvention/map',
    ])
    expect(toService.requests).toHaveLength(front)
    await app.close()
    const again = await openWithLists(app.home.folder)
    const { lists: kept } = await again.waitForSnapshot(
      'the kept lists',
      (now) => now.lists.addedBridges === 1,
    )
    expect(kept).toMatchObject({ isAvailable: true, fetchedMs: expect.any(Number) as number })
  })

  it('are refused whole when a bridge of them leads into the person’s own network, and that is said', async () => {
    builtIn = { obfs4: [NEW_LINE, NEW_LINE.replace('203.0.113.7', '192.168.1.1')] }
    const app = await openWithLists()
    await app.invoke('connection.start')
    await app.waitForSnapshot('connected', ({ connection }) => connection.state === 'connected')
    expect(await app.invoke('lists.refresh')).toMatchObject({ ok: false, error: { kind: 'lists-refused' } })
    expect((await app.snapshot()).lists).toMatchObject({ addedBridges: 0, fetchedMs: undefined })
    const log = await app.invoke('log.read', { afterId: 0 })
    expect(JSON.stringify(log)).toContain('at an address that is not public')
  })
})
