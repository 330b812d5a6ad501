/**
 * Relays that tamper with what later hops send through them, or say something of their own. No cell of it is believed:
 * the circuit ends, the relay is told no reason, the guard keeps its name, and the next request gets through.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ErrorKind, TorClient } from '../../../core/index.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import type { PassingFault } from '../../network/faults/fault.ts'
import {
  BODY_SHA256,
  fetchBody,
  guardOf,
  outcomeOf,
  startWholeNetwork,
  TWO_GUARDS,
  type WholeNetwork,
} from '../../support/whole-network.ts'

/** In the middle of the transfer. */
const MIDDLE = 20
/** The only reason that a client gives (tor-spec 5.4). */
const NO_REASON = 0

let faulty: WholeNetwork
let client: TorClient
let guard: string

beforeAll(async () => {
  faulty = await startWholeNetwork()
})
beforeEach(async () => {
  client = await faulty.startClient(TWO_GUARDS)
  await client.bootstrap()
  guard = guardOf(client)
  faulty.relay(guard).destroyReasons.length = 0
})
afterEach(() => faulty.reset())
afterAll(() => faulty.stop())

const says = (message: RelayMessage, streamId?: number): PassingFault => ({
  do: 'say',
  messages: [message],
  ...(streamId !== undefined && { streamId }),
})

type Case = readonly [what: string, does: PassingFault, kind: ErrorKind]

const CASES: readonly Case[] = [
  ['loses a cell', { do: 'drop' }, 'protocol-violation'],
  ['sends a cell twice', { do: 'twice' }, 'protocol-violation'],
  ['lets one cell overtake another', { do: 'reorder' }, 'protocol-violation'],
  ['changes the first bit of a cell', { do: 'corrupt', byte: 0 }, 'protocol-violation'],
  ['changes a bit of what says whom a cell is for', { do: 'corrupt', byte: 1 }, 'protocol-violation'],
  ['changes a bit of the data', { do: 'corrupt', byte: 300 }, 'protocol-violation'],
  ['changes the last bit of a cell', { do: 'corrupt', byte: 508 }, 'protocol-violation'],
  ['marks a cell by RELAY_EARLY', { do: 'as-relay-early' }, 'protocol-violation'],
  ['speaks for the stream: DATA', says({ kind: 'data', data: Buffer.from('marked') }), 'protocol-violation'],
  [
    'speaks for the stream: END',
    says({ kind: 'end', reason: 6, address: undefined, ttlSeconds: undefined }),
    'protocol-violation',
  ],
  [
    'speaks for the stream: CONNECTED',
    says({ kind: 'connected', address: '192.0.2.1', ttlSeconds: 60 }),
    'protocol-violation',
  ],
  [
    'acknowledges what it did not get',
    says({ kind: 'sendme', tag: Buffer.alloc(20) }, 0),
    'protocol-violation',
  ],
  ['adds padding that nobody agreed on', says({ kind: 'drop' }, 0), 'protocol-violation'],
  [
    'says EXTENDED2 when nothing is extended',
    says({ kind: 'extended2', reply: Buffer.alloc(64) }, 0),
    'protocol-violation',
  ],
  ['says that what lies behind it is gone', says({ kind: 'truncated', reason: 1 }, 0), 'circuit-failed'],
  ['destroys the circuit', { do: 'destroy' }, 'circuit-failed'],
]

describe.each(['the guard', 'the middle relay'])('%s', (place) => {
  it.each(CASES)('%s: the circuit ends, and nobody is blamed', async (_what, does, kind) => {
    const relay = place === 'the guard' ? guard : 'middle1'
    const { connections } = faulty.relay(guard)
    const committed = faulty.commit({ relay, nth: MIDDLE, does: { at: 'passing', ...does } })
    expect([await outcomeOf(fetchBody(client)), committed.times]).toEqual([kind, 1])
    faulty.network.faults.clear()
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
    expect(guardOf(client)).toBe(guard)
    // The link stays, and what goes over it says nothing of what was seen.
    expect(faulty.relay(guard).connections).toBe(connections)
    expect(new Set([NO_REASON, ...faulty.relay(guard).destroyReasons])).toEqual(new Set([NO_REASON]))
    expect(faulty.network.complaints.splice(0)).toEqual([])
  })

  it('changes a bit of a digest, which is not looked at within a run of cells: nothing else than was sent is received', async () => {
    const relay = place === 'the guard' ? guard : 'middle1'
    const committed = faulty.commit({ relay, nth: MIDDLE, does: { at: 'passing', do: 'corrupt', byte: 5 } })
    // docs/adr/0002: the digest of the last cell speaks for all of them.
    expect([BODY_SHA256, 'protocol-violation']).toContain(await outcomeOf(fetchBody(client)))
    expect(committed.times).toBe(1)
  })

  it('ends the channel: the requests on it end, and the guard is connected to again', async () => {
    const committed = faulty.commit({
      relay: place === 'the guard' ? guard : 'middle1',
      nth: MIDDLE,
      does: { at: 'passing', do: 'close-channel' },
    })
    expect([await outcomeOf(fetchBody(client)), committed.times]).toEqual(['channel-failed', 1])
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
    expect(guardOf(client)).toBe(guard)
  })
})
