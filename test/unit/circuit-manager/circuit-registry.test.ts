import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CircuitRegistry, type HopView } from '../../../core/circuit-manager/circuit-registry.ts'
import { openCircuit } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { fakeIdentity } from '../../support/fake-net-dir.ts'

let network: FakeNetwork

beforeEach(async () => {
  network = await FakeNetwork.start()
})

afterEach(() => network.close())

const HOPS: readonly HopView[] = [1, 2, 3].map((id) => ({
  nickname: `relay${id}`,
  rsa: fakeIdentity(id),
  endpoint: undefined,
  flags: ['Fast'],
  reason: { kind: 'weight' },
}))

describe('the circuits that are shown', () => {
  it('get their hops one by one, each with its round trip, and go when they end', async () => {
    const { circuit } = await openCircuit(network)
    const registry = new CircuitRegistry()
    const seen: unknown[] = []
    registry.views.watch((views) =>
      seen.push(views.map(({ rttMs, hops, ...view }) => [view.circuit !== undefined, hops.length, ...rttMs])),
    )
    registry.add({ id: 7, purpose: 'exit', setId: undefined, hops: HOPS, createdMs: 0 })
    registry.noteHop(7, 20)
    registry.noteHop(7, 45)
    registry.open(7, circuit)
    circuit.close()
    await circuit.closed
    await Promise.resolve()
    expect(seen).toEqual([
      [[false, 3]],
      [[false, 3, 20]],
      [[false, 3, 20, 45]],
      // Nobody measured this one: it was made without a clock.
      [[true, 3, undefined, undefined, undefined]],
      [],
    ])
  })

  it('take no notice of a hop of one that is gone', () => {
    const registry = new CircuitRegistry()
    registry.noteHop(7, 20)
    expect(registry.views.value).toEqual([])
  })
})
