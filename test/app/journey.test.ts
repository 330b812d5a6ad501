/**
 * The whole way of a person who has never seen the app, in its real window, on real relays: the first question, the
 * connection, a download, the site's circuit, other exits, countries, and everything as before at the end. Each test
 * goes on where the last one stopped. Pictures of every view are left in `test-results/screenshots`.
 */
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type BootstrapPhase, BOOTSTRAP_PHASES } from '../../core/client/status.ts'
import { VIEW_NAMES } from '../../electron/ipc/contract.ts'
import type { AppSnapshot } from '../../electron/ipc/snapshot.ts'
import type { CircuitView } from '../../electron/ipc/snapshot-circuits.ts'
import { curl } from '../interop/support/curl.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { findExitOfStream } from '../interop/support/relay-view.ts'
import { connectHttp } from '../interop/support/socks-client.ts'
import {
  hashOfBody,
  startEchoServer,
  startWebServer,
  type TestServer,
} from '../interop/support/test-servers.ts'
import { writeGeoIpFile } from '../interop/support/varied-network.ts'
import { type SessionBus, startSessionBus } from '../support/session-bus.ts'
import { createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'
import { internetSockets, processTree } from './support/process-tree.ts'
import { readTraffic } from './support/relay-traffic.ts'

const SCREENSHOTS = join(import.meta.dirname, '../../test-results/screenshots')
const SITE = 'ok.test'
const DOWNLOAD_BYTES = 3_000_000

const network = inject('network')
let bus: SessionBus
let app: RunningApp
let web: TestServer
let echo: TestServer
let httpPort = 0
let settingsBefore: string

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true })
  bus = await startSessionBus('GNOME')
  settingsBefore = systemProxySettings()
  web = await startWebServer()
  echo = await startEchoServer()
  const [socksPort = 0, http = 0] = await findFreePorts(2)
  httpPort = http
  const home = createHome({
    folder: bus.home,
    network,
    torrcLines: [`GeoIPFile ${writeGeoIpFile(network.directory)}`],
    settings: { socksPort, httpPort },
  })
  const { HOME: _home, PATH: _path, ...session } = bus.env
  app = await launchApp(home, { env: session })
})

afterAll(async () => {
  await app.close()
  await web.close()
  await echo.close()
  await bus.close()
})

function systemProxySettings(): string {
  const args = ['list-recursively', 'org.gnome.system.proxy']
  return execFileSync('/usr/bin/gsettings', args, { env: bus.env, encoding: 'utf8', timeout: 20_000 })
}

function throughProxy(): string[] {
  return ['--proxytunnel', '--proxy', `http://127.0.0.1:${httpPort}`]
}

async function visit(): Promise<string> {
  const { exitCode, body } = await curl(...throughProxy(), `http://${SITE}:${web.port}/`)
  return exitCode === 0 ? body : `curl ended with ${exitCode}`
}

/** Opens a stream to the site and asks the exits themselves which of them holds it. */
async function exitOfSite(): Promise<string> {
  const reply = await connectHttp(httpPort, `${SITE}:${echo.port}`)
  try {
    return (await findExitOfStream(network, echo.port)).nickname
  } finally {
    reply.socket.destroy()
  }
}

function circuitOf(snapshot: AppSnapshot, site = SITE): CircuitView | undefined {
  const ids = snapshot.sites.sites.find((row) => row.site === site)?.circuitIds ?? []
  return snapshot.circuits.circuits.filter(({ id, isRetired }) => ids.includes(id) && !isRetired).at(-1)
}

/** With the others of its set, where it is in one. */
function waysOf(snapshot: AppSnapshot, { id, setId }: CircuitView): readonly CircuitView[] {
  const isWay = (other: CircuitView): boolean =>
    other.id === id || (setId !== undefined && other.setId === setId)
  return snapshot.circuits.circuits.filter(isWay)
}

function siteCircuit(): Promise<CircuitView> {
  return app
    .waitForSnapshot("the site's circuit", (now) => circuitOf(now)?.hops.length === 3)
    .then((now) => {
      const circuit = circuitOf(now)
      if (circuit === undefined) throw new Error('the circuit is gone')
      return circuit
    })
}

function nicknames(circuit: CircuitView): string[] {
  return circuit.hops.map(({ nickname }) => nickname)
}

async function show(view: (typeof VIEW_NAMES)[number]): Promise<void> {
  await app.page.click(`[data-view="${view}"]`)
  await app.page.waitForSelector(`[data-view="${view}"][aria-current="page"]`)
}

describe('a person who has never seen it', () => {
  it('is asked one question, answers it, and watches the connection come about', async () => {
    await app.page.evaluate(`{
      globalThis.seen = { phases: [], states: [] }
      const note = (list, value) => { if (value !== undefined && list.at(-1) !== value) list.push(value) }
      window.allium.subscribe((name, event) => {
        const connection = event?.value?.connection
        if (name !== 'snapshot.changed' || connection === undefined) return
        note(seen.phases, connection.phase)
        note(seen.states, connection.state)
      })
    }`)
    await app.page.getByRole('heading', { name: /How should Allium reach/ }).waitFor()
    expect((await app.snapshot()).connection.state).toBe('off')
    await app.page.screenshot({ path: join(SCREENSHOTS, 'first-run.png') })
    await app.page.getByRole('button', { name: 'Connect directly' }).click()
    await app.page.getByRole('button', { name: 'Disconnect' }).waitFor()
    const { phases, states } = await app.page.evaluate<{ phases: BootstrapPhase[]; states: string[] }>('seen')
    const order = phases.map((phase) => BOOTSTRAP_PHASES.indexOf(phase))
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(phases.length, phases.join(' ')).toBeGreaterThanOrEqual(2)
    expect(states.at(-1)).toBe('connected')
    expect(states).toContain('connecting')
    const { connection } = await app.snapshot()
    expect(connection.verifiedMs).toBeGreaterThan(0)
    expect(connection.attempts.map(({ outcome, way }) => [outcome, way.kind])).toEqual([
      ['connected', 'direct'],
    ])
  })

  it('downloads through the proxy, over the relays that its ways are shown to have', async () => {
    expect(await visit()).toBe('hello')
    const before = await readTraffic(network)
    const file = join(bus.home, 'got')
    const url = `http://${SITE}:${web.port}/body/${DOWNLOAD_BYTES}`
    const got = await curl(...throughProxy(), '--output', file, url)
    expect(got).toEqual({ exitCode: 0, errors: '', body: '' })
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(hashOfBody(DOWNLOAD_BYTES))
    const circuit = await siteCircuit()
    const after = await readTraffic(network)
    const carriedBy = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    const ways = waysOf(await app.snapshot(), circuit)
    for (const place of [0, 1, 2]) {
      const relays = new Set(ways.map((way) => nicknames(way)[place] ?? ''))
      const bytes = [...relays].reduce((sum, name) => sum + carriedBy(name), 0)
      expect(bytes, [...relays].join(' ')).toBeGreaterThanOrEqual(DOWNLOAD_BYTES)
    }
    const known = new Set(ways.flatMap(nicknames))
    const others = [...after.keys()].filter((name) => !known.has(name))
    expect(others.filter((name) => carriedBy(name) >= DOWNLOAD_BYTES)).toEqual([])
    const { sites } = await app.waitForSnapshot('the bytes of the site', ({ sites: { sites } }) =>
      sites.some(({ site, readBytes }) => site === SITE && readBytes >= DOWNLOAD_BYTES),
    )
    expect(sites.sites.map(({ site }) => site)).toContain(SITE)
  })

  it("finds the site's row, and its circuit on the map with the relays by name", async () => {
    const circuit = await siteCircuit()
    await show('sites')
    await app.page.getByText(SITE, { exact: true }).first().waitFor()
    await show('circuits')
    await app.page
      .getByRole('button', { name: new RegExp(SITE) })
      .first()
      .click()
    for (const name of nicknames(circuit)) await app.page.getByText(name).first().waitFor()
  })

  it('gets another circuit for the site through the guards that were there, and the exits say so, too', async () => {
    const before = await siteCircuit()
    // A set has a second one, which the site's circuit of now can be through.
    const guards = (await app.snapshot()).circuits.circuits.map((circuit) => nicknames(circuit)[0])
    await show('sites')
    await app.page.getByRole('button', { name: /New circuit for .*ok\.test/ }).click()
    expect(await visit()).toBe('hello')
    await app.waitForSnapshot('another circuit', (now) => (circuitOf(now)?.id ?? before.id) !== before.id)
    const after = await siteCircuit()
    expect(guards).toContain(nicknames(after)[0])
    expect(await exitOfSite()).toBe(nicknames(await siteCircuit())[2])
  })

  it('appears from the country that was chosen for the site, and from nowhere else', async () => {
    const choice = { site: SITE, isBlocked: false, pinForMs: null }
    for (const [country, exit] of [
      ['de', 'exit2'],
      ['fr', 'exit3'],
    ] as const) {
      expect(await app.invoke('site.set-policy', { ...choice, exitCountry: country })).toMatchObject({
        ok: true,
      })
      expect(await exitOfSite()).toBe(exit)
    }
    const countries = await app.invoke('exit-countries.list')
    expect(countries.ok && new Set(countries.value.map((each) => each.country))).toEqual(
      new Set(['de', 'fr', 'se']),
    )
  })

  it('is refused, and sees that it was, where no exit is in the country', async () => {
    const choice = { site: SITE, isBlocked: false, exitCountry: 'jp', pinForMs: null }
    expect(await app.invoke('site.set-policy', choice)).toMatchObject({ ok: true })
    expect(await visit()).toMatch(/^curl ended with/)
    await show('sites')
    await app.page.getByText(/no exit in .*Japan.* could be used/).waitFor()
    expect(await app.invoke('site.set-policy', { ...choice, exitCountry: null })).toMatchObject({ ok: true })
    expect(await visit()).toBe('hello')
    await app.page.getByText(/could be used/).waitFor({ state: 'detached' })
  })

  it('turns the system proxy on with one switch, and it leads through the relays', async () => {
    await show('connect')
    await app.page.getByRole('switch', { name: 'System proxy' }).click()
    await app.waitForSnapshot('the system proxy', ({ systemProxy }) => systemProxy.state === 'on')
    expect(systemProxySettings()).toContain(`port ${httpPort}`)
  })

  it('is told by the check what is proved, and honestly what could not be', async () => {
    await app.page.getByRole('button', { name: 'Check now' }).click()
    const { protection } = await app.waitForSnapshot(
      'the verdicts',
      ({ protection: { isRunning, results } }) => !isRunning && results.length > 0,
    )
    const verdicts = Object.fromEntries(protection.results.map(({ check, verdict }) => [check, verdict]))
    // The check service is out on the Internet, which this network does not reach, nor its name.
    expect(verdicts).toEqual({ stream: 'unknown', exit: 'unknown', 'system-proxy': 'good', dns: 'unknown' })
  })

  it('can look at every view, in the light and in the dark', async () => {
    const rule = { site: 'site-two.test', isBlocked: false, exitCountry: 'fr', pinForMs: null }
    expect(await app.invoke('site.set-policy', rule)).toMatchObject({ ok: true })
    const hosts = [SITE, 'www.site-one.test', 'www.site-two.test']
    const open = await Promise.all(hosts.map((host) => connectHttp(httpPort, `${host}:${echo.port}`)))
    await show('circuits')
    await app.page
      .getByTestId('circuit')
      .filter({ hasText: 'site-two.test' })
      .getByRole('button')
      .first()
      .click()
    for (const theme of ['light', 'dark'] as const) {
      expect(await app.invoke('settings.change', { theme })).toMatchObject({ ok: true })
      for (const view of VIEW_NAMES) {
        await show(view)
        await app.page.waitForTimeout(400)
        await app.page.screenshot({ path: join(SCREENSHOTS, `${view}-${theme}.png`) })
      }
    }
    for (const { socket } of open) socket.destroy()
    expect(await app.invoke('settings.change', { theme: 'system' })).toMatchObject({ ok: true })
  })

  it('quits, and the system is as it was: the setting, no process, no socket', async () => {
    const tree = processTree(app.pid)
    expect(internetSockets(tree).length).toBeGreaterThan(0)
    await app.electron.close()
    expect(systemProxySettings()).toBe(settingsBefore)
    expect(tree.filter(({ pid }) => processTree(pid).length > 0)).toEqual([])
    expect((await curl('--max-time', '5', ...throughProxy(), `http://${SITE}/`)).exitCode).not.toBe(0)
  })
})
