/**
 * The facade's sites and identities, as the exits see them: which circuit each stream came on. Every stream goes to a
 * port of its own, so that a stream here is a stream there.
 */
import type { Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest'
import { DEFAULT_CLIENT_CONFIG, parseDirAuthority, TorClient } from '../../core/index.ts'
import type { ConnectOptions } from '../../core/index.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { startEchoServer, type TestServer } from './support/test-servers.ts'
import { listExitStreams, type NodeRecord } from './support/tor-node.ts'

expectNoProtocolWarnings()

const servers: TestServer[] = []
const streams: Duplex[] = []
let exits: NodeRecord[]
let client: TorClient

beforeAll(async () => {
  const network = inject('network')
  exits = network.nodes.filter(({ role }) => role === 'exit')
  const authorities = network.authorityLines.map((line) =>
    parseDirAuthority(line.replace(/^DirAuthority /, '')),
  )
  client = await TorClient.create({
    ...DEFAULT_CLIENT_CONFIG,
    authorities,
    fallbackDirs: [],
    enforceDistinctSubnets: false,
    allowPrivateRelayAddresses: true,
    rejectInternalAddresses: false,
    rejectInternalDnsAnswers: false,
  })
  await client.bootstrap()
})

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.destroy()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

afterAll(() => client.close())

interface Seen {
  readonly exit: string
  readonly circuit: string
}

/** Opens a stream, held open, and gives where the exits say that it is. */
async function open(host: string, options: ConnectOptions = {}): Promise<Seen> {
  const server = await startEchoServer()
  servers.push(server)
  const stream = await client.connect(host, server.port, options)
  stream.on('error', () => {})
  streams.push(stream)
  for (const { fingerprint, ...node } of exits) {
    const found = (await listExitStreams({ fingerprint, ...node })).find(({ port }) => port === server.port)
    if (found !== undefined) return { exit: fingerprint, circuit: `${fingerprint} ${found.circuits.join()}` }
  }
  throw new Error(`no exit holds a stream to port ${server.port}`)
}

test('two sites never share a circuit, and two streams to one site do', async () => {
  const one = await open('ok.test')
  const same = await open('ok.test')
  const other = await open('127.0.0.1')
  expect(same.circuit).toBe(one.circuit)
  expect(other.circuit).not.toBe(one.circuit)
  const shown = client.status.value.circuits.flatMap(({ sites }) => sites)
  expect(shown).toEqual(expect.arrayContaining(['ok.test', '127.0.0.1']))
})

test('a new circuit for one site leaves the other where it is', async () => {
  const before = [await open('ok.test'), await open('127.0.0.1')]
  client.newCircuitFor('ok.test')
  const after = [await open('ok.test'), await open('127.0.0.1')]
  expect(after[0]?.circuit).not.toBe(before[0]?.circuit)
  expect(after[1]?.circuit).toBe(before[1]?.circuit)
})

test('a new identity puts no stream on an earlier circuit, and keeps open streams open', async () => {
  const before = [await open('ok.test'), await open('127.0.0.1')].map(({ circuit }) => circuit)
  const { kept } = await client.newIdentity()
  expect(kept).toContain('guards')
  const after = [await open('ok.test'), await open('127.0.0.1')]
  for (const { circuit } of after) expect(before).not.toContain(circuit)
  expect(streams.every((stream) => !stream.destroyed)).toBe(true)
})

test('a pinned exit serves its site until the pin is taken back, a blocked site nobody', async () => {
  for (const { fingerprint } of exits) {
    await client.setSitePolicy('ok.test', { pin: { exit: fingerprint, untilMs: Date.now() + 60_000 } })
    expect((await open('ok.test', { isolation: fingerprint })).exit).toBe(fingerprint)
  }
  const [relay] = inject('network').nodes.filter(({ role }) => role === 'relay')
  const noExit = relay?.fingerprint ?? ''
  await client.setSitePolicy('ok.test', { pin: { exit: noExit, untilMs: Date.now() + 60_000 } })
  await expect(open('ok.test')).rejects.toMatchObject({ kind: 'no-path' })
  await client.setSitePolicy('ok.test', { isBlocked: true })
  await expect(open('ok.test')).rejects.toMatchObject({ kind: 'blocked' })
  await client.setSitePolicy('ok.test', {})
  await open('ok.test')
})

test('a disabled network ends everything and refuses in words, until it is enabled again', async () => {
  await open('ok.test')
  const [stream] = streams
  const ended = new Promise((resolve) => stream?.once('close', resolve))
  const config = client.config.value
  await client.reconfigure({ ...config, isNetworkDisabled: true })
  await ended
  await vi.waitFor(() => expect(client.status.value.channels).toEqual([]))
  await expect(open('ok.test')).rejects.toMatchObject({ kind: 'no-path', retry: 'later' })
  await client.reconfigure(config)
  await open('ok.test')
})
