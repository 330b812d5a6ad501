import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCircuit, openStream } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'

let network: FakeNetwork

beforeEach(async () => {
  network = await FakeNetwork.start()
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

describe('building circuits', () => {
  for (const hops of [1, 2, 3]) {
    for (const hasNtorV3 of [false, true]) {
      it(`builds ${hops} hops with ${hasNtorV3 ? 'ntor-v3' : 'ntor'}`, async () => {
        const { circuit, relays } = await openCircuit(network, { hops, hasNtorV3 })
        expect(circuit.hops.length).toBe(hops)
        expect(relays.hops.length).toBe(hops)
        if (hops < 2) return
        const { stream, sink } = await openStream({ circuit, relays })
        stream.write(Buffer.from('hello'))
        await sink.waitForBytes(5)
        expect(sink.bytes.toString()).toBe('hello')
      })
    }
  }
})
