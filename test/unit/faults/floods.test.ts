/**
 * Exits that send without end to an application that reads nothing, whatever was agreed on: the client keeps a bounded part of
 * it, and ends the circuit of an exit that goes on beyond what it may.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TorClient } from '../../../core/index.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import {
  BODY_SHA256,
  fetchBody,
  guardOf,
  outcomeOf,
  startWholeNetwork,
  TWO_GUARDS,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

/** Some 20 MB, in cells as full as they get. */
const FLOOD: readonly RelayMessage[] = Array.from({ length: 40_000 }, () => ({
  kind: 'data',
  data: Buffer.alloc(498, 'flood'),
}))
/** Of one stream: its window, or what may be under way when the exit hears XOFF (twice what slow start allows). */
const MOST_KEPT_BYTES = 6_000_000

let faulty: WholeNetwork
let client: TorClient

beforeAll(async () => {
  faulty = await startWholeNetwork()
})
beforeEach(async () => {
  client = await faulty.startClient(TWO_GUARDS)
  await client.bootstrap()
})
afterEach(() => faulty.reset())
afterAll(() => faulty.stop())

describe('an exit that sends to an application that reads nothing', () => {
  it.each([
    ['where congestion control is agreed on', undefined],
    ['with fixed windows', 'not-granted'],
  ] as const)('%s loses the circuit, and the client keeps little of it', async (_how, congestion) => {
    if (congestion !== undefined) {
      faulty.commit({ relay: 'exit1', does: { at: 'congestion', do: congestion } })
      for (const { id } of client.status.value.circuits) client.closeCircuit(id)
    }
    const guard = guardOf(client)
    const committed = faulty.commit({
      relay: 'exit1',
      nth: 1,
      does: { at: 'message', kind: 'connected', do: 'then-say', messages: FLOOD },
    })
    const stream = await client.connect('site.test', 80, { isolation: 'flooded' })
    await waitForStatus(client, ({ circuits }) => circuits.every(({ sites }) => !sites.includes('site.test')))
    // What it kept is what the application can still read, and then the error.
    let keptBytes = 0
    const error = new Promise((resolve) => stream.once('error', resolve))
    stream.on('data', (bytes: Buffer) => (keptBytes += bytes.length))
    expect(await error).toMatchObject({ kind: 'protocol-violation' })
    expect(keptBytes).toBeGreaterThan(0)
    expect(keptBytes).toBeLessThan(MOST_KEPT_BYTES)
    expect(committed.times).toBe(1)
    faulty.network.faults.clear()
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
    expect(guardOf(client)).toBe(guard)
  })
})
