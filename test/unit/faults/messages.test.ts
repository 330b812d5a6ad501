/**
 * Exits that say what their streams do not explain, in any form, at any time: the circuit ends where anything was said that
 * has no place, the stream where only its own answer is bad, and nothing that was not true reaches the application.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ErrorKind, TorClient } from '../../../core/index.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import type { Misbehaviour } from '../../network/faults/fault.ts'
import {
  BODY_SHA256,
  fetchBody,
  guardOf,
  outcomeOf,
  spoils,
  startWholeNetwork,
  troubleOf,
  TWO_GUARDS,
  type WholeNetwork,
} from '../../support/whole-network.ts'

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
})
afterEach(() => faulty.reset())
afterAll(() => faulty.stop())

const end = (reason: number): RelayMessage => ({
  kind: 'end',
  reason,
  address: undefined,
  ttlSeconds: undefined,
})
const data: RelayMessage = { kind: 'data', data: Buffer.from('marked') }
const other = (command: number): RelayMessage => ({ kind: 'other', command, body: Buffer.alloc(60) })
const insteadOfConnected = (...messages: readonly RelayMessage[]): Misbehaviour =>
  spoils('connected', { do: 'instead-say', messages })
/** On the circuit itself. */
const besides = (message: RelayMessage): Misbehaviour =>
  spoils('connected', { do: 'then-say', messages: [message], streamId: 0 })

async function expectRecovery(): Promise<void> {
  faulty.network.faults.clear()
  await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
  expect(guardOf(client)).toBe(guard)
  expect(faulty.network.complaints.splice(0)).toEqual([])
}

describe('an exit that', () => {
  const CASES: readonly (readonly [what: string, does: Misbehaviour, kind: ErrorKind])[] = [
    ['says that a message is longer than its cell', spoils('connected', { do: 'overlong' }), 'malformed'],
    ['says that DATA is longer than its cell', spoils('data', { do: 'overlong' }), 'malformed'],
    ['cuts CONNECTED short (TROVE-2026-004)', spoils('connected', { do: 'truncate', bytes: 2 }), 'malformed'],
    [
      'sends DATA before CONNECTED',
      spoils('connected', { do: 'first-say', messages: [data] }),
      'protocol-violation',
    ],
    ['sends DATA without a stream', besides(data), 'protocol-violation'],
    ['ends no stream at all', besides(end(6)), 'protocol-violation'],
    ['asks a client to look up a name', besides({ kind: 'resolve', name: 'x' }), 'protocol-violation'],
    ['asks a client for its directory', besides({ kind: 'begin-dir' }), 'protocol-violation'],
    ['tells a client to shorten its circuit', besides({ kind: 'truncate' }), 'protocol-violation'],
    ['sends CONFLUX_LINKED_ACK without a set', besides({ kind: 'conflux-linked-ack' }), 'protocol-violation'],
    [
      'sends CONFLUX_SWITCH without a set',
      besides({ kind: 'conflux-switch', relativeSequence: 1 }),
      'protocol-violation',
    ],
    [
      'sends PADDING_NEGOTIATED where nothing was negotiated',
      besides({
        kind: 'padding-negotiated',
        action: 'start',
        isAccepted: true,
        machine: 1,
        machineCounter: 1,
      }),
      'protocol-violation',
    ],
    ['sends INTRODUCE2 to a client', besides(other(35)), 'protocol-violation'],
    ['sends RENDEZVOUS2 where nobody meets', besides(other(37)), 'protocol-violation'],
    ['sends INTRODUCE_ACK where nobody was introduced', besides(other(40)), 'protocol-violation'],
    ['acknowledges with no tag', besides({ kind: 'sendme', tag: undefined }), 'protocol-violation'],
    [
      'acknowledges with a short tag',
      besides({ kind: 'sendme', tag: Buffer.alloc(4) }),
      'protocol-violation',
    ],
    [
      'answers a stream of data by RESOLVED',
      insteadOfConnected({ kind: 'resolved', answers: [] }),
      'protocol-violation',
    ],
    ['ends a stream for a violation of ours', insteadOfConnected(end(13)), 'circuit-failed'],
    ['ends a stream by reason 0 (41353)', insteadOfConnected(end(0)), 'connect-failed'],
    ['ends a stream by a reason that nobody knows', insteadOfConnected(end(255)), 'connect-failed'],
  ]

  it.each(CASES)('%s', async (_what, does, kind) => {
    const committed = faulty.commit({ relay: 'exit1', does })
    expect([await outcomeOf(fetchBody(client)), committed.times > 0]).toEqual([kind, true])
    await expectRecovery()
  })

  it.each([0, 1, 5, 6, 255])(
    'ends a transfer in its middle by reason %i never passes for its end (41353)',
    async (reason) => {
      const committed = faulty.commit({
        relay: 'exit1',
        nth: 20,
        does: spoils('data', { do: 'instead-say', messages: [end(reason)] }),
      })
      await expect(fetchBody(client)).rejects.toBeDefined()
      expect(committed.times).toBe(1)
      await expectRecovery()
    },
  )
})

describe('an exit that is asked for a name', () => {
  const insteadOfResolved = (...messages: readonly RelayMessage[]): Misbehaviour =>
    spoils('resolved', { do: 'instead-say', messages })
  const name = (text: string): RelayMessage => ({
    kind: 'resolved',
    answers: [{ kind: 'name', name: text, ttlSeconds: 60 }],
  })
  const address: RelayMessage = {
    kind: 'resolved',
    answers: [{ kind: 'address', address: '198.51.100.7', ttlSeconds: 60 }],
  }

  const CASES: readonly (readonly [what: string, does: Misbehaviour, kind: ErrorKind])[] = [
    [
      'says XOFF (TROVE-2026-018)',
      spoils('resolved', { do: 'first-say', messages: [{ kind: 'xoff' }] }),
      'protocol-violation',
    ],
    ['sends DATA', insteadOfResolved(data), 'protocol-violation'],
    [
      'says CONNECTED',
      insteadOfResolved({ kind: 'connected', address: '198.51.100.7', ttlSeconds: 60 }),
      'protocol-violation',
    ],
    ['cuts its answer short (TROVE-2026-004)', spoils('resolved', { do: 'truncate', bytes: 3 }), 'malformed'],
    ['answers with a name', insteadOfResolved(name('elsewhere.test')), 'resolve-failed'],
    ['answers with nothing', insteadOfResolved({ kind: 'resolved', answers: [] }), 'resolve-failed'],
    ['destroys the circuit', spoils('resolved', { do: 'destroy' }), 'circuit-failed'],
  ]

  it.each(CASES)('%s', async (_what, does, kind) => {
    const committed = faulty.commit({ relay: 'exit1', does })
    expect([await outcomeOf(client.resolve('site.test')), committed.times > 0]).toEqual([kind, true])
    await expectRecovery()
  })

  it('answers twice: the first counts, the second ends the circuit', async () => {
    faulty.commit({ relay: 'exit1', does: insteadOfResolved(address, address) })
    expect(await outcomeOf(client.resolve('site.test'))).toMatchObject([{ address: '198.51.100.7' }])
    await expectRecovery()
  })

  it.each(['a\nb', '"><script>', '.', 'a..b', ' ', 'x'.repeat(64)])(
    'answers for an address with %j, which no host is called (TROVE-2026-035)',
    async (text) => {
      const committed = faulty.commit({ relay: 'exit1', does: insteadOfResolved(name(text)) })
      expect([await outcomeOf(client.resolveAddress('198.51.100.7')), committed.times]).toEqual([
        'resolve-failed',
        1,
      ])
    },
  )
})

describe('a middle relay that', () => {
  const BUILDING: readonly (readonly [what: string, faults: readonly Misbehaviour[], kind: ErrorKind])[] = [
    [
      'cuts EXTENDED2 short (TROVE-2025-016)',
      [spoils('extended2', { do: 'truncate', bytes: 10 })],
      'malformed',
    ],
    ['says that EXTENDED2 is longer than its cell', [spoils('extended2', { do: 'overlong' })], 'malformed'],
    ['marks EXTENDED2 by RELAY_EARLY', [spoils('extended2', { do: 'as-relay-early' })], 'protocol-violation'],
    ['says EXTENDED2 twice', [spoils('extended2', { do: 'twice' })], 'protocol-violation'],
    [
      'changes EXTENDED2 on the way',
      [spoils('extended2', { do: 'corrupt', byte: 100 })],
      'protocol-violation',
    ],
    [
      'says DATA instead of EXTENDED2',
      [spoils('extended2', { do: 'instead-say', messages: [data] })],
      'protocol-violation',
    ],
    [
      'destroys the circuit instead of extending it',
      [spoils('extended2', { do: 'destroy' })],
      'circuit-failed',
    ],
    [
      'says TRUNCATED without a reason (TROVE-2026-011)',
      [{ at: 'create', do: 'destroy' }, spoils('truncated', { do: 'truncate', bytes: 0 })],
      'circuit-failed',
    ],
  ]

  it.each(BUILDING)('%s builds no circuit, and costs the guard nothing', async (_what, faults, kind) => {
    const committed = faults.map((does) =>
      faulty.commit({ relay: does.at === 'create' ? 'exit1' : 'middle1', does }),
    )
    for (const { id } of client.status.value.circuits) client.closeCircuit(id)
    expect(await troubleOf(fetchBody(client))).toBe(kind)
    expect(committed.map(({ times }) => times > 0)).toEqual(faults.map(() => true))
    await expectRecovery()
  })
})
