/** SIGHUP: what is changed, what stays as it is, and that a bad file changes nothing. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TorError } from '../../../core/util/errors.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { FakeOpener } from '../proxy/fake-opener.ts'
import { isRefused, Run } from './program-run.ts'

let directory: string
let runs: Run[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'allium-reload-'))
  runs = []
})

afterEach(async () => {
  for (const run of runs) {
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    await run.code
  }
  rmSync(directory, { recursive: true })
})

async function start(torrc: string): Promise<Run> {
  const run = new Run(directory, ['-f', '/torrc'], {}, torrc)
  runs.push(run)
  await run.until('Bootstrapped 0%')
  return run
}

/** Reloads with this torrc, and returns what the log says from there on. */
async function reload(run: Run, torrc: string): Promise<string> {
  const from = run.out.length
  run.torrc = torrc
  run.signal('HUP')
  await run.settle()
  await new Promise((resolve) => setTimeout(resolve, 20))
  return run.out.slice(from)
}

const portsOf = (log: string): number[] =>
  [...log.matchAll(/Opened \S+(?: tunnel)? listener connection \(ready\) on 127\.0\.0\.1:(\d+)/g)].map(
    ([, port]) => Number(port),
  )

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('connect', () => resolve(socket))
    socket.on('error', reject)
  })
}

/** What a SOCKS5 port says to a program that needs no password. */
async function greet(port: number): Promise<number[]> {
  const socket = await open(port)
  socket.write(Uint8Array.of(5, 1, 0))
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', (data: Buffer) => resolve(data)))
  socket.destroy()
  return [...answer]
}

/** Opens a stream through a SOCKS5 port; resolves when it is there. */
async function connectThrough(port: number): Promise<Socket> {
  const socket = await open(port)
  const name = 'example.com'
  socket.write(Buffer.concat([Uint8Array.of(5, 1, 0, 5, 1, 0, 3, name.length), Buffer.from(`${name}\0P`)]))
  let received = 0
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed before it was connected')))
    socket.on('data', (data: Buffer) => {
      received += data.length
      if (received >= 12) resolve()
    })
  })
  return socket
}

async function startWithOpener(torrc: string): Promise<{ run: Run; opener: FakeOpener; port: number }> {
  const run = await start(torrc)
  const opener = new FakeOpener()
  run.client.opener = opener
  return { run, opener, port: portsOf(run.out)[0] ?? 0 }
}

describe('a reload', () => {
  test('opens and closes ports, and drops no connection of one that stays', async () => {
    const run = await start('SocksPort auto\nHTTPTunnelPort auto')
    const [socks = 0, http = 0] = portsOf(run.out)
    const application = await open(socks)
    let isDropped = false
    application.on('close', () => (isDropped = true))
    const log = await reload(run, 'SocksPort auto\n__HTTPTunnelPort auto SessionGroup=5')
    expect(log).toContain(`Closing no-longer-configured HTTP tunnel listener on 127.0.0.1:${http}\n`)
    const [other = 0] = portsOf(log)
    expect([await isRefused(http), await isRefused(other), isDropped]).toEqual([true, false, false])
    application.destroy()
  })

  test('changes the flags of a port in place', async () => {
    const run = await start('SocksPort auto')
    const [port = 0] = portsOf(run.out)
    await reload(run, `SocksPort ${port} IsolateDestAddr`)
    const log = await reload(run, `SocksPort ${port} IsolateDestPort`)
    expect(portsOf(log)).toEqual([port])
    expect(await isRefused(port)).toBe(false)
  })

  test.each<[string, (port: number) => string]>([
    ['changes the flags of its port', (port) => `SocksPort ${port} OnionTrafficOnly`],
    ['changes the time limit of requests', () => 'SocksPort auto\nSocksTimeout 77'],
    ['takes its port away', () => 'SocksPort 0'],
  ])('cuts no stream when it %s', async (_what, torrcFor) => {
    const { run, opener, port } = await startWithOpener('SocksPort auto')
    const socket = await connectThrough(port)
    await reload(run, torrcFor(port))
    const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve))
    opener.streams[0]?.deliver(Buffer.from('still here'))
    expect((await answer).toString()).toBe('still here')
    expect(opener.streams[0]?.destroyedWith).toBe('not-destroyed')
    socket.destroy()
  })

  test('with DisableNetwork ends also the streams of a port that was changed before', async () => {
    const { run, port } = await startWithOpener('SocksPort auto')
    const socket = await connectThrough(port)
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    await reload(run, `SocksPort ${port} OnionTrafficOnly`)
    await reload(run, `SocksPort ${port} OnionTrafficOnly\nDisableNetwork 1`)
    await closed
  })

  test('gives the next request through an open port the new time limit', async () => {
    const limits: number[] = []
    const clock = {
      ...systemClock,
      setTimer(delayMs: number, callback: () => void) {
        limits.push(delayMs)
        return systemClock.setTimer(delayMs, callback)
      },
    }
    const run = new Run(directory, ['-f', '/torrc'], { clock }, 'SocksPort auto')
    runs.push(run)
    await run.until('Bootstrapped 0%')
    run.client.opener = new FakeOpener()
    const log = await reload(run, 'SocksPort auto\nSocksTimeout 77')
    expect(log).not.toContain('Closing')
    limits.length = 0
    const socket = await connectThrough(portsOf(run.out)[0] ?? 0)
    expect(limits).toContain(77_000)
    socket.destroy()
  })

  test('holds applications to new rules without closing a port', async () => {
    const run = await start('SocksPort auto')
    const [port = 0] = portsOf(run.out)
    const log = await reload(run, 'SocksPort auto\nSocksPolicy reject *')
    expect(log).not.toContain('Closing')
    const refused = await open(port)
    await new Promise<void>((resolve) => refused.on('close', () => resolve()).resume())
    await reload(run, 'SocksPort auto')
    expect(await greet(port)).toEqual([5, 0])
  })

  test('leaves the old rules in force when a new port cannot be opened', async () => {
    const run = await start('SocksPort auto')
    const [port = 0] = portsOf(run.out)
    await reload(run, 'SocksPort auto\nHTTPTunnelPort 192.0.2.1:1\nSocksPolicy reject *')
    expect(await greet(port)).toEqual([5, 0])
  })

  test('opens, changes and removes a unix socket', async () => {
    const run = await start('SocksPort 0')
    const path = join(directory, 'socks')
    await reload(run, `SocksPort unix:${path}`)
    expect(statSync(path).isSocket()).toBe(true)
    expect(await reload(run, `SocksPort unix:${path} IsolateDestAddr`)).toContain(`(ready) on ${path}\n`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await reload(run, 'SocksPort 0')
    expect(existsSync(path)).toBe(false)
  })

  test('tells the client its new configuration', async () => {
    const run = await start('SocksPort auto\nMaxCircuitDirtiness 600')
    await reload(run, 'SocksPort auto\nMaxCircuitDirtiness 60')
    expect(run.client.reconfigured.map(({ maxCircuitDirtinessMs }) => maxCircuitDirtinessMs)).toEqual([
      60_000,
    ])
  })

  test('opens log files anew, as who rotates them expects', async () => {
    const path = join(directory, 'log')
    const torrc = `SocksPort auto\nLog notice stdout\nLog notice file ${path}`
    const run = await start(torrc)
    renameSync(path, `${path}.1`)
    run.log.notice('still in the old one')
    await reload(run, torrc)
    run.log.notice('in the new one')
    expect(readFileSync(`${path}.1`, 'utf8')).toContain('still in the old one')
    expect(readFileSync(path, 'utf8')).toContain('in the new one')
  })

  test('with DisableNetwork closes the ports, and without it opens them again and starts the bootstrap', async () => {
    const run = new Run(directory, ['-f', '/torrc'], {}, 'DisableNetwork 1\nSocksPort auto')
    runs.push(run)
    await run.until('Bootstrapped 0%')
    expect(run.client.isBootstrapping).toBe(false)
    const [port = 0] = portsOf(await reload(run, 'SocksPort auto'))
    expect([await isRefused(port), run.client.isBootstrapping]).toEqual([false, true])
    await reload(run, 'DisableNetwork 1\nSocksPort auto')
    expect(await isRefused(port)).toBe(true)
    expect(run.client.reconfigured.map(({ isNetworkDisabled }) => isNetworkDisabled)).toEqual([false, true])
  })

  test('reads nothing with __ReloadTorrcOnSIGHUP 0', async () => {
    const run = await start('SocksPort auto\n__ReloadTorrcOnSIGHUP 0')
    expect(await reload(run, 'Bogus 1')).toContain('Not reloading config file')
  })
})

describe('a reload without a file that an %include led to', () => {
  const BRIDGES = 'UseBridges 1\nBridge 192.0.2.1:443'
  const WARNING = '[warn] The included file "/conf/b.conf" is gone: what stood in it is no longer in force.'

  /** Starts with both files, and returns what the reload without the second one logs. */
  async function loseSecond(first: string, second: string): Promise<{ run: Run; log: string }> {
    const files = new Map([
      ['/torrc', 'SocksPort auto\n%include /conf/*.conf'],
      ['/conf/a.conf', first],
      ['/conf/b.conf', second],
    ])
    const run = new Run(directory, ['-f', '/torrc'], {
      files: {
        env: {},
        read: (path) => files.get(path),
        list: (folder) =>
          folder.startsWith('/conf') && !folder.endsWith('.conf')
            ? [...files.keys()]
                .filter((path) => path.startsWith('/conf/'))
                .map((path) => ({ name: path.slice('/conf/'.length), isFolder: false }))
            : undefined,
        readStdin: () => '',
      },
    })
    runs.push(run)
    await run.until('Bootstrapped 0%')
    files.delete('/conf/b.conf')
    return { run, log: await reload(run, '') }
  }

  test('says which file is gone, and that what stood in it does not hold any more', async () => {
    const { run, log } = await loseSecond(BRIDGES, 'ExcludeNodes {de}')
    expect(log).toContain(WARNING)
    expect(run.client.reconfigured.map(({ bridges }) => bridges?.length)).toEqual([1])
  })

  test('keeps the old settings where bridges would not be used any more', async () => {
    const { run, log } = await loseSecond('ExcludeNodes {de}', BRIDGES)
    expect(log).toContain(
      '[warn] The old settings stay: the configuration file "/conf/b.conf" is not there any more',
    )
    expect(log).not.toContain(WARNING)
    expect(run.client.reconfigured).toEqual([])
  })
})

describe('a reload that cannot be is a warning, and nothing has changed', () => {
  test.each([
    ['a bad line', 'SocksPort auto\nBogus 1', '/torrc:2: Bogus is not a known option'],
    ['an option that is fixed', 'SocksPort auto\nDataDirectory /elsewhere', 'DataDirectory: cannot change'],
    [
      'several of them',
      'SocksPort auto\nPidFile /x\nDataDirectory /elsewhere',
      'DataDirectory, PidFile: cannot change while the program runs',
    ],
    ['a log that cannot be opened', 'SocksPort auto\nLog notice file /nonexistent/log', 'Log: '],
    [
      'a listener that cannot be opened',
      'SocksPort auto\nHTTPTunnelPort 192.0.2.1:1',
      'cannot listen on 192.0.2.1:1',
    ],
  ])('for %s', async (_what, torrc, words) => {
    const run = await start('SocksPort auto')
    const [port = 0] = portsOf(run.out)
    const log = await reload(run, torrc)
    expect(log).toContain(`[warn] The old settings stay: ${words}`)
    expect(await isRefused(port)).toBe(false)
    const told = run.client.reconfigured.map(({ dataDirectory }) => dataDirectory)
    expect(new Set(told).size).toBeLessThanOrEqual(1)
    // And the next one can be good.
    expect(await reload(run, 'SocksPort auto\nSocksPort auto')).not.toContain('[warn]')
  })

  test('for what the client refuses', async () => {
    const run = await start('SocksPort auto')
    run.client.refusal = new TorError('bad-config', 'ExitNodes: no such relay')
    expect(await reload(run, 'HTTPTunnelPort auto')).toContain(
      'The old settings stay: ExitNodes: no such relay',
    )
    expect(await isRefused(portsOf(run.out)[0] ?? 0)).toBe(false)
  })

  test('for a torrc that is gone', async () => {
    const run = await start('SocksPort auto')
    run.torrc = undefined
    run.signal('HUP')
    await run.until('The old settings stay: the configuration file "/torrc" is not there')
    expect(existsSync(directory)).toBe(true)
  })

  const ignoring = (option: string): string[] => [option, '/torrc', '--ignore-missing-torrc']
  test.each<[string, string[], (usual: string) => string]>([
    ['the usual torrc', [], (usual) => usual],
    ['a torrc that may be missing', ignoring('-f'), () => '/torrc'],
    ['a defaults file that may be missing', ignoring('--defaults-torrc'), () => '/torrc'],
  ])('for %s that was read and is gone: the bridges in it stay in force', async (_what, args, pathOf) => {
    const path = pathOf(join(directory, 'allium', 'torrc'))
    const torrcs = new Map([[path, 'SocksPort auto']])
    const run = new Run(directory, args, {
      files: {
        env: { XDG_CONFIG_HOME: directory },
        read: (name) => torrcs.get(name),
        list: () => undefined,
        readStdin: () => '',
      },
    })
    runs.push(run)
    await run.until('Bootstrapped 0%')
    torrcs.set(path, 'SocksPort auto\nUseBridges 1\nBridge 192.0.2.1:443')
    await reload(run, '')
    torrcs.clear()
    expect(await reload(run, '')).toContain(
      `[warn] The old settings stay: the configuration file "${path}" is not there any more`,
    )
    expect(run.client.reconfigured.map(({ bridges }) => bridges?.length)).toEqual([1])
    torrcs.set(path, 'SocksPort auto')
    expect(await reload(run, '')).not.toContain('The old settings stay')
  })
})
