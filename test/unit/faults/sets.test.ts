/**
 * Conflux sets of a whole client, on exits that join circuits: what they are made of, what rides on them, and that
 * exits, guards and legs that fail cost no request that a single circuit could have served.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CircuitStatus, ClientStatus, TorClient } from '../../../core/index.ts'
import { CONFLUX_NETWORK } from '../../network/small-description.ts'
import {
  BODY_SHA256,
  fetchBody,
  outcomeOf,
  spoils,
  startWholeNetwork,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const EXITS = ['exit1', 'exit2', 'exit3']
/** cfx_max_prebuilt_set, and what is built beside it: C tor has no more. */
const PREBUILT = 3
const SINGLE = 2

let whole: WholeNetwork

beforeAll(async () => {
  whole = await startWholeNetwork(CONFLUX_NETWORK)
})
afterAll(() => whole.stop())
afterEach(() => whole.reset())

/** The circuits of each set, where all of them are linked. */
function linkedSets({ circuits }: ClientStatus): readonly (readonly CircuitStatus[])[] {
  const sets = new Map<number, CircuitStatus[]>()
  for (const circuit of circuits) {
    if (circuit.setId !== undefined) sets.set(circuit.setId, [...(sets.get(circuit.setId) ?? []), circuit])
  }
  return [...sets.values()].filter((legs) => legs.every(({ state }) => state === 'open'))
}

async function startClient(...lines: readonly string[]): Promise<TorClient> {
  // Circuits that are built to be measured would only be in the way here.
  const client = await whole.startClient(['LearnCircuitBuildTimeout 0', ...lines])
  await client.bootstrap()
  return client
}

const whenLinked = (client: TorClient, count = PREBUILT): Promise<ClientStatus> =>
  waitForStatus(client, (status) => linkedSets(status).length >= count)

describe('the sets of a client', () => {
  it('begin at two guards and end at one exit, and no relay is in one twice', async () => {
    const client = await startClient()
    for (const legs of linkedSets(await whenLinked(client))) {
      expect(legs).toHaveLength(2)
      const names = legs.map(({ hops }) => hops.map(({ nickname }) => nickname))
      expect(new Set(names.map((path) => path[2])).size).toBe(1)
      expect(new Set(names.flatMap((path) => path.slice(0, 2))).size).toBe(4)
      expect(names.every(([guard]) => guard?.startsWith('guard'))).toBe(true)
    }
    const guards = new Set(
      linkedSets(client.status.value).flatMap((legs) => legs.map(({ hops }) => hops[0]?.nickname)),
    )
    expect(guards.size).toBe(2)
  })

  it('are as many as C tor keeps, and no more, however long nobody asks for anything', async () => {
    const client = await startClient()
    let most = 0
    const stop = client.status.watch(({ circuits }) => {
      most = Math.max(most, circuits.filter(({ purpose }) => purpose === 'exit').length)
    })
    await whenLinked(client)
    await new Promise<void>((resolve) => whole.clock.setTimer(120_000, resolve))
    stop()
    expect(most).toBe(2 * PREBUILT + SINGLE)
  })

  it('carry what is asked for, and are shown as what they carry', async () => {
    const client = await startClient()
    await whenLinked(client)
    expect(await fetchBody(client)).toBe(BODY_SHA256)
    const used = client.status.value.circuits.filter(({ sites }) => sites.length > 0)
    expect(used).toHaveLength(2)
    expect(new Set(used.map(({ setId }) => setId)).size).toBe(1)
    const [{ readBytes } = { readBytes: 0 }] = used
    expect(readBytes).toBeGreaterThan(300_000)
    expect(used.map((leg) => leg.readBytes)).toEqual([readBytes, readBytes])
  })

  it('end whole when the user closes one of their circuits, and the site gets another way', async () => {
    const client = await startClient()
    await whenLinked(client)
    await fetchBody(client)
    const used = client.status.value.circuits.filter(({ sites }) => sites.length > 0)
    client.closeCircuit(used[1]?.id ?? 0)
    const ids = new Set(used.map(({ id }) => id))
    await waitForStatus(client, ({ circuits }) => !circuits.some(({ id }) => ids.has(id)))
    expect(await fetchBody(client)).toBe(BODY_SHA256)
  })

  it('are left by a new circuit for the site and by a new identity', async () => {
    const client = await startClient()
    await whenLinked(client)
    await fetchBody(client)
    const usedBy = (status: ClientStatus): unknown[] =>
      status.circuits.filter(({ sites }) => sites.length > 0).map(({ id }) => id)
    const first = usedBy(client.status.value)
    client.newCircuitFor('site.test')
    await fetchBody(client)
    const second = usedBy(client.status.value)
    expect(second.some((id) => first.includes(id))).toBe(false)
    await client.newIdentity()
    await fetchBody(client)
    expect(usedBy(client.status.value).some((id) => second.includes(id))).toBe(false)
  })

  it.each([
    ['with one guard', ['EntryNodes guard1', 'StrictNodes 1']],
    ['when the user wants none', ['ConfluxEnabled 0']],
  ])('are not there %s, and all works', async (_, lines) => {
    const client = await startClient(...lines)
    let sets = 0
    const stop = client.status.watch(({ circuits }) => {
      sets += circuits.filter(({ setId }) => setId !== undefined).length
    })
    expect(await fetchBody(client)).toBe(BODY_SHA256)
    await new Promise<void>((resolve) => whole.clock.setTimer(60_000, resolve))
    stop()
    expect(sets).toBe(0)
  })
})

describe('exits that', () => {
  it('never answer a LINK cost no request anything, and are asked ever more seldom; then sets are there again', async () => {
    const silent = EXITS.map((relay) =>
      whole.commit({ relay, does: spoils('conflux-linked', { do: 'drop' }) }),
    )
    const times = (): number => silent.reduce((sum, fault) => sum + fault.times, 0)
    const client = await startClient()
    for (let request = 0; request < 5; request++) {
      expect(await fetchBody(client)).toBe(BODY_SHA256)
      client.newCircuitFor('site.test')
    }
    await new Promise<void>((resolve) => whole.clock.setTimer(180_000, resolve))
    expect(linkedSets(client.status.value)).toEqual([])
    expect(times()).toBeGreaterThan(2)
    expect(times()).toBeLessThan(40)
    whole.network.faults.clear()
    await whenLinked(client, 1)
  })

  it('end a leg in the middle of a download end the set, and the next request gets through', async () => {
    const client = await startClient()
    await whenLinked(client)
    const before = new Set(client.status.value.circuits.map(({ id }) => id))
    const ends = EXITS.map((relay) =>
      whole.commit({ relay, does: spoils('data', { do: 'destroy' }), nth: 20 }),
    )
    expect(await outcomeOf(fetchBody(client))).not.toBe(BODY_SHA256)
    expect(ends.some(({ times }) => times > 0)).toBe(true)
    whole.network.faults.clear()
    expect(await fetchBody(client)).toBe(BODY_SHA256)
    const left = client.status.value.circuits.filter(({ sites, id }) => sites.length > 0 && before.has(id))
    expect(
      left.every(
        ({ setId }) => setId === undefined || left.filter((leg) => leg.setId === setId).length === 2,
      ),
    ).toBe(true)
  })
})
