/**
 * meek_lite through a server of ours in front of C tor, which lyrebird proves under C tor's own client; then ours, through
 * the same server and through nothing else. A front stands in the TLS hello, and the URL's host in the request alone.
 */
import { expect, inject, test } from 'vitest'
import { MeekServer } from '../support/meek-server.ts'
import { startBridge } from './support/bridge-node.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { peerProgram } from './support/peer-programs.ts'
import {
  describeTransport,
  TELLING_LOG,
  TransportBench,
  type TransportPeer,
} from './support/transport-battery.ts'
import { trustTestAuthority } from './support/web-trust.ts'

expectNoProtocolWarnings()
const bench = new TransportBench(trustTestAuthority())
const HIDDEN = 'hidden.example'

interface MeekPeer extends TransportPeer {
  readonly server: MeekServer
}

const peer = describeTransport<MeekPeer>(
  {
    name: 'meek_lite',
    async start() {
      const bridge = await startBridge(inject('network'), 'meekbridge')
      const { orPort, fingerprint } = bridge.record
      const server = await MeekServer.start({
        isTls: true,
        behind: () => orPort,
        statusFor: ({ url, headers }) => (url === '/meek' && headers.host === HIDDEN ? undefined : 404),
      })
      const { port } = server
      return {
        server,
        line: `meek_lite 192.0.2.20:80 ${fingerprint} url=https://${HIDDEN}/meek front=localhost:${port}`,
        ports: [port],
        nodes: [bridge.record],
        kill: () => void server.close(),
        restart: () => server.listen(port),
        stall: () => {
          server.isStalled = true
        },
        resume: () => server.resume(),
        remove: async () => {
          bridge.remove()
          await server.close()
        },
      }
    },
    stalledWords: /the meek server does not answer/,
    wrongLines: [
      {
        what: 'another path',
        line: ({ line }) => line.replace('/meek', '/other'),
        words: /the web server knows no such address: the url of the line may be wrong/,
      },
    ],
  },
  bench,
)

test('who trusts nobody that signed the certificate says so, and goes no further', async () => {
  const { requests } = peer().server
  const before = requests.length
  const client = await bench.beginWith({ NODE_EXTRA_CA_CERTS: '' }, peer().line, TELLING_LOG)
  await client.waitForLog(/the web server's certificate is signed by nobody we trust/, 30_000)
  expect(requests).toHaveLength(before)
})

// What the tests above stand on.
test("the same server serves C tor's client with lyrebird", async () => {
  const client = await bench.beginReference(peer().line, peerProgram('lyrebird', 'lyrebird'))
  await client.bootstrapped()
  await bench.expectWholeBothWays(client, 1_000_000)
})

test('of several targets one that works is found', async () => {
  const { line, server } = peer()
  const group = `https://${HIDDEN}/meek|localhost:${server.port}`
  const targets = `targets=https://${HIDDEN}/nothing|localhost:${server.port},${group}`
  const client = await bench.begin(line.replace(/url=\S+ front=\S+/, targets))
  await client.bootstrapped()
  expect(await bench.tryDownload(client)).toBe(true)
})
