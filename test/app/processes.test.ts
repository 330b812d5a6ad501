/** The app as processes: who holds sockets, what happens when one of them dies, and that nothing is left behind. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { curl } from '../interop/support/curl.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { startWebServer } from '../interop/support/test-servers.ts'
import { sleep, waitFor } from '../interop/support/waiting.ts'
import { type AppHome, createHome } from './support/app-home.ts'
import { exitOf, launchApp, type RunningApp, spawnApp } from './support/launch-app.ts'
import { coreProcess, internetSockets, type ProcessInfo, processTree } from './support/process-tree.ts'

const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function connectedHome(): Promise<{ home: AppHome; httpPort: number }> {
  const [socksPort, httpPort = 0] = await findFreePorts(2)
  const home = createHome({
    network: inject('network'),
    settings: { entry: 'direct', connectAtStart: true, socksPort, httpPort },
    hasConnectedBefore: true,
  })
  cleanUps.push(() => home.remove())
  return { home, httpPort }
}

async function openApp(home: AppHome): Promise<RunningApp> {
  const app = await launchApp(home)
  cleanUps.push(() => app.close())
  return app
}

async function startWeb(): Promise<string> {
  const web = await startWebServer()
  cleanUps.push(() => web.close())
  return `http://ok.test:${web.port}/`
}

/** The status that our web server answers with, seen through the app's door; undefined while nothing passes. */
async function statusThrough(httpPort: number, url: string): Promise<string | undefined> {
  const { exitCode, body } = await curl(
    '--proxytunnel',
    '--proxy',
    `http://127.0.0.1:${httpPort}`,
    '--output',
    '/dev/null',
    '--write-out',
    '%{http_code}',
    url,
  )
  return exitCode === 0 ? body : undefined
}

function corePid(app: RunningApp): number {
  const core = coreProcess(processTree(app.pid))
  if (core === undefined) throw new Error('the core does not run')
  return core.pid
}

function living(processes: readonly ProcessInfo[]): readonly string[] {
  return processes.filter(({ pid }) => processTree(pid).length > 0).map(({ command }) => command)
}

describe('the app', () => {
  it('opens no socket of the Internet except those of the core, from its start until it has transferred', async () => {
    const { home, httpPort } = await connectedHome()
    const url = await startWeb()
    const child = spawnApp(home)
    const pid = child.pid ?? 0
    const strangers = new Set<string>()
    let coreSockets = 0
    const look = (): void => {
      const tree = processTree(pid)
      const core = coreProcess(tree)
      for (const socket of internetSockets(tree)) {
        if (socket.pid === core?.pid) coreSockets++
        else strangers.add(`${socket.command}: ${socket.table} ${socket.line}`)
      }
    }
    const watching = setInterval(look, 20)
    try {
      await waitFor('a transfer through the app', 90_000, () => statusThrough(httpPort, url), 250)
      await sleep(3000)
    } finally {
      clearInterval(watching)
      const tree = processTree(pid)
      child.kill('SIGTERM')
      await exitOf(child)
      expect(living(tree)).toEqual([])
    }
    expect(coreSockets).toBeGreaterThan(0)
    expect([...strangers]).toEqual([])
  })

  it('runs once: a second start brings the first one to the front and ends', async () => {
    const home = createHome()
    cleanUps.push(() => home.remove())
    const app = await openApp(home)
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize())
    const second = spawnApp(home)
    expect(await exitOf(second)).toBe(0)
    await waitFor('the first window', 10_000, async () =>
      (await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible())) ===
      true
        ? true
        : undefined,
    )
  })

  it('keeps the place of its window, and opens it where it can be seen', async () => {
    const home = createHome()
    cleanUps.push(() => home.remove())
    const file = join(home.userData, 'window.json')
    writeFileSync(file, JSON.stringify({ x: 9000, y: 9000, width: 800, height: 500, isMaximized: false }))
    const app = await launchApp(home)
    const bounds = await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.getBounds(),
    )
    expect(bounds).toMatchObject({ width: 800, height: 500 })
    expect(bounds?.x).toBeLessThan(1400)
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setSize(900, 600))
    await app.close()
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ width: 900, height: 600 })
  })
})

describe('the core', () => {
  it('is seen to have crashed, said, and started again on the same ports', async () => {
    const { home, httpPort } = await connectedHome()
    const url = await startWeb()
    const app = await openApp(home)
    await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected')
    const before = await app.snapshot()
    process.kill(corePid(app), 'SIGKILL')
    const down = await app.waitForSnapshot(
      'that it is said',
      ({ connection }) => connection.coreRestart !== undefined,
      5000,
    )
    expect(down.connection.state).toBe('protected-down')
    const after = await app.waitForSnapshot(
      'the connection to come back',
      ({ connection }) => connection.state === 'connected',
    )
    expect(after.proxies).toEqual(before.proxies)
    expect(await waitFor('a transfer', 60_000, () => statusThrough(httpPort, url), 250)).toBe('200')
  })

  it('is ended and started again when it hangs', async () => {
    const { home } = await connectedHome()
    const app = await openApp(home)
    await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected')
    const hung = corePid(app)
    process.kill(hung, 'SIGSTOP')
    await app.waitForSnapshot(
      'that it is said',
      ({ connection }) => connection.coreRestart !== undefined,
      20_000,
    )
    await app.waitForSnapshot(
      'the connection to come back',
      ({ connection }) => connection.state === 'connected',
    )
    expect(corePid(app)).not.toBe(hung)
    expect(existsSync(`/proc/${hung}`)).toBe(false)
  })

  it('ends with the app when the app is killed', async () => {
    const { home, httpPort } = await connectedHome()
    const url = await startWeb()
    const child = spawnApp(home)
    await waitFor('a transfer through the app', 90_000, () => statusThrough(httpPort, url), 250)
    const tree = processTree(child.pid ?? 0)
    child.kill('SIGKILL')
    await waitFor('its processes to end', 15_000, () => (living(tree).length === 0 ? true : undefined))
  })

  it('is there while connected alone, and gone with its sockets after disconnecting', async () => {
    const [socksPort, httpPort] = await findFreePorts(2)
    const home = createHome({
      network: inject('network'),
      settings: { entry: 'direct', socksPort, httpPort },
    })
    cleanUps.push(() => home.remove())
    const app = await openApp(home)
    expect(coreProcess(processTree(app.pid))).toBeUndefined()
    expect(await app.invoke('connection.start')).toEqual({ ok: true, value: undefined })
    await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected')
    expect(await app.invoke('connection.stop')).toEqual({ ok: true, value: undefined })
    const off = await app.snapshot()
    expect(off.connection.state).toBe('off')
    expect(off.proxies.http).toBeUndefined()
    expect(off.circuits.circuits).toEqual([])
    expect(coreProcess(processTree(app.pid))).toBeUndefined()
  })
})

describe('the page', () => {
  it('is loaded again when its process was killed, and shows what is so', async () => {
    const home = createHome()
    cleanUps.push(() => home.remove())
    const app = await openApp(home)
    const page = processTree(app.pid).find(({ command }) => command.includes('--type=renderer'))
    if (page === undefined) throw new Error('there is no page')
    process.kill(page.pid, 'SIGKILL')
    await waitFor('another page', 20_000, async () => {
      const state: unknown = await app.electron.evaluate(({ BrowserWindow }) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents
        if (contents === undefined || contents.isCrashed() || contents.isLoading()) return undefined
        const script = `window.allium.invoke('snapshot.read').then((outcome) => outcome.ok)`
        // A page that dies under the question never answers it.
        const silence = new Promise((resolve) => setTimeout(resolve, 1000))
        return Promise.race([contents.executeJavaScript(script), silence])
      })
      return state === true ? true : undefined
    })
  })

  it('is loaded again when somebody asks for the window, also after it crashed too often to come back by itself', async () => {
    const home = createHome({ network: inject('network') })
    cleanUps.push(() => home.remove())
    const app = await openApp(home)
    const isCrashed = (): Promise<boolean | undefined> =>
      app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.isCrashed())
    /** As the page's process says it, once it has one again. */
    const title = (): Promise<unknown> =>
      app.electron.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript('document.title'),
      )
    for (let crash = 1; crash <= 4; crash++) {
      await waitFor('the page', 15_000, async () => ((await isCrashed()) === false ? true : undefined))
      expect(await title()).toBe('Allium')
      await app.electron.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
      )
      await waitFor('the crash', 15_000, async () => (crash < 4 || (await isCrashed()) ? true : undefined))
      await sleep(500)
    }
    expect(await isCrashed()).toBe(true)
    const second = spawnApp(home)
    await exitOf(second)
    await waitFor('the page', 15_000, async () => ((await isCrashed()) === false ? true : undefined))
    expect(await title()).toBe('Allium')
  })
})
