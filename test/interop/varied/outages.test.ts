/** What goes away and comes back: a guard, all guards, the network, a relay that stops answering. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { type ClientProcess, startClient } from '../support/client-process.ts'
import { curl, type CurlResult } from '../support/curl.ts'
import { viaSocks } from '../support/fixture.ts'
import { findExitOfStream, findGuards } from '../support/relay-view.ts'
import { connectSocks5 } from '../support/socks-client.ts'
import { startEchoServer, startWebServer, type TestServer } from '../support/test-servers.ts'
import { killNode, type NodeRecord, pidOf, restartNode } from '../support/tor-node.ts'
import { clientLines } from '../support/tor-network.ts'
import { sleep, waitFor } from '../support/waiting.ts'

const network = inject('network')
/** A silent relay is left after 30 s, and not answering TLS for as long counts against a guard. */
const RECOVERY_LIMIT_MS = 150_000
const killed = new Set<NodeRecord>()
const stopped = new Set<NodeRecord>()
let client: ClientProcess
let web: TestServer
let echo: TestServer

beforeAll(async () => {
  web = await startWebServer()
  echo = await startEchoServer()
})

afterEach(async () => {
  await restoreAll()
  await client.end('SIGKILL')
  client.home.remove()
})

afterAll(async () => {
  await web.close()
  await echo.close()
})

function kill(node: NodeRecord): void {
  killed.add(node)
  killNode(node)
}

function stall(node: NodeRecord): void {
  const pid = pidOf(node)
  if (pid === undefined) throw new Error(`${node.nickname} does not run`)
  stopped.add(node)
  process.kill(pid, 'SIGSTOP')
}

async function restoreAll(): Promise<void> {
  for (const node of stopped) {
    const pid = pidOf(node)
    if (pid !== undefined) process.kill(pid, 'SIGCONT')
  }
  stopped.clear()
  const nodes = [...killed]
  killed.clear()
  await Promise.all(nodes.map(restartNode))
}

function fetchHello(user: string): Promise<CurlResult> {
  return curl(...viaSocks(client, user), '--max-time', '100', `http://127.0.0.1:${web.port}/`)
}

async function untilServed(user: string): Promise<void> {
  await waitFor(
    'a request to be served again',
    RECOVERY_LIMIT_MS,
    async () => ((await fetchHello(user)).exitCode === 0 ? true : undefined),
    500,
  )
}

async function guardOf(): Promise<NodeRecord> {
  const result = await curl(
    ...viaSocks(client, 'find-guard'),
    '--output',
    '/dev/null',
    `http://127.0.0.1:${web.port}/body/3000000`,
  )
  expect(result.exitCode).toBe(0)
  // A conflux set has two guards: whichever carries half of it is one.
  const names = await findGuards(network, 1_000_000)
  const guard = network.nodes.find(({ nickname }) => names.includes(nickname))
  if (guard === undefined) throw new Error('no relay knows of a client that it is a guard of')
  return guard
}

/** The fingerprints of the kept guards, in their order. */
function keptGuards(): string[] {
  const text = readFileSync(join(client.home.directory, 'guards.json'), 'utf8')
  return [...text.matchAll(/"rsa": ?"([0-9A-F]{40})"/g)].map(([, rsa = '']) => rsa)
}

describe('a guard', () => {
  test('that dies is stepped over, stays in its place of the order, and serves again after a restart', async () => {
    client = await startClient(clientLines(network))
    const guard = await guardOf()
    const before = keptGuards()
    kill(guard)
    await untilServed('after-death')
    expect(keptGuards().filter((rsa) => before.includes(rsa))).toEqual(before)
    await restoreAll()
    await untilServed('after-restart')
    expect(keptGuards().filter((rsa) => before.includes(rsa))).toEqual(before)
  })

  test('that stalls without closing anything is noticed, and requests go another way', async () => {
    client = await startClient(clientLines(network))
    const guard = await guardOf()
    stall(guard)
    await untilServed('after-stall')
  }, 240_000)
})

describe('an exit that stalls', () => {
  test('is given up for another one within one request', async () => {
    client = await startClient(clientLines(network))
    const who = { user: 'stalled-exit', password: 'x' }
    const held = await connectSocks5(client.socksPort, '127.0.0.1', echo.port, who)
    expect(held.code).toBe(0)
    stall(await findExitOfStream(network, echo.port))
    const result = await curl(
      ...viaSocks(client, who.user),
      '--max-time',
      // Shorter than one circuit may take to be built: a relay on it may be the one that stalls.
      '55',
      `http://127.0.0.1:${web.port}/`,
    )
    held.close()
    expect(result).toMatchObject({ exitCode: 0, body: 'hello' })
  })
})

describe('the network', () => {
  test('without any guard is waited for, and used again when the guards are back, the same ones', async () => {
    client = await startClient(clientLines(network))
    await fetchHello('before')
    const before = keptGuards()
    for (const node of network.nodes) if (node.role !== 'exit') kill(node)
    await sleep(3_000)
    expect(
      (await curl(...viaSocks(client, 'gone'), '--max-time', '10', `http://127.0.0.1:${web.port}/`)).exitCode,
    ).not.toBe(0)
    await restoreAll()
    await untilServed('guards-back')
    expect(keptGuards().filter((rsa) => before.includes(rsa))).toEqual(before)
  })

  test('that is gone altogether and comes back is used again without help', async () => {
    client = await startClient(clientLines(network))
    await fetchHello('before')
    for (const node of network.nodes) kill(node)
    await sleep(15_000)
    await restoreAll()
    await untilServed('network-back')
    expect(client.log).not.toMatch(/\[err\]/)
  })
})
