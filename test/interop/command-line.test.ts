/** The program as a user or a service manager runs it: options, exit codes, signals, files and their rights. */
import { execFile, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { ClientProcess, commandOf, createClientHome, PROGRAM, startClient } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { expectNoProtocolWarnings, viaSocks } from './support/fixture.ts'
import { localAddressesOf } from './support/relay-view.ts'
import { startWebServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'

expectNoProtocolWarnings()
const homes: ClientProcess['home'][] = []
const clients: ClientProcess[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end('SIGKILL')
  for (const home of homes.splice(0)) home.remove()
})

async function connected(): Promise<ClientProcess> {
  const client = await startClient(clientLines(inject('network')))
  clients.push(client)
  homes.push(client.home)
  return client
}

async function home(...lines: string[]): Promise<ClientProcess['home']> {
  const made = await createClientHome([...clientLines(inject('network')), ...lines])
  homes.push(made)
  return made
}

interface Run {
  readonly code: number
  readonly output: string
}

/** Runs the program to its own end. */
function run(...args: readonly string[]): Promise<Run> {
  const [file, ...first] = commandOf(PROGRAM)
  return new Promise((resolve) => {
    execFile(file, [...first, ...args], { timeout: 20_000 }, (error, stdout, stderr) => {
      const code = error?.code
      resolve({ code: error === null ? 0 : typeof code === 'number' ? code : -1, output: stdout + stderr })
    })
  })
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '')

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'comes with exit code 0 after %s, and the ports are closed',
    async (signal) => {
      const client = await connected()
      expect(await client.end(signal)).toEqual({ code: 0, signal: null })
      const request = await curl(...viaSocks(client), 'http://ok.test/')
      expect(request.exitCode).not.toBe(0)
    },
  )

  test('comes with exit code 0 while streams and a bootstrap are under way', async () => {
    const made = await home()
    const client = new ClientProcess(made)
    clients.push(client)
    await client.waitForLog(/Bootstrapped \d+%/, 10_000)
    expect(await client.end()).toEqual({ code: 0, signal: null })
  })
})

describe('the data directory', () => {
  test('belongs to one process: a second is refused with a clear line, and the first works on', async () => {
    const first = await connected()
    const { socksPort, httpPort } = await home()
    const ports = ['--SocksPort', `127.0.0.1:${socksPort}`, '--HTTPTunnelPort', `127.0.0.1:${httpPort}`]
    const second = await run('-f', first.home.torrc, ...ports)
    expect(second.code).toBe(1)
    expect(second.output).toContain(first.home.directory)
    const web = await startWebServer()
    const result = await curl(...viaSocks(first), `http://ok.test:${web.port}/`)
    await web.close()
    expect(result.exitCode).toBe(0)
  })

  test('is open to its owner only, with all that is in it', async () => {
    const client = await connected()
    const { directory } = client.home
    const open = ['', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })]
      .map((name) => join(directory, name))
      .filter((path) => (statSync(path).mode & 0o077) !== 0)
    expect(open).toEqual([])
  })
})

describe('a configuration that is not understood', () => {
  test.each([
    ['an unknown option', 'NoSuchOption 1', /NoSuchOption/],
    ['a value that is no port', 'SocksPort nonsense', /SocksPort/],
    ['a value that is no boolean', 'ClientUseIPv4 perhaps', /ClientUseIPv4/],
    ['a broken authority line', 'DirAuthority broken', /DirAuthority/],
  ])('ends the start with exit code 1 and names %s', async (_what, line, named) => {
    const made = await home(line)
    const { code, output } = await run('-f', made.torrc)
    expect(code).toBe(1)
    expect(output).toMatch(named)
    expect(existsSync(made.directory)).toBe(false)
    if (PROGRAM === 'allium') expect(linesOf(output)).toHaveLength(1)
  })

  test('is found on the command line too', async () => {
    const made = await home()
    const { code, output } = await run('-f', made.torrc, '--NoSuchOption', '1')
    expect(code).toBe(1)
    expect(output).toMatch(/NoSuchOption/)
  })

  test('may be a file that is not there', async () => {
    const { code, output } = await run('-f', '/nonexistent/torrc')
    expect(code).toBe(1)
    expect(output).toContain('/nonexistent/torrc')
  })
})

describe('the command line', () => {
  test('overrides the file', async () => {
    const made = await home()
    const { socksPort } = await home()
    const client = new ClientProcess(made, PROGRAM, ['--SocksPort', `127.0.0.1:${socksPort}`])
    clients.push(client)
    await client.bootstrapped()
    const web = await startWebServer()
    const url = `http://ok.test:${web.port}/`
    const byFile = await curl(...viaSocks(client), url)
    const byCommandLine = await curl('--proxy', `socks5h://127.0.0.1:${socksPort}`, url)
    await web.close()
    expect([byFile.exitCode === 0, byCommandLine.exitCode === 0]).toEqual([false, true])
  })

  test('checks a configuration without starting anything', async () => {
    const made = await home()
    expect((await run('--verify-config', '-f', made.torrc)).code).toBe(0)
    const bad = await home('NoSuchOption 1')
    expect((await run('--verify-config', '-f', bad.torrc)).code).toBe(1)
  })

  test('tells the version', async () => {
    const { code, output } = await run('--version')
    expect(code).toBe(0)
    expect(output).toMatch(/\d+\.\d+\.\d+/)
  })
})

describe.runIf(PROGRAM === 'allium')('signals', () => {
  test('HUP reads the torrc again: a new port opens, and connections of the old one go on', async () => {
    const client = await connected()
    const { socksPort } = await home()
    const web = await startWebServer()
    const application = connect({ host: '127.0.0.1', port: client.socksPort })
    let isDropped = false
    application.on('close', () => {
      isDropped = true
    })
    appendFileSync(client.home.torrc, `SocksPort 127.0.0.1:${socksPort} IsolateDestAddr\n`)
    process.kill(client.pid, 'SIGHUP')
    await client.waitForLog(
      new RegExp(`Opened Socks listener connection .* on 127\\.0\\.0\\.1:${socksPort}`),
      10_000,
    )
    const byNewPort = await curl('--proxy', `socks5h://127.0.0.1:${socksPort}`, `http://ok.test:${web.port}/`)
    expect([byNewPort.exitCode, isDropped]).toEqual([0, false])
    application.destroy()
    appendFileSync(client.home.torrc, 'NoSuchOption 1\n')
    process.kill(client.pid, 'SIGHUP')
    await client.waitForLog(/The old settings stay: .*NoSuchOption/, 10_000)
    const after = await curl('--proxy', `socks5h://127.0.0.1:${socksPort}`, `http://ok.test:${web.port}/`)
    await web.close()
    expect(after.exitCode).toBe(0)
  })

  test('USR1 logs the state, names no relay, and opens no debugger', async () => {
    const client = await connected()
    process.kill(client.pid, 'SIGUSR1')
    await client.waitForLog(/Bandwidth: /, 10_000)
    expect(client.log).toMatch(/Circuits: \d+ \(.*\d+ open/)
    expect(client.log).not.toMatch(/\$[0-9A-F]{40}/)
    expect(client.log).not.toContain('Debugger listening')
    expect(localAddressesOf(client.pid, 'tcp', true)).toHaveLength(2)
  })

  test('USR2 shows every detail, and HUP fewer again', async () => {
    const client = await connected()
    process.kill(client.pid, 'SIGUSR2')
    await client.waitForLog(/going to loglevel debug/, 10_000)
    process.kill(client.pid, 'SIGHUP')
    await client.waitForLog(/Received reload signal/, 10_000)
  })

  test('the program ends when the process that owns it is gone', async () => {
    const made = await home()
    const owner = spawn('sleep', ['600'])
    const client = new ClientProcess(made, PROGRAM, ['--__OwningControllerProcess', String(owner.pid)])
    clients.push(client)
    await client.waitForLog(/Bootstrapped \d+%/, 10_000)
    owner.kill('SIGKILL')
    await client.waitForLog(/Owning controller process has vanished/, 20_000)
    expect(await client.exited).toEqual({ code: 0, signal: null })
  })
})

describe('what a wrapper asks', () => {
  test('the dump of a configuration can be run', async () => {
    const made = await home('MaxCircuitDirtiness 20 minutes')
    const { code, output } = await run('-f', made.torrc, '--hush', '--dump-config', 'short')
    expect(code).toBe(0)
    expect(output).toContain('MaxCircuitDirtiness 1200\n')
    writeFileSync(made.torrc, output.replace(/^\w{3} \d\d .*\n/gm, ''))
    expect((await run('-f', made.torrc, '--verify-config')).code).toBe(0)
  })

  test('the names of the options, and a password as the torrc has it', async () => {
    expect((await run('--list-torrc-options')).output).toMatch(/^SocksPort$/m)
    expect((await run('--hash-password', 'secret')).output).toMatch(/^16:[0-9A-F]{58}$/m)
  })

  test('a torrc in several files', async () => {
    const made = await home()
    mkdirSync(`${made.torrc}.d`)
    writeFileSync(`${made.torrc}.d/20.conf`, 'SafeLogging relay\n')
    writeFileSync(`${made.torrc}.d/10.conf`, 'MaxCircuitDirtiness 1 hour\n')
    writeFileSync(`${made.torrc}.d/.hidden`, 'NoSuchOption 1\n')
    writeFileSync(made.torrc, `%include ${made.torrc}.d/*.conf\n%include ${made.torrc}.d\n`)
    const { output } = await run('-f', made.torrc, '--hush', '--dump-config', 'short')
    expect(linesOf(output).filter((line) => !line.includes('['))).toEqual([
      'MaxCircuitDirtiness 3600',
      'SafeLogging relay',
    ])
  })
})

describe('ports', () => {
  test('are open on loopback only', async () => {
    const client = await connected()
    const v4 = localAddressesOf(client.pid, 'tcp', true)
    expect(v4).not.toEqual([])
    expect(v4.filter((address) => !address.startsWith('0100007F:'))).toEqual([])
    expect(localAddressesOf(client.pid, 'tcp6', true)).toEqual([])
  })

  test('that are taken end the start with exit code 1 and a line that names them', async () => {
    const first = await connected()
    const made = await home()
    writeFileSync(made.torrc, `DataDirectory ${made.directory}\nSocksPort 127.0.0.1:${first.socksPort}\n`)
    const { code, output } = await run('-f', made.torrc)
    expect(code).toBe(1)
    expect(output).toContain(String(first.socksPort))
  })
})

test('the log names no destination', async () => {
  const client = await connected()
  const web = await startWebServer()
  await curl(...viaSocks(client), `http://ok.test:${web.port}/`)
  await curl(...viaSocks(client), 'http://nx.test/')
  await web.close()
  expect(client.log).not.toMatch(/ok\.test|nx\.test/)
})
