/** Through Debian's obfs4proxy in front of C tor, and through nothing else: the client's sockets are listed. */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { type Obfs4BridgeNode, type ServerIatMode, startObfs4Bridge } from './support/bridge-node.ts'
import { ClientProcess, createClientHome } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { expectNoProtocolWarnings, viaSocks } from './support/fixture.ts'
import { WarningCollector } from './support/protocol-warnings.ts'
import { remotePortsOf, watchRemotePorts } from './support/relay-view.ts'
import { bodyBlocks, hashOfBody, startWebServer, type TestServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'
import { waitFor } from './support/waiting.ts'

expectNoProtocolWarnings()
const network = inject('network')
/** The first failures are told of at this level. */
const LOG = 'Log info stdout'
const MODES: readonly ServerIatMode[] = [0, 1, 2]
/** The bridge for each mode. */
let bridges: readonly Obfs4BridgeNode[] = []
let warnings: WarningCollector
let web: TestServer
const clients = new Set<ClientProcess>()

beforeAll(async () => {
  web = await startWebServer()
  bridges = await Promise.all(MODES.map((mode) => startObfs4Bridge(network, `obfs4mode${mode}`, mode)))
  warnings = new WarningCollector({ ...network, nodes: bridges.map(({ record }) => record) })
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
  for (const bridge of bridges) bridge.remove()
  await web.close()
})

function bridgeFor(mode: ServerIatMode): Obfs4BridgeNode {
  const bridge = bridges[mode]
  if (bridge === undefined) throw new Error('no bridge was started')
  return bridge
}

async function begin(line: string, ...more: readonly string[]): Promise<ClientProcess> {
  const home = await createClientHome([...clientLines(network), 'UseBridges 1', `Bridge ${line}`, ...more])
  const client = new ClientProcess(home)
  clients.add(client)
  return client
}

async function expectWholeBothWays(client: ClientProcess, bytes: number): Promise<void> {
  const { directory } = client.home
  const url = `http://ok.test:${web.port}`
  const down = await curl(...viaSocks(client), '--output', `${directory}/down`, `${url}/body/${bytes}`)
  expect(down).toEqual({ exitCode: 0, errors: '', body: '' })
  const received = readFileSync(`${directory}/down`)
  expect(createHash('sha256').update(received).digest('hex')).toBe(hashOfBody(bytes))
  writeFileSync(`${directory}/up`, Buffer.concat([...bodyBlocks(bytes)]))
  const up = await curl(
    ...viaSocks(client),
    '--header',
    'Expect:',
    '--upload-file',
    `${directory}/up`,
    `${url}/`,
  )
  expect(up).toEqual({ exitCode: 0, errors: '', body: hashOfBody(bytes) })
}

async function tryDownload(client: ClientProcess): Promise<true | undefined> {
  const url = `http://ok.test:${web.port}/body/50000`
  const { exitCode } = await curl(...viaSocks(client), '--max-time', '10', '--output', '/dev/null', url)
  return exitCode === 0 ? true : undefined
}

test('a client that has never run connects by obfs4 alone, and 20 MB pass unchanged each way', async () => {
  const bridge = bridgeFor(0)
  const client = await begin(bridge.line)
  const watch = watchRemotePorts(client.pid)
  await client.bootstrapped()
  expect([...(await watch.stop())]).toEqual([bridge.obfs4Port])
  await expectWholeBothWays(client, 20_000_000)
  const relays = new Set([...network.nodes, bridge.record].map(({ orPort }) => orPort))
  expect(remotePortsOf(client.pid).filter((port) => relays.has(port))).toEqual([])
})

test('the modes that cut and delay what is sent carry it all the same', async () => {
  await Promise.all(
    ([1, 2] as const).map(async (mode) => {
      const bridge = bridgeFor(mode)
      const client = await begin(bridge.line)
      const watch = watchRemotePorts(client.pid)
      await client.bootstrapped()
      expect([...(await watch.stop())]).toEqual([bridge.obfs4Port])
      await expectWholeBothWays(client, mode === 1 ? 500_000 : 200_000)
    }),
  )
})

test('a bridge with another cert, or that is silent, is given up in words, and serves when it answers', async () => {
  const bridge = bridgeFor(0)
  const stalled = bridgeFor(1)
  const certOf = ({ line }: Obfs4BridgeNode): string => /cert=(\S+)/.exec(line)?.[1] ?? ''
  const otherNodeId = Buffer.from(certOf(bridge), 'base64')
  otherNodeId.writeUInt8(otherNodeId.readUInt8(0) ^ 1, 0)
  const certs = [certOf(bridgeFor(2)), otherNodeId.toString('base64').replace(/=+$/, '')]
  process.kill(stalled.obfs4Pid, 'SIGSTOP')
  const [otherCert, otherId, waiting] = await Promise.all([
    ...certs.map((cert) => begin(bridge.line.replace(certOf(bridge), cert), LOG)),
    begin(stalled.line, LOG),
  ])
  const all = [otherCert, otherId, waiting].flatMap((client) => client ?? [])
  const watches = all.map(({ pid }) => watchRemotePorts(pid))
  const words = /failed: the bridge does not answer the obfs4 handshake: the cert of its line may be wrong/
  await Promise.all(all.map((client) => client.waitForLog(words, 40_000)))
  process.kill(stalled.obfs4Pid, 'SIGCONT')
  const dialled = await Promise.all(watches.map((watch) => watch.stop()))
  expect(dialled.map((ports) => [...ports])).toEqual([
    [bridge.obfs4Port],
    [bridge.obfs4Port],
    [stalled.obfs4Port],
  ])
  await waiting?.bootstrapped()
})

test('a bridge that was killed serves again when it is back', async () => {
  const bridge = bridgeFor(0)
  const client = await begin(bridge.line)
  await client.bootstrapped()
  bridge.kill()
  await waitFor('the channel to end', 20_000, () =>
    remotePortsOf(client.pid).includes(bridge.obfs4Port) ? undefined : true,
  )
  await bridge.restart()
  await waitFor('a download through the bridge that is back', 60_000, () => tryDownload(client))
})

test('a line with a damaged cert is refused at the start, in words', async () => {
  const client = await begin(bridgeFor(0).line.replace(/cert=\S/, 'cert='))
  expect(await client.exited).toMatchObject({ code: 1 })
  expect(client.log).toMatch(/cert= of an obfs4 bridge line has 70 base64 digits/)
})
