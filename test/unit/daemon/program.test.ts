import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ClientConfig } from '../../../core/client/config.ts'
import type { ClientStatus } from '../../../core/client/status.ts'
import type { DaemonClient } from '../../../core/daemon/daemon.ts'
import { type Ending, type ProgramHost, runProgram } from '../../../core/daemon/program.ts'
import { OPTIONS } from '../../../core/daemon/options/table.ts'
import { VERSION } from '../../../core/daemon/version.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { TorError } from '../../../core/util/errors.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'
import packageJson from '../../../package.json' with { type: 'json' }

const STATUS: ClientStatus = {
  bootstrap: { phase: 'starting', progress: undefined, blockage: undefined, isConnected: false },
  channels: [],
  circuits: [],
  streams: [],
  bandwidth: { readBytes: 0, writtenBytes: 0 },
}

class FakeClient implements DaemonClient {
  readonly status = new WatchedValue(STATUS)
  readonly bootstrapped = createDeferred<void>()
  isClosed = false

  bootstrap(): Promise<void> {
    return this.bootstrapped.promise
  }

  close(): Promise<void> {
    this.isClosed = true
    this.bootstrapped.reject(new TorError('closed', 'the client is closed'))
    return Promise.resolve()
  }

  openStream(): Promise<never> {
    return Promise.reject(new TorError('no-path', 'no network'))
  }

  resolve(): Promise<never> {
    return Promise.reject(new TorError('no-path', 'no network'))
  }

  resolveAddress(): Promise<never> {
    return Promise.reject(new TorError('no-path', 'no network'))
  }
}

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'allium-program-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

class Run {
  readonly client = new FakeClient()
  readonly ending = createDeferred<Ending>()
  readonly configs: ClientConfig[] = []
  readonly code: Promise<number>
  out = ''
  err = ''

  constructor(args: readonly string[], more: Partial<ProgramHost> = {}) {
    this.code = runProgram({
      args,
      console: {
        stdout: (text) => {
          this.out += text
        },
        stderr: (text) => {
          this.err += text
        },
      },
      files: {
        env: { XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory },
        read: () => undefined,
        list: () => undefined,
        readStdin: () => '',
      },
      clock: systemClock,
      createClient: (config) => {
        this.configs.push(config)
        return Promise.resolve(this.client)
      },
      processId: 4711,
      platform: 'a test',
      ending: this.ending.promise,
      ...more,
    })
  }

  async until(text: string): Promise<void> {
    while (!this.out.includes(text)) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

const isRefused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })

describe('commands that start nothing', () => {
  test('--version says the version of the package', async () => {
    const run = new Run(['--version'])
    expect(await run.code).toBe(0)
    expect(run.out).toBe(`Allium version ${packageJson.version}.\n`)
    expect(VERSION).toBe(packageJson.version)
  })

  test('--help shows how to call it', async () => {
    const run = new Run(['--help'])
    expect(await run.code).toBe(0)
    expect(run.out).toContain('--verify-config')
    for (const { name, doc } of Object.values(OPTIONS)) expect(run.out).toContain(`  ${name}\n      ${doc}\n`)
  })

  test('--list-torrc-options and --list-deprecated-options show a name on each line, sorted', async () => {
    const run = new Run(['--list-torrc-options'])
    expect(await run.code).toBe(0)
    const names = run.out.trimEnd().split('\n')
    expect(names).toHaveLength(Object.keys(OPTIONS).length)
    const lower = names.map((name) => name.toLowerCase())
    expect(lower).toEqual([...lower].sort())
    const deprecated = new Run(['--list-deprecated-options'])
    expect(await deprecated.code).toBe(0)
    expect(deprecated.out).toContain('HTTPProxy\n')
  })

  test('--hash-password shows the password as C tor keeps it', async () => {
    const run = new Run(['--hash-password', 'x'])
    expect(await run.code).toBe(0)
    expect(run.out).toMatch(/^16:[0-9A-F]{16}60[0-9A-F]{40}\n$/)
  })

  test('--dump-config shows what differs from the defaults', async () => {
    const run = new Run(['--dump-config', 'short', '--SocksTimeout', '3 minutes', '--SafeLogging', '1'])
    expect(await run.code).toBe(0)
    expect(run.out).toBe('SocksTimeout 180\n')
  })

  test('--verify-config says that all is well, or what is not', async () => {
    const good = new Run(['--verify-config', '--SocksPort', 'auto'])
    expect(await good.code).toBe(0)
    expect(good.out).toBe('Configuration was valid\n')
    const bad = new Run(['--verify-config', '--SocksPort', 'x'])
    expect(await bad.code).toBe(1)
    expect(bad.err).toMatch(
      /^\w{3} \d\d [\d:.]+ \[err\] command line: SocksPort: expected [^\n]+, got "x"\n$/,
    )
    expect([...good.configs, ...bad.configs]).toEqual([])
  })
})

describe('a start', () => {
  test('opens the front doors before the bootstrap, and says where', async () => {
    const run = new Run(['--SocksPort', 'auto', '--HTTPTunnelPort', 'auto'])
    await run.until('Opened HTTP tunnel')
    const port = Number(
      /Opened Socks listener connection \(ready\) on 127\.0\.0\.1:(\d+)$/m.exec(run.out)?.[1],
    )
    expect(run.out).toMatch(/Opened HTTP tunnel listener connection \(ready\) on 127\.0\.0\.1:\d+$/m)
    expect(await isRefused(port)).toBe(false)
    run.client.status.set({ ...STATUS, bootstrap: { ...STATUS.bootstrap, phase: 'done' } })
    await run.until('Bootstrapped 100% (done): Done')
    expect(run.configs[0]?.dataDirectory).toBe(join(directory, 'allium'))
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    expect(await run.code).toBe(0)
    expect(run.out).toContain('[notice] Catching signal TERM, exiting cleanly.\n')
    expect(run.client.isClosed).toBe(true)
    expect(await isRefused(port)).toBe(true)
  })

  test('with SocksPort 0 opens no SOCKS port', async () => {
    const run = new Run(['--SocksPort', '0'])
    await run.until('no application can come in')
    expect(run.out).not.toContain('Opening')
    run.ending.resolve({ kind: 'signal', name: 'INT' })
    expect(await run.code).toBe(0)
  })

  test('writes the PidFile and takes it away at the end', async () => {
    const path = join(directory, 'pid')
    const run = new Run(['--SocksPort', 'auto', '--PidFile', path])
    await run.until('Bootstrapped 0%')
    expect(readFileSync(path, 'utf8')).toBe('4711\n')
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    await run.code
    expect(existsSync(path)).toBe(false)
  })

  test('warns of choices that cost safety', async () => {
    const run = new Run(['--SocksPort', '0.0.0.0:auto', '--SafeLogging', '0'])
    await run.until('Bootstrapped 0%')
    expect(run.out).toContain('[warn] SafeLogging is off')
    expect(run.out).toContain('[warn] Everybody who can reach 0.0.0.0:0')
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    await run.code
  })
})

describe('nothing stays half-started', () => {
  test('when a port is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const taken = address !== null && typeof address === 'object' ? address.port : 0
    const run = new Run(['--SocksPort', 'auto', '--HTTPTunnelPort', String(taken)])
    expect(await run.code).toBe(1)
    const port = Number(/Opened Socks .*:(\d+)$/m.exec(run.out)?.[1])
    expect(run.err).toContain(`[err] cannot listen on 127.0.0.1:${taken}: `)
    expect(run.client.isClosed).toBe(true)
    expect(await isRefused(port)).toBe(true)
    server.close()
  })

  test('when the client cannot have its directory', async () => {
    const run = new Run(['--SocksPort', 'auto'], {
      createClient: () => Promise.reject(new TorError('state', 'another process uses it')),
    })
    expect(await run.code).toBe(1)
    expect(run.err).toContain(`[err] DataDirectory ${join(directory, 'allium')}: another process uses it\n`)
    expect(run.out).not.toContain('Opened')
  })

  test('when the PidFile cannot be written', async () => {
    const run = new Run(['--SocksPort', 'auto', '--PidFile', join(directory, 'no', 'pid')])
    expect(await run.code).toBe(1)
    expect(run.err).toContain('PidFile: the file cannot be written')
    expect(run.client.isClosed).toBe(true)
  })

  test('when the client can never connect', async () => {
    const run = new Run(['--SocksPort', 'auto'])
    run.client.bootstrapped.reject(new TorError('obsolete-client', 'the network needs a newer release'))
    expect(await run.code).toBe(1)
    expect(run.out).toContain('[err] Cannot bootstrap: the network needs a newer release\n')
    expect(run.client.isClosed).toBe(true)
  })

  test('when something was thrown that nobody caught', async () => {
    const run = new Run(['--SocksPort', 'auto'])
    await run.until('Bootstrapped 0%')
    run.ending.resolve({ kind: 'crash', error: new Error('oops') })
    expect(await run.code).toBe(1)
    expect(run.out).toContain('[err] Bug: Error: oops')
    expect(run.client.isClosed).toBe(true)
  })
})
