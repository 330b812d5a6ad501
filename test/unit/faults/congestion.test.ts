/**
 * Relays that do wrong about congestion control: while it is agreed on, and with XON and XOFF on circuits in use. The
 * circuit ends, the guard keeps its name, and the next request gets through when they behave.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ErrorKind, isTorError, type TorClient } from '../../../core/index.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import type { CongestionFault, Misbehaviour } from '../../network/faults/fault.ts'
import {
  BODY_SHA256,
  fetchBody,
  startWholeNetwork,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const OTHER_GUARDS = ['guard2', 'guard3']
const SLOW_PORT = 8080
/** More than the kernel takes for a reader that does not read, and the exit before it says XOFF. */
const MUCH = Buffer.alloc(16_000_000, 'upload')

let whole: WholeNetwork
let client: TorClient
/** Reads nothing until told to. */
let slow: Server
const slowSockets: Socket[] = []

beforeAll(async () => {
  whole = await startWholeNetwork()
  slow = createServer({ pauseOnConnect: true }, (socket) => {
    slowSockets.push(socket)
    socket.on('error', () => {})
  })
  slow.listen(0, '127.0.0.1')
  await once(slow, 'listening')
  whole.network.hosts.add('slow.test', SLOW_PORT, (slow.address() as AddressInfo).port)
})
afterAll(async () => {
  slow.close()
  await whole.stop()
})
afterEach(async () => {
  await whole.reset()
  for (const socket of slowSockets.splice(0)) socket.destroy()
})

async function outcome(): Promise<string> {
  return fetchBody(client).catch((error: unknown) => {
    if (isTorError(error)) return error.kind
    throw error
  })
}

async function expectRecovery(): Promise<void> {
  whole.network.faults.clear()
  await expect.poll(outcome, { timeout: 15_000 }).toBe(BODY_SHA256)
  expect(OTHER_GUARDS.map((name) => whole.relay(name).connections)).toEqual([0, 0])
}

describe('a relay that answers about congestion control', () => {
  const ANSWERS: readonly (readonly [CongestionFault, ErrorKind])[] = [
    ['unasked', 'protocol-violation'],
    ['increment-too-large', 'protocol-violation'],
    ['increment-zero', 'protocol-violation'],
    ['without-increment', 'malformed'],
  ]
  const PLACES = ['guard1', 'middle1', 'exit1'].flatMap((relay) =>
    ANSWERS.map(([fault, kind]) => ({ relay, fault, kind })),
  )

  it.each(PLACES)('$fault ($relay) gets no circuit (TROVE-2026-032)', async ({ relay, fault, kind }) => {
    const committed = whole.commit({ relay, does: { at: 'congestion', do: fault } })
    client = await whole.startClient()
    const bootstrap = client.bootstrap()
    const { bootstrap: stuck } = await waitForStatus(
      client,
      ({ bootstrap: { blockage } }) => blockage !== undefined && committed.times > 0,
    )
    expect(stuck.blockage?.kind).toBe(kind)
    whole.network.faults.clear()
    await bootstrap
    await expectRecovery()
  })

  it('by not granting it gets fixed windows', async () => {
    whole.commit({ relay: 'exit1', does: { at: 'congestion', do: 'not-granted' } })
    client = await whole.startClient()
    await client.bootstrap()
    expect(await outcome()).toBe(BODY_SHA256)
  })
})

describe('an exit with congestion control', () => {
  beforeEach(async () => {
    client = await whole.startClient()
    await client.bootstrap()
  })

  const early = (message: RelayMessage): Misbehaviour => ({
    at: 'message',
    kind: 'connected',
    do: 'then-say',
    messages: [message],
  })

  it.each([
    ['XOFF before anything was sent', early({ kind: 'xoff' })],
    ['XON before anything was sent', early({ kind: 'xon', kilobytesPerSecond: 0 })],
    ['a SENDME for a stream, which has no window', early({ kind: 'sendme', tag: undefined })],
  ])('that says %s loses the circuit', async (_what, does) => {
    const committed = whole.commit({ relay: 'exit1', nth: 1, does })
    expect([await outcome(), committed.times]).toEqual(['protocol-violation', 1])
    await expectRecovery()
  })

  /** Sends much to somebody who does not read; resolves with how the stream ended. */
  async function uploadUntil(stop: () => boolean): Promise<string | undefined> {
    const stream = await client.connect('slow.test', SLOW_PORT)
    let ended: string | undefined
    stream.on('error', (error) => (ended = isTorError(error) ? error.kind : 'other'))
    stream.write(MUCH)
    await expect.poll(() => ended !== undefined || stop(), { timeout: 30_000 }).toBe(true)
    stream.destroy()
    return ended
  }

  it('that says XOFF twice loses the circuit', async () => {
    const committed = whole.commit({
      relay: 'exit1',
      nth: 1,
      does: { at: 'message', kind: 'xoff', do: 'twice' },
    })
    expect([await uploadUntil(() => false), committed.times]).toEqual(['protocol-violation', 1])
    await expectRecovery()
  })

  it('that says XON once more than it has reason to loses the circuit', async () => {
    const xons = Array.from({ length: 100 }, () => ({ kind: 'xon', kilobytesPerSecond: 0 }) as const)
    whole.commit({
      relay: 'exit1',
      nth: 1,
      does: { at: 'message', kind: 'xoff', do: 'then-say', messages: xons },
    })
    expect(await uploadUntil(() => false)).toBe('protocol-violation')
    await expectRecovery()
  })

  it('stops an upload that nobody reads, and lets it go on when somebody does', async () => {
    const stream = await client.connect('slow.test', SLOW_PORT)
    // No fault, but it counts.
    const does = { at: 'message', kind: 'xoff', do: 'then-say', messages: [] } as const
    const xoffs = whole.commit({ relay: 'exit1', does })
    const sent = new Promise<void>((resolve) => void stream.write(MUCH, () => resolve()))
    await expect.poll(() => xoffs.times, { timeout: 30_000 }).toBe(1)
    let read = 0
    for (const socket of slowSockets) socket.on('data', (bytes: Buffer) => (read += bytes.length)).resume()
    await sent
    await expect.poll(() => read, { timeout: 30_000 }).toBe(MUCH.length)
    stream.destroy()
  })
})
