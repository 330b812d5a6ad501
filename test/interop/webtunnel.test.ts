/**
 * Through Debian's webtunnel server in front of C tor and behind a web server with TLS, and through nothing else. Where the
 * Debian package cannot be had, a server of ours takes its place, and the log says so; it is proved here as well.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { pluginPidOf, startBridge } from './support/bridge-node.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { findFreePorts } from './support/free-ports.ts'
import { forwardTo, type HttpsFront, startHttpsFront, tunnelTo } from './support/https-front.ts'
import { peerProgram } from './support/peer-programs.ts'
import {
  describeTransport,
  expectPeerAlone,
  TELLING_LOG,
  TransportBench,
  type TransportPeer,
} from './support/transport-battery.ts'
import { watchRemotePorts } from './support/relay-view.ts'
import { trustTestAuthority } from './support/web-trust.ts'

expectNoProtocolWarnings()
const SECRET = '/secret-path'
const bench = new TransportBench(trustTestAuthority())
const server = find('webtunnel', 'webtunnel-server')
const reference = find('lyrebird', 'lyrebird')

function find(packageName: string, program: string): string | undefined {
  try {
    return peerProgram(packageName, program)
  } catch (error) {
    console.warn(`${program} is not tested with: ${String(error)}`)
    return undefined
  }
}

async function startPeer(): Promise<TransportPeer> {
  const [port = 0] = await findFreePorts(1)
  const bridge = await startBridge(
    inject('network'),
    'webtunnelbridge',
    server === undefined
      ? []
      : [
          `ServerTransportPlugin webtunnel exec ${server}`,
          `ServerTransportListenAddr webtunnel 127.0.0.1:${port}`,
          `ServerTransportOptions webtunnel url=https://localhost${SECRET}`,
          'ExtORPort auto',
        ],
  )
  const { orPort, fingerprint } = bridge.record
  const front = await startHttpsFront(SECRET, server === undefined ? tunnelTo(orPort) : forwardTo(port))
  const stopServer = (signal: NodeJS.Signals): void => {
    const pid = pluginPidOf(bridge)
    if (pid > 0) process.kill(pid, signal)
  }
  return {
    line: lineAt(front, fingerprint),
    ports: [front.port],
    nodes: [bridge.record],
    kill: () => bridge.kill(),
    restart: () => bridge.restart(),
    // TLS goes on, and what lies behind the path is silent.
    stall: () => (server === undefined ? front.stall() : stopServer('SIGSTOP')),
    resume: () => (server === undefined ? front.resume() : stopServer('SIGCONT')),
    remove: async () => {
      stopServer('SIGKILL')
      bridge.remove()
      await front.close()
    },
  }
}

/** The address is one that nobody has. */
function lineAt(front: HttpsFront, fingerprint: string): string {
  return `webtunnel [2001:db8::1]:443 ${fingerprint} url=https://localhost:${front.port}${SECRET} ver=0.0.3`
}

const peer = describeTransport(
  {
    name: 'webtunnel',
    start: startPeer,
    stalledWords: /the web server in front of the bridge does not answer/,
    wrongLines: [
      {
        what: 'another path',
        line: ({ line }) => line.replace(SECRET, '/other'),
        words: /knows no such path \(404\): the path of its line may be wrong/,
      },
      {
        what: 'a name that the certificate is not for',
        line: ({ line }) => `${line} servername=other.example`,
        words: /the web server's certificate is for another name/,
      },
      {
        what: 'another certificate than is pinned',
        line: ({ line }) => `${line} cert=${Buffer.alloc(32).toString('base64')}`,
        words: /the web server's certificate is not the one that is pinned/,
      },
    ],
  },
  bench,
)

test('another name may stand in the TLS hello', async () => {
  const client = await bench.begin(`${peer().line} sni-imitation=other.example`)
  const watch = watchRemotePorts(client.pid)
  await client.bootstrapped()
  expectPeerAlone(peer(), await watch.stop())
})

test('who trusts nobody that signed the certificate says so, and goes no further', async () => {
  const untrusting = peer().line
  const client = await bench.beginWith({ NODE_EXTRA_CA_CERTS: '' }, untrusting, TELLING_LOG)
  await client.waitForLog(/the web server's certificate is signed by nobody we trust/, 30_000)
})

// What the tests above stand on.
test.skipIf(reference === undefined)(
  "C tor's client gets through the same servers with lyrebird",
  async () => {
    const client = await bench.beginReference(peer().line, reference ?? '')
    await client.bootstrapped()
    await bench.expectWholeBothWays(client, 1_000_000)
  },
)

let ours: HttpsFront | undefined

beforeAll(async () => {
  ours = await startHttpsFront(SECRET, (socket, request) => {
    tunnelTo(peer().nodes[0]?.orPort ?? 0)(socket, request)
  })
})
afterAll(() => ours?.close())

test.skipIf(reference === undefined)(
  'and through the server that takes the place of a missing one',
  async () => {
    const [node] = peer().nodes
    if (ours === undefined || node === undefined) throw new Error('the servers are not up')
    const client = await bench.beginReference(lineAt(ours, node.fingerprint), reference ?? '')
    await client.bootstrapped()
    expect(await bench.tryDownload(client)).toBe(true)
  },
)
