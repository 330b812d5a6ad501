/** From nothing to a page, and again after an end of any kind. */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { ClientProcess, createClientHome } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { expectNoProtocolWarnings, viaSocks } from './support/fixture.ts'
import { findFreePorts } from './support/free-ports.ts'
import { findGuards } from './support/relay-view.ts'
import { startWebServer, type TestServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'

expectNoProtocolWarnings()
let web: TestServer
const clients = new Set<ClientProcess>()

beforeAll(async () => {
  web = await startWebServer()
})

afterEach(async () => {
  // Two may share a home: none is removed while one of them still writes.
  for (const client of clients) await client.end('SIGKILL')
  for (const client of clients) client.home.remove()
  clients.clear()
})

afterAll(() => web.close())

async function start(home?: ClientProcess['home']): Promise<ClientProcess> {
  const client = new ClientProcess(home ?? (await createClientHome(clientLines(inject('network')))))
  clients.add(client)
  await client.bootstrapped()
  return client
}

async function download(client: ClientProcess, bytes: number): Promise<void> {
  const url = `http://127.0.0.1:${web.port}/body/${bytes}`
  const args = ['--output', '/dev/null', '--write-out', '%{size_download}']
  expect(await curl(...viaSocks(client), ...args, url)).toEqual({
    exitCode: 0,
    errors: '',
    body: String(bytes),
  })
}

test('a client that has never run connects and serves at once when it says so', async () => {
  const client = await start()
  await download(client, 1000)
  const percents = [...client.log.matchAll(/Bootstrapped (\d+)% \(([a-z_]+)\): \S/g)].map(([, percent]) =>
    Number(percent),
  )
  expect(percents.at(-1)).toBe(100)
  expect(percents).toEqual([...percents].sort((a, b) => a - b))
})

test('a client that has run before connects from its cache although no authority answers', async () => {
  const first = await start()
  await first.end()
  const closed = await findFreePorts(6)
  const torrc = readFileSync(first.home.torrc, 'utf8')
  let next = 0
  const nowhere = torrc
    .replace(/orport=\d+/g, () => `orport=${closed[next++]}`)
    .replace(/127\.0\.0\.1:\d+ ([0-9A-F]{40})$/gm, (_all, id) => `127.0.0.1:${closed[next++]} ${id}`)
  expect(next).toBe(6)
  writeFileSync(first.home.torrc, nowhere)
  await download(await start(first.home), 1000)
})

test('a client killed in the middle of its work starts again warm, without lock trouble, on the same guard', async () => {
  const network = inject('network')
  const bytes = 3_000_000
  // Two circuits to one exit have a guard each, and share the bytes as they like.
  const first = await start(await createClientHome([...clientLines(network), 'ConfluxEnabled 0']))
  await download(first, bytes)
  const guards = await findGuards(network, bytes)
  await first.end('SIGKILL')
  const second = await start(first.home)
  await download(second, bytes)
  const guardsAfter = await findGuards(network, bytes)
  expect(guards).toHaveLength(1)
  expect(guardsAfter).toEqual(guards)
})

test('three clients that start together all connect', async () => {
  const started = await Promise.all([start(), start(), start()])
  await Promise.all(started.map((client) => download(client, 100_000)))
})
