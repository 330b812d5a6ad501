/** Real gsettings on a real session bus, and Plasma's real tools: what the recorded runners only repeat, tried. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../electron/clock.ts'
import { createSystemProxy } from '../../../../electron/system-proxy/create-system-proxy.ts'
import { runRestoreCommand } from '../../../../electron/system-proxy/restore-command.ts'
import type { SystemProxy } from '../../../../electron/system-proxy/system-proxy.ts'
import { type SessionBus, startSessionBus } from '../../../support/session-bus.ts'

const DOOR = { host: '127.0.0.1', port: 9251, exceptions: { loopback: true, lan: false } }
/** While the test's process waits for a program, its own limits cannot end it. */
const PROGRAM_LIMIT_MS = 10_000
const SCHEMA = 'org.gnome.system.proxy'

let dataFolder: string
let bus: SessionBus
const opened: SystemProxy[] = []

/** A new run of the app in that session. */
function startApp(env: NodeJS.ProcessEnv): SystemProxy {
  const proxy = createSystemProxy({
    platform: 'linux',
    env,
    dataFolder,
    clock: systemClock,
    publish: () => undefined,
    log: () => undefined,
    knownDoors: () => [DOOR],
  })
  opened.push(proxy)
  return proxy
}

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'allium-data-'))
})

afterEach(async () => {
  for (const proxy of opened.splice(0)) proxy.close()
  await bus.close()
  rmSync(dataFolder, { recursive: true, force: true })
})

describe('GNOME, for real', () => {
  const gsettings = (...args: string[]): string =>
    execFileSync('/usr/bin/gsettings', args, {
      env: bus.env,
      encoding: 'utf8',
      timeout: PROGRAM_LIMIT_MS,
    }).trim()
  const everything = (): string => gsettings('list-recursively', SCHEMA)

  beforeEach(async () => {
    bus = await startSessionBus('GNOME')
  })

  it('goes on and off, and every setting is what it was before', async () => {
    gsettings('set', SCHEMA, 'ignore-hosts', "['localhost', '*.example', \"it's\"]")
    gsettings('set', `${SCHEMA}.http`, 'host', 'proxy.example')
    gsettings('set', `${SCHEMA}.socks`, 'host', 'socks.example')
    gsettings('set', `${SCHEMA}.socks`, 'port', '1080')
    gsettings('set', SCHEMA, 'autoconfig-url', 'http://wpad.example/')
    gsettings('set', SCHEMA, 'mode', 'auto')
    const before = everything()
    const app = startApp(bus.env)
    await app.restoreLeftovers()
    expect(app.view).toMatchObject({ backend: 'gnome', state: 'off', restoredAtStart: false })

    await app.apply(DOOR)
    expect(app.view.state).toBe('on')
    expect(gsettings('get', SCHEMA, 'mode')).toBe("'manual'")
    expect(gsettings('get', `${SCHEMA}.https`, 'host')).toBe("'127.0.0.1'")
    expect(gsettings('get', `${SCHEMA}.https`, 'port')).toBe('9251')
    expect(gsettings('get', `${SCHEMA}.socks`, 'host')).toBe("''")
    expect(gsettings('get', SCHEMA, 'ignore-hosts')).toBe("['localhost', '127.0.0.0/8', '::1']")
    expect(await app.readBack()).toBe('ours')
    const journal = join(dataFolder, 'system-proxy.json')
    expect(statSync(journal).mode & 0o777).toBe(0o600)

    await app.restore()
    expect(app.view.state).toBe('off')
    expect(everything()).toBe(before)
    expect(existsSync(journal)).toBe(false)
  })

  it('takes every choice of exceptions', async () => {
    const app = startApp(bus.env)
    for (const loopback of [true, false]) {
      for (const lan of [true, false]) {
        await app.apply({ ...DOOR, exceptions: { loopback, lan } })
        expect(await app.readBack()).toBe('ours')
      }
    }
    await app.restore()
    expect(gsettings('get', SCHEMA, 'mode')).toBe("'none'")
  })

  it('an app that was killed is put right by the next start', async () => {
    const before = everything()
    await startApp(bus.env).apply(DOOR)
    const next = startApp(bus.env)
    await next.restoreLeftovers()
    expect(next.view).toMatchObject({ state: 'off', restoredAtStart: true })
    expect(everything()).toBe(before)
  })

  it('and by the command that opens no window', async () => {
    const before = everything()
    await startApp(bus.env).apply(DOOR)
    const lines: string[] = []
    expect(await runRestoreCommand(startApp(bus.env), (line) => lines.push(line))).toBe(0)
    expect(lines).toEqual(['The system proxy is as it was before Allium.'])
    expect(everything()).toBe(before)
  })

  it('says that nothing was applied where there is no session bus, though gsettings ends with 0', async () => {
    const env = { ...bus.env, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' }
    const set = spawnSync('/usr/bin/gsettings', ['set', SCHEMA, 'mode', 'manual'], {
      env,
      timeout: PROGRAM_LIMIT_MS,
    })
    expect(set.status).toBe(0)
    const app = startApp(env)
    await expect(app.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-not-applied' })
    expect(app.view).toMatchObject({ state: 'failed', trouble: 'proxy-not-applied' })
    expect(existsSync(join(dataFolder, 'system-proxy.json'))).toBe(false)
  })

  it('sees that somebody else changed the setting, and takes it back when asked', async () => {
    const app = startApp(bus.env)
    await app.apply(DOOR)
    gsettings('set', SCHEMA, 'mode', 'none')
    expect(await app.readBack()).toBe('changed')
    expect(app.view.state).toBe('changed')
    await app.reapply()
    expect(app.view.state).toBe('on')
    expect(gsettings('get', SCHEMA, 'mode')).toBe("'manual'")
  })
})

describe('KDE, for real', () => {
  let file: string

  beforeEach(async () => {
    bus = await startSessionBus('KDE')
    file = join(bus.home, '.config', 'kioslaverc')
  })

  function writeSettings(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  it('goes on and off, and the file is what it was before', async () => {
    const before =
      '[Proxy Settings]\nNoProxyFor=-dash,intern.example\nProxyType=2\nReversedException=true\nhttpProxy=http://proxy.example 3128\n'
    writeSettings(file, before)
    const app = startApp(bus.env)
    await app.apply(DOOR)
    expect(app.view).toMatchObject({ backend: 'kde', state: 'on' })
    const applied = readFileSync(file, 'utf8').split('\n')
    expect(applied).toContain('ProxyType=1')
    expect(applied).toContain('httpProxy=http://127.0.0.1 9251')
    expect(applied).toContain('httpsProxy=http://127.0.0.1 9251')
    expect(applied).toContain('NoProxyFor=localhost,127.0.0.0/8,::1')
    expect(applied).toContain('ReversedException=false')
    expect(await app.readBack()).toBe('ours')
    await app.restore()
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('begins without a file and ends without a setting', async () => {
    const app = startApp(bus.env)
    await app.apply(DOOR)
    await app.restore()
    expect(readFileSync(file, 'utf8').trim()).toBe('')
  })

  it("writes both files where XDG_CONFIG_HOME leads elsewhere: Chromium reads the one in the home's .config", async () => {
    const env = { ...bus.env, XDG_CONFIG_HOME: join(bus.home, 'elsewhere') }
    const other = join(bus.home, 'elsewhere', 'kioslaverc')
    writeSettings(other, '[Proxy Settings]\nProxyType=4\n')
    const app = startApp(env)
    await app.apply(DOOR)
    for (const path of [file, other]) expect(readFileSync(path, 'utf8')).toContain('ProxyType=1\n')
    await app.restore()
    expect(readFileSync(other, 'utf8')).toBe('[Proxy Settings]\nProxyType=4\n')
  })

  it('tells programs that run: the signal of KDE leaves on the session bus', async () => {
    const broken = { ...bus.env, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' }
    const app = startApp(broken)
    await expect(app.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-tool-failed' })
    expect(readFileSync(file, 'utf8').trim()).toBe('')
  })
})
