/** Relays die while they are needed: what they carried fails at once and clearly, and what comes next works. */
import { afterEach, expect, test } from 'vitest'
import { curl } from './support/curl.ts'
import { useFixture, viaSocks } from './support/fixture.ts'
import { findExitOfStream, findGuards } from './support/relay-view.ts'
import { connectSocks5, readToEnd } from './support/socks-client.ts'
import { killNode, type NodeRecord, restartNode } from './support/tor-node.ts'
import { sleep, within } from './support/waiting.ts'

const fixture = useFixture()
const killed: NodeRecord[] = []

afterEach(async () => {
  await Promise.all(killed.splice(0).map(restartNode))
})

function kill(node: NodeRecord): void {
  killed.push(node)
  killNode(node)
}

const CLEAN_FAILURE_LIMIT_MS = 20_000

async function expectService(user: string): Promise<void> {
  const { client, web } = fixture()
  const result = await curl(...viaSocks(client, user), `http://ok.test:${web.port}/`)
  expect(result).toMatchObject({ exitCode: 0, errors: '' })
}

test('an exit that dies ends its transfer short, and the next request goes through another', async () => {
  const { client, web, network } = fixture()
  const who = { user: 'exit-dies', password: 'x' }
  const reply = await connectSocks5(client.socksPort, '127.0.0.1', web.port, who)
  reply.socket.write('GET /body/200000000 HTTP/1.0\r\n\r\n')
  const body = readToEnd(reply.socket)
  await sleep(300)
  kill(await findExitOfStream(network, web.port))
  // First, because C tor's relays keep a DESTROY back, now and then, until something else goes the same way.
  await expectService('exit-dies')
  const received = await within('the end of the broken transfer', CLEAN_FAILURE_LIMIT_MS, body)
  expect(received.length).toBeLessThan(200_000_000)
})

test('a guard that dies ends its transfer short, and the client finds another way in', async () => {
  const { client, web, network } = fixture()
  const reply = await connectSocks5(client.socksPort, '127.0.0.1', web.port, { user: 'guard', password: 'x' })
  reply.socket.write('GET /body/400000000 HTTP/1.0\r\n\r\n')
  const body = readToEnd(reply.socket)
  await sleep(500)
  // A set has two: its end is the end of one of them.
  const [guard] = await findGuards(network, 1_000_000)
  const node = network.nodes.find(({ nickname }) => nickname === guard)
  expect(node).toBeDefined()
  if (node !== undefined) kill(node)
  const received = await within('the end of the broken transfer', CLEAN_FAILURE_LIMIT_MS, body)
  expect(received.length).toBeLessThan(400_000_000)
  await expectService('guard')
})

test('after all relays that died are back, everything is served as before', async () => {
  await Promise.all(Array.from({ length: 6 }, (_each, index) => expectService(`after-${index}`)))
})
