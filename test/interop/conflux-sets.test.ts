/**
 * Conflux sets of the command line on C tor's exits: a program's streams ride on them, kept apart as on single circuits.
 * The proof is the exits' own: each prints the circuits of every stream that it holds, and a stream on a set has two.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { curl } from './support/curl.ts'
import { useFixture, viaSocks } from './support/fixture.ts'
import { connectSocks5 } from './support/socks-client.ts'
import { hashOfBody, startEchoServer, type TestServer } from './support/test-servers.ts'
import { listExitStreams } from './support/tor-node.ts'
import { waitFor } from './support/waiting.ts'

const PREBUILT = 3
const LINKED_MS = 30_000
const BODY_BYTES = 20_000_000

// Circuits that are built to be measured are no part of this.
const fixture = useFixture(['LearnCircuitBuildTimeout 0'])
const servers: TestServer[] = []
const sockets: Socket[] = []
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'allium-sets-'))
  await whenReady()
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** The lines of circuits and streams in what the client prints of its state. */
async function report(): Promise<readonly string[]> {
  const { client } = fixture()
  const before = client.log.length
  process.kill(client.pid, 'SIGUSR1')
  const text = await waitFor('the report of the state', 10_000, () => {
    const printed = client.log.slice(before)
    return printed.includes('Bandwidth: ') ? printed : undefined
  })
  return text.split('\n')
}

/** Sets whose two circuits are open, and carry nothing. */
async function cleanSets(): Promise<number> {
  const lines = await report()
  const legs = lines.flatMap((line) => /of set (\d+): exit, open, .* 0 streams/.exec(line)?.[1] ?? [])
  return new Set(legs.filter((id) => legs.filter((other) => other === id).length === 2)).size
}

/** As many clean sets as are kept ready. */
async function whenReady(): Promise<void> {
  const deadline = Date.now() + LINKED_MS
  while ((await cleanSets()) < PREBUILT) {
    if (Date.now() > deadline) throw new Error(`no ${PREBUILT} sets: ${(await report()).join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** Streams of these users, one after the other and all held open, with their circuits as the exits list them. */
async function circuitsOf(...users: readonly string[]): Promise<string[][]> {
  const ports: number[] = []
  for (const user of users) {
    const server = await startEchoServer()
    servers.push(server)
    ports.push(server.port)
    const { client } = fixture()
    const reply = await connectSocks5(client.socksPort, '127.0.0.1', server.port, { user, password: 'x' })
    expect(reply.code).toBe(0)
    sockets.push(reply.socket)
  }
  const exits = fixture().network.nodes.filter(({ role }) => role === 'exit')
  const streams = (await Promise.all(exits.map(listExitStreams))).flat()
  return ports.map((port) =>
    streams
      .filter((stream) => stream.port === port)
      .flatMap(({ circuits }) => circuits)
      .sort(),
  )
}

describe('conflux sets of the command line', () => {
  test('are built ahead, three of them beside two circuits, as C tor keeps them', async () => {
    const circuits = (await report()).filter((line) => /circuit \d+.*: exit, open/.test(line))
    expect(circuits).toHaveLength(2 * PREBUILT + 2)
  })

  test('carry a download through the SOCKS port, byte for byte', async () => {
    const file = join(scratch, 'body')
    const { client, web } = fixture()
    const url = `http://ok.test:${web.port}/body/${BODY_BYTES}`
    expect(await curl(...viaSocks(client, 'downloader'), '--output', file, url)).toMatchObject({
      exitCode: 0,
    })
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(hashOfBody(BODY_BYTES))
    const [circuits = []] = await circuitsOf('downloader')
    expect(circuits).toHaveLength(2)
    expect((await report()).filter((line) => / stream \d+ .*: open on set \d+/.test(line))).toHaveLength(1)
  })

  test('belong to one isolation with both of their circuits', async () => {
    await whenReady()
    const [first = [], second = [], other = []] = await circuitsOf('one', 'one', 'another')
    expect([first.length, other.length]).toEqual([2, 2])
    expect(second).toEqual(first)
    expect(other.filter((circuit) => first.includes(circuit))).toEqual([])
  })
})
