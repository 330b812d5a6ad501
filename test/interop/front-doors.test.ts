/** Every way in, with the programs that people use: what they print and what the exits see is the measure. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type ClientProcess, ClientProcess as Client, createClientHome } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { findFreePorts } from './support/free-ports.ts'
import { hashOfBody, startWebServer, type TestServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'
import { waitFor } from './support/waiting.ts'

expectNoProtocolWarnings()

const PUBLIC_ADDRESS = '203.0.113.9'

interface Finished {
  readonly exitCode: number
  readonly output: string
}

let client: ClientProcess
let web: TestServer
let scratch: string
let dnsPort = 0
let unixSocket = ''

/** Runs a program; both of its outputs count. */
function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { timeout: 60_000, env: { ...process.env, ...env }, cwd: scratch }
    execFile(file, args, options, (error, stdout, stderr) => {
      const code = error?.code
      resolve({
        exitCode: error === null ? 0 : typeof code === 'number' ? code : -1,
        output: stdout + stderr,
      })
    })
  })
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'allium-doors-'))
  chmodSync(scratch, 0o700)
  unixSocket = join(scratch, 'socks')
  const [port = 0] = await findFreePorts(1)
  dnsPort = port
  web = await startWebServer()
  const home = await createClientHome([
    ...clientLines(inject('network')),
    `DNSPort 127.0.0.1:${dnsPort}`,
    `SocksPort unix:${unixSocket}`,
    'MapAddress mapped.example 127.0.0.1',
    `MapAddress ${PUBLIC_ADDRESS} 127.0.0.1`,
    'MapAddress *.wild.example *.site-one.test',
    'AutomapHostsOnResolve 1',
    'AutomapHostsSuffixes .auto.test,.onion',
    'VirtualAddrNetworkIPv4 127.192.0.0/10',
  ])
  client = new Client(home)
  await client.bootstrapped()
})

afterAll(async () => {
  await client?.end('SIGKILL')
  client?.home.remove()
  await web?.close()
  rmSync(scratch, { recursive: true, force: true })
})

const url = (host: string, path = '/'): string => `http://${host}:${web.port}${path}`

describe('curl', () => {
  test.each([
    ['SOCKS4 with an address', 'socks4', '127.0.0.1'],
    ['SOCKS4a with a name', 'socks4a', 'ok.test'],
    ['SOCKS5 with an address', 'socks5', '127.0.0.1'],
    ['SOCKS5 with a name', 'socks5h', 'ok.test'],
  ])('comes through by %s', async (_what, scheme, host) => {
    const result = await curl('--proxy', `${scheme}://127.0.0.1:${client.socksPort}`, url(host))
    expect(result).toEqual({ exitCode: 0, body: 'hello', errors: '' })
  })

  test('comes through by HTTP CONNECT', async () => {
    const result = await curl(
      '--proxytunnel',
      '--proxy',
      `http://127.0.0.1:${client.httpPort}`,
      url('ok.test'),
    )
    expect(result).toEqual({ exitCode: 0, body: 'hello', errors: '' })
  })

  test('comes through by plain HTTP forwarding, several requests on one connection', async () => {
    const proxy = `http://127.0.0.1:${client.httpPort}`
    const two = await curl('--verbose', '--proxy', proxy, url('ok.test'), url('www.site-one.test'))
    expect(two.exitCode).toBe(0)
    expect(two.body).toBe('hellohello')
    expect(two.errors).toMatch(/Re-using existing connection/i)
  })

  test('uploads and downloads bodies by plain HTTP forwarding', async () => {
    const proxy = `http://127.0.0.1:${client.httpPort}`
    const body = join(scratch, 'body')
    const down = await curl('--proxy', proxy, '--output', body, url('ok.test', '/body/3000000'))
    expect(down.exitCode).toBe(0)
    const chunked = ['--header', 'Transfer-Encoding: chunked', '--upload-file', body]
    const up = await curl('--proxy', proxy, ...chunked, url('ok.test'))
    expect(up).toEqual({ exitCode: 0, body: hashOfBody(3_000_000), errors: '' })
    const plain = await curl('--proxy', proxy, '--upload-file', body, url('ok.test'))
    expect(plain).toEqual({ exitCode: 0, body: hashOfBody(3_000_000), errors: '' })
  })

  test('comes through a unix socket', async () => {
    const result = await curl('--proxy', `socks5h://localhost${unixSocket}`, url('ok.test'))
    expect(result).toEqual({ exitCode: 0, body: 'hello', errors: '' })
  })

  test('reaches what MapAddress says instead of what was asked', async () => {
    const proxy = ['--proxy', `socks5h://127.0.0.1:${client.socksPort}`]
    expect(await curl(...proxy, url('mapped.example'))).toMatchObject({ exitCode: 0, body: 'hello' })
    expect(await curl(...proxy, url('www.wild.example'))).toMatchObject({ exitCode: 0, body: 'hello' })
  })

  test('that takes the SOCKS port for a web proxy is told so in words', async () => {
    const result = await curl('--proxy', `http://127.0.0.1:${client.socksPort}`, url('ok.test'))
    expect(result.body).toContain('SOCKS')
    expect(result.body).toContain('<html')
  })

  test('gets the reason of a failure from the HTTP port, in words', async () => {
    const result = await curl('--proxy', `http://127.0.0.1:${client.httpPort}`, url('missing.test'))
    expect(result.exitCode).toBe(0)
    expect(result.body).toMatch(/resolve|found/i)
  })
})

describe('other programs', () => {
  test('wget downloads through the HTTP port', async () => {
    const env = { http_proxy: `http://127.0.0.1:${client.httpPort}` }
    const result = await run('wget', ['-q', '-O', '-', url('ok.test')], env)
    expect(result).toEqual({ exitCode: 0, output: 'hello' })
  })

  // torsocks itself refuses loopback addresses, so the client maps one that nobody has (RFC 5737).
  test.each([
    ['', []],
    [' with credentials of its own for each run', ['-i']],
  ])('torsocks carries a program that knows nothing of proxies%s', async (_how, options) => {
    const wget = ['wget', '-q', '-t', '1', '-T', '30', '-O', '-', url(PUBLIC_ADDRESS)]
    const result = await run('torsocks', [...options, '-P', String(client.socksPort), ...wget])
    expect(result).toEqual({ exitCode: 0, output: 'hello' })
  })
})

describe('dig at the DNS port', () => {
  const dig = (...args: string[]): Promise<Finished> =>
    run('dig', ['@127.0.0.1', '-p', String(dnsPort), '+tries=1', '+time=20', ...args])

  test('finds an IPv4 address', async () => {
    expect((await dig('+short', 'far.test', 'A')).output.trim()).toBe('203.0.113.7')
  })

  test('finds an IPv6 address', async () => {
    expect((await dig('+short', 'six.test', 'AAAA')).output.trim()).toBe('::1')
  })

  test('finds the name of an address', async () => {
    expect((await dig('+short', '-x', '203.0.113.7')).output.trim()).toBe('far.test.')
  })

  test('is told that a name does not exist', async () => {
    expect((await dig('missing.test', 'A')).output).toMatch(/status: NXDOMAIN/)
  })

  test('is told that other types are not served', async () => {
    expect((await dig('far.test', 'MX')).output).toMatch(/status: NOTIMP/)
  })

  test('gets an address of our own making for a name that is automapped, and a program can connect to it', async () => {
    const address = (await dig('+short', 'any.auto.test', 'A')).output.trim()
    expect(address).toMatch(/^127\.(19[2-9]|2[0-4]\d|25[0-5])\./)
    expect((await dig('+short', 'any.auto.test', 'A')).output.trim()).toBe(address)
  })
})

describe('ssh', () => {
  let server: ChildProcess
  let sshPort = 0

  beforeAll(async () => {
    ;[sshPort = 0] = await findFreePorts(1)
    // Root's sshd wants a folder that the system makes at boot.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
    for (const name of ['host', 'user']) {
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(scratch, name)])
    }
    const user = await run('cat', [join(scratch, 'user.pub')])
    writeFileSync(join(scratch, 'authorized'), user.output, { mode: 0o600 })
    const config = [
      `Port ${sshPort}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(scratch, 'host')}`,
      `AuthorizedKeysFile ${join(scratch, 'authorized')}`,
      'PasswordAuthentication no',
      'StrictModes no',
      'UsePAM no',
      `PidFile ${join(scratch, 'sshd.pid')}`,
    ]
    writeFileSync(join(scratch, 'sshd_config'), `${config.join('\n')}\n`)
    server = spawn('/usr/sbin/sshd', ['-D', '-f', join(scratch, 'sshd_config')], { stdio: 'ignore' })
    await waitFor('sshd', 10_000, async () =>
      (await run('nc', ['-z', '127.0.0.1', String(sshPort)])).exitCode === 0 ? true : undefined,
    )
  })

  afterAll(() => server?.kill('SIGKILL'))

  test('logs in through the SOCKS port by ProxyCommand and runs a command', async () => {
    const proxy = `ProxyCommand nc -X 5 -x 127.0.0.1:${client.socksPort} %h %p`
    const options = ['UserKnownHostsFile=/dev/null', 'StrictHostKeyChecking=no', 'LogLevel=ERROR', proxy]
    const args = [...options.flatMap((option) => ['-o', option]), '-i', join(scratch, 'user')]
    const result = await run('ssh', [...args, '-p', String(sshPort), 'ok.test', 'echo', 'through', 'Tor'])
    expect(result).toEqual({ exitCode: 0, output: 'through Tor\n' })
  })
})
