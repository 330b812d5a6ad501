/**
 * Two real browsers, without any setting but the proxy: each site has a circuit of its own, and the exits are the
 * witnesses. A page of one site shows pictures of its own site and of another; the pictures never come, so that
 * every stream is there to be seen.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { ClientProcess } from './support/client-process.ts'
import { useFixture } from './support/fixture.ts'
import { listExitStreams } from './support/tor-node.ts'
import { waitFor } from './support/waiting.ts'
import { QUIET_CHROMIUM } from '../support/quiet-chromium.ts'

const fixture = useFixture()
const LOAD_LIMIT_MS = 90_000
let scratch = ''
let browser: ChildProcess | undefined
const servers: Server[] = []

afterEach(async () => {
  browser?.kill('SIGKILL')
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await new Promise((resolve) => setTimeout(resolve, 200))
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
})

interface Host {
  readonly port: number
  /** Whether the browser has asked for what it was to ask for. */
  isAsked(): boolean
}

/** Answers every request with what `answer` gives, or never. */
async function serve(answer?: () => string): Promise<Host> {
  let asked = false
  const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
    asked = true
    const page = answer?.()
    // A picture that has begun badly is given up, and its connection closed; one that has not begun is waited for.
    if (page !== undefined) response.writeHead(200, { 'content-type': 'text/html' }).end(page)
  })
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return { port: address.port, isAsked: () => asked }
}

function startChromium(proxy: string, url: string): ChildProcess {
  const flags = [
    '--headless=new',
    ...QUIET_CHROMIUM,
    '--disable-dev-shm-usage',
    '--remote-debugging-port=0',
    `--user-data-dir=${scratch}`,
    `--proxy-server=${proxy}`,
    '--proxy-bypass-list=<-loopback>',
  ]
  return spawn('chromium', [...flags, url], { stdio: 'ignore', env: { ...process.env, HOME: scratch } })
}

/** Only what makes Firefox use the proxy, and keeps it from talking of itself. */
function startFirefox(socksPort: number, url: string): ChildProcess {
  const settings: Record<string, string | number | boolean> = {
    'network.proxy.type': 1,
    'network.proxy.socks': '127.0.0.1',
    'network.proxy.socks_port': socksPort,
    'network.proxy.socks_version': 5,
    'network.proxy.socks_remote_dns': true,
    'network.proxy.no_proxies_on': '',
    'network.proxy.allow_hijacking_localhost': true,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'browser.shell.checkDefaultBrowser': false,
    'app.update.enabled': false,
    'dom.security.https_first': false,
  }
  const lines = Object.entries(settings).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  )
  writeFileSync(join(scratch, 'user.js'), `${lines.join('\n')}\n`)
  const env = { ...process.env, HOME: scratch, MOZ_CRASHREPORTER_DISABLE: '1' }
  return spawn('firefox-esr', ['--headless', '--no-remote', '--profile', scratch, url], {
    stdio: 'ignore',
    env,
  })
}

async function circuitsAtExits(port: number): Promise<string[]> {
  const exits = fixture().network.nodes.filter(({ role }) => role === 'exit')
  const streams = (await Promise.all(exits.map(listExitStreams))).flat()
  return streams.filter((stream) => stream.port === port).flatMap((stream) => stream.circuits)
}

const BROWSERS: readonly [string, (client: ClientProcess, url: string) => ChildProcess][] = [
  ['Chromium through SOCKS', (client, url) => startChromium(`socks5://127.0.0.1:${client.socksPort}`, url)],
  [
    'Chromium through the HTTP port',
    (client, url) => startChromium(`http://127.0.0.1:${client.httpPort}`, url),
  ],
  ['Firefox through SOCKS', (client, url) => startFirefox(client.socksPort, url)],
]

describe('a browser with nothing set but the proxy', () => {
  test.each(BROWSERS)('has a circuit for each site: %s', async (_name, start) => {
    scratch = mkdtempSync(join(tmpdir(), 'allium-browser-'))
    const [own, other] = [await serve(), await serve()]
    const page = await serve(
      () =>
        `<!doctype html><title>one</title><img src="http://img.site-one.test:${own.port}/a.png">` +
        `<img src="http://www.site-two.test:${other.port}/b.png">`,
    )
    browser = start(fixture().client, `http://www.site-one.test:${page.port}/`)
    await waitFor('the page and its pictures to be asked for', LOAD_LIMIT_MS, () =>
      page.isAsked() && own.isAsked() && other.isAsked() ? true : undefined,
    )
    const [ownCircuits, otherCircuits] = [await circuitsAtExits(own.port), await circuitsAtExits(other.port)]
    expect(ownCircuits).not.toEqual([])
    expect(otherCircuits).not.toEqual([])
    expect(ownCircuits.filter((circuit) => otherCircuits.includes(circuit))).toEqual([])
    const pageCircuits = await circuitsAtExits(page.port)
    // The page's own connection may have been given up by then; where it is there, it is on its site's circuit.
    expect(pageCircuits.filter((circuit) => !ownCircuits.includes(circuit))).toEqual([])
  })
})
