/**
 * Through Debian's Snowflake proxies to a C tor bridge, and through nothing else: the client's sockets are listed. The
 * broker and the server are ours, because nobody packages them; Debian's own client proves them first.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { ClientProcess, createClientHome } from './support/client-process.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { WarningCollector } from './support/protocol-warnings.ts'
import { watchRemotePorts } from './support/relay-view.ts'
import { SnowflakePeer, snowflakeClientCommand } from './support/snowflake-peer.ts'
import { clientLines } from './support/tor-network.ts'
import { TELLING_LOG, TransportBench } from './support/transport-battery.ts'
import { waitFor } from './support/waiting.ts'
import { type BuiltProgram, buildWebRtcClient } from './support/webrtc-program.ts'

expectNoProtocolWarnings()
const TRANSFER_BYTES = 20_000_000
const WORDS_LIMIT_MS = 60_000
let peer: SnowflakePeer
let warnings: WarningCollector
let program: BuiltProgram
const bench = new TransportBench({}, () => program.command)

beforeAll(async () => {
  const network = inject('network')
  program = await buildWebRtcClient()
  peer = await SnowflakePeer.start(network)
  warnings = new WarningCollector({ ...network, nodes: [peer.bridge.record] })
})

beforeEach(async () => {
  if (peer.broker.waitingProxies === 0) await peer.addProxy()
})

afterEach(() => {
  expect(warnings.protocolWarnings()).toEqual([])
})

afterAll(async () => {
  program.remove()
  await peer.remove()
})

test("Debian's client with C tor finds a proxy at our broker, and reaches the bridge behind our server", async () => {
  // Where the reference has a front dialled, it takes a port along.
  const lines = [peer.line, peer.ampLine(`127.0.0.1:${peer.broker.port}`)]
  for (const line of lines) {
    const client = await bench.beginReference(line, snowflakeClientCommand())
    await client.bootstrapped()
    await bench.expectWholeBothWays(client, line === peer.line ? TRANSFER_BYTES : 100_000)
  }
  expect(new Set(peer.broker.requests.map(({ way }) => way))).toEqual(new Set(['post', 'amp']))
})

test('a client that has never run connects by it alone, and 20 MB pass unchanged each way', async () => {
  const client = await bench.begin(peer.line)
  const watch = watchRemotePorts(client.pid)
  await client.bootstrapped()
  // Everything else is WebRTC, which has no ports of its own until it connects.
  expect([...(await watch.stop())].filter((port) => port !== peer.broker.port)).toEqual([])
  await bench.expectWholeBothWays(client, TRANSFER_BYTES)
})

test('a session goes on where it was when its proxy is killed in the middle of a transfer', async () => {
  const client = await bench.begin(peer.line)
  await client.bootstrapped()
  const before = peer.server.sessions.count
  const startBytes = peer.server.sessions.bytes
  const transfer = bench.expectWholeBothWays(client, TRANSFER_BYTES)
  for (const bytes of [5_000_000, TRANSFER_BYTES + 5_000_000]) {
    await waitFor('the transfer to go on', 40_000, () =>
      peer.server.sessions.bytes - startBytes > bytes ? true : undefined,
    )
    peer.killProxies()
    await peer.addProxy()
  }
  await transfer
  expect(peer.server.sessions.count).toBe(before)
})

// Side by side: most take as long as a try to connect may.
test('what goes wrong is noticed and said in words, and an AMP cache leads to the bridge as well', async () => {
  await Promise.all([
    expectStalledProxyReplaced(),
    expectWordsForNoProxy(),
    expectWords({ status: 500, body: 'oops' }, /Snowflake broker, or who stands before it, answers 500/),
    expectWords({ status: 200, body: '{"error":"who?"}' }, /the Snowflake broker refuses the request/),
    expectWords({ status: 200, body: '<html>' }, /the answer of the Snowflake broker cannot be read/),
    expectWordsWithoutWebRtc(),
    expectWordsBehindProxy(),
    expectAmpCache(),
  ])
})

/** A proxy that stands still brings nothing and stays connected. */
async function expectStalledProxyReplaced(): Promise<void> {
  const beside = await SnowflakePeer.beside(peer)
  await beside.addProxy()
  const client = await bench.begin(beside.line)
  await client.bootstrapped()
  beside.stallProxies()
  await beside.addProxy()
  await waitFor('a download by the other proxy', 60_000, () => bench.tryDownload(client))
  expect(beside.server.sessions.count).toBe(1)
  await beside.remove()
}

async function expectWordsForNoProxy(): Promise<void> {
  const beside = await SnowflakePeer.beside(peer)
  const client = await bench.begin(beside.line, TELLING_LOG)
  await client.waitForLog(/no volunteer has a Snowflake proxy free for us now/, WORDS_LIMIT_MS)
  await beside.addProxy()
  await client.bootstrapped(90_000)
  await beside.remove()
}

async function expectWords(
  answer: { readonly status: number; readonly body: string },
  words: RegExp,
): Promise<void> {
  const beside = await SnowflakePeer.beside(peer)
  beside.broker.answerInstead = () => answer
  const client = await bench.begin(beside.line, TELLING_LOG)
  await client.waitForLog(words, WORDS_LIMIT_MS)
  await beside.remove()
}

async function expectWordsWithoutWebRtc(): Promise<void> {
  const home = await createClientHome([
    ...clientLines(inject('network')),
    'UseBridges 1',
    `Bridge ${peer.line}`,
  ])
  const client = new ClientProcess(home)
  await client.waitForLog(/this program has no WebRTC/, WORDS_LIMIT_MS)
  await client.end('SIGKILL')
  home.remove()
}

async function expectWordsBehindProxy(): Promise<void> {
  const client = await bench.begin(peer.line, TELLING_LOG, 'Socks5Proxy 127.0.0.1:9')
  await client.waitForLog(/Snowflake cannot be used behind an upstream proxy/, WORDS_LIMIT_MS)
}

async function expectAmpCache(): Promise<void> {
  const client = await bench.begin(peer.ampLine('127.0.0.1'))
  await client.bootstrapped()
  expect(peer.broker.requests.at(-1)?.way).toBe('amp')
}
