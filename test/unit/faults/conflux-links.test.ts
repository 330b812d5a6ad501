/**
 * Exits that do wrong while a client links circuits to a set: no set comes of it, all its circuits are closed, what is
 * asked for meanwhile goes over a single circuit, and sets are linked again when the exit behaves.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CircuitStatus, ClientStatus } from '../../../core/index.ts'
import type { ConfluxLinkMessage, RelayMessage } from '../../../core/cell/relay-message.ts'
import type { MessageFault } from '../../network/faults/fault.ts'
import {
  EXIT,
  linkedLegs,
  ONE_SET_NETWORK,
  startConfluxClient,
  startLinkedClient,
  tallyOf,
  waitForSet,
} from '../../support/conflux-client.ts'
import {
  BODY_SHA256,
  fetchBody,
  spoils,
  startWholeNetwork,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const MINUTE_MS = 60_000
const POLL = { interval: 5, timeout: 15_000 }
/** Where what LINKED says begins in it. */
const NONCE_AT = 1
const LAST_SENT_AT = 33
const LAST_RECEIVED_AT = 41
const FOREIGN_NONCE = Buffer.alloc(32, 7)
const ONE = Buffer.from('0000000000000001', 'hex')

let whole: WholeNetwork

beforeAll(async () => {
  whole = await startWholeNetwork(ONE_SET_NETWORK)
})
afterEach(async () => {
  await whole.reset()
  expect(whole.network.complaints).toEqual([])
})
afterAll(() => whole.stop())

const link = (kind: ConfluxLinkMessage['kind']): ConfluxLinkMessage => ({
  kind,
  nonce: FOREIGN_NONCE,
  lastSentSequence: 0n,
  lastReceivedSequence: 0n,
  desiredUx: 1,
})
const overwritten = (from: number, bytes: Buffer): MessageFault => ({ do: 'overwrite', from, bytes })
const andThen = (message: RelayMessage, streamId = 0): MessageFault => ({
  do: 'then-say',
  messages: [message],
  streamId,
})

function legsOf({ circuits }: ClientStatus): readonly CircuitStatus[] {
  return circuits.filter(({ setId }) => setId !== undefined)
}

describe('an exit that is asked to link', () => {
  const WRONG: readonly (readonly [string, MessageFault, RegExp])[] = [
    ['answers with a nonce that is not ours', overwritten(NONCE_AT, FOREIGN_NONCE), /nonce/],
    ['answers twice', { do: 'twice' }, /linked/],
    ['answers in another version', overwritten(0, Buffer.of(2)), /version/],
    ['answers with half of a LINKED', { do: 'truncate', bytes: 20 }, /LINK/],
    ['has sent messages before anybody could', overwritten(LAST_SENT_AT, ONE), /never sent/],
    ['has received more than we sent', overwritten(LAST_RECEIVED_AT, ONE), /never sent/],
    ['links the client in its turn', andThen(link('conflux-link')), /conflux/i],
    ['acknowledges what it said itself', andThen({ kind: 'conflux-linked-ack' }), /conflux/i],
    [
      'changes legs before there is a set',
      { do: 'first-say', messages: [{ kind: 'conflux-switch', relativeSequence: 1 }] },
      /not linked/,
    ],
    [
      'sends data before there is a set',
      andThen({ kind: 'data', data: Buffer.from('early') }, 1),
      /not linked/,
    ],
    ['asks for a directory (TROVE-2026-008)', andThen({ kind: 'begin-dir' }, 1), /begin/i],
    ['ends the leg', { do: 'destroy' }, /destroy|closed|ended/i],
  ]

  it.each(WRONG)('and %s gets no set', async (_what, fault, reason) => {
    const committed = whole.commit({ relay: EXIT, does: spoils('conflux-linked', fault) })
    const { client, failures } = await startConfluxClient(whole)
    await expect.poll(() => failures.length, POLL).toBeGreaterThan(0)
    expect(committed.times).toBeGreaterThan(0)
    expect(failures[0]).toMatch(reason)
    expect(await fetchBody(client)).toBe(BODY_SHA256)
    expect(linkedLegs(client.status.value)).toEqual([])
    whole.network.faults.clear()
    await waitForSet(client)
    expect(await fetchBody(client)).toBe(BODY_SHA256)
  })

  it('and answers late, but in time, gets a set', async () => {
    const committed = whole.commit({ relay: EXIT, does: spoils('conflux-linked', { do: 'delay', ms: 900 }) })
    const client = await startLinkedClient(whole)
    expect(committed.times).toBe(2)
    expect(await fetchBody(client)).toBe(BODY_SHA256)
  })

  it('and answers on one leg only, or when nobody waits any more, gets no set', async () => {
    whole.commit({ relay: EXIT, nth: 2, does: spoils('conflux-linked', { do: 'delay', ms: 2 * MINUTE_MS }) })
    const { client, failures } = await startConfluxClient(whole, ['ConnectionPadding 0'])
    await expect.poll(() => failures.length, POLL).toBeGreaterThan(0)
    expect(failures[0]).toMatch(/linking a conflux set/)
    // Those that are tried next are linked, and the late answer finds nobody.
    await waitForSet(client)
    const answeredMs = whole.clock.monotonicMs() + 3 * MINUTE_MS
    await expect.poll(() => whole.clock.monotonicMs(), POLL).toBeGreaterThan(answeredMs)
    expect(await fetchBody(client)).toBe(BODY_SHA256)
  })
})

describe('a client', () => {
  it('links no circuit that serves somebody, and none twice (TROVE-2026-025)', async () => {
    const { legs } = tallyOf(whole)
    const { client } = await startConfluxClient(whole)
    for (let round = 0; round < 4; round++) {
      expect(await Promise.all([fetchBody(client), fetchBody(client)])).toEqual([BODY_SHA256, BODY_SHA256])
      client.newCircuitFor('site.test')
    }
    await waitForSet(client)
    expect(tallyOf(whole).legs - legs).toBeGreaterThanOrEqual(4)
    // An exit of this network complains of either.
    expect(whole.network.complaints).toEqual([])
  })
})

describe('a set that is closed while it is linked', () => {
  it.each(['by its user', 'with the client'] as const)(
    '%s takes all its legs along (TROVE-2026-026)',
    async (who) => {
      whole.commit({ relay: EXIT, nth: 2, does: spoils('conflux-linked', { do: 'delay', ms: 30_000 }) })
      const sets = (): number => whole.relay(EXIT).confluxSets?.count ?? 0
      await expect.poll(sets, POLL).toBe(0)
      const legsBefore = tallyOf(whole).legs
      const { client } = await startConfluxClient(whole)
      await expect.poll(() => tallyOf(whole).legs, POLL).toBe(legsBefore + 2)
      const legs = legsOf(client.status.value)
      expect(legs).toHaveLength(2)
      if (who === 'with the client') await client.close()
      else {
        client.closeCircuit(legs[1]?.id ?? 0)
        await waitForStatus(client, (status) => legsOf(status).every(({ id }) => id !== legs[0]?.id))
        expect(await fetchBody(client)).toBe(BODY_SHA256)
        await client.close()
      }
      await expect.poll(sets, POLL).toBe(0)
    },
  )
})
