/** Through Debian's obfs4proxy in front of C tor, and through nothing else: the client's sockets are listed. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Obfs4BridgeNode, type ServerIatMode, startObfs4Bridge } from './support/bridge-node.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { watchRemotePorts } from './support/relay-view.ts'
import {
  describeTransport,
  TransportBench,
  type TransportPeer,
  type WrongLine,
} from './support/transport-battery.ts'

expectNoProtocolWarnings()
const bench = new TransportBench()

async function startPeer(iatMode: ServerIatMode): Promise<TransportPeer> {
  const bridge = await startObfs4Bridge(inject('network'), `obfs4mode${iatMode}`, iatMode)
  return {
    line: bridge.line,
    ports: [bridge.obfs4Port],
    nodes: [bridge.record],
    kill: () => bridge.kill(),
    restart: () => bridge.restart(),
    stall: () => void process.kill(bridge.obfs4Pid, 'SIGSTOP'),
    resume: () => void process.kill(bridge.obfs4Pid, 'SIGCONT'),
    remove: () => bridge.remove(),
  }
}

function certOf({ line }: Pick<Obfs4BridgeNode, 'line'>): string {
  return /cert=(\S+)/.exec(line)?.[1] ?? ''
}

/** A wrong cert gets no answer: a server that said more would be known for what it is. */
const SILENCE = /failed: the bridge does not answer the obfs4 handshake: the cert of its line may be wrong/

/** The cert's first 20 bytes are the bridge's id, and the others its key. */
function lineWithOther(part: string, byte: number): WrongLine {
  return {
    what: `a line with another ${part}`,
    words: SILENCE,
    line(peer) {
      const cert = Buffer.from(certOf(peer), 'base64')
      cert.writeUInt8(cert.readUInt8(byte) ^ 1, byte)
      return peer.line.replace(certOf(peer), cert.toString('base64').replace(/=+$/, ''))
    },
  }
}

const peer = describeTransport(
  {
    name: 'obfs4',
    start: () => startPeer(0),
    stalledWords: SILENCE,
    wrongLines: [lineWithOther('node id', 0), lineWithOther('key', 30)],
  },
  bench,
)

const shaped: TransportPeer[] = []

beforeAll(async () => {
  shaped.push(...(await Promise.all([startPeer(1), startPeer(2)])))
})

afterAll(async () => {
  for (const peer of shaped) await peer.remove()
})

test('the modes that cut and delay what is sent carry it all the same', async () => {
  await Promise.all(
    shaped.map(async (peer, index) => {
      const client = await bench.begin(peer.line)
      const watch = watchRemotePorts(client.pid)
      await client.bootstrapped()
      expect([...(await watch.stop())]).toEqual(peer.ports)
      await bench.expectWholeBothWays(client, index === 0 ? 500_000 : 200_000)
    }),
  )
})

test('a line with a damaged cert is refused at the start, in words', async () => {
  const client = await bench.begin(peer().line.replace(/cert=\S/, 'cert='))
  expect(await client.exited).toMatchObject({ code: 1 })
  expect(client.log).toMatch(/cert= of an obfs4 bridge line has 70 base64 digits/)
})
