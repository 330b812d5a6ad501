/** The parts of main together, with a core host that the test plays: what flows where. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { App } from '../../../electron/app.ts'
import { AppError } from '../../../electron/app-error.ts'
import type { SiteView } from '../../../electron/ipc/snapshot-circuits.ts'
import type { AutostartPart } from '../../../electron/parts.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { FakeHost, hostStatus } from './host/fake-host.ts'
import { ABOUT } from './samples.ts'

const DOORS = {
  socks: { host: '127.0.0.1', port: 9250 },
  http: { host: '127.0.0.1', port: 9251 },
  trouble: undefined,
}
const SITE: SiteView = {
  site: 'example.com',
  circuitIds: [1],
  seenFromCountry: 'de',
  streams: 2,
  readBytes: 10,
  writtenBytes: 5,
  lastUsedMs: 1,
  policy: { isBlocked: false, exitCountry: undefined, pin: undefined },
  refusal: undefined,
}

const WILLING: AutostartPart = { apply: async () => undefined, refresh: async () => true }

let folder: string
const opened: App[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allium-app-'))
})

afterEach(async () => {
  for (const app of opened.splice(0)) app.dispose()
  // The first success may still be being written down.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
})

async function setUp(autostart: AutostartPart = WILLING) {
  const clock = countingClock()
  const hosts: FakeHost[] = []
  const told: string[] = []
  const app = await App.open({
    clock,
    about: ABOUT,
    folder,
    // Of which we know no proxy setting.
    platform: 'aix',
    env: {},
    networkLines: ['TestingTorNetwork 1'],
    doctorTargets: undefined,
    ways: {
      builtIn: () => [],
      service: undefined,
      allowsInternalAddresses: false,
      timeZone: 'UTC',
      locale: 'en',
    },
    scrub: (text) => text,
    secrets: {
      isAvailable: () => Promise.resolve(false),
      encrypt: (text) => Promise.resolve(text),
      decrypt: (text) => Promise.resolve(text),
    },
    spawnHost: () => {
      const host = new FakeHost()
      hosts.push(host)
      queueMicrotask(() => host.say({ kind: 'ready' }))
      return host
    },
    tell: (name) => told.push(name),
    onSettings: () => undefined,
    onNotice: () => undefined,
    screen: { isAllowed: () => false, take: () => Promise.resolve([]) },
    dialogs: { saveTo: () => Promise.resolve(undefined), open: () => Promise.resolve(undefined) },
    autostart,
    writeClipboard: () => Promise.resolve(),
    quit: () => undefined,
  })
  opened.push(app)
  return { app, clock, hosts, told }
}

function countingClock(): ManualClock & { wakeUps(): number } {
  const clock = manualClock()
  let wakeUps = 0
  return {
    ...clock,
    setTimer: (delayMs, callback) =>
      clock.setTimer(delayMs, () => {
        wakeUps++
        callback()
      }),
    wakeUps: () => wakeUps,
  }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

async function connected() {
  const parts = await setUp()
  await parts.app.handlers['entry.choose']('direct')
  await parts.app.handlers['connection.start'](undefined)
  await settle()
  const host = parts.hosts[0]
  if (host === undefined) throw new Error('the core was not started')
  host.say({
    kind: 'status',
    status: hostStatus({
      phase: 'done',
      isConnected: true,
      verifiedMs: parts.clock.wallMs(),
      network: 'up',
      proxies: DOORS,
      sites: [SITE],
      readBytes: 1000,
      writtenBytes: 100,
    }),
  })
  await settle()
  return { ...parts, host }
}

describe('the app', () => {
  it('starts no core before it is asked to, and none before the question of the first run', async () => {
    const { app, hosts } = await setUp()
    await expect(app.handlers['connection.start'](undefined)).rejects.toMatchObject({ kind: 'entry-unasked' })
    await settle()
    expect(hosts).toEqual([])
    expect(app.state.current.connection.state).toBe('off')
  })

  it('gives the core its configuration, and shows what the core says', async () => {
    const { app, host, told } = await connected()
    expect(host.calls('start')).toMatchObject([
      {
        argument: {
          dataDirectory: join(folder, 'core'),
          bridgeLines: undefined,
          networkLines: ['TestingTorNetwork 1'],
        },
      },
    ])
    const { connection, proxies, sites } = app.state.current
    expect(connection.state).toBe('connected')
    expect(connection.hasConnectedBefore).toBe(true)
    expect(proxies).toEqual(DOORS)
    expect(sites.sites).toEqual([SITE])
    expect(told).toContain('snapshot.changed')
  })

  it('shows the rules for sites before a core has run, and refuses to change them in words until one does', async () => {
    const content = { sites: [{ site: 'example.com', blocked: 1, country: '' }] }
    await mkdir(join(folder, 'core'))
    await writeFile(join(folder, 'core', 'sites.json'), JSON.stringify({ version: 1, content }))
    const { app, hosts } = await setUp()
    expect(hosts).toEqual([])
    expect(app.state.current.sites.sites).toMatchObject([
      { site: 'example.com', circuitIds: [], streams: 0, policy: { isBlocked: true } },
    ])
    const change = { site: 'example.com', isBlocked: false, exitCountry: null, pinForMs: null }
    await expect(app.handlers['site.set-policy'](change)).rejects.toMatchObject({ kind: 'not-connected' })
  })

  it('opens without rules where their file is damaged, and leaves it to the core to say so', async () => {
    await mkdir(join(folder, 'core'))
    await writeFile(join(folder, 'core', 'sites.json'), '{"version":1,')
    const { app } = await setUp()
    expect(app.state.current.sites.sites).toEqual([])
    expect(await readdir(join(folder, 'core'))).toEqual(['sites.json'])
  })

  it('does not keep a start at login that the system did not take over', async () => {
    const { app } = await setUp({
      apply: () => Promise.reject(new AppError('autostart-failed', 'read-only')),
      refresh: () => Promise.resolve(false),
    })
    const change = app.handlers['settings.change']({ startAtLogin: true })
    await expect(change).rejects.toMatchObject({ kind: 'autostart-failed' })
    expect(app.state.current.settings.startAtLogin).toBe(false)
  })

  it('sets damaged rules aside at the word of the person, connects, and leaves rules alone that can be read', async () => {
    await mkdir(join(folder, 'core'))
    const rules = join(folder, 'core', 'sites.json')
    await writeFile(rules, '{"version":1,')
    const { app, hosts } = await setUp()
    await app.handlers['entry.choose']('direct')
    await app.handlers['site-rules.set-aside'](undefined)
    await settle()
    expect(hosts[0]?.calls('start')).toHaveLength(1)
    expect((await readdir(join(folder, 'core'))).filter((name) => name.startsWith('sites'))).toEqual([
      'sites.json.bad-1',
    ])
    const good = JSON.stringify({ version: 1, content: { sites: [] } })
    await writeFile(rules, good)
    await app.handlers['site-rules.set-aside'](undefined)
    expect(await readFile(rules, 'utf8')).toBe(good)
  })

  it('tells a core that runs only of settings that concern it', async () => {
    const { app, host } = await connected()
    await app.handlers['settings.change']({ theme: 'dark' })
    expect(host.calls('reconfigure')).toEqual([])
    await app.handlers['settings.change']({ excludedCountries: ['fr'] })
    expect(host.calls('reconfigure')).toMatchObject([{ argument: { excludedCountries: ['fr'] } }])
  })

  it('gives the password of the proxy to the core alone: the page and the support text never see it', async () => {
    const { app, host } = await connected()
    const upstreamProxy = {
      kind: 'socks5',
      host: 'p.example',
      port: 1080,
      username: 'me',
      password: 'pa55',
    } as const
    await app.handlers['settings.change']({ upstreamProxy })
    expect(host.calls('reconfigure')).toMatchObject([{ argument: { upstreamProxy } }])
    expect(app.state.current.settings.upstreamProxy).toMatchObject({ username: 'me' })
    // The system of this test has no store for secrets.
    expect(app.state.current.upstreamPassword).toBe('plain')
    expect(JSON.stringify(app.state.read())).not.toContain('pa55')
    expect(await app.handlers['support.preview'](undefined)).not.toContain('pa55')
  })

  it('shows closed doors and no circuits when the core is gone, keeps what the sites have, and comes back', async () => {
    const { app, clock, host, hosts } = await connected()
    host.exit(1)
    const { connection, proxies, sites } = app.state.current
    expect(connection.state).toBe('protected-down')
    expect(proxies.http).toBeUndefined()
    expect(sites.sites).toEqual([{ ...SITE, circuitIds: [], streams: 0 }])
    expect(app.logs.readAfter(0).some(({ level, text }) => level === 'err' && text.includes('crashed'))).toBe(
      true,
    )
    clock.advance(250)
    await settle()
    expect(hosts).toHaveLength(2)
  })

  it('samples the traffic each second in which some moves while the core runs, and not after it', async () => {
    const { app, clock } = await connected()
    clock.advance(3000)
    // What moved, and that nothing does any more.
    expect(app.state.current.traffic.samples.map(({ readBytes }) => readBytes)).toEqual([1000, 0])
    expect(app.state.current.traffic).toMatchObject({ readBytes: 1000, writtenBytes: 100 })
    await app.handlers['connection.stop'](undefined)
    clock.advance(10_000)
    expect(app.state.current.traffic.samples).toHaveLength(2)
  })

  it('is woken once in two seconds while it is connected and nothing moves, and tells its window nothing', async () => {
    const { app, clock, host, told } = await connected()
    // What follows a connection is over.
    clock.advance(10_000)
    const { current } = app.state
    const before = { wakeUps: clock.wakeUps(), told: told.length, asked: host.asked }
    clock.advance(60_000)
    expect(host.asked - before.asked).toBe(30)
    // The question whether the core lives, and once that it has proved stable.
    expect(clock.wakeUps() - before.wakeUps).toBeLessThanOrEqual(31)
    expect(told.length).toBe(before.told)
    expect(app.state.current).toBe(current)
    host.isHung = true
    clock.advance(8_000)
    expect(app.state.current.connection.state).toBe('protected-down')
  })

  it('answers commands for the core with a kind while there is none', async () => {
    const { app } = await setUp()
    await expect(app.handlers['identity.new'](undefined)).rejects.toMatchObject({
      kind: 'not-connected',
    })
  })

  it('refuses a system proxy where the system has none that we know, and does not remember the wish', async () => {
    const { app } = await setUp()
    await expect(app.handlers['system-proxy.set'](true)).rejects.toMatchObject({ kind: 'proxy-unsupported' })
    expect(app.settings.current.systemProxy).toBe(false)
  })

  it('ends the core when it is closed, and says that everything was put back', async () => {
    const { app, host } = await connected()
    expect(await app.close()).toBe(true)
    expect(host.calls('stop')).toHaveLength(1)
    expect(host.isKilled).toBe(true)
    expect(app.state.current.connection.state).toBe('off')
  })

  it('connects by itself at its start when it was told to and has connected before', async () => {
    const { app } = await connected()
    await app.handlers['settings.change']({ connectAtStart: true })
    await vi.waitFor(async () => {
      // The first success is written down beside everything else.
      const again = await setUp()
      await settle()
      expect(again.hosts).toHaveLength(1)
    })
  })
})
