/**
 * What relays must not bring about in a whole client: that one bad circuit ends others, that it goes at their pace, that it
 * leaves a guard or mixes identities because of what it did itself.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TorClient } from '../../../core/index.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import { type DialLog, logDials } from '../../support/dial-log.ts'
import {
  BODY_SHA256,
  fetchBody,
  guardOf,
  outcomeOf,
  spoils,
  startWholeNetwork,
  troubleOf,
  TWO_GUARDS,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const MINUTE_MS = 60_000
const NO_REASON = 0

let faulty: WholeNetwork
let client: TorClient
let guard: string
let dials: DialLog

beforeAll(async () => {
  faulty = await startWholeNetwork()
})
beforeEach(async () => {
  dials = logDials()
  client = await faulty.startClient([...TWO_GUARDS, 'ConnectionPadding 0'])
  await client.bootstrap()
  expect(await fetchBody(client)).toBe(BODY_SHA256)
  guard = guardOf(client)
})
afterEach(async () => {
  dials.stop()
  await faulty.reset()
})
afterAll(() => faulty.stop())

async function pass(ms: number): Promise<void> {
  const untilMs = faulty.clock.monotonicMs() + ms
  await expect.poll(() => faulty.clock.monotonicMs() >= untilMs, { interval: 5, timeout: 15_000 }).toBe(true)
}

/** What is neither a guard nor the site. The second guard is for circuits that end at the first: to measure, some do. */
function strangersAmong(dialled: readonly string[]): readonly string[] {
  const expected = [faulty.siteAddress, ...['guard1', 'guard2'].map((name) => faulty.addressOf(name))]
  return dialled.filter((address) => !expected.includes(address))
}

describe('a bad cell', () => {
  it('ends its own circuit, and no other on the same channel', async () => {
    const { connections } = faulty.relay(guard)
    const good = await client.connect('site.test', 80, { isolation: 'good' })
    faulty.commit({ relay: 'exit1', nth: 1, does: spoils('connected', { do: 'wrong-digest' }) })
    expect(await outcomeOf(client.connect('site.test', 80, { isolation: 'bad' }))).toBe('protocol-violation')
    good.write('GET / HTTP/1.0\r\nHost: site.test\r\n\r\n')
    const answer = await new Promise<Buffer>((resolve) => good.once('data', resolve))
    expect(answer.toString('latin1', 0, 12)).toBe('HTTP/1.1 200')
    good.destroy()
    expect(faulty.relay(guard).connections).toBe(connections)
  })
})

describe('DESTROY', () => {
  const EVERY_STEP: readonly (readonly [string, string, RelayMessage['kind'], number])[] = [
    ['when the second hop should be there', 'guard', 'extended2', 1],
    ['when the third hop should be there', 'middle1', 'extended2', 1],
    ['when the stream should be there', 'exit1', 'connected', 1],
    ['at the first data', 'exit1', 'data', 1],
    ['at the end of a stream', 'exit1', 'end', 1],
  ]

  it.each(EVERY_STEP)('%s is taken as it comes, without an answer', async (_when, where, kind, nth) => {
    const relay = where === 'guard' ? guard : where
    faulty.relay(guard).destroyReasons.length = 0
    const committed = faulty.commit({ relay, nth, does: spoils(kind, { do: 'destroy' }) })
    for (const { id } of client.status.value.circuits) client.closeCircuit(id)
    await outcomeOf(fetchBody(client))
    await expect.poll(() => committed.times, { timeout: 15_000 }).toBe(1)
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
    expect(guardOf(client)).toBe(guard)
    expect(new Set([NO_REASON, ...faulty.relay(guard).destroyReasons])).toEqual(new Set([NO_REASON]))
    expect(faulty.network.complaints.splice(0)).toEqual([])
  })

  it('twice on one circuit ends it once (TROVE-2026-009)', async () => {
    faulty.commit({ relay: guard, nth: 1, does: { at: 'create', do: 'destroy-twice' } })
    for (const { id } of client.status.value.circuits) client.closeCircuit(id)
    await outcomeOf(fetchBody(client))
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
  })
})

describe('a circuit that waits for use', () => {
  it('ends when anybody says anything on it', async () => {
    const committed = faulty.commit({ relay: 'exit1', does: { at: 'create', do: 'speak-first' } })
    for (const { id } of client.status.value.circuits) client.closeCircuit(id)
    expect(await troubleOf(fetchBody(client))).toBe('protocol-violation')
    expect(committed.times).toBeGreaterThan(0)
    faulty.network.faults.clear()
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
    expect(guardOf(client)).toBe(guard)
  })
})

describe('a relay that ends every circuit', () => {
  /** In a minute, by all that want a circuit together. */
  const MOST_TRIES = 120

  it.each(['middle1', 'exit1'])(
    '(%s) makes the client neither run, nor dial strangers, nor change its guard',
    async (relay) => {
      const committed = faulty.commit({ relay, does: { at: 'create', do: 'destroy' } })
      const dialled = dials.dialled.length
      for (const { id, purpose } of client.status.value.circuits)
        if (purpose === 'exit') client.closeCircuit(id)
      await pass(MINUTE_MS)
      expect(committed.times).toBeGreaterThan(0)
      expect(committed.times).toBeLessThan(MOST_TRIES)
      expect(strangersAmong(dials.dialled.slice(dialled))).toEqual([])
      faulty.network.faults.clear()
      await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
      expect(guardOf(client)).toBe(guard)
    },
  )
})

describe('a request that is given up before the first hop answers (41412)', () => {
  it('costs no connection and no guard', async () => {
    faulty.commit({ relay: guard, does: { at: 'create', do: 'say-nothing' } })
    for (const { id } of client.status.value.circuits) client.closeCircuit(id)
    const dialled = dials.dialled.length
    const { connections } = faulty.relay(guard)
    const controller = new AbortController()
    const connecting = client.connect('site.test', 80, { isolation: 'impatient', signal: controller.signal })
    await waitForStatus(client, ({ circuits }) =>
      circuits.some(({ state, builtHops }) => state === 'building' && builtHops === 0),
    )
    controller.abort()
    await expect(connecting).rejects.toMatchObject({ kind: 'aborted' })
    faulty.network.faults.clear()
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
    expect(guardOf(client)).toBe(guard)
    expect(strangersAmong(dials.dialled.slice(dialled))).toEqual([])
    expect(faulty.relay(guard).connections).toBe(connections)
  })
})

describe('identities', () => {
  it('share no circuit, also when the streams of one have failed or were never connected (TROVE-2026-040, TROVE-2026-053)', async () => {
    const circuitsOf = (): number[] =>
      client.status.value.circuits.filter(({ sites }) => sites.includes('site.test')).map(({ id }) => id)
    faulty.commit({
      relay: 'exit1',
      nth: 1,
      does: spoils('connected', {
        do: 'instead-say',
        messages: [{ kind: 'end', reason: 3, address: undefined, ttlSeconds: undefined }],
      }),
    })
    const before = circuitsOf()
    expect(await outcomeOf(client.connect('site.test', 80, { isolation: 'first' }))).toBe(
      'connection-refused',
    )
    const ofFirst = circuitsOf().filter((id) => !before.includes(id))
    expect(ofFirst).toHaveLength(1)
    const stream = await client.connect('site.test', 80, { isolation: 'second' })
    const ofSecond = circuitsOf().filter((id) => !before.includes(id) && !ofFirst.includes(id))
    expect(ofSecond).toHaveLength(1)
    stream.destroy()
    const again = await client.connect('site.test', 80, { isolation: 'third' })
    expect(circuitsOf().filter((id) => ![...before, ...ofFirst, ...ofSecond].includes(id))).toHaveLength(1)
    again.destroy()
  })
})
