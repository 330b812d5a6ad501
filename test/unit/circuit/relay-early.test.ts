/** tor-spec 5.6: what travels in RELAY_EARLY cells must neither tell how long a circuit is nor which client made it. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Circuit } from '../../../core/circuit/circuit.ts'
import {
  CIRCUIT_DEPS,
  congestedDeps,
  type OpenChannel,
  openCircuitOn,
  openLink,
  openStream,
} from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const RELAY = 3
const RELAY_EARLY = 9
const EXTEND2 = 14
const CELL_PAYLOAD = 498

let network: FakeNetwork
let open: OpenChannel

beforeEach(async () => {
  network = await FakeNetwork.start()
  open = await openLink(network)
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

describe('a circuit', () => {
  it('extends as often as RELAY_EARLY cells last, and says then that there are no more', async () => {
    const { circuit, relays } = await openCircuitOn(open, { hops: 1 })
    const extendToLimit = async (): Promise<void> => {
      for (let hop = 1; hop < 20; hop++) await circuit.extend(network.target(1 + (hop % 2)))
    }
    await expect(extendToLimit()).rejects.toMatchObject({ kind: 'limit' })
    expect([8, 9]).toContain(relays.hops.length)
    expect(relays.messages.all.every(({ cellCommand }) => cellCommand === RELAY_EARLY)).toBe(true)
    expect(circuit.isOpen).toBe(true)
  })

  it('says the first of what goes behind the first hop in RELAY_EARLY cells, as C tor does', async () => {
    const numbers = new Set<number>()
    const deps = { ...congestedDeps(), random: seededRandom(1) }
    for (let round = 0; round < 6; round++) {
      const { circuit, relays } = await openCircuitOn(open, { deps })
      const { stream, exit } = await openStream({ circuit, relays })
      stream.write(randomBytes(90 * CELL_PAYLOAD))
      await exit.waitForBytes(90 * CELL_PAYLOAD)
      const commands = relays.messages.all.map(({ cellCommand }) => cellCommand)
      const early = commands.lastIndexOf(RELAY_EARLY) + 1
      expect(commands).toEqual(commands.map((_each, at) => (at < early ? RELAY_EARLY : RELAY)))
      // EXTEND2 twice, BEGIN, and DATA.
      expect(commands.length).toBeGreaterThan(90)
      // The tags are still those of the right cells.
      stream.write(randomBytes(90 * CELL_PAYLOAD))
      await exit.waitForBytes(180 * CELL_PAYLOAD)
      expect(circuit.isOpen).toBe(true)
      numbers.add(early)
      circuit.close()
    }
    expect(numbers).toEqual(new Set([7, 8]))
  })

  it('says nothing but EXTEND2 to the first hop in RELAY_EARLY cells', async () => {
    const circuit = await Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS)
    const relays = await network.circuits.take()
    const { stream, exit } = await openStream({ circuit, relays }, { kind: 'begin-dir' })
    stream.write(Buffer.from('GET / HTTP/1.0'))
    await exit.waitForBytes(14)
    expect(relays.messages.all.map(({ cellCommand }) => cellCommand)).toEqual([RELAY, RELAY])
  })

  it('does not extend a circuit whose RELAY_EARLY cells went to streams', async () => {
    const { circuit, relays } = await openCircuitOn(open, { hops: 2 })
    const { stream, exit } = await openStream({ circuit, relays })
    stream.write(Buffer.alloc(10 * CELL_PAYLOAD))
    await exit.waitForBytes(10 * CELL_PAYLOAD)
    await expect(circuit.extend(network.target(2))).rejects.toMatchObject({ kind: 'limit' })
    expect(relays.messages.all.filter(({ command }) => command === EXTEND2)).toHaveLength(1)
    expect(circuit.isOpen).toBe(true)
  })
})
