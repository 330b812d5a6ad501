/** Through proxies of other people's making: every byte to a relay goes through them, and nothing goes around them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { ClientProcess, createClientHome } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { expectNoProtocolWarnings, viaSocks } from './support/fixture.ts'
import { findFreePorts } from './support/free-ports.ts'
import { dialledPortsOf, remotePortsOf } from './support/relay-view.ts'
import { startWebServer, type TestServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'
import { dial } from './support/socks-client.ts'
import { sleep, waitFor } from './support/waiting.ts'

expectNoProtocolWarnings()

const lines = clientLines(inject('network'))
let web: TestServer
let scratch: string
let socksPort = 0
let httpPort = 0
let httpPassPort = 0
const proxies: ChildProcess[] = []
let client: ClientProcess | undefined

async function untilListening(port: number): Promise<void> {
  await waitFor('a proxy to listen', 10_000, () =>
    dial(port).then(
      (socket) => {
        socket.destroy()
        return true
      },
      () => undefined,
    ),
  )
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'allium-upstream-'))
  web = await startWebServer()
  ;[socksPort = 0, httpPort = 0, httpPassPort = 0] = await findFreePorts(3)
  const microsocks = ['-i', '127.0.0.1', '-p', String(socksPort), '-u', 'someone', '-P', 'secret']
  proxies.push(spawn('microsocks', microsocks, { stdio: 'ignore' }))
  for (const [port, extra] of [
    [httpPort, []],
    [httpPassPort, ['BasicAuth someone secret']],
  ] as const) {
    const config = join(scratch, `tinyproxy-${port}`)
    const settings = [`Port ${port}`, 'Listen 127.0.0.1', 'Allow 127.0.0.1', 'MaxClients 100', ...extra]
    writeFileSync(config, `${settings.join('\n')}\n`)
    proxies.push(spawn('tinyproxy', ['-d', '-c', config], { stdio: 'ignore' }))
  }
  await Promise.all([socksPort, httpPort, httpPassPort].map(untilListening))
})

afterEach(async () => {
  await client?.end('SIGKILL')
  client?.home.remove()
  client = undefined
})

afterAll(async () => {
  for (const proxy of proxies) proxy.kill('SIGKILL')
  await web.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function start(...extra: string[]): Promise<ClientProcess> {
  client = new ClientProcess(await createClientHome([...lines, ...extra]))
  return client
}

describe('an upstream proxy', () => {
  test.each([
    [
      'SOCKS5 with user and password',
      () => [
        `Socks5Proxy 127.0.0.1:${socksPort}`,
        'Socks5ProxyUsername someone',
        'Socks5ProxyPassword secret',
      ],
      () => socksPort,
    ],
    ['HTTP CONNECT', () => [`HTTPSProxy 127.0.0.1:${httpPort}`], () => httpPort],
    [
      'HTTP CONNECT with user and password',
      () => [`HTTPSProxy 127.0.0.1:${httpPassPort}`, 'HTTPSProxyAuthenticator someone:secret'],
      () => httpPassPort,
    ],
  ])('of the kind %s carries everything, and nothing goes around it', async (_kind, options, port) => {
    const started = await start(...options())
    await started.bootstrapped()
    const file = join(scratch, 'down')
    const result = await curl(
      ...viaSocks(started),
      '--output',
      file,
      '--write-out',
      '%{size_download}',
      `http://127.0.0.1:${web.port}/body/5000000`,
    )
    expect(result).toMatchObject({ exitCode: 0, body: '5000000' })
    expect(new Set(dialledPortsOf(started.pid))).toEqual(new Set([port()]))
    expect(started.log).not.toContain('secret')
  })

  test('that refuses the password is named, no guard is blamed, and no relay is reached directly', async () => {
    const started = await start(
      `Socks5Proxy 127.0.0.1:${socksPort}`,
      'Socks5ProxyUsername someone',
      'Socks5ProxyPassword wrong',
    )
    await started.waitForLog(/proxy/i, 30_000)
    await sleep(2000)
    expect(started.log).not.toMatch(/Bootstrapped 100%/)
    const relayPorts = new Set(inject('network').nodes.map(({ orPort }) => orPort))
    expect(remotePortsOf(started.pid).filter((port) => relayPorts.has(port))).toEqual([])
  })

  test('that is not there is named, and no relay is reached directly', async () => {
    const [unused = 0] = await findFreePorts(1)
    const started = await start(`HTTPSProxy 127.0.0.1:${unused}`)
    await started.waitForLog(/proxy/i, 30_000)
    await sleep(2000)
    expect(started.log).not.toMatch(/Bootstrapped 100%/)
    const relayPorts = new Set(inject('network').nodes.map(({ orPort }) => orPort))
    expect(remotePortsOf(started.pid).filter((port) => relayPorts.has(port))).toEqual([])
  })
})
