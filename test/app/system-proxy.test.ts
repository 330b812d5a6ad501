/**
 * The system's proxy setting on a real desktop's own store, through the real app: it follows the doors before anything
 * is connected, stays on the closed door while the core or the app is gone, and is afterwards what it was before.
 */
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { curl } from '../interop/support/curl.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { waitFor } from '../interop/support/waiting.ts'
import { type SessionBus, startSessionBus } from '../support/session-bus.ts'
import { type AppHome, createHome } from './support/app-home.ts'
import { exitOf, launchApp, type RunningApp, spawnApp } from './support/launch-app.ts'
import { coreProcess, processTree } from './support/process-tree.ts'

const SCHEMA = 'org.gnome.system.proxy'
/** A network of which nothing answers: an address where nobody listens. */
const DEAD_NETWORK = [
  'DirAuthority dead orport=1 v3ident=F0A139C25C8539DDE0E7E6FEB44A1C632B3840FE 127.0.0.1:1 1EDFB91A04D1685360C395546155ADB1D9F16D69',
]

let bus: SessionBus
let httpPort: number
let before: string
const open: RunningApp[] = []

function gsettings(...args: string[]): string {
  return execFileSync('/usr/bin/gsettings', args, { env: bus.env, encoding: 'utf8', timeout: 20_000 }).trim()
}

function everything(): string {
  return gsettings('list-recursively', SCHEMA)
}

function isOurs(): boolean {
  return (
    gsettings('get', SCHEMA, 'mode') === "'manual'" &&
    gsettings('get', `${SCHEMA}.https`, 'port') === String(httpPort) &&
    gsettings('get', `${SCHEMA}.http`, 'host') === "'127.0.0.1'"
  )
}

function newHome(
  settings: Readonly<Record<string, unknown>>,
  authorities = inject('network').authorityLines,
): AppHome {
  return createHome({
    folder: bus.home,
    network: { ...inject('network'), authorityLines: authorities },
    settings: { entry: 'direct', systemProxy: true, httpPort, ...settings },
    hasConnectedBefore: true,
  })
}

async function start(home: AppHome): Promise<RunningApp> {
  const app = await launchApp(home, { env: session() })
  open.push(app)
  return app
}

/** The desktop's session, as a person's programs find it. */
function session(): Record<string, string> {
  const { HOME: _home, PATH: _path, ...env } = bus.env
  return env
}

beforeEach(async () => {
  bus = await startSessionBus('GNOME')
  const [port = 0] = await findFreePorts(1)
  httpPort = port
  gsettings('set', `${SCHEMA}.http`, 'host', 'proxy.example')
  gsettings('set', `${SCHEMA}.http`, 'port', '3128')
  gsettings('set', SCHEMA, 'ignore-hosts', "['localhost', '*.example']")
  before = everything()
})

afterEach(async () => {
  for (const app of open.splice(0)) await app.close()
  await bus.close()
})

describe('the system proxy', () => {
  it('is in force before anything is connected, and what it leads to is closed until then', async () => {
    const app = await start(newHome({}, DEAD_NETWORK))
    await app.invoke('connection.start')
    await waitFor('the setting', 20_000, () => (isOurs() ? true : undefined))
    const snapshot = await app.snapshot()
    expect(snapshot.systemProxy.state).toBe('on')
    expect(snapshot.connection.state).not.toBe('connected')
    const through = await curl(
      '--max-time',
      '2',
      '--proxy',
      `http://127.0.0.1:${httpPort}`,
      'http://127.0.0.1:1/',
    )
    expect(through.exitCode).not.toBe(0)
    expect(await app.invoke('connection.stop')).toEqual({ ok: true, value: undefined })
    expect(everything()).toBe(before)
  })

  it('follows its switch while connected, and everything is as before when the app quits', async () => {
    const app = await start(newHome({ systemProxy: false }))
    await app.invoke('connection.start')
    await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected')
    expect(everything()).toBe(before)
    expect(await app.invoke('system-proxy.set', true)).toEqual({ ok: true, value: undefined })
    expect(isOurs()).toBe(true)
    expect(await app.invoke('system-proxy.set', false)).toEqual({ ok: true, value: undefined })
    expect(everything()).toBe(before)
    expect(await app.invoke('system-proxy.set', true)).toEqual({ ok: true, value: undefined })
    expect(isOurs()).toBe(true)
    const tree = processTree(app.pid)
    await app.invoke('app.quit')
    await waitFor('the app to end', 20_000, () =>
      tree.every(({ pid }) => processTree(pid).length === 0) ? true : undefined,
    )
    expect(everything()).toBe(before)
  })

  it('stays on the closed door while the core is gone', async () => {
    const app = await start(newHome({}))
    await app.invoke('connection.start')
    await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected')
    expect(isOurs()).toBe(true)
    const core = coreProcess(processTree(app.pid))
    process.kill(core?.pid ?? 0, 'SIGKILL')
    await app.waitForSnapshot(
      'that it is gone',
      ({ connection }) => connection.coreRestart !== undefined,
      5000,
    )
    expect(isOurs()).toBe(true)
    await app.waitForSnapshot(
      'the connection to come back',
      ({ connection }) => connection.state === 'connected',
    )
    expect(isOurs()).toBe(true)
  })

  it('is put back by the next start after the app was killed, and closed until then', async () => {
    const home = newHome({ connectAtStart: true })
    const killed = spawnApp(home, { env: session() })
    await waitFor('the setting', 30_000, () => (isOurs() ? true : undefined))
    killed.kill('SIGKILL')
    await exitOf(killed)
    expect(isOurs()).toBe(true)
    const app = await start(newHome({ connectAtStart: false }))
    const snapshot = await app.waitForSnapshot('the start', ({ systemProxy }) => systemProxy.restoredAtStart)
    expect(snapshot.systemProxy.state).toBe('off')
    expect(everything()).toBe(before)
  })

  it('is put back by a command that needs no screen', async () => {
    const home = newHome({ connectAtStart: true })
    const killed = spawnApp(home, { env: session() })
    await waitFor('the setting', 30_000, () => (isOurs() ? true : undefined))
    killed.kill('SIGKILL')
    await exitOf(killed)
    const command = spawnApp(home, { env: { ...session(), DISPLAY: '' }, args: ['--restore-system-proxy'] })
    expect(await exitOf(command)).toBe(0)
    expect(everything()).toBe(before)
  })

  it('is put back when the session ends the app', async () => {
    const child = spawnApp(newHome({ connectAtStart: true }), { env: session() })
    await waitFor('the setting', 30_000, () => (isOurs() ? true : undefined))
    child.kill('SIGTERM')
    await exitOf(child)
    expect(everything()).toBe(before)
  })
})
