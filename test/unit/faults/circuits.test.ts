/**
 * Relays that do wrong while circuits are built, or on circuits that are in use. A circuit ends at the first cell that
 * nothing explains; the guard keeps its name for what others did; the next request gets through when they behave.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ErrorKind, isTorError, type TorClient } from '../../../core/index.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import type { CreateFault, Misbehaviour } from '../../network/faults/fault.ts'
import {
  BODY_SHA256,
  fetchBody,
  spoils,
  startWholeNetwork,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const OTHER_GUARDS = ['guard2', 'guard3']

let faulty: WholeNetwork
let client: TorClient

beforeAll(async () => {
  faulty = await startWholeNetwork()
})
afterAll(() => faulty.stop())

/** What the request came to: the body's hash, or the kind of the error. */
async function outcome(): Promise<string> {
  return fetchBody(client).catch((error: unknown) => {
    if (isTorError(error)) return error.kind
    throw error
  })
}

async function expectRecovery(): Promise<void> {
  faulty.network.faults.clear()
  await expect.poll(outcome, { timeout: 15_000 }).toBe(BODY_SHA256)
}

describe('a relay that answers the handshake of a circuit with', () => {
  afterEach(() => faulty.reset())

  const ANSWERS: readonly (readonly [CreateFault, ErrorKind])[] = [
    ['destroy', 'circuit-failed'],
    ['wrong-proof', 'wrong-identity'],
    ['cut-short', 'malformed'],
    ['longer-than-its-cell', 'malformed'],
    ['twice', 'protocol-violation'],
  ]
  const PLACES: readonly { readonly relay: string; readonly fault: CreateFault; readonly kind: ErrorKind }[] =
    [
      ...['guard1', 'middle1', 'exit1'].flatMap((relay) =>
        ANSWERS.map(([fault, kind]) => ({ relay, fault, kind })),
      ),
      // A guard that says nothing at all is left after half a minute, with its channel.
      { relay: 'guard1', fault: 'say-nothing', kind: 'channel-failed' },
      { relay: 'middle1', fault: 'say-nothing', kind: 'timeout' },
      { relay: 'exit1', fault: 'say-nothing', kind: 'timeout' },
    ]

  it.each(PLACES)(
    '$fault ($relay) keeps the client waiting, and nothing else is tried',
    async ({ relay, fault, kind }) => {
      const committed = faulty.commit({ relay, does: { at: 'create', do: fault } })
      client = await faulty.startClient()
      const bootstrap = client.bootstrap()

      const { bootstrap: stuck } = await waitForStatus(
        client,
        ({ bootstrap: { blockage } }) => blockage !== undefined && committed.times > 0,
      )
      expect([stuck.blockage?.kind, stuck.isConnected]).toEqual([kind, false])
      faulty.network.faults.clear()
      await bootstrap
      // A request may have to wait for circuits that were begun while nobody answered.
      await expect.poll(outcome, { timeout: 15_000 }).toBe(BODY_SHA256)
      expect(OTHER_GUARDS.map((name) => faulty.relay(name).connections)).toEqual([0, 0])
    },
  )
})

describe('on a circuit in use', () => {
  beforeEach(async () => {
    client = await faulty.startClient()
    await client.bootstrap()
    expect(await fetchBody(client)).toBe(BODY_SHA256)
  })
  afterEach(() => faulty.reset())

  const thenSay = (kind: RelayMessage['kind'], ...messages: readonly RelayMessage[]): Misbehaviour =>
    spoils(kind, { do: 'then-say', messages })
  /** On the circuit itself, or on another stream. */
  const thenSayOn = (streamId: number, ...messages: readonly RelayMessage[]): Misbehaviour =>
    spoils('connected', { do: 'then-say', messages, streamId })

  const linked: RelayMessage = {
    kind: 'conflux-linked',
    nonce: Buffer.alloc(32),
    lastSentSequence: 0n,
    lastReceivedSequence: 0n,
    desiredUx: 0,
  }
  const connected: RelayMessage = { kind: 'connected', address: '192.0.2.1', ttlSeconds: 60 }
  const ended: RelayMessage = { kind: 'end', reason: 6, address: undefined, ttlSeconds: undefined }
  const someData: RelayMessage = { kind: 'data', data: Buffer.from('marked') }

  /** What the exit does at the `nth` occasion, and what the application is told. */
  type Case = readonly [what: string, nth: number, does: Misbehaviour, kind: ErrorKind]
  const MIDDLE = 20
  const CASES: readonly Case[] = [
    ['CONNECTED with a wrong digest', 1, spoils('connected', { do: 'wrong-digest' }), 'protocol-violation'],
    [
      'DATA with a bit changed on the way',
      MIDDLE,
      spoils('data', { do: 'corrupt', byte: 300 }),
      'protocol-violation',
    ],
    ['a DATA cell that is missing', MIDDLE, spoils('data', { do: 'drop' }), 'protocol-violation'],
    ['two DATA cells in the wrong order', MIDDLE, spoils('data', { do: 'reorder' }), 'protocol-violation'],
    ['DATA in a RELAY_EARLY cell', MIDDLE, spoils('data', { do: 'as-relay-early' }), 'protocol-violation'],
    [
      'DATA for no stream',
      MIDDLE,
      spoils('data', { do: 'other-stream', streamId: 4_242 }),
      'protocol-violation',
    ],
    ['CONNECTED twice', 1, thenSay('connected', connected), 'protocol-violation'],
    ['XOFF, which was not negotiated', 1, thenSay('connected', { kind: 'xoff' }), 'protocol-violation'],
    [
      'RESOLVED for a stream of data',
      1,
      thenSay('connected', { kind: 'resolved', answers: [] }),
      'protocol-violation',
    ],
    [
      'a command that nobody knows',
      1,
      thenSay('connected', { kind: 'other', command: 99, body: Buffer.from('marked') }),
      'protocol-violation',
    ],
    ['DROP, where no padding was agreed', 1, thenSayOn(0, { kind: 'drop' }), 'protocol-violation'],
    [
      'a SENDME that is not owed',
      1,
      thenSayOn(0, { kind: 'sendme', tag: Buffer.alloc(20) }),
      'protocol-violation',
    ],
    [
      'BEGIN to a client',
      1,
      thenSayOn(7, { kind: 'begin', host: 'x', port: 80, flags: 0 }),
      'protocol-violation',
    ],
    [
      'EXTENDED2 when nothing is extended',
      1,
      thenSayOn(0, { kind: 'extended2', reply: Buffer.alloc(64) }),
      'protocol-violation',
    ],
    ['CONFLUX_LINKED without a set', 1, thenSayOn(0, linked), 'protocol-violation'],
    ['DESTROY in the middle of a transfer', MIDDLE, spoils('data', { do: 'destroy' }), 'circuit-failed'],
    [
      'TRUNCATED in the middle of a transfer',
      MIDDLE,
      spoils('data', { do: 'then-say', messages: [{ kind: 'truncated', reason: 1 }], streamId: 0 }),
      'circuit-failed',
    ],
    ['the end of the whole channel', MIDDLE, spoils('data', { do: 'close-channel' }), 'channel-failed'],
  ]

  it.each(CASES)('%s ends the circuit, and costs the guard nothing', async (_what, nth, does, kind) => {
    const committed = faulty.commit({ relay: 'exit1', nth, does })
    expect([await outcome(), committed.times]).toEqual([kind, 1])
    await expectRecovery()
    expect(OTHER_GUARDS.map((name) => faulty.relay(name).connections)).toEqual([0, 0])
  })

  const AFTER_THE_BODY: readonly (readonly [string, Misbehaviour])[] = [
    ['END without a reason (TROVE-2026-011)', spoils('end', { do: 'truncate', bytes: 0 })],
    ['END twice', thenSay('end', ended)],
    [
      'DATA behind END, beyond what was under way',
      thenSay('end', ...Array.from({ length: 501 }, () => someData)),
    ],
  ]

  it.each(AFTER_THE_BODY)('%s ends the circuit', async (_what, does) => {
    const committed = faulty.commit({ relay: 'exit1', nth: 1, does })
    await outcome()
    await waitForStatus(client, ({ circuits }) => circuits.every(({ sites }) => !sites.includes('site.test')))
    expect(committed.times).toBe(1)
    await expectRecovery()
  })

  it('a message that comes late is waited for', async () => {
    const committed = faulty.commit({
      relay: 'exit1',
      nth: 1,
      does: spoils('connected', { do: 'delay', ms: 100 }),
    })
    expect([await outcome(), committed.times]).toEqual([BODY_SHA256, 1])
  })

  it('an exit that never answers is left for another circuit', async () => {
    const committed = faulty.commit({ relay: 'exit1', nth: 1, does: spoils('connected', { do: 'drop' }) })
    expect(await outcome()).toBe('timeout')
    expect(committed.times).toBe(1)
  })
})
