/**
 * Conflux sets in use, whose exits say what nothing explains, hold back or flood, and whose legs die: the set ends whole
 * and with one error, keeps little, and the next request gets through.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { TorClient } from '../../../core/index.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import {
  confluxNetwork,
  EXIT,
  LEG_GUARDS,
  linkedLegs,
  startLinkedClient,
  tallyOf,
  waitForSet,
} from '../../support/conflux-client.ts'
import {
  BODY_SHA256,
  fetchBody,
  outcomeOf,
  spoils,
  startWholeNetwork,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const POLL = { interval: 5, timeout: 15_000 }
const PORT = 8080
/** What a set may keep of messages ahead of their turn here. */
const MOST_QUEUED_BYTES = 1_000_000
const CELL_BYTES = 509
/** Of a relay of this process: the most that is under way. */
const LARGEST_WINDOW = 1000
/** Messages of a transfer that has begun and is not over. */
const MIDDLE = 60

let whole: WholeNetwork
/** Sends as much as is taken, and takes what is sent. */
let endless: Server
const sockets = new Set<Socket>()

beforeAll(async () => {
  whole = await startWholeNetwork(
    confluxNetwork(`cfx_max_oooq_bytes=${MOST_QUEUED_BYTES} cfx_max_prebuilt_set=1`),
  )
  const block = Buffer.alloc(64 * 1024, 'endless')
  endless = createServer((socket) => {
    sockets.add(socket)
    const send = (): void => {
      while (!socket.destroyed && socket.write(block)) {}
    }
    socket.on('error', () => {})
    socket.on('drain', send)
    socket.once('data', send)
  })
  endless.listen(0, '127.0.0.1')
  await once(endless, 'listening')
  whole.network.hosts.add('endless.test', PORT, (endless.address() as AddressInfo).port)
})
afterEach(async () => {
  await whole.reset()
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  expect(whole.network.complaints).toEqual([])
})
afterAll(async () => {
  endless.close()
  await whole.stop()
})

/** Ids of the circuits of the set that serves somebody. */
function usedLegs(client: TorClient): readonly number[] {
  const legs = linkedLegs(client.status.value).filter(({ sites }) => sites.length > 0)
  return legs.map(({ id }) => id)
}

async function expectGone(client: TorClient, ids: readonly number[]): Promise<void> {
  await waitForStatus(client, ({ circuits }) => circuits.every(({ id }) => !ids.includes(id)))
}

async function expectRecovery(client: TorClient): Promise<void> {
  whole.network.faults.clear()
  await expect.poll(() => outcomeOf(fetchBody(client)), POLL).toBe(BODY_SHA256)
  await waitForSet(client)
}

/** Over both legs as evenly as it goes. */
const changeLegs = (): { readonly times: number } =>
  whole.commit({ relay: EXIT, does: { at: 'conflux', do: 'change-legs-always' } })

describe('the exit of a set', () => {
  const change = (relativeSequence: number): RelayMessage => ({ kind: 'conflux-switch', relativeSequence })
  const link = {
    nonce: Buffer.alloc(32, 7),
    lastSentSequence: 0n,
    lastReceivedSequence: 0n,
    desiredUx: 1,
  }
  const WRONG: readonly (readonly [string, readonly RelayMessage[]])[] = [
    ['links a leg once more, as another set', [{ kind: 'conflux-linked', ...link }]],
    ['asks a client to link', [{ kind: 'conflux-link', ...link }]],
    ['acknowledges what nobody asked', [{ kind: 'conflux-linked-ack' }]],
    ['changes legs by nothing', [change(0)]],
    ['changes legs by four thousand million messages', [change(0xffff_ffff)]],
    ['changes legs twice without a message between', [change(1), change(1)]],
    ['asks for a directory (TROVE-2026-008)', [{ kind: 'begin-dir' }]],
  ]

  it.each(WRONG)('that %s loses all legs of it', async (_what, messages) => {
    const client = await startLinkedClient(whole)
    changeLegs()
    const committed = whole.commit({
      relay: EXIT,
      nth: MIDDLE,
      does: spoils('data', { do: 'then-say', messages, streamId: 0 }),
    })
    const legs = linkedLegs(client.status.value).map(({ id }) => id)
    expect(legs).toHaveLength(2)
    expect(await outcomeOf(fetchBody(client))).toBe('protocol-violation')
    expect(committed.times).toBe(1)
    await expectGone(client, legs)
    await expectRecovery(client)
  })

  it('that goes on with a leg before it has sent anything loses all legs of it', async () => {
    const committed = whole.commit({
      relay: EXIT,
      nth: 2,
      does: spoils('conflux-linked', { do: 'then-say', messages: [change(5)], streamId: 0 }),
    })
    const client = await startLinkedClient(whole)
    expect(committed.times).toBe(1)
    changeLegs()
    const legs = linkedLegs(client.status.value).map(({ id }) => id)
    // What ends before the stream was there is asked for once more, elsewhere.
    expect(['protocol-violation', BODY_SHA256]).toContain(await outcomeOf(fetchBody(client)))
    await expectGone(client, legs)
    await expectRecovery(client)
  })

  it('that changes legs with every message is followed, whatever the order in which they arrive', async () => {
    const client = await startLinkedClient(whole)
    changeLegs()
    const { switchesSent } = tallyOf(whole)
    const held = whole.commit({ relay: 'guard1', nth: 40, does: { at: 'passing', do: 'hold', ms: 2_000 } })
    expect(await fetchBody(client)).toBe(BODY_SHA256)
    expect(held.times).toBe(1)
    expect(tallyOf(whole).switchesSent - switchesSent).toBeGreaterThan(50)
  })

  it('that skips a message and floods is cut off by bytes, as often as it tries (TROVE-2026-010)', async () => {
    const client = await startLinkedClient(whole)
    for (let round = 0; round < 3; round++) {
      await waitForSet(client)
      const stream = await client.connect('endless.test', PORT)
      const legs = usedLegs(client)
      expect(legs).toHaveLength(2)
      whole.commit({ relay: EXIT, does: { at: 'conflux', do: 'keep-to-one-leg' } })
      whole.commit({
        relay: EXIT,
        nth: 3,
        does: spoils('data', { do: 'then-say', messages: [change(1)], streamId: 0 }),
      })
      const { carriedCells } = whole.relay(EXIT)
      const failed = new Promise((resolve) => stream.once('error', resolve))
      let taken = 0
      stream.on('data', (bytes: Buffer) => (taken += bytes.length))
      stream.write('go')
      expect(await failed).toMatchObject({ kind: 'limit' })
      await expectGone(client, legs)
      const sentBytes = (whole.relay(EXIT).carriedCells - carriedCells) * CELL_BYTES
      expect(sentBytes).toBeGreaterThan(MOST_QUEUED_BYTES)
      expect(sentBytes).toBeLessThan(MOST_QUEUED_BYTES + 2 * LARGEST_WINDOW * CELL_BYTES)
      expect(taken).toBeLessThan(4 * CELL_BYTES)
      whole.network.faults.clear()
    }
    await expectRecovery(client)
  })
})

describe('a leg that dies', () => {
  const DEATHS: readonly (readonly [string, readonly string[], 'destroy' | 'close-channel'])[] = [
    ['while another carries on', ['guard1'], 'destroy'],
    ['with its channel', ['guard2'], 'close-channel'],
    ['together with the other', LEG_GUARDS, 'close-channel'],
  ]

  it.each(DEATHS)('in the middle of a download, %s, ends the set', async (_how, guards, how) => {
    const client = await startLinkedClient(whole)
    changeLegs()
    const legs = linkedLegs(client.status.value).map(({ id }) => id)
    const committed = guards.map((relay) =>
      whole.commit({ relay, nth: MIDDLE, does: { at: 'passing', do: how } }),
    )
    expect(await outcomeOf(fetchBody(client))).not.toBe(BODY_SHA256)
    expect(committed.some(({ times }) => times === 1)).toBe(true)
    await expectGone(client, legs)
    await expectRecovery(client)
  })

  it('with what all others wait for ends the set, and what waited is given to nobody (TROVE-2026-016)', async () => {
    const client = await startLinkedClient(whole)
    changeLegs()
    const stream = await client.connect('endless.test', PORT)
    const legs = usedLegs(client)
    whole.commit({ relay: 'guard1', nth: 2, does: { at: 'passing', do: 'hold', ms: 3_600_000 } })
    const error = new Promise((resolve) => stream.once('error', resolve))
    let taken = 0
    stream.on('data', (bytes: Buffer) => (taken += bytes.length))
    const { carriedCells } = whole.relay(EXIT)
    stream.write('go')
    // A window of the one leg, and of the other as far as the first lets it.
    await expect.poll(() => whole.relay(EXIT).carriedCells - carriedCells, POLL).toBeGreaterThan(200)
    whole.network.cutLinks(whole.relay('guard1'))
    expect(await error).toBeInstanceOf(Error)
    expect(taken).toBeLessThan(5 * CELL_BYTES)
    await expectGone(client, legs)
    await expectRecovery(client)
  })

  it.each([
    ['one leg is closed', (client: TorClient, legs: readonly number[]) => client.closeCircuit(legs[0] ?? 0)],
    ['the other is', (client: TorClient, legs: readonly number[]) => client.closeCircuit(legs[1] ?? 0)],
    [
      'both are',
      (client: TorClient, legs: readonly number[]) => legs.forEach((id) => client.closeCircuit(id)),
    ],
  ] as const)(
    'while its queue is drained, because %s, gives the reader nothing more than one error (TROVE-2026-014)',
    async (_how, kill) => {
      const client = await startLinkedClient(whole)
      changeLegs()
      const stream = await client.connect('site.test', 80)
      const legs = usedLegs(client)
      const held = whole.commit({ relay: 'guard1', nth: 2, does: { at: 'passing', do: 'hold', ms: 5_000 } })
      const events: string[] = []
      const closed = new Promise<void>((resolve) => stream.once('close', resolve))
      stream.on('error', () => events.push('error'))
      let bursts = 0
      stream.on('data', () => {
        if (events.length > 0) events.push('data')
        // By then the leg that was held is let go, and what waited comes out.
        if (held.times === 1 && ++bursts === 8) kill(client, legs)
      })
      stream.write('GET / HTTP/1.0\r\nHost: site.test\r\n\r\n')
      await closed
      expect(bursts).toBeGreaterThanOrEqual(8)
      expect(events).toEqual(['error'])
      await expectGone(client, legs)
      await expectRecovery(client)
    },
  )

  it('while the client sends and is about to change to it ends the set (TROVE-2026-017)', async () => {
    const sets = whole.relay(EXIT).confluxSets
    if (sets === undefined) throw new RangeError('an exit that joins no circuits')
    // Throughput: the client goes on with the other leg whenever one is full.
    sets.desiredUx = 3
    const client = await startLinkedClient(whole)
    sets.desiredUx = 1
    const { switchesReceived } = tallyOf(whole)
    const stream = await client.connect('endless.test', PORT)
    const legs = usedLegs(client)
    const error = new Promise((resolve) => stream.once('error', resolve))
    stream.resume()
    stream.write(Buffer.alloc(4_000_000, 'upload'))
    await expect.poll(() => tallyOf(whole).switchesReceived, POLL).toBeGreaterThan(switchesReceived + 2)
    whole.network.cutLinks(whole.relay('guard2'))
    expect(await error).toBeInstanceOf(Error)
    await expectGone(client, legs)
    await expectRecovery(client)
  })
})

describe('all legs of a set', () => {
  it('serve one identity and no other (TROVE-2026-040)', async () => {
    const client = await startLinkedClient(whole)
    const one = await client.connect('site.test', 80, { isolation: 'one' })
    const legs = usedLegs(client)
    expect(legs).toHaveLength(2)
    const other = await client.connect('site.test', 80, { isolation: 'other' })
    const again = await client.connect('site.test', 80, { isolation: 'one' })
    const { circuits } = client.status.value
    const streamsOn = (id: number): number => circuits.find((circuit) => circuit.id === id)?.streams ?? 0
    expect(legs.map(streamsOn)).toEqual([2, 2])
    for (const stream of [one, other, again]) stream.destroy()
  })

  it('carry no request for a directory, however old what it gave becomes (TROVE-2026-008)', async () => {
    const client = await startLinkedClient(whole, ['ConnectionPadding 0'])
    const { diffs } = whole.network.directory.served
    await expect.poll(() => whole.network.directory.served.diffs, POLL).toBeGreaterThan(diffs)
    expect(await fetchBody(client)).toBe(BODY_SHA256)
  })
})
