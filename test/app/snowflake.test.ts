/**
 * Snowflake in the real app, by Chromium alone: the broker behind a front by its network stack, a Debian proxy by its
 * WebRTC, and behind it a C tor bridge. Whole transfers both ways, and who holds which sockets meanwhile.
 */
import { createHash } from 'node:crypto'
import { writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest'
import { curl } from '../interop/support/curl.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { SnowflakePeer } from '../interop/support/snowflake-peer.ts'
import { bodyBlocks, hashOfBody, startWebServer, type TestServer } from '../interop/support/test-servers.ts'
import { waitFor } from '../interop/support/waiting.ts'
import { type AppHome, createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'
import { coreProcess, internetSockets, type InternetSocket, processTree } from './support/process-tree.ts'
import { HIDDEN_BROKER, type SnowflakeFront, startSnowflakeFront } from './support/snowflake-front.ts'
import { trustTestAuthority } from './support/trust-authority.ts'

const TRANSFER_BYTES = 20_000_000
/** Everything between the client and the web server runs on this machine, the volunteer's proxy too. */
const TRANSFER_LIMIT_S = 200
const TEST_LIMIT_MS = 600_000
const LOOK_EVERY_MS = 500

let peer: SnowflakePeer
let front: SnowflakeFront
let web: TestServer
const cleanUps: (() => Promise<void> | void)[] = []

beforeAll(async () => {
  peer = await SnowflakePeer.start(inject('network'))
  front = await startSnowflakeFront(peer)
  web = await startWebServer()
})

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

afterAll(async () => {
  front.close()
  await web.close()
  await peer.remove()
})

async function openWithSnowflake(): Promise<{ app: RunningApp; home: AppHome; httpPort: number }> {
  if (peer.broker.waitingProxies === 0) await peer.addProxy()
  const [socksPort, httpPort = 0] = await findFreePorts(2)
  const settings = { entry: 'hide', useBridges: true, socksPort, httpPort }
  const home = createHome({ network: inject('network'), settings })
  cleanUps.push(() => home.remove())
  trustTestAuthority(home)
  const app = await launchApp(home)
  cleanUps.push(() => app.close())
  expect(await app.invoke('bridges.add', front.lineAt(front.port))).toMatchObject({
    ok: true,
    value: [{ fault: undefined }],
  })
  return { app, home, httpPort }
}

const pagesOf = (app: RunningApp): Promise<readonly string[]> =>
  app.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map((window) => window.webContents.getURL()),
  )

/** Those of the network service, which holds all sockets of Chromium's. */
function chromiumSockets(app: RunningApp): readonly InternetSocket[] {
  const tree = processTree(app.pid)
  const core = coreProcess(tree)
  return internetSockets(tree).filter(({ pid }) => pid !== core?.pid && pid !== app.pid)
}

/** Little-endian address and port, as /proc has them. */
const isLoopback = (end: string): boolean => end.startsWith('0100007F:')

it(
  'the app connects by Snowflake alone, carries 20 MB each way, and lets go of everything after it',
  async () => {
    const { app, home, httpPort } = await openWithSnowflake()
    expect(await pagesOf(app)).toEqual(['app://allium/index.html'])
    const tcp = new Set<string>()
    const relays = new Set<string>()
    const ofNetwork = inject('network').nodes.flatMap(({ orPort, dirPort }) => [orPort, dirPort])
    const networkPorts = new Set([...ofNetwork, peer.bridge.record.orPort].filter((port) => port !== 0))
    const look = (): void => {
      for (const { table, line } of chromiumSockets(app)) {
        const [, , remote = ''] = line.split(/\s+/)
        if (table.startsWith('tcp')) tcp.add(remote)
      }
      const core = coreProcess(processTree(app.pid))
      for (const { line } of core === undefined ? [] : internetSockets([core])) {
        const [, , remote = ''] = line.split(/\s+/)
        if (networkPorts.has(Number(`0x${remote.split(':')[1] ?? ''}`))) relays.add(remote)
      }
    }
    // Seldom: the proxy's server runs in this process, too.
    const watching = setInterval(look, LOOK_EVERY_MS)
    cleanUps.push(() => clearInterval(watching))

    expect(await app.invoke('connection.start')).toMatchObject({ ok: true })
    await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected', 110_000)
    expect(front.hosts).toContain(`${HIDDEN_BROKER}:${front.port}`)
    expect(await pagesOf(app)).toContain('app://transports/peers.html')

    const proxy = ['--proxy', `http://127.0.0.1:${httpPort}`, '--proxytunnel']
    const down = join(home.folder, 'down')
    const limit = ['--max-time', String(TRANSFER_LIMIT_S)]
    const got = await curl(
      ...proxy,
      ...limit,
      '--output',
      down,
      `http://ok.test:${web.port}/body/${TRANSFER_BYTES}`,
    )
    expect(got).toMatchObject({ exitCode: 0 })
    expect(createHash('sha256').update(readFileSync(down)).digest('hex')).toBe(hashOfBody(TRANSFER_BYTES))
    const up = join(home.folder, 'up')
    writeFileSync(up, Buffer.concat([...bodyBlocks(TRANSFER_BYTES)]))
    const sent = await curl(
      ...proxy,
      ...limit,
      '--header',
      'Expect:',
      '--upload-file',
      up,
      `http://ok.test:${web.port}/`,
    )
    expect(sent).toMatchObject({ exitCode: 0, body: hashOfBody(TRANSFER_BYTES) })

    // Chromium has connected to the core's door alone, and the core to no relay: the bridge is behind the proxy.
    expect([...tcp].filter((remote) => !isLoopback(remote) && remote !== '00000000:0000')).toEqual([])
    expect([...relays]).toEqual([])

    expect(await app.invoke('connection.stop')).toMatchObject({ ok: true })
    await waitFor('the hidden pages to go', 10_000, async () =>
      (await pagesOf(app)).length === 1 ? true : undefined,
    )
    await waitFor('its sockets to go', 10_000, () => (chromiumSockets(app).length === 0 ? true : undefined))
  },
  TEST_LIMIT_MS,
)

it(
  'a core that is killed takes the pages and the sockets with it, and finds its way again',
  async () => {
    const { app } = await openWithSnowflake()
    await app.invoke('connection.start')
    await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected', 110_000)
    await peer.addProxy()
    process.kill(coreProcess(processTree(app.pid))?.pid ?? 0, 'SIGKILL')
    await app.waitForSnapshot(
      'that it is said',
      ({ connection }) => connection.coreRestart !== undefined,
      20_000,
    )
    await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected', 110_000)
  },
  TEST_LIMIT_MS,
)
