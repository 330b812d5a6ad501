/** What the status tells a person of circuits and sites while they are used, and of the connection when relays die. */
import type { Duplex } from 'node:stream'
import { afterAll, afterEach, expect, inject, test } from 'vitest'
import { type CircuitStatus, type ClientConfig, parseClientConfig, TorClient } from '../../core/index.ts'
import { waitUntil } from '../../core/util/watched-value.ts'
import { CuttableProxy } from './support/cuttable-proxy.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { startEchoServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'

expectNoProtocolWarnings()

const SAID = Buffer.alloc(1_000, 'x')
/** For the status to tell the truth: seconds, with room for a slow machine. */
const LIMIT_MS = 40_000

const closings: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

let shared: TorClient | undefined

afterAll(() => shared?.close())

async function connectedClient(changes: Partial<ClientConfig> = {}): Promise<TorClient> {
  const config = parseClientConfig(clientLines(inject('network')).join('\n'), '')
  const client = await TorClient.create({ ...config, dataDirectory: undefined, ...changes })
  await client.bootstrap()
  return client
}

/** A stream through which as much has come back as was sent, and its circuit. */
async function busyStream(client: TorClient): Promise<{ stream: Duplex; circuit: CircuitStatus }> {
  const server = await startEchoServer()
  closings.push(() => server.close())
  const stream = await client.connect('ok.test', server.port)
  stream.on('error', () => {})
  closings.push(() => stream.destroy())
  stream.write(SAID)
  let received = 0
  await new Promise<void>((resolve) =>
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received === SAID.length) resolve()
    }),
  )
  const { streams, circuits } = client.status.value
  const row = streams.find(({ target }) => target.endsWith(`:${server.port}`))
  const circuit = circuits.find(({ id }) => id === row?.circuitId)
  if (circuit === undefined) throw new Error('the stream is on no circuit of the status')
  return { stream, circuit }
}

test('a circuit shows its hops with their flags, distance and reason, and its bytes', async () => {
  shared = await connectedClient()
  const { circuit } = await busyStream(shared)
  expect(circuit).toMatchObject({
    ...{ state: 'open', builtHops: 3, readBytes: SAID.length, writtenBytes: SAID.length },
    sites: ['ok.test'],
    hops: [
      { reason: { kind: 'guard' } },
      { reason: { kind: 'weight' } },
      { reason: { kind: 'exit-policy' } },
    ],
  })
  const [reason] = circuit.hops.map((hop) => hop.reason)
  expect(reason?.kind === 'guard' && reason.sinceMs).toBeLessThanOrEqual(Date.now())
  expect(circuit.hops[0]?.flags).toEqual(expect.arrayContaining(['Guard', 'Running', 'Valid']))
  expect(circuit.hops[2]?.flags).toContain('Exit')
  for (const { rttMs } of circuit.hops) expect(rttMs).toBeGreaterThan(0)
})

test('a circuit that its user closes takes its streams along, and the totals of the site stay', async () => {
  const client = shared ?? (await connectedClient())
  const { stream, circuit } = await busyStream(client)
  const before = client.status.value.sites.find(({ site }) => site === 'ok.test')
  const closed = new Promise((resolve) => stream.on('close', resolve))
  client.closeCircuit(circuit.id)
  client.closeCircuit(circuit.id)
  await closed
  await waitUntil(client.status, ({ circuits }) => circuits.every(({ id }) => id !== circuit.id))
  const next = await busyStream(client)
  expect(next.circuit.id).not.toBe(circuit.id)
  expect(client.status.value.sites.find(({ site }) => site === 'ok.test')).toMatchObject({
    readBytes: (before?.readBytes ?? 0) + SAID.length,
    writtenBytes: (before?.writtenBytes ?? 0) + SAID.length,
    refusal: undefined,
  })
  await client.forgetSite('ok.test')
  expect(client.status.value.sites).toEqual([])
})

test('the status says that the guard is dead, and that another serves, without a request from anybody', async () => {
  const proxy = await CuttableProxy.start()
  closings.push(() => proxy.close())
  const upstreamProxy = {
    kind: 'socks5',
    endpoint: { host: '127.0.0.1', port: proxy.port },
    credentials: undefined,
  } as const
  const client = await connectedClient({ upstreamProxy })
  closings.push(() => client.close())
  const signal = AbortSignal.timeout(LIMIT_MS)
  const until = (isConnected: boolean): Promise<unknown> =>
    waitUntil(client.status, ({ bootstrap }) => bootstrap.isConnected === isConnected, signal)

  const guard = client.status.value.circuits.find(({ hops }) => hops.length === 3)?.hops[0]?.address ?? ''
  const cutting = until(false)
  proxy.cut(guard)
  await cutting
  expect(client.status.value.bootstrap.blockage).toMatchObject({ kind: 'channel-failed', stuckAt: 'done' })
  await until(true)
  const isThere = ({ builtHops }: CircuitStatus): boolean => builtHops === 3
  const { circuits } = await waitUntil(client.status, (status) => status.circuits.some(isThere), signal)
  expect(circuits.map(({ hops }) => hops[0]?.address)).not.toContain(guard)

  const losing = until(false)
  proxy.cutAll()
  await losing
  await waitUntil(client.status, ({ bootstrap }) => (bootstrap.blockage?.failures ?? 0) >= 3, signal)
  expect(client.status.value.bootstrap).toMatchObject({ isConnected: false, blockage: { cause: 'blocked' } })
  proxy.mend()
  await until(true)
  expect(client.status.value.bootstrap.blockage).toBeUndefined()
})
