/**
 * Guards whose links open and that make no circuits. Only a link that cannot be opened speaks against a guard: whoever can
 * overload one must not be able to lead clients to another. So the client stays, says what it is, asks at a pace of its own,
 * and goes on when the guard does.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ErrorKind, TorClient } from '../../../core/index.ts'
import type { CreateFault, Misbehaviour } from '../../network/faults/fault.ts'
import {
  BODY_SHA256,
  fetchBody,
  guardOf,
  outcomeOf,
  startWholeNetwork,
  troubleOf,
  TWO_GUARDS,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const A_WHILE_MS = 20_000
/** Circuits in that time, by all who want one together. */
const MOST_TRIES = 60
/** With a request that waits all that time. */
const MOST_TRIES_OF_REQUEST = 120

let faulty: WholeNetwork

beforeAll(async () => {
  faulty = await startWholeNetwork()
})
afterEach(() => faulty.reset())
afterAll(() => faulty.stop())

const create = (what: CreateFault): Misbehaviour => ({ at: 'create', do: what })

async function pass(ms: number): Promise<void> {
  const untilMs = faulty.clock.monotonicMs() + ms
  await expect.poll(() => faulty.clock.monotonicMs() >= untilMs, { interval: 5, timeout: 15_000 }).toBe(true)
}

function openThrough(client: TorClient, guard: string): readonly unknown[] {
  const open = client.status.value.circuits.filter(({ state }) => state === 'open')
  return open.filter(({ hops }) => hops[0]?.nickname === guard)
}

describe('a guard in use', () => {
  const FAULTS: readonly (readonly [string, Misbehaviour, ErrorKind])[] = [
    ['destroys every circuit', create('destroy'), 'circuit-failed'],
    ['destroys every circuit twice (TROVE-2026-009)', create('destroy-twice'), 'circuit-failed'],
    ['answers with a wrong proof', create('wrong-proof'), 'wrong-identity'],
    ['answers too short', create('cut-short'), 'malformed'],
    ['answers longer than a cell (TROVE-2026-003)', create('longer-than-its-cell'), 'malformed'],
    ['answers with a key of zero', create('zero-key'), 'wrong-identity'],
    ['answers another question', create('other-kind'), 'protocol-violation'],
    ['ends each link as soon as it is open', { at: 'link', do: 'certs-on-open-link' }, 'protocol-violation'],
  ]

  it.each(FAULTS)(
    '%s: it is neither blamed nor hammered, and serves when it behaves',
    async (_what, does, kind) => {
      const client = await faulty.startClient([...TWO_GUARDS, 'ConnectionPadding 0'])
      await client.bootstrap()
      const guard = guardOf(client)
      if (does.at === 'link') faulty.network.cutLinks(faulty.relay(guard))
      const committed = faulty.commit({ relay: guard, does })
      for (const { id } of client.status.value.circuits) client.closeCircuit(id)
      expect(await troubleOf(fetchBody(client))).toBe(kind)
      const ofRequest = committed.times
      expect(ofRequest).toBeGreaterThan(0)
      expect(ofRequest).toBeLessThan(MOST_TRIES_OF_REQUEST)
      await pass(A_WHILE_MS)
      // A circuit to it through the other guard, as the check of three hops makes one, is sound.
      expect(openThrough(client, guard)).toEqual([])
      expect(committed.times - ofRequest).toBeLessThan(MOST_TRIES)
      faulty.network.faults.clear()
      await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
      expect(guardOf(client)).toBe(guard)
    },
  )

  it('never answers: it is given up with its link, asked again, and serves when it behaves', async () => {
    const client = await faulty.startClient([...TWO_GUARDS, 'ConnectionPadding 0'])
    await client.bootstrap()
    const guard = guardOf(client)
    const { connections } = faulty.relay(guard)
    faulty.commit({ relay: guard, does: create('say-nothing') })
    for (const { id } of client.status.value.circuits) client.closeCircuit(id)
    expect(['channel-failed', 'timeout']).toContain(await outcomeOf(fetchBody(client)))
    await expect.poll(() => faulty.relay(guard).connections > connections, { timeout: 15_000 }).toBe(true)
    faulty.network.faults.clear()
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
    expect(guardOf(client)).toBe(guard)
  })
})

describe('a relay behind the guard', () => {
  it.each([
    ['middle1', 'destroy', 'circuit-failed'],
    ['middle1', 'wrong-proof', 'wrong-identity'],
    ['exit1', 'destroy', 'circuit-failed'],
    ['exit1', 'zero-key', 'wrong-identity'],
  ] as const)(
    '(%s, %s) costs the guard nothing (TROVE-2026-038, TROVE-2026-041)',
    async (relay, what, kind) => {
      const client = await faulty.startClient(TWO_GUARDS)
      await client.bootstrap()
      const guard = guardOf(client)
      const committed = faulty.commit({ relay, does: create(what) })
      for (const { id, purpose } of client.status.value.circuits)
        if (purpose !== 'directory') client.closeCircuit(id)
      expect([await troubleOf(fetchBody(client)), committed.times > 0]).toEqual([kind, true])
      faulty.network.faults.clear()
      await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
      expect(guardOf(client)).toBe(guard)
    },
  )

  it('keeps a request waiting as long as it makes no circuits, and the same request is served when it does', async () => {
    const client = await faulty.startClient([...TWO_GUARDS, 'SocksTimeout 120'])
    await client.bootstrap()
    const committed = faulty.commit({ relay: 'exit1', does: create('destroy') })
    for (const { id, purpose } of client.status.value.circuits)
      if (purpose !== 'directory') client.closeCircuit(id)
    const asked = outcomeOf(fetchBody(client))
    await pass(A_WHILE_MS)
    expect(committed.times).toBeGreaterThan(0)
    expect(committed.times).toBeLessThan(MOST_TRIES_OF_REQUEST)
    faulty.network.faults.clear()
    expect(await asked).toBe(BODY_SHA256)
  })
})
