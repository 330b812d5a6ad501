/** Relays die while they are needed: what they carried fails at once and clearly, and what comes next works. */
import type { Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { curl } from './support/curl.ts'
import { useFixture, viaSocks } from './support/fixture.ts'
import { findExitOfStream, findGuardOfTransfer } from './support/relay-view.ts'
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

/** Asks for a body that takes seconds; the socket is where it comes. */
async function requestBody(bytes: number, user: string): Promise<Socket> {
  const { client, web } = fixture()
  const reply = await connectSocks5(client.socksPort, '127.0.0.1', web.port, { user, password: 'x' })
  reply.socket.write(`GET /body/${bytes} HTTP/1.0\r\n\r\n`)
  return reply.socket
}

/** Requests of others until `promise` is fulfilled: C tor's relays keep a DESTROY back, now and then, until something goes the same way. */
async function serveOthersUntil(promise: Promise<unknown>, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs
  let isOver = false
  void promise.then(() => {
    isOver = true
  })
  for (let other = 0; !isOver && performance.now() < deadline; other++) {
    await expectService(`other-${other}`)
    await sleep(100)
  }
}

test('an exit that dies ends its transfer short, and the next request goes through another', async () => {
  const { web, network } = fixture()
  const body = readToEnd(await requestBody(200_000_000, 'exit-dies'))
  await sleep(300)
  kill(await findExitOfStream(network, web.port))
  await expectService('exit-dies')
  await serveOthersUntil(body, CLEAN_FAILURE_LIMIT_MS)
  const received = await within('the end of the broken transfer', 1_000, body)
  expect(received.length).toBeLessThan(200_000_000)
})

test('a guard that dies ends its transfer short, and the client finds another way in', async () => {
  const body = readToEnd(await requestBody(400_000_000, 'guard'))
  await sleep(500)
  kill(await findGuardOfTransfer(fixture().network, 1_000_000))
  const received = await within('the end of the broken transfer', CLEAN_FAILURE_LIMIT_MS, body)
  expect(received.length).toBeLessThan(400_000_000)
  await expectService('guard')
})

test('after all relays that died are back, everything is served as before', async () => {
  await Promise.all(Array.from({ length: 6 }, (_each, index) => expectService(`after-${index}`)))
})
