/** Through C tor's bridges, and through nothing else: the client's sockets are listed all the while. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { type BridgeNode, startBridge } from './support/bridge-node.ts'
import { ClientProcess, createClientHome } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { expectNoProtocolWarnings, viaSocks } from './support/fixture.ts'
import { findFreePorts } from './support/free-ports.ts'
import { WarningCollector } from './support/protocol-warnings.ts'
import { remotePortsOf, watchRemotePorts } from './support/relay-view.ts'
import { hashOfBody, startWebServer, type TestServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'
import { waitFor } from './support/waiting.ts'

expectNoProtocolWarnings()
const network = inject('network')
let bridge: BridgeNode
let other: BridgeNode
const started: BridgeNode[] = []
let warnings: WarningCollector
let web: TestServer
const clients = new Set<ClientProcess>()

beforeAll(async () => {
  web = await startWebServer()
  ;[bridge, other] = await Promise.all([start('bridge1'), start('bridge2')])
  warnings = new WarningCollector({ ...network, nodes: [bridge.record, other.record] })
})

afterEach(async () => {
  for (const client of clients) {
    await client.end('SIGKILL')
    client.home.remove()
  }
  clients.clear()
  expect(warnings.protocolWarnings()).toEqual([])
})

afterAll(async () => {
  for (const node of started) node.remove()
  await web.close()
})

async function start(nickname: string): Promise<BridgeNode> {
  const node = await startBridge(network, nickname)
  started.push(node)
  return node
}

async function begin(...lines: readonly string[]): Promise<ClientProcess> {
  const client = new ClientProcess(await createClientHome([...clientLines(network), ...lines]))
  clients.add(client)
  return client
}

async function download(client: ClientProcess, bytes: number): Promise<void> {
  const url = `http://ok.test:${web.port}/body/${bytes}`
  const got = await curl(...viaSocks(client), '--output', `${client.home.directory}/got`, url)
  expect(got).toEqual({ exitCode: 0, errors: '', body: '' })
  const received = readFileSync(`${client.home.directory}/got`)
  expect(createHash('sha256').update(received).digest('hex')).toBe(hashOfBody(bytes))
}

test('a client that has never run connects through one bridge, and dials nothing but the bridge', async () => {
  const client = await begin('UseBridges 1', `Bridge ${bridge.line}`)
  const watch = watchRemotePorts(client.pid)
  await client.bootstrapped()
  expect([...(await watch.stop())]).toEqual([bridge.record.orPort])
  await download(client, 5_000_000)
  expect(remotePortsOf(client.pid).filter((port) => port === bridge.record.orPort)).toHaveLength(1)
  expect(relayPortsAmong(remotePortsOf(client.pid))).toEqual([])
})

test('a bridge without a fingerprint is taken for whoever it proves to be', async () => {
  const client = await begin('UseBridges 1', `Bridge ${bridge.address}`)
  await client.bootstrapped()
  expect(client.log).toMatch(/has no fingerprint/)
  await download(client, 100_000)
})

test('whoever is not the bridge that the fingerprint names is refused, in words, and nobody else is asked', async () => {
  const client = await begin('UseBridges 1', `Bridge ${bridge.address} ${other.record.fingerprint}`)
  const watch = watchRemotePorts(client.pid)
  await client.waitForLog(/Problem bootstrapping.*fingerprint/, 30_000)
  expect([...(await watch.stop())]).toEqual([bridge.record.orPort])
})

test('of two bridges one may be dead', async () => {
  const [nobody = 0] = await findFreePorts(1)
  const dead = `127.0.0.1:${nobody} ${other.record.fingerprint}`
  const client = await begin('UseBridges 1', `Bridge ${dead}`, `Bridge ${bridge.line}`)
  await client.bootstrapped()
  await download(client, 100_000)
  expect(relayPortsAmong(remotePortsOf(client.pid))).toEqual([])
})

test('a bridge that was killed serves again when it is back, and a second one does meanwhile', async () => {
  const alone = await begin('UseBridges 1', `Bridge ${other.line}`)
  const both = await begin('UseBridges 1', `Bridge ${other.line}`, `Bridge ${bridge.line}`)
  await Promise.all([alone.bootstrapped(), both.bootstrapped()])
  other.kill()
  await waitFor('a download through the bridge that is left', 60_000, () => tryDownload(both))
  await other.restart()
  await waitFor('a download through the bridge that is back', 60_000, () => tryDownload(alone))
  for (const client of [alone, both]) expect(relayPortsAmong(remotePortsOf(client.pid))).toEqual([])
})

test('bridges that are turned on and off at run time end what went the other way', async () => {
  const client = await begin()
  await client.bootstrapped()
  await download(client, 100_000)
  expect(relayPortsAmong(remotePortsOf(client.pid))).not.toEqual([])
  const torrc = readFileSync(client.home.torrc, 'utf8')
  writeFileSync(client.home.torrc, `${torrc}UseBridges 1\nBridge ${bridge.line}\n`)
  process.kill(client.pid, 'SIGHUP')
  await waitFor('the channels to relays to end', 10_000, () =>
    relayPortsAmong(remotePortsOf(client.pid)).length === 0 ? true : undefined,
  )
  const watch = watchRemotePorts(client.pid)
  await waitFor('a download through the bridge', 30_000, () => tryDownload(client))
  expect(relayPortsAmong([...(await watch.stop())])).toEqual([])
  writeFileSync(client.home.torrc, torrc)
  process.kill(client.pid, 'SIGHUP')
  await waitFor('the channel to the bridge to end', 10_000, () =>
    remotePortsOf(client.pid).includes(bridge.record.orPort) ? undefined : true,
  )
  await waitFor('a download without the bridge', 30_000, () => tryDownload(client))
  expect(relayPortsAmong(remotePortsOf(client.pid))).not.toEqual([])
})

async function tryDownload(client: ClientProcess): Promise<true | undefined> {
  const url = `http://ok.test:${web.port}/body/50000`
  const { exitCode } = await curl(...viaSocks(client), '--max-time', '10', '--output', '/dev/null', url)
  return exitCode === 0 ? true : undefined
}

/** Of these ports those of the network's own relays. */
function relayPortsAmong(ports: readonly number[]): number[] {
  const relays = new Set(network.nodes.flatMap(({ orPort, dirPort }) => [orPort, dirPort]))
  return ports.filter((port) => relays.has(port))
}
