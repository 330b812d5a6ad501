/** Relays die while they are needed: what they carried fails at once and clearly, and what comes next works. */
import { afterEach, expect, test } from 'vitest'
import { curl } from './support/curl.ts'
import { useFixture, viaSocks } from './support/fixture.ts'
import { findExitOfStream, findGuardsOfTransfer } from './support/relay-view.ts'
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

/** A transfer whose relay is killed by `findVictim` ends short of its `bytes`, while other requests are served. */
async function expectEndShort(
  bytes: number,
  user: string,
  findVictim: () => Promise<NodeRecord>,
): Promise<void> {
  const { client, web } = fixture()
  const reply = await connectSocks5(client.socksPort, '127.0.0.1', web.port, { user, password: 'x' })
  reply.socket.write(`GET /body/${bytes} HTTP/1.0\r\n\r\n`)
  let hasEnded = false
  const body = readToEnd(reply.socket).finally(() => {
    hasEnded = true
  })
  await sleep(300)
  kill(await findVictim())
  await expectService(user)
  // C tor's relays keep a DESTROY back, now and then, until something else goes the same way.
  const deadline = performance.now() + CLEAN_FAILURE_LIMIT_MS
  for (let other = 0; !hasEnded && performance.now() < deadline; other++) {
    await expectService(`${user}-${other}`)
    await sleep(100)
  }
  const received = await within('the end of the broken transfer', 1_000, body)
  expect(received.length).toBeLessThan(bytes)
}

test('an exit that dies ends its transfer short, and the next request goes through another', async () => {
  const { web, network } = fixture()
  await expectEndShort(200_000_000, 'exit-dies', () => findExitOfStream(network, web.port))
})

test('a guard that dies ends its transfer short, and the client finds another way in', async () => {
  const { network } = fixture()
  await expectEndShort(400_000_000, 'guard-dies', async () => {
    // A set has two: its end is the end of one of them.
    const [guard] = await findGuardsOfTransfer(network, 1_000_000)
    if (guard === undefined) throw new Error('no relay carries the transfer')
    return guard
  })
})

test('after all relays that died are back, everything is served as before', async () => {
  await Promise.all(Array.from({ length: 6 }, (_each, index) => expectService(`after-${index}`)))
})
