import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OPTIONS } from '../../../core/daemon/options/table.ts'
import { VERSION } from '../../../core/daemon/version.ts'
import { TorError } from '../../../core/util/errors.ts'
import packageJson from '../../../package.json' with { type: 'json' }
import { isRefused, Run, STATUS } from './program-run.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'allium-program-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

describe('commands that start nothing', () => {
  test('--version says the version of the package', async () => {
    const run = new Run(directory, ['--version'])
    expect(await run.code).toBe(0)
    expect(run.out).toBe(`Allium version ${packageJson.version}.\n`)
    expect(VERSION).toBe(packageJson.version)
  })

  test('--help shows how to call it', async () => {
    const run = new Run(directory, ['--help'])
    expect(await run.code).toBe(0)
    expect(run.out).toContain('--verify-config')
    for (const { name, doc } of Object.values(OPTIONS)) expect(run.out).toContain(`  ${name}\n      ${doc}`)
    for (const flag of [
      'IsolateDestAddr',
      'IsolateSite',
      'SessionGroup=N',
      'OnionTrafficOnly',
      'RelaxDirModeCheck',
    ]) {
      expect(run.out).toContain(flag)
    }
    expect(run.out).toContain('How long a request may wait (default: 120)\n')
  })

  test('--list-torrc-options and --list-deprecated-options show a name on each line, sorted', async () => {
    const run = new Run(directory, ['--list-torrc-options'])
    expect(await run.code).toBe(0)
    const names = run.out.trimEnd().split('\n')
    expect(names).toHaveLength(Object.keys(OPTIONS).length)
    const lower = names.map((name) => name.toLowerCase())
    expect(lower).toEqual([...lower].sort())
    const deprecated = new Run(directory, ['--list-deprecated-options'])
    expect(await deprecated.code).toBe(0)
    expect(deprecated.out).toContain('HTTPProxy\n')
  })

  test('--hash-password shows the password as C tor keeps it', async () => {
    const run = new Run(directory, ['--hash-password', 'x'])
    expect(await run.code).toBe(0)
    expect(run.out).toMatch(/^16:[0-9A-F]{16}60[0-9A-F]{40}\n$/)
  })

  test('--dump-config shows what differs from the defaults', async () => {
    const run = new Run(directory, [
      '--dump-config',
      'short',
      '--SocksTimeout',
      '3 minutes',
      '--SafeLogging',
      '1',
    ])
    expect(await run.code).toBe(0)
    expect(run.out).toBe('SocksTimeout 180\n')
  })

  test('--verify-config says that all is well, or what is not', async () => {
    const good = new Run(directory, ['--verify-config', '--SocksPort', 'auto'])
    expect(await good.code).toBe(0)
    expect(good.out).toBe('Configuration was valid\n')
    const bad = new Run(directory, ['--verify-config', '--SocksPort', 'x'])
    expect(await bad.code).toBe(1)
    expect(bad.err).toMatch(
      /^\w{3} \d\d [\d:.]+ \[err\] command line: SocksPort: expected [^\n]+, got "x"\n$/,
    )
    expect([...good.configs, ...bad.configs]).toEqual([])
  })

  test.each([
    ['MapAddress that leads in a circle', 'MapAddress a.b c.d\nMapAddress c.d a.b', /MapAddress: .* circle/],
    ['too many lines of SocksPolicy together', 'SocksPolicy accept *\n'.repeat(1_001), /SocksPolicy: /],
    ['fewer primary guards than are used', 'NumPrimaryGuards 1\nNumEntryGuards 2', /NumPrimaryGuards/],
    ['a virtual network that is too small', 'VirtualAddrNetworkIPv4 10.0.0.0/31', /VirtualAddrNetworkIPv4/],
  ])('--verify-config refuses what the start refuses: %s', async (_what, torrc, message) => {
    const run = new Run(directory, ['-f', '/torrc', '--verify-config'], {}, torrc)
    expect(await run.code).toBe(1)
    expect(run.err).toMatch(message)
    expect(run.out).toBe('')
  })

  test('--verify-config warns as the start does, and not with --quiet', async () => {
    const torrc = 'SafeLogging 0\nSocksTimeout 60\nSocksTimeout 61'
    const run = new Run(directory, ['-f', '/torrc', '--verify-config'], {}, torrc)
    expect(await run.code).toBe(0)
    const lines = run.out.split('\n').map((line) => line.replace(/^.*?\[/, '['))
    expect(lines).toEqual([
      '[warn] /torrc:3: SocksTimeout is set more than once: the last value counts',
      expect.stringMatching(/^\[warn\] SafeLogging is off: /),
      'Configuration was valid',
      '',
    ])
    const quiet = new Run(directory, ['-f', '/torrc', '--verify-config', '--quiet'], {}, torrc)
    expect(await quiet.code).toBe(0)
    expect(quiet.out).toBe('Configuration was valid\n')
  })
})

describe('a start', () => {
  test('opens the front doors before the bootstrap, and says where', async () => {
    const run = new Run(directory, ['--SocksPort', 'auto', '--HTTPTunnelPort', 'auto', '--DNSPort', 'auto'])
    await run.until('Opened DNS')
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
    const run = new Run(directory, ['--SocksPort', '0'])
    await run.until('no application can come in')
    expect(run.out).not.toContain('Opening')
    run.ending.resolve({ kind: 'signal', name: 'INT' })
    expect(await run.code).toBe(0)
  })

  test('writes the PidFile and takes it away at the end', async () => {
    const path = join(directory, 'pid')
    const run = new Run(directory, ['--SocksPort', 'auto', '--PidFile', path])
    await run.until('Bootstrapped 0%')
    expect(readFileSync(path, 'utf8')).toBe('4711\n')
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    await run.code
    expect(existsSync(path)).toBe(false)
  })

  test('ends cleanly, and says so, when the PidFile cannot be taken away', async () => {
    const path = join(directory, 'pid')
    const run = new Run(directory, ['--SocksPort', 'auto', '--PidFile', path])
    await run.until('Bootstrapped 0%')
    rmSync(path)
    // Whoever the test runs as, this is not removed as a file.
    mkdirSync(path)
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    expect(await run.code).toBe(0)
    expect(run.out).toContain('[warn] PidFile: the file cannot be removed')
  })

  test('with TruncateLogFile begins the log anew, with its own first lines', async () => {
    const path = join(directory, 'log')
    writeFileSync(path, 'of the last run\n')
    const log = ['--Log', `notice file ${path}`, '--Log', 'notice stdout', '--TruncateLogFile', '1']
    const run = new Run(directory, ['--SocksPort', 'auto', ...log])
    await run.until('Bootstrapped 0%')
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    expect(await run.code).toBe(0)
    expect(readFileSync(path, 'utf8')).toBe(run.out)
    expect(run.out).toMatch(/^\S+ \S+ \S+ \[notice\] Allium .* running on a test\.\n/)
  })

  test('warns of choices that cost safety', async () => {
    const run = new Run(directory, ['--SocksPort', '0.0.0.0:auto', '--SafeLogging', '0'])
    await run.until('Bootstrapped 0%')
    expect(run.out).toContain('[warn] SafeLogging is off')
    expect(run.out).toContain('[warn] Everybody who can reach 0.0.0.0:0')
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    await run.code
  })
})

describe('while it runs', () => {
  test('SIGUSR1 logs the state without what identifies', async () => {
    const run = new Run(directory, ['--SocksPort', 'auto'])
    await run.until('Bootstrapped 0%')
    run.client.status.set({
      ...STATUS,
      streams: [{ id: 7, state: 'open', circuitId: 3, target: 'secret.example:443', site: 'secret.example' }],
    })
    run.signal('USR1')
    await run.until('Bandwidth:')
    expect(run.out).toContain('stream 7 to [scrubbed]: open on circuit 3\n')
    expect(run.out).not.toContain('secret.example')
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    await run.code
  })

  test('SIGUSR2 turns everything on in the logs, until a reload', async () => {
    const run = new Run(directory, ['--SocksPort', 'auto'])
    await run.until('Bootstrapped 0%')
    run.signal('USR2')
    run.log.debug('a detail')
    expect(run.out).toContain('[debug] a detail\n')
    run.signal('HUP')
    await run.until('Received reload signal')
    await run.settle()
    run.log.debug('another detail')
    expect(run.out).not.toContain('another detail')
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    await run.code
  })

  test('the end of the owning process ends it in good order', async () => {
    const run = new Run(directory, ['--SocksPort', 'auto', '--__OwningControllerProcess', '17'])
    run.processes.isThere = false
    expect(await run.code).toBe(0)
    expect(run.out).toContain('Owning controller process has vanished; exiting now.\n')
    expect(run.client.isClosed).toBe(true)
  })

  test('DisableNetwork opens no port and starts no bootstrap', async () => {
    const run = new Run(directory, ['--DisableNetwork', '1'])
    await run.until('DisableNetwork is set')
    await run.settle()
    expect(run.out).not.toContain('Opening')
    expect(run.client.isBootstrapping).toBe(false)
    run.ending.resolve({ kind: 'signal', name: 'TERM' })
    expect(await run.code).toBe(0)
  })
})

describe('nothing stays half-started', () => {
  test('when a port is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const taken = address !== null && typeof address === 'object' ? address.port : 0
    const run = new Run(directory, ['--SocksPort', 'auto', '--HTTPTunnelPort', String(taken)])
    expect(await run.code).toBe(1)
    const port = Number(/Opened Socks .*:(\d+)$/m.exec(run.out)?.[1])
    expect(run.err).toContain(`[err] cannot listen on 127.0.0.1:${taken}: `)
    expect(run.client.isClosed).toBe(true)
    expect(await isRefused(port)).toBe(true)
    server.close()
  })

  test('when the client cannot have its directory', async () => {
    const run = new Run(directory, ['--SocksPort', 'auto'], {
      createClient: () => Promise.reject(new TorError('state', 'another process uses it')),
    })
    expect(await run.code).toBe(1)
    expect(run.err).toContain(`[err] DataDirectory ${join(directory, 'allium')}: another process uses it\n`)
    expect(run.out).not.toContain('Opened')
  })

  test('when another process has the directory, whose log stays whole', async () => {
    const path = join(directory, 'log')
    writeFileSync(path, 'of the process that runs\n')
    const log = ['--Log', `notice file ${path}`, '--TruncateLogFile', '1']
    const run = new Run(directory, ['--SocksPort', 'auto', ...log], {
      createClient: () => Promise.reject(new TorError('state', 'another process uses it')),
    })
    expect(await run.code).toBe(1)
    expect(readFileSync(path, 'utf8')).toMatch(/^of the process that runs\n.*Allium .* running on/)
  })

  test('when the PidFile is a symbolic link, whose target stays as it is', async () => {
    const target = join(directory, 'precious')
    const path = join(directory, 'pid')
    writeFileSync(target, 'text')
    symlinkSync(target, path)
    const run = new Run(directory, ['--SocksPort', 'auto', '--PidFile', path])
    expect(await run.code).toBe(1)
    expect(run.err).toContain('PidFile: the file cannot be written')
    expect(readFileSync(target, 'utf8')).toBe('text')
  })

  test('when the PidFile cannot be written', async () => {
    const run = new Run(directory, ['--SocksPort', 'auto', '--PidFile', join(directory, 'no', 'pid')])
    expect(await run.code).toBe(1)
    expect(run.err).toContain('PidFile: the file cannot be written')
    expect(run.client.isClosed).toBe(true)
  })

  test('when the client can never connect', async () => {
    const run = new Run(directory, ['--SocksPort', 'auto'])
    run.client.bootstrapped.reject(new TorError('obsolete-client', 'the network needs a newer release'))
    expect(await run.code).toBe(1)
    expect(run.out).toContain('[err] Cannot bootstrap: the network needs a newer release\n')
    expect(run.client.isClosed).toBe(true)
  })

  test('when something was thrown that nobody caught', async () => {
    const run = new Run(directory, ['--SocksPort', 'auto'])
    await run.until('Bootstrapped 0%')
    run.ending.resolve({ kind: 'crash', error: new Error('oops') })
    expect(await run.code).toBe(1)
    expect(run.out).toContain('[err] Bug: Error: ')
    expect(run.client.isClosed).toBe(true)
  })

  const systemError = Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:443'), { code: 'ECONNREFUSED' })
  const reworded = new Error('read from 192.0.2.1:443')
  reworded.stack = String(reworded.stack)
  reworded.message = 'read from 192.0.2.1'
  test.each<[string, unknown, RegExp]>([
    [
      'an error of the system',
      systemError,
      /Bug: Error ECONNREFUSED: \[scrubbed\]\\x0a {4}at .*program\.test\.ts:/,
    ],
    ['a text', 'to 192.0.2.1:443', /Bug: \[scrubbed\]$/m],
    ['an error that was given other words', reworded, /Bug: Error: \[scrubbed\]$/m],
  ])(
    'and of %s that nobody caught the words are scrubbed, unless SafeLogging is 0',
    async (_what, error, words) => {
      for (const [safe, shows] of [
        ['1', false],
        ['0', true],
      ] as const) {
        const run = new Run(directory, ['--SocksPort', 'auto', '--SafeLogging', safe])
        await run.until('Bootstrapped 0%')
        run.ending.resolve({ kind: 'crash', error })
        expect(await run.code).toBe(1)
        expect(run.out.includes('192.0.2.1')).toBe(shows)
        if (!shows) expect(run.out).toMatch(words)
      }
    },
  )
})
